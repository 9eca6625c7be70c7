"""Until when algorithms may be relied on: a table with dates, and files that amend it."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from telesphore.ades.algorithms.keys import key_of
from telesphore.ades.algorithms.naming import Algorithm, Digest
from telesphore.ades.errors import (
    BadPolicy,
    WeakAlgorithm,
)


@dataclass(frozen=True, slots=True)
class AlgorithmPolicy:
    """Until when algorithms hold.

    Attributes:
        name: what it is, and its date, for reports.
        digests: name of a digest → first day on which it no longer holds, None when no end is known. What is not in
            the table never holds.
        keys: kind of key (`rsa`, `ec`, `ed25519`) → (smallest size in bits, first day on which keys of that size no
            longer hold), from the smallest size to the largest.
    """

    name: str
    digests: Mapping[str, date | None] = field(repr=False)
    keys: Mapping[str, tuple[tuple[int, date | None], ...]] = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Hexadecimal; of tables with the same ends, the same."""
        ends = (sorted(self.digests.items()), sorted(self.keys.items()))
        return hashlib.sha256(repr(ends).encode()).hexdigest()[:16]

    def digest_holds(self, name: str, at: datetime) -> bool:
        """Whether `name` (as `hashlib` writes it) may be relied on at this time."""
        return name in self.digests and _before(at, self.digests[name])

    def key_holds(self, kind: str, bits: int, at: datetime) -> bool:
        """Whether a key of this kind and size may be relied on at this time."""
        fitting = [end for least, end in self.keys.get(kind, ()) if bits >= least]
        return bool(fitting) and _before(at, fitting[-1])

    def check_signing(self, certificate: bytes, algorithm: Algorithm, at: datetime) -> None:
        """Let sign only what the table admits at this time.

        Raises:
            WeakAlgorithm: the certificate's (DER) key or the digest no longer holds.
        """
        if not self.digest_holds(algorithm.digest.value, at) or not self.key_holds(*key_of(certificate), at):
            raise WeakAlgorithm

    @classmethod
    def parse(cls, text: str, *, amends: "AlgorithmPolicy | None" = None) -> "AlgorithmPolicy":
        """A table from TOML, or from JSON when its first character is a brace.

        `name` is required. In `[digests]`, each name has the first day on which it no longer holds, `"no-end"` or
        `"never"`; in `[keys]`, each kind has a list of [smallest size in bits, the same kinds of value], from the
        smallest. A digest or a kind of key that is given replaces that of `amends`; what is not given stays.

        Raises:
            BadPolicy: with what is wrong and where.
        """
        try:
            read = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
        except (ValueError, RecursionError):
            raise BadPolicy(what="it is neither TOML nor JSON") from None
        _only(read, {"name", "digests", "keys"}, "the table")
        name = read.get("name")
        if not isinstance(name, str) or not name.strip():
            raise BadPolicy(what="name: a text is needed, with its date")
        digests = dict(amends.digests) if amends else {}
        keys = dict(amends.keys) if amends else {}
        given = _only(read.get("digests", {}), {digest.value for digest in Digest}, "digests")
        for digest, value in given.items():
            digests.pop(digest, None)
            if value != "never":
                digests[digest] = _end(value, f"digests.{digest}")
        for kind, sizes in _only(read.get("keys", {}), set(_KINDS), "keys").items():
            keys[kind] = _sizes(sizes, f"keys.{kind}")
        return cls(name.strip(), digests, keys)


_KINDS = ("rsa", "ec", "ed25519")


def _only(value: object, names: set[str], where: str) -> dict[str, object]:
    if not isinstance(value, dict) or not value.keys() <= names:
        raise BadPolicy(what=f"{where}: it may hold {', '.join(sorted(names))}")
    return value


def _sizes(value: object, where: str) -> tuple[tuple[int, date | None], ...]:
    found: list[tuple[int, date | None]] = []
    for one in value if isinstance(value, list) else [None]:
        match one:
            case [int(bits), end] if 1 < bits <= 65536 and (not found or bits > found[-1][0]):
                found.append((bits, _end(end, where)))
            case _:
                raise BadPolicy(what=f"{where}: pairs of a size in bits and a day are needed, from the smallest size")
    return tuple(found)


def _end(value: object, where: str) -> date | None:
    if value == "no-end":
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise BadPolicy(what=f"{where}: a day (2029-01-01) or no-end is needed")


def _before(at: datetime, end: date | None) -> bool:
    return end is None or at < datetime(end.year, end.month, end.day, tzinfo=UTC)


TS_119_312 = AlgorithmPolicy(
    name="ETSI TS 119 312 (table of November 2026)",
    digests=dict.fromkeys((digest.value for digest in Digest), None),
    keys={
        # §8.4: certificates of legacy RSA keys (1900 to 2999 bits) end by 2028-12-31.
        "rsa": ((1900, date(2029, 1, 1)), (3000, None)),
        "ec": ((256, None),),
        # Earlier editions are silent on it; RFC 8419 says how it signs CMS.
        "ed25519": ((256, None),),
    },
)
"""SHA-1 and MD5 never hold: an attacker may forge today a file that would seem to date from when they did."""

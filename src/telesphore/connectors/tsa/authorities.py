"""The file that lists time-stamping authorities, in the order in which they are asked."""

import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from telesphore.connectors.fetching import LOOPBACK
from telesphore.kernel.errors import DomainError, Refusal

_POLICY = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
MOST = 16


class BadAuthorities(DomainError):
    """The list of time-stamping authorities %(path)s can’t be used: %(what)s."""

    refusal = Refusal.INVALID
    code = "bad-timestamp-authorities"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """One authority.

    Attributes:
        name: for logs; letters, digits, `-`, `_` and `.`.
        url: https, or http to this very machine.
        anchors: DER of the certificates to which its units' must lead.
        policies: dotted, those accepted; empty for any.
        seconds: for one exchange.
        user, password: for HTTP's Basic authentication; None without.
        tls: PEM file of who is believed for its TLS certificate; the system's own when None.
    """

    name: str
    url: str
    anchors: tuple[bytes, ...] = field(repr=False)
    policies: tuple[str, ...] = ()
    seconds: float = 8
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: Path | None = None


@dataclass(frozen=True, slots=True)
class Authorities:
    """All of them, in order, and the seconds that they may take together."""

    listed: tuple[Authority, ...]
    seconds: float = 20


def read_authorities(path: Path, read_secret: Callable[[Path], str]) -> Authorities:
    """The list in a TOML file, or in a JSON one when its name ends with `.json`.

    At its top `seconds`, for all; then `[[authority]]` tables: `name`, `url`, `anchors` (a PEM file), and optionally
    `policies`, `seconds`, `user` with `password_file`, `tls_authorities` (a PEM file). Files are beside the list unless
    their paths are absolute.

    Args:
        read_secret: reads a file that only its owner may read.

    Raises:
        BadAuthorities: with what is wrong and where.
    """
    try:
        text = path.read_text()
        table = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError):
        raise BadAuthorities(path=path, what="it is missing, or neither TOML nor JSON") from None
    reader = _Reader(path, read_secret)
    top = reader.only(table, {"seconds", "authority"}, "the top")
    listed = top.get("authority")
    if not isinstance(listed, list) or not 0 < len(listed) <= MOST:
        raise reader.bad(f"authority: from 1 to {MOST} tables are needed")
    authorities = tuple(reader.authority(one, f"authority {number}") for number, one in enumerate(listed, 1))
    if len({one.name for one in authorities}) != len(authorities):
        raise reader.bad("two authorities have one name")
    return Authorities(authorities, reader.seconds(top, "the top", 20))


@dataclass(frozen=True, slots=True)
class _Reader:
    path: Path
    read_secret: Callable[[Path], str]

    def bad(self, what: str) -> BadAuthorities:
        return BadAuthorities(path=self.path, what=what)

    def only(self, value: object, names: set[str], where: str) -> dict[str, object]:
        if not isinstance(value, dict) or not value.keys() <= names:
            raise self.bad(f"{where} may hold {', '.join(sorted(names))}")
        return value

    def authority(self, value: object, where: str) -> Authority:
        names = {"name", "url", "anchors", "policies", "seconds", "user", "password_file", "tls_authorities"}
        fields = self.only(value, names, where)
        if ("user" in fields) != ("password_file" in fields):
            raise self.bad(f"{where}: user and password_file go together")
        tls = self.file(fields, "tls_authorities", where) if "tls_authorities" in fields else None
        if tls is not None:
            self.certificates(tls, where)
        return Authority(
            name=self.text(fields, "name", where, re.compile(r"[A-Za-z0-9._-]{1,64}")),
            url=self.url(fields, where),
            anchors=self.certificates(self.file(fields, "anchors", where), where),
            policies=self.policies(fields.get("policies", []), where),
            seconds=self.seconds(fields, where, 8),
            user=self.text(fields, "user", where, re.compile(r"[^:\x00-\x1f]{1,256}")) if "user" in fields else None,
            password=self.read_secret(self.file(fields, "password_file", where)) if "user" in fields else None,
            tls=tls,
        )

    def text(self, fields: dict[str, object], name: str, where: str, shape: re.Pattern[str]) -> str:
        value = fields.get(name)
        if not isinstance(value, str) or not shape.fullmatch(value):
            raise self.bad(f"{where}: {name} is missing or not accepted")
        return value

    def url(self, fields: dict[str, object], where: str) -> str:
        url = self.text(fields, "url", where, re.compile(r"https?://[!-~]+"))
        try:
            parts = urlsplit(url)
            parts.port  # noqa: B018 - reading it checks it.
        except ValueError:
            raise self.bad(f"{where}: url is not an address") from None
        if not parts.hostname or "@" in parts.netloc:
            raise self.bad(f"{where}: url needs a host, and no password")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise self.bad(f"{where}: url must begin with https://, except on this machine")
        return url

    def policies(self, value: object, where: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(one, str) and _POLICY.fullmatch(one) for one in value):
            raise self.bad(f"{where}: policies are object identifiers, such as 1.2.250.1.1")
        return tuple(value)

    def seconds(self, fields: dict[str, object], where: str, default: float) -> float:
        value = fields.get("seconds", default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 120:
            raise self.bad(f"{where}: seconds is a number up to 120")
        return float(value)

    def file(self, fields: dict[str, object], name: str, where: str) -> Path:
        value = fields.get(name)
        if not isinstance(value, str) or not value:
            raise self.bad(f"{where}: {name} names a file")
        return self.path.parent / value

    def certificates(self, path: Path, where: str) -> tuple[bytes, ...]:
        try:
            found = x509.load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError):
            raise self.bad(f"{where}: {path} has no certificates in PEM") from None
        return tuple(one.public_bytes(Encoding.DER) for one in found)

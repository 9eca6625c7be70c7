"""What is kept on disk, read as anchors; and the daily fetch."""

import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from telesphore.ades import trusted_lists
from telesphore.ades.trusted_lists import (
    LIST_OF_LISTS,
    NATIONAL,
    TrustedList,
    TrustedListExpired,
    TrustedListUnreadable,
)
from telesphore.ades.verdict.trust import Anchor, AnchorKind
from telesphore.kernel.errors import DomainError, Refusal

logger = logging.getLogger(__name__)

Fetch = Callable[[str], bytes]
"""The content at a location.

Raises:
    TrustedListUnavailable
"""

LOTL = "lotl"
MOST_FILES = 2000
LARGEST_FILE = 2**20
"""Of a file of anchors."""


class TrustedListUnavailable(DomainError):
    """This trusted list can’t be fetched now."""

    refusal = Refusal.UNAVAILABLE
    code = "trusted-list-unavailable"


class TrustedListRolledBack(DomainError):
    """This trusted list is older than the one that is kept."""

    refusal = Refusal.CONFLICT
    code = "trusted-list-rolled-back"


class NotAnAnchor(DomainError):
    """This file of the folder of trust anchors is not a certificate, in PEM or DER."""

    refusal = Refusal.INVALID
    code = "not-an-anchor"


@dataclass(frozen=True, slots=True)
class Standing:
    """How one list stands.

    Attributes:
        name: `lotl`, or a territory.
        warning: code of why the last fetch was refused, or of why the copy that is kept is old; empty when all is well.
        issued_at: of the copy that is kept; None when there is none.
    """

    name: str
    warning: str
    issued_at: datetime | None


class KeptAnchors:
    """Anchors from a folder of certificates and from the lists kept in another."""

    def __init__(
        self,
        *,
        certificates: Path | None = None,
        kept: Path,
        lists: str | None = None,
        signers: Path | None = None,
        territories: Sequence[str] = (),
        fetch: Fetch | None = None,
    ) -> None:
        """Nothing is read yet.

        Args:
            certificates: folder of PEM and DER files; all certificates in them are anchors.
            kept: folder for the lists.
            lists: where the list of lists is; None for none.
            signers: folder of the certificates that may sign the list of lists.
            territories: whose lists are wanted, as two letters.
            fetch: how to reach a location.
        """
        self._certificates = certificates
        self._kept = kept
        self._lists = lists
        self._signers = signers
        self._territories = tuple(territories)
        self._fetch = fetch
        self._read: dict[str, tuple[tuple[int, int], tuple[bytes, ...], TrustedList]] = {}

    def anchors(self) -> tuple[Anchor, ...]:
        """All of them; lists that are past their date still count, with a warning in the log.

        Raises:
            NotAnAnchor: a file in the folder of certificates.
        """
        found = [Anchor(der, AnchorKind.FILE) for der in _certificates(self._certificates)]
        lotl = self._load(LOTL, self._lotl_signers())
        for territory in self._territories if lotl is not None else ():
            assert lotl is not None
            national = self._load(territory, _signers_of(lotl, territory))
            found.extend(national.anchors if national is not None else ())
        return tuple(found)

    def refresh(self, *, at: datetime) -> tuple[Standing, ...]:
        """Fetch the lists that are wanted; keep those that are good."""
        if self._lists is None or self._fetch is None:
            return ()
        standings = [self._refresh(LOTL, self._lists, self._lotl_signers(), LIST_OF_LISTS, at)]
        lotl = self._load(LOTL, self._lotl_signers())
        for territory in self._territories:
            pointer = next((one for one in _pointers(lotl, territory)), None)
            if pointer is None:
                standings.append(self._stands(territory, (), "trusted-list-not-pointed-at", at))
                continue
            standings.append(self._refresh(territory, pointer.location, _signers_of(lotl, territory), NATIONAL, at))
        return tuple(standings)

    def standings(self, *, at: datetime) -> tuple[Standing, ...]:
        """How the copies that are kept stand, without fetching."""
        if self._lists is None:
            return ()
        lotl = self._load(LOTL, self._lotl_signers())
        return (
            self._stands(LOTL, self._lotl_signers(), "", at),
            *(self._stands(one, _signers_of(lotl, one), "", at) for one in self._territories),
        )

    def _refresh(self, name: str, location: str, signers: Sequence[bytes], kind: str, at: datetime) -> Standing:
        assert self._fetch is not None
        try:
            content = self._fetch(location)
            found = trusted_lists.read(content, signers=signers)
            if found.kind != kind or (kind == NATIONAL and found.territory != name):
                raise TrustedListUnreadable
            found.check_fresh(at)
            known = self._load(name, signers)
            if known is not None and found.sequence < known.sequence:
                raise TrustedListRolledBack
        except DomainError as refused:
            logger.warning("trusted list %s refused: %s", name, refused.code)
            return self._stands(name, signers, refused.code, at)
        _write(self._path(name), content)
        return self._stands(name, signers, "", at)

    def _stands(self, name: str, signers: Sequence[bytes], warning: str, at: datetime) -> Standing:
        known = self._load(name, signers)
        if known is None:
            return Standing(name, warning or TrustedListUnavailable.code, None)
        try:
            known.check_fresh(at)
        except TrustedListExpired as expired:
            logger.warning("trusted list %s is used past its date", name)
            warning = warning or expired.code
        return Standing(name, warning, known.issued_at)

    def _load(self, name: str, signers: Sequence[bytes]) -> TrustedList | None:
        """The copy that is kept, its signature verified again when it or its signers changed; None for none."""
        path = self._path(name)
        try:
            state = path.stat()
            key = (state.st_mtime_ns, state.st_size)
            known = self._read.get(name)
            if known is not None and known[:2] == (key, tuple(signers)):
                return known[2]
            found = trusted_lists.read(path.read_bytes(), signers=signers)
        except FileNotFoundError:
            return None
        except DomainError as refused:
            logger.warning("kept trusted list %s refused: %s", name, refused.code)
            return None
        self._read[name] = (key, tuple(signers), found)
        return found

    def _path(self, name: str) -> Path:
        return self._kept / f"{name}.xml"

    def _lotl_signers(self) -> tuple[bytes, ...]:
        return _certificates(self._signers)


def _pointers(lotl: TrustedList | None, territory: str) -> list[trusted_lists.Pointer]:
    return [
        one
        for one in (lotl.pointers if lotl is not None else ())
        if one.kind == NATIONAL and one.machine and one.territory == territory
    ]


def _signers_of(lotl: TrustedList | None, territory: str) -> tuple[bytes, ...]:
    return tuple(signer for one in _pointers(lotl, territory) for signer in one.signers)


def _certificates(folder: Path | None) -> tuple[bytes, ...]:
    """DER of all certificates in the files of a folder.

    Raises:
        NotAnAnchor
    """
    if folder is None:
        return ()
    found: list[bytes] = []
    for path in sorted(folder.iterdir())[:MOST_FILES]:
        if path.name.startswith(".") or not path.is_file():
            continue
        try:
            if path.stat().st_size > LARGEST_FILE:
                raise NotAnAnchor
            content = path.read_bytes()
            if b"-----BEGIN" in content:
                found.extend(one.public_bytes(Encoding.DER) for one in x509.load_pem_x509_certificates(content))
            else:
                x509.load_der_x509_certificate(content)
                found.append(content)
        except ValueError:
            raise NotAnAnchor from None
    return tuple(dict.fromkeys(found))


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing: a crash leaves the copy before."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)

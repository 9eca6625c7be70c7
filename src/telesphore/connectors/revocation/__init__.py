"""Asking authorities elsewhere whether certificates still hold: OCSP, then CRLs, where the certificates say.

Addresses come from certificates: only those whose chain leads to a configured anchor are believed, and only public
addresses are reached, unless the operator named the host.
"""

import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from threading import Lock
from time import monotonic
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from telesphore.ades import paths, revocation
from telesphore.ades.errors import BadRevocation, NoPathToAnchor
from telesphore.ades.revocation import Answer
from telesphore.connectors.fetching import Address, NoAnswer, fetch, public
from telesphore.pki.ports import RevocationData, RevocationSource

logger = logging.getLogger(__name__)

_MOST_PLACES = 3
"""Addresses of one kind that are tried for one certificate."""
_AGAIN = timedelta(hours=1)
"""How old a kept CRL may be before it is asked for again; it is used until its nextUpdate when that fails."""
_MOST_KEPT = 64 << 20


@dataclass(frozen=True, slots=True)
class _Kept:
    content: bytes
    since: datetime


class HttpRevocation:
    """Implements `pki.ports.RevocationSource`.

    Only CRLs are kept, in memory: an OCSP answer is for one certificate at one time.
    """

    def __init__(
        self,
        anchors: Callable[[], Collection[bytes]],
        *,
        hosts: Collection[str] = (),
        seconds: float = 8,
        seconds_in_all: float = 30,
    ) -> None:
        """Opens nothing.

        Args:
            anchors: gives DER of the certificates to which chains must lead.
            hosts: names that may be reached although their addresses are not public.
            seconds: for one exchange.
            seconds_in_all: for all that one call asks.
        """
        self._anchors = anchors
        self._hosts = frozenset(hosts)
        self._seconds = seconds
        self._seconds_in_all = seconds_in_all
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = Lock()

    def fetch(self, chain: Sequence[bytes], *, organisation_id: UUID, at: datetime) -> RevocationData:
        """See `pki.ports.RevocationSource`."""
        if len(chain) < 2 or chain[-1] not in self._anchors() or not _is_chain(chain):
            return RevocationData()
        asking = _Asking(self, at, monotonic() + self._seconds_in_all)
        for certificate, issuer in pairwise(chain):
            asking.after(certificate, issuer)
        return RevocationData(*(tuple(dict.fromkeys(kind)) for kind in (asking.ocsps, asking.crls, asking.responders)))

    def allowed(self, host: str, address: Address) -> bool:
        """Whether a host at this address may be reached."""
        return host in self._hosts or public(host, address)

    def crl(self, url: str, certificate: bytes, issuer: bytes, at: datetime, seconds: float) -> Answer:
        """A CRL from this address, or the last good one from there.

        Raises:
            BadRevocation, NoAnswer: there is none that may be used.
        """
        with self._lock:
            kept = self._kept.get(url)
        if kept is not None and at - kept.since < _AGAIN:
            return revocation.check_crl(kept.content, certificate, issuer, at=at)
        try:
            content = fetch(url, seconds=seconds, most=revocation.LARGEST_CRL, allowed=self.allowed)
            answer = revocation.check_crl(content, certificate, issuer, at=at)
        except (BadRevocation, NoAnswer):
            if kept is None:
                raise
            return revocation.check_crl(kept.content, certificate, issuer, at=at)
        self._keep(url, _Kept(content, at))
        return answer

    def seconds(self, deadline: float) -> float:
        """What one exchange may take now; 0 when all is used up."""
        return max(0.0, min(self._seconds, deadline - monotonic()))

    def _keep(self, url: str, kept: _Kept) -> None:
        with self._lock:
            self._kept[url] = kept
            self._kept.move_to_end(url)
            while sum(len(one.content) for one in self._kept.values()) > _MOST_KEPT:
                self._kept.popitem(last=False)


class _Asking:
    """One call's questions."""

    def __init__(self, source: HttpRevocation, at: datetime, deadline: float) -> None:
        self._source = source
        self._at = at
        self._deadline = deadline
        self.ocsps: list[bytes] = []
        self.crls: list[bytes] = []
        self.responders: list[bytes] = []

    def after(self, certificate: bytes, issuer: bytes) -> None:
        """Ask after one certificate, until someone gives an answer that may be used."""
        if revocation.needs_none(certificate):
            return
        ocsps, crls = revocation.places(certificate)
        for url in ocsps[:_MOST_PLACES]:
            answer = self._try(partial(self._ocsp, url, certificate, issuer))
            if answer is not None:
                self.ocsps.append(answer.encoded)
                if answer.signer != issuer:
                    self.responders.append(answer.signer)
                    # A responder that does not excuse itself must hold too; who answers for it is its issuer.
                    if not revocation.needs_none(answer.signer):
                        self._crl_of(answer.signer, issuer, revocation.places(answer.signer)[1])
                return
        self._crl_of(certificate, issuer, crls)

    def _crl_of(self, certificate: bytes, issuer: bytes, urls: Sequence[str]) -> None:
        for url in urls[:_MOST_PLACES]:
            answer = self._try(partial(self._source.crl, url, certificate, issuer, self._at))
            if answer is not None:
                self.crls.append(answer.encoded)
                return

    def _ocsp(self, url: str, certificate: bytes, issuer: bytes, seconds: float) -> Answer:
        nonce = secrets.token_bytes(16)
        content = fetch(
            url,
            seconds=seconds,
            most=revocation.LARGEST_OCSP,
            content=revocation.ask(certificate, issuer, nonce=nonce),
            headers={"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"},
            allowed=self._source.allowed,
        )
        return revocation.check_ocsp(content, certificate, issuer, at=self._at, nonce=nonce)

    def _try(self, ask: Callable[[float], Answer]) -> Answer | None:
        seconds = self._source.seconds(self._deadline)
        if not seconds:
            return None
        try:
            return ask(seconds)
        except BadRevocation as refused:
            logger.warning("revocation data refused: %s", refused.code)
        except NoAnswer as missing:
            logger.warning("revocation data not had: %s", missing)
        return None


def _is_chain(chain: Sequence[bytes]) -> bool:
    try:
        loaded = list(map(paths.load, chain))
    except NoPathToAnchor:
        return False
    return all(
        above.subject == below.issuer and paths.may_issue(above, place) and paths.issued(above, below)
        for place, (below, above) in enumerate(pairwise(loaded))
    )


class FirstWhoKnows:
    """Implements `pki.ports.RevocationSource` by asking several in order: the first one that has anything answers."""

    def __init__(self, *sources: RevocationSource) -> None:
        self._sources = sources

    def fetch(self, chain: Sequence[bytes], *, organisation_id: UUID, at: datetime) -> RevocationData:
        """See `pki.ports.RevocationSource`."""
        for source in self._sources:
            found = source.fetch(chain, organisation_id=organisation_id, at=at)
            if found != RevocationData():
                return found
        return RevocationData()


class AnchorsUnreadable(Exception):
    """The file with anchors has no certificates in PEM."""


def read_anchors(path: Path) -> frozenset[bytes]:
    """DER of the certificates in a PEM file.

    Raises:
        AnchorsUnreadable
    """
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        raise AnchorsUnreadable from None
    return frozenset(one.public_bytes(Encoding.DER) for one in found)

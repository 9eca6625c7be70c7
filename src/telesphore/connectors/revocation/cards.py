"""Whether cards still hold: asked by OCSP at each sign-in, and looked up in lists that are kept on disk.

A list is fetched at most once an hour, and its last good copy is kept: while its authority is away it is used up to its
nextUpdate, and for a configured grace beyond.
"""

import hashlib
import logging
import os
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from time import monotonic

from cryptography import x509

from telesphore.accounts.errors import CardStatusUnknown
from telesphore.ades import paths, revocation
from telesphore.ades.errors import BadRevocation
from telesphore.ades.revocation import Answer
from telesphore.connectors.fetching import NoAnswer
from telesphore.connectors.revocation import HttpRevocation
from telesphore.kernel.actors import NIL

logger = logging.getLogger(__name__)

_SECONDS = 5.0
_MOST_PLACES = 3


class KeptLists:
    """Implements `accounts.ports.CardStatus`."""

    def __init__(self, folder: Path, *, anchors: Collection[bytes], hosts: Collection[str], grace: timedelta) -> None:
        """Opens nothing.

        Args:
            folder: where lists are kept; all processes of this machine share it.
            anchors: DER of the certificates to which chains lead.
            hosts: names that may be reached although their addresses are not public.
            grace: how long beyond its end a list is used while no newer one is to be had.
        """
        self._folder = folder
        self._grace = grace
        self._source = HttpRevocation(lambda: anchors, hosts=hosts, seconds=_SECONDS, seconds_in_all=3 * _SECONDS)

    def revoked(self, chain: Sequence[bytes], *, at: datetime) -> bool:
        """See `accounts.ports.CardStatus`."""
        data = self._source.fetch(chain, organisation_id=NIL, at=at)
        deadline = monotonic() + 2 * _SECONDS
        for certificate, issuer in pairwise(chain):
            if revocation.needs_none(certificate):
                continue
            answers = [self._list(certificate, issuer, at, deadline)]
            answers += [_asked(content, certificate, issuer, at) for content in data.ocsps]
            known = [one for one in answers if one is not None]
            if not known:
                raise CardStatusUnknown
            if any(one.revoked_at is not None for one in known):
                return True
        return False

    def _list(self, certificate: bytes, issuer: bytes, at: datetime, deadline: float) -> Answer | None:
        """What the newest list to be had says; None when there is none that may be used."""
        for url in revocation.places(certificate)[1][:_MOST_PLACES]:
            answer: Answer | None
            try:
                answer = self._source.crl(url, certificate, issuer, at, max(0.1, deadline - monotonic()))
            except (BadRevocation, NoAnswer) as missing:
                logger.warning("list of revoked cards not had: %s", type(missing).__name__)
                answer = self._kept(certificate, issuer, at)
                if answer is None:
                    continue
            else:
                self._keep(issuer, answer.encoded)
            return answer
        return None

    def _file(self, issuer: bytes) -> Path:
        return self._folder / f"{hashlib.sha256(issuer).hexdigest()}.crl"

    def _keep(self, issuer: bytes, content: bytes) -> None:
        file = self._file(issuer)
        try:
            if file.exists() and file.stat().st_size == len(content) and file.read_bytes() == content:
                return
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = file.with_name(f"{file.name}.{os.getpid()}.{os.urandom(4).hex()}")
            draft.write_bytes(content)
            draft.rename(file)
        except OSError as failure:
            # Whoever comes in now was looked up; only the next outage would be felt.
            logger.warning("list of revoked cards not kept: %s", failure.strerror)

    def _kept(self, certificate: bytes, issuer: bytes, at: datetime) -> Answer | None:
        try:
            content = self._file(issuer).read_bytes()
            ends = x509.load_der_x509_crl(content).next_update_utc
            if ends is None or at > ends + self._grace:
                return None
            return revocation.check_crl(content, certificate, issuer, at=min(at, ends))
        except (OSError, BadRevocation, *paths.UNREADABLE):
            return None


def _asked(content: bytes, certificate: bytes, issuer: bytes, at: datetime) -> Answer | None:
    try:
        answer = revocation.check_ocsp(content, certificate, issuer, at=at)
    except BadRevocation:
        return None
    # A responder that does not excuse itself would have to be asked after in turn: the list answers instead.
    return answer if answer.signer == issuer or revocation.needs_none(answer.signer) else None

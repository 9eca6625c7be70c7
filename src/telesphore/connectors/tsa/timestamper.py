"""Asking authorities for the time, one after another until one gives an answer that holds."""

import base64
import logging
import secrets
import ssl
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from time import monotonic
from uuid import UUID

from telesphore.ades.algorithms import Digest
from telesphore.ades.errors import BadTimestamp, TimestampTooLarge
from telesphore.ades.timestamps import LARGEST_RESPONSE, Request, check_response
from telesphore.connectors.fetching import AnswerTooLarge, NoAnswer, Refused, TooSlow, fetch
from telesphore.connectors.tsa.authorities import Authorities, Authority
from telesphore.kernel.clock import now
from telesphore.pki.errors import TimestampUnavailable

logger = logging.getLogger(__name__)


class AuthorityAway(BadTimestamp):
    """The time-stamping authority can’t be reached."""

    code = "timestamp-authority-away"


class AuthoritySlow(BadTimestamp):
    """The time-stamping authority took too long to answer."""

    code = "timestamp-authority-slow"


class AuthorityRefusedUs(BadTimestamp):
    """The time-stamping authority refused this instance: check its address, user and password."""

    code = "timestamp-authority-refused-us"


class HttpTimestamper:
    """Implements `pki.ports.Timestamper`. Nothing is kept from one call to the next: no answer, no connection."""

    def __init__(self, authorities: Authorities, *, clock: Callable[[], datetime] = now) -> None:
        """Opens nothing.

        Args:
            clock: read after each exchange, against the time that the authority gives.
        """
        self._authorities = authorities
        self._clock = clock

    def stamp(self, imprint: bytes, digest: Digest, *, organisation_id: UUID, at: datetime) -> bytes:
        """See `pki.ports.Timestamper`."""
        deadline = monotonic() + self._authorities.seconds
        for authority in self._authorities.listed:
            left = deadline - monotonic()
            if left <= 0:
                logger.warning("timestamp authority %s not asked: the others took all the time", authority.name)
                continue
            try:
                token = self._ask(authority, imprint, digest, min(left, authority.seconds))
            except BadTimestamp as refused:
                logger.warning("timestamp authority %s passed over: %s", authority.name, refused.code)
                continue
            logger.info("timestamp given by %s", authority.name)
            return token
        raise TimestampUnavailable

    def _ask(self, authority: Authority, imprint: bytes, digest: Digest, seconds: float) -> bytes:
        # The first accepted policy is asked for: an authority that serves several must not choose another.
        policy = authority.policies[0] if len(authority.policies) == 1 else None
        request = Request(imprint, digest, secrets.randbits(64), policy)
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        if authority.user is not None:
            credentials = f"{authority.user}:{authority.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(credentials).decode()}"
        try:
            answer = fetch(
                authority.url, seconds=seconds, most=LARGEST_RESPONSE, content=request.to_der(), headers=headers,
                context=_context(authority.tls) if authority.tls else None,
            )  # fmt: skip
        except AnswerTooLarge:
            raise TimestampTooLarge from None
        except TooSlow:
            raise AuthoritySlow from None
        except Refused as refused:
            raise (AuthorityRefusedUs() if 400 <= refused.status < 500 else AuthorityAway()) from None
        except NoAnswer:
            raise AuthorityAway from None
        checked = check_response(
            answer, request, at=self._clock(), anchors=authority.anchors, policies=authority.policies
        )
        return checked.encoded


@lru_cache(maxsize=32)
def _context(authorities: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authorities)

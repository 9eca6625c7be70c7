"""Who may go through a link: the bearer of its token sees the landing page, the bearer of the code too goes in."""

import hashlib
from datetime import datetime
from uuid import UUID

from telesphore.links.errors import LinkBlocked, LinkExpired, LinkNotFound, LinkRevoked, LinkUsedUp
from telesphore.links.models import Link

TOKEN_BYTES = 32


def token_hash(token: str) -> bytes:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).digest()


def find(token: str) -> Link:
    """The link of a token, dead or alive.

    Raises:
        LinkNotFound: no link has this token.
    """
    try:
        return Link.objects.get(token_hash=token_hash(token))
    except Link.DoesNotExist:
        raise LinkNotFound from None


def check_alive(link: Link, at: datetime) -> None:
    """Refuse a link that leads nowhere any more. Its bearer may know why: a token can't be guessed.

    Raises:
        LinkRevoked, LinkUsedUp, LinkExpired, LinkBlocked
    """
    if link.revoked_at is not None:
        raise LinkRevoked
    if link.used_up_at is not None:
        raise LinkUsedUp
    if at >= link.expires_at:
        raise LinkExpired
    if link.tries_left == 0:
        raise LinkBlocked


def check_open(*, organisation_id: UUID, link_id: UUID, purpose: str, at: datetime, used_up_too: bool = False) -> Link:
    """The link through which someone came in with its code a moment ago, if it still leads somewhere.

    `used_up_too` lets in who comes to see what became of the work that the link has done.

    Raises:
        LinkNotFound, LinkRevoked, LinkUsedUp, LinkExpired
    """
    try:
        link = Link.objects.get(organisation_id=organisation_id, id=link_id, purpose=purpose)
    except Link.DoesNotExist:
        raise LinkNotFound from None
    # Whoever is in stays in: wrong codes given meanwhile by another bearer close the door, not the room.
    if link.tries_left == 0:
        link.tries_left = 1
    if used_up_too:
        link.used_up_at = None
    check_alive(link, at)
    return link

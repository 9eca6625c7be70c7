"""What the worker keeps up by itself: lists, responders and units, each made anew long before its end."""

import logging
from datetime import datetime

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.errors import DomainError
from telesphore.pki import access
from telesphore.pki.actions.answer import renew_responder
from telesphore.pki.actions.revoke import publish_due_lists
from telesphore.pki.actions.stamp_time import renew_unit
from telesphore.pki.models import Authority

logger = logging.getLogger(__name__)


@audit.staged("pki:authority:maintain")
def maintain(*, actor: Actor, at: datetime) -> int:
    """Make what is due for every authority that still lasts; returns how many could not be kept up.

    Safe to run twice, and by several at once. What fails for one organisation does not stop the others.
    """
    failed = 0
    for authority in Authority.objects.order_by("organisation_id", "-generation").iterator(chunk_size=100):
        if access.valid_until(bytes(authority.issuing)) <= at:
            continue
        try:
            _maintain(authority, actor.within(authority.organisation_id), at)
        except DomainError as refused:
            failed += 1
            logger.warning("authority %s could not be kept up: %s", authority.id, refused.code)
    return failed


def _maintain(authority: Authority, actor: Actor, at: datetime) -> None:
    publish_due_lists(authority=authority, actor=actor, at=at)
    newest = access.newest(authority.organisation_id)
    standing = newest is not None and newest.id == authority.id and not access.has_ended(authority, at)
    # What nobody has used yet is made at its first use.
    if access.has_own(authority, "responder"):
        renew_responder(authority=authority, actor=actor, at=at)
    if standing and access.has_own(authority, "unit"):
        renew_unit(authority=authority, actor=actor, at=at)

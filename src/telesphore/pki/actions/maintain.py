"""What the worker keeps up by itself: lists, responders, units and seals, each made anew long before its end."""

import logging
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.errors import DomainError
from telesphore.pki import access
from telesphore.pki.actions.answer import renew_responder
from telesphore.pki.actions.issue import organisation_seal
from telesphore.pki.actions.revoke import publish_due_lists
from telesphore.pki.actions.stamp_time import renew_unit
from telesphore.pki.models import Authority, Certificate
from telesphore.pki.states import Profile

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
    # Only what is in use is kept up: what nobody has asked for, or what was revoked, is made at its next use.
    if access.standing_own(authority, Profile.RESPONDER, beyond=at) is not None:
        renew_responder(authority=authority, actor=actor, at=at)
    if standing and access.standing_own(authority, Profile.UNIT, beyond=at) is not None:
        renew_unit(authority=authority, actor=actor, at=at)
    if standing and (seal := access.standing_own(authority, Profile.SEAL, beyond=at)) is not None:
        organisation_seal(
            organisation_id=authority.organisation_id, organisation_name=_organisation_of(seal), actor=actor, at=at
        )


def _organisation_of(seal: Certificate) -> str:
    assert seal.content is not None
    named = x509.load_der_x509_certificate(bytes(seal.content)).subject
    return str(named.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value)

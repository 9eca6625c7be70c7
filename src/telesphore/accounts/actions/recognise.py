"""Recognise a professional by their national identifier, and link that identifier to an account."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from telesphore.accounts import access
from telesphore.accounts.actions.keep_session import end_sessions_of
from telesphore.accounts.errors import IdentityDiffers, IdentityTaken, UnknownProfessional
from telesphore.accounts.models import Person
from telesphore.accounts.states import PSC_MEANS, SessionEnd
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor


@audit.act("accounts:identity:recognise")
def recognise(*, national_id: str, actor: Actor, at: datetime) -> UUID:
    """The person who carries this national identifier; it counts as checked now. Never makes an account.

    Raises:
        UnknownProfessional: nobody carries it, or they may no longer come in.
    """
    person = access.known_by(national_id)
    if person is None:
        raise UnknownProfessional
    person.directory_checked_at = at
    person.save(update_fields=["directory_checked_at"])
    audit.record("accounts:identity:recognise", actor=replace(actor, person_id=person.id), subject=person.id, at=at)
    return person.id


@audit.act("accounts:identity:link")
def link_identity(*, national_id: str, actor: Actor, at: datetime) -> None:
    """Have the account of `actor` carry the national identifier that they have just proved to be theirs.

    Raises:
        IdentityDiffers: the account carries another.
        IdentityTaken: another account carries it.
    """
    audit.concerning(subject=actor.person)
    person = Person.objects.select_for_update().get(id=actor.person)
    if person.national_id not in ("", national_id):
        raise IdentityDiffers
    person.national_id, person.directory_checked_at = national_id, at
    try:
        with transaction.atomic():
            person.save(update_fields=["national_id", "directory_checked_at"])
    except IntegrityError:
        raise IdentityTaken from None
    audit.record("accounts:identity:link", actor=actor, subject=person.id, at=at)


@audit.act("accounts:activity:choose")
def choose_activity(*, finess: str, siret: str, actor: Actor, at: datetime) -> None:
    """Leave the trace of the activity, of those that the directory gives them, in which a professional acts."""
    audit.record(
        "accounts:activity:choose", actor=actor, subject=actor.person_id, at=at,
        detail={"finess": finess, "siret": siret},
    )  # fmt: skip


@audit.act("accounts:session:end-by-provider")
def end_by_provider(*, person_id: UUID | None, national_id: str, actor: Actor, at: datetime) -> int:
    """End the sessions that a person opened by Pro Santé Connect, which says that theirs is over; returns how many.

    Args:
        person_id: None when only the identifier is known; an identifier that nobody carries ends nothing.
    """
    if person_id is None:
        known = access.known_by(national_id)
        if known is None:
            return 0
        person_id = known.id
    return end_sessions_of(person_id=person_id, why=SessionEnd.PROVIDER, means=PSC_MEANS, actor=actor, at=at)

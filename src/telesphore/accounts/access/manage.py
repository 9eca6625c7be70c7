"""Who may change members, and who may be given which role."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from telesphore.accounts.access.allow import check
from telesphore.accounts.errors import AccountsApart, LastAdministrator, MemberNotFound, NotToYourself
from telesphore.accounts.models import DirectoryEntry, Invitation, Membership, Organisation, Person
from telesphore.accounts.ports import patients_records
from telesphore.accounts.states import CLINICAL_ROLES, Role
from telesphore.kernel.actors import Actor, ActorKind


def check_manages(actor: Actor) -> None:
    """Refuse who may not change members: the operator's commands may, and an organisation's administrators.

    Raises:
        NotAllowed
    """
    if actor.kind is not ActorKind.SYSTEM:
        check(actor, "accounts:members:manage")


def lock_person(person_id: UUID) -> Person:
    """The person, held until the transaction ends.

    Raises:
        MemberNotFound
    """
    try:
        return Person.objects.select_for_update(no_key=True).get(id=person_id)
    except Person.DoesNotExist:
        raise MemberNotFound from None


def check_other(actor: Actor, person_id: UUID) -> None:
    """Refuse who would change their own rights.

    Raises:
        NotToYourself
    """
    if actor.kind is not ActorKind.SYSTEM and actor.person_id == person_id:
        raise NotToYourself


def check_member(organisation_id: UUID, person_id: UUID) -> None:
    """Whether a person is, was or will be a member here.

    Raises:
        MemberNotFound
    """
    if not Membership.objects.filter(organisation_id=organisation_id, person_id=person_id).exists():
        raise MemberNotFound


def check_apart(person_id: UUID, roles: Iterable[Role], at: datetime, *, organisation_id: UUID | None = None) -> None:
    """Whether these roles leave administration and care with accounts of their own, in all organisations together.

    Args:
        organisation_id: look only there: who invites is told nothing of others.

    Raises:
        AccountsApart
    """
    held = Membership.objects.filter(Q(ends_at=None) | Q(ends_at__gt=at), person_id=person_id)
    if organisation_id is not None:
        held = held.filter(organisation_id=organisation_id)
    together = {Role(role) for role in held.values_list("role", flat=True)} | set(roles)
    if Role.ADMINISTRATOR in together and together & CLINICAL_ROLES:
        raise AccountsApart


def known_elsewhere(person_id: UUID, organisation_id: UUID, at: datetime) -> bool:
    """Whether an account is not this organisation's alone: another gave it a role, invites it or has it in its
    directory, or it opens a patient's record. Who may decide of it here decides nothing of what it opens there."""
    return (
        Membership.objects.filter(Q(ends_at=None) | Q(ends_at__gt=at), person_id=person_id)
        .exclude(organisation_id=organisation_id)
        .exists()
        or DirectoryEntry.objects.filter(person_id=person_id).exclude(organisation_id=organisation_id).exists()
        or Invitation.objects.filter(person_id=person_id, accepted_at=None, withdrawn_at=None)
        .exclude(organisation_id=organisation_id)
        .exists()
        or patients_records.get().opens_a_record(person_id=person_id)
    )


def check_administrator_remains(organisation_id: UUID, *, without: UUID, at: datetime) -> None:
    """Whether the organisation keeps an administrator whose role has no end; holds the organisation's row, so that two
    who remove each other do so one after the other.

    Raises:
        LastAdministrator
    """
    Organisation.objects.select_for_update(no_key=True).get(id=organisation_id)
    others = Membership.objects.filter(
        organisation_id=organisation_id,
        role=Role.ADMINISTRATOR,
        starts_at__lte=at,
        ends_at=None,
        suspended_at=None,
        person__is_active=True,
    ).exclude(person_id=without)
    if not others.exists():
        raise LastAdministrator


def held(organisation_id: UUID, person_id: UUID, at: datetime) -> QuerySet[Membership]:
    """The roles that a person holds or will hold in an organisation, suspended ones too."""
    return Membership.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=at), organisation_id=organisation_id, person_id=person_id
    )

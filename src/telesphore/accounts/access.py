"""What a role allows: the table of permissions, asked without a query; who may be given which. Whose workstation, whose
card.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from telesphore.accounts.errors import (
    AccountsApart,
    CardFromElsewhere,
    CardHolderUnknown,
    CardNotForSigningIn,
    CardOver,
    CardRevoked,
    LastAdministrator,
    MemberNotFound,
    NotAllowed,
    NotToYourself,
    WorkstationNotFound,
)
from telesphore.accounts.formats import cards
from telesphore.accounts.models import Membership, Organisation, Person, Workstation
from telesphore.accounts.ports import card_authorities
from telesphore.accounts.states import CLINICAL_ROLES, PERMISSIONS, Role
from telesphore.ades import paths
from telesphore.ades.errors import NoPathToAnchor
from telesphore.kernel.actors import Actor, ActorKind

MOST_BETWEEN = 8
"""Certificates that a card may bring along."""


def may(actor: Actor, permission: str) -> bool:
    """Whether the roles that `actor` holds where they act include `permission`, and their scopes do not leave it out.

    Costs two look-ups. It says nothing of one patient or one envelope: whoever owns that row decides.

    Raises:
        KeyError: no such permission; a mistake of ours.
    """
    holders = PERMISSIONS[permission]
    if actor.kind not in (ActorKind.PROFESSIONAL, ActorKind.SOFTWARE) or actor.organisation_id is None:
        return False
    return bool(holders & actor.roles) and (actor.scopes is None or permission in actor.scopes)


def check(actor: Actor, permission: str) -> None:
    """Refuse who may not.

    Raises:
        NotAllowed
    """
    if not may(actor, permission):
        raise NotAllowed


def workstation_of(*, actor: Actor, workstation_id: UUID, to_change: bool = False) -> Workstation:
    """A workstation of the actor's organisation.

    Args:
        to_change: only whoever paired it, or an administrator, may; the row is locked.

    Raises:
        WorkstationNotFound: no such one, or not theirs.
    """
    rows = Workstation.objects.filter(organisation_id=actor.organisation)
    if to_change:
        rows = rows.select_for_update()
        if Role.ADMINISTRATOR not in actor.roles:
            rows = rows.filter(paired_by_id=actor.person)
    row = rows.filter(id=workstation_id).first()
    if row is None:
        raise WorkstationNotFound
    return row


def check_card(certificate: bytes, chain: Sequence[bytes], *, at: datetime) -> None:
    """Whether a certificate (DER) proves who its holder is: theirs to authenticate with, valid, issued by whom the
    operator trusts for cards, not revoked.

    Raises:
        CardNotForSigningIn, CardOver, CardFromElsewhere, CardRevoked, CardStatusUnknown
    """
    authorities = card_authorities.get()
    try:
        suits, parsed = cards.is_for_authentication(certificate), paths.load(certificate)
    except NoPathToAnchor:
        raise CardNotForSigningIn from None
    pool = (*authorities.between, *chain[:MOST_BETWEEN])
    try:
        # An anchor is nobody's card.
        if certificate in authorities.anchors:
            raise NoPathToAnchor
        path = paths.path_to_anchor(
            certificate, pool=pool, anchors=authorities.anchors, at=min(at, parsed.not_valid_after_utc)
        )
    except NoPathToAnchor:
        # Whoever is not trusted at all is not told that they come too early or too late.
        raise (CardOver if at < parsed.not_valid_before_utc else CardFromElsewhere) from None
    if not paths.valid_at(parsed, at):
        raise CardOver
    if not suits:
        raise CardNotForSigningIn
    if authorities.status.revoked(path, at=at):
        raise CardRevoked


def holder_of(certificate: bytes) -> Person:
    """The active person whose national identifier a certificate (DER) bears.

    Who has none written down is known by their RPPS number, if nobody else has the same.

    Raises:
        CardHolderUnknown
    """
    identifier = cards.national_identifier(certificate)
    if not identifier:
        raise CardHolderUnknown
    known = list(Person.objects.filter(national_id=identifier)[:1])
    if not known and identifier.startswith("8"):
        known = list(Person.objects.filter(national_id="", rpps=identifier[1:])[:2])
    if len(known) != 1 or not known[0].is_active:
        raise CardHolderUnknown
    return known[0]


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

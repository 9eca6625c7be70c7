"""Give a role, and end one.

Acts on one person come one after another, under a lock on their row: so no two of them together can give what neither
may give alone.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from telesphore.accounts import access
from telesphore.accounts.errors import (
    AlreadyMember,
    EndsBeforeItStarts,
    MemberNotFound,
    UnitNotFound,
)
from telesphore.accounts.models import Membership, Unit
from telesphore.accounts.states import Role
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor, ActorKind


@audit.act("accounts:membership:grant")
def grant_role(
    *,
    person_id: UUID,
    organisation_id: UUID,
    role: Role,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    unit_id: UUID | None = None,
    actor: Actor,
    at: datetime,
) -> None:
    """Give a person a role in an organisation, from now on unless dates say otherwise; one already held stays as it is.

    Raises:
        NotAllowed, NotToYourself, AccountsApart, EndsBeforeItStarts, UnitNotFound
        MemberNotFound: who is no member yet is invited, and accepts.
    """
    access.check_manages(actor)
    access.check_other(actor, person_id)
    if actor.kind is not ActorKind.SYSTEM:
        if organisation_id != actor.organisation_id:
            raise MemberNotFound
        access.check_member(organisation_id, person_id)
    try:
        give(
            person_id=person_id,
            organisation_id=organisation_id,
            role=role,
            starts_at=starts_at or at,
            ends_at=ends_at,
            unit_id=unit_id,
            actor=actor,
            at=at,
        )
    except AlreadyMember:
        return


def give(
    *,
    person_id: UUID,
    organisation_id: UUID,
    role: Role,
    starts_at: datetime,
    ends_at: datetime | None,
    unit_id: UUID | None,
    actor: Actor,
    at: datetime,
) -> None:
    """Write a role, in the caller's transaction.

    Raises:
        AccountsApart, AlreadyMember, EndsBeforeItStarts, UnitNotFound
    """
    access.lock_person(person_id)
    access.check_apart(person_id, [role], at)
    if ends_at is not None and (ends_at <= starts_at or ends_at <= at):
        raise EndsBeforeItStarts
    if (
        unit_id is not None
        and not Unit.objects.filter(organisation_id=organisation_id, id=unit_id, closed_at=None).exists()
    ):
        raise UnitNotFound
    held = Membership.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=starts_at), organisation_id=organisation_id, person_id=person_id, role=role
    )
    if (held.filter(starts_at__lt=ends_at) if ends_at else held).exists():
        raise AlreadyMember
    row = Membership.objects.create(
        organisation_id=organisation_id,
        person_id=person_id,
        role=role,
        unit_id=unit_id,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    audit.record(
        "accounts:membership:grant",
        actor=actor if actor.organisation_id == organisation_id else actor.within(organisation_id),
        subject=person_id,
        at=at,
        detail={
            "role": role,
            "membership": row.id.hex,
            "from": starts_at.isoformat(),
            "until": ends_at.isoformat() if ends_at else None,
        },
    )


@audit.act("accounts:membership:end")
def end_role(*, membership_id: UUID, ends_at: datetime | None, actor: Actor, at: datetime) -> None:
    """End a role now, or on a day to come; one that has not begun is taken back.

    Raises:
        NotAllowed, LastAdministrator, EndsBeforeItStarts
        MemberNotFound: no such role here, or it is over.
    """
    access.check_manages(actor)
    row = (
        Membership.objects.filter(Q(ends_at=None) | Q(ends_at__gt=at))
        .filter(organisation_id=actor.organisation, id=membership_id)
        .first()
    )
    if row is None:
        raise MemberNotFound
    end = ends_at or at
    if end < at or (ends_at is not None and end <= row.starts_at):
        raise EndsBeforeItStarts
    if row.role == Role.ADMINISTRATOR:
        access.check_administrator_remains(actor.organisation, without=row.person_id, at=at)
    end_at(row, end)
    audit.record(
        "accounts:membership:end",
        actor=actor,
        subject=row.person_id,
        at=at,
        detail={"role": row.role, "membership": membership_id.hex, "until": end.isoformat()},
    )


def end_at(row: Membership, end: datetime) -> None:
    """Write the end of a role, in the caller's transaction; the trail keeps what had not begun."""
    if row.starts_at >= end:
        row.delete()
        return
    row.ends_at = end
    row.save(update_fields=["ends_at"])

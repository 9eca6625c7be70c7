"""What an organisation's own directory decides of its people: they arrive, change, are stopped, leave.

Whoever is stopped or leaves loses their open sessions and their tokens in the same transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from telesphore.accounts import access, queries
from telesphore.accounts.actions.grant import end_at, give
from telesphore.accounts.actions.invite import offer
from telesphore.accounts.actions.suspend import shut_out
from telesphore.accounts.errors import EntryChanged, EntryNotFound, EntryTaken, NameNotYours, RoleNotByDirectory
from telesphore.accounts.models import Delegation, DirectoryEntry, Person
from telesphore.accounts.states import BY_DIRECTORY, Role, SessionEnd
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7

SCOPE = "accounts:directory:provision"


@dataclass(frozen=True, slots=True)
class Told:
    """What the directory says of one person.

    Attributes:
        user_name: their e-mail address, by which they sign in.
        roles: those that they are to hold here; None to leave them as they are.
    """

    user_name: str
    external_id: str = ""
    given_name: str = ""
    family_name: str = ""
    active: bool = True
    roles: Collection[Role] | None = None


@audit.act("accounts:directory:add")
def add_entry(*, told: Told, actor: Actor, at: datetime) -> UUID:
    """Make a person a member of the actor's organisation; an account of this address keeps its own names.

    An account that is known elsewhere is invited instead: its person accepts the roles, or does not.

    Raises:
        NotAllowed, RoleNotByDirectory, AccountsApart
        EntryTaken: the directory has this person, or this identifier, already.
    """
    access.check(actor, SCOPE)
    email = told.user_name.strip().lower()
    person = Person.objects.filter(email=email).first() or Person.objects.create_user(
        email, None, family_name=told.family_name, given_name=told.given_name
    )
    access.lock_person(person.id)
    if DirectoryEntry.objects.filter(organisation_id=actor.organisation, person=person).exists():
        raise EntryTaken
    _check_identifier(told.external_id, actor, but=None)
    row = DirectoryEntry.objects.create(
        id=uuid7(),
        organisation_id=actor.organisation,
        person=person,
        external_id=told.external_id,
        given_name=told.given_name,
        family_name=told.family_name,
        active=told.active,
        created_at=at,
        changed_at=at,
    )
    _settle_roles(row, told.roles, actor, at)
    _settle_activity(row, was_active=True, actor=actor, at=at)
    audit.record("accounts:directory:add", actor=actor, subject=person.id, at=at, detail={"active": told.active})
    return row.id


@audit.act("accounts:directory:change")
def change_entry(*, entry_id: UUID, told: Told, version: str | None = None, actor: Actor, at: datetime) -> None:
    """Make an entry what the directory says now.

    Args:
        version: of the entry that this change was made from; None to change it whatever it says now.

    Raises:
        NotAllowed, EntryNotFound, EntryTaken, RoleNotByDirectory, AccountsApart, LastAdministrator
        NameNotYours: another user name, for a person who belongs elsewhere too.
        EntryChanged: it has another version now.
    """
    access.check(actor, SCOPE)
    row = _lock(entry_id, actor, version, at)
    audit.concerning(subject=row.person_id)
    _check_identifier(told.external_id, actor, but=row.id)
    _rename(row, told, at)
    was_active = row.active
    row.external_id, row.given_name, row.family_name = told.external_id, told.given_name, told.family_name
    row.active, row.changed_at = told.active, at
    row.save()
    _settle_roles(row, told.roles, actor, at)
    _settle_activity(row, was_active=was_active, actor=actor, at=at)
    audit.record("accounts:directory:change", actor=actor, subject=row.person_id, at=at, detail={"active": told.active})


@audit.act("accounts:directory:remove")
def remove_entry(*, entry_id: UUID, version: str | None = None, actor: Actor, at: datetime) -> None:
    """The person leaves: every role here ends, and with them what rests on them.

    Args:
        version: as in `change_entry`.

    Raises:
        NotAllowed, EntryNotFound, LastAdministrator, EntryChanged
    """
    access.check(actor, SCOPE)
    row = _lock(entry_id, actor, version, at)
    audit.concerning(subject=row.person_id)
    held = list(access.held(actor.organisation, row.person_id, at))
    if any(one.role == Role.ADMINISTRATOR for one in held):
        access.check_administrator_remains(actor.organisation, without=row.person_id, at=at)
    for one in held:
        end_at(one, at)
    Delegation.objects.filter(
        Q(delegator_id=row.person_id) | Q(delegate_id=row.person_id),
        organisation_id=actor.organisation,
        withdrawn_at=None,
        ends_at__gt=at,
    ).update(withdrawn_at=at)
    person_id = row.person_id
    row.delete()
    if held:
        shut_out(person_id=person_id, why=SessionEnd.LEFT, actor=actor, at=at)
    audit.record(
        "accounts:directory:remove", actor=actor, subject=person_id, at=at, detail={"roles": [one.role for one in held]}
    )


@audit.act("accounts:directory:group")
def change_group(*, role: Role, add: Collection[UUID], remove: Collection[UUID], actor: Actor, at: datetime) -> None:
    """Give a role to people of the directory, and take it from others, all or none.

    Raises:
        NotAllowed, EntryNotFound, RoleNotByDirectory, AccountsApart
    """
    access.check(actor, SCOPE)
    if role not in BY_DIRECTORY:
        raise RoleNotByDirectory
    # In one order: two who change one group wait for one another, and never both.
    for entry_id in sorted({*add, *remove}):
        row = _lock(entry_id, actor)
        held = {Role(one.role) for one in access.held(actor.organisation, row.person_id, at)}
        _settle_roles(row, held | {role} if entry_id in add else held - {role}, actor, at)
        _settle_activity(row, was_active=row.active, actor=actor, at=at)
        row.changed_at = at
        row.save(update_fields=["changed_at"])
    audit.record(
        "accounts:directory:group",
        actor=actor,
        at=at,
        detail={"role": role.value, "added": len(add), "removed": len(remove)},
    )


def _lock(entry_id: UUID, actor: Actor, version: str | None = None, at: datetime | None = None) -> DirectoryEntry:
    row = (
        DirectoryEntry.objects.select_for_update(of=("self",))
        .select_related("person")
        .filter(organisation_id=actor.organisation, id=entry_id)
        .first()
    )
    if row is None:
        raise EntryNotFound
    access.lock_person(row.person_id)
    if version is not None and at is not None:
        now_is = queries.entry(organisation_id=actor.organisation, entry_id=entry_id, at=at)
        if now_is.version != version:
            raise EntryChanged
    return row


def _check_identifier(external_id: str, actor: Actor, *, but: UUID | None) -> None:
    taken = DirectoryEntry.objects.filter(organisation_id=actor.organisation, external_id=external_id)
    if external_id and (taken.exclude(id=but) if but else taken).exists():
        raise EntryTaken


def _rename(row: DirectoryEntry, told: Told, at: datetime) -> None:
    """The account's own names follow the directory while it is the only one that knows this person."""
    person, email = row.person, told.user_name.strip().lower()
    elsewhere = access.known_elsewhere(person.id, row.organisation_id, at)
    if email != person.email:
        if elsewhere:
            raise NameNotYours
        if Person.objects.filter(email=email).exists():
            raise EntryTaken
    if not elsewhere:
        person.email = email
        person.given_name = told.given_name or person.given_name
        person.family_name = told.family_name or person.family_name
        person.save(update_fields=["email", "given_name", "family_name"])


def _settle_roles(row: DirectoryEntry, roles: Collection[Role] | None, actor: Actor, at: datetime) -> None:
    if roles is None:
        return
    held = {one.role: one for one in access.held(row.organisation_id, row.person_id, at)}
    new = set(roles) - {Role(name) for name in held}
    if not new <= BY_DIRECTORY:
        raise RoleNotByDirectory
    if new and not held and access.known_elsewhere(row.person_id, row.organisation_id, at):
        offer(person=row.person, roles=new, actor=actor, at=at)
        return
    for role in sorted(new):
        give(
            person_id=row.person_id,
            organisation_id=row.organisation_id,
            role=role,
            starts_at=at,
            ends_at=None,
            unit_id=None,
            actor=actor,
            at=at,
        )
    for name, one in held.items():
        if Role(name) in BY_DIRECTORY and Role(name) not in roles:
            end_at(one, at)
            audit.record("accounts:membership:end", actor=actor, subject=row.person_id, at=at, detail={"role": name})


def _settle_activity(row: DirectoryEntry, *, was_active: bool, actor: Actor, at: datetime) -> None:
    """Suspend, or lift what the directory itself had suspended: what an administrator suspended stays so."""
    held = access.held(row.organisation_id, row.person_id, at)
    if row.active:
        if not was_active and held.exclude(suspended_at=None).update(suspended_at=None):
            audit.record("accounts:member:lift", actor=actor, subject=row.person_id, at=at)
        return
    if not held.exists():
        return
    if held.filter(role=Role.ADMINISTRATOR, suspended_at=None).exists():
        access.check_administrator_remains(row.organisation_id, without=row.person_id, at=at)
    if held.filter(suspended_at=None).update(suspended_at=at):
        audit.record("accounts:member:suspend", actor=actor, subject=row.person_id, at=at)
    shut_out(person_id=row.person_id, why=SessionEnd.SUSPENDED, actor=actor, at=at)

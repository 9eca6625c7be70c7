"""Found an organisation, make a person known, give a role."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from telesphore.accounts import queries
from telesphore.accounts.models import Membership, Organisation, Person
from telesphore.accounts.states import Role
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.vault import actions as vault


@audit.staged("accounts:organisation:found")
def found_organisation(*, name: str, city: str, actor: Actor, at: datetime) -> UUID:
    """Make an organisation, with its keyset for what belongs to no patient. For the operator's commands."""
    organisation_id = uuid7()
    keyset = vault.prepare_keyset(organisation_id=organisation_id, patient_id=None)
    _found(name=name, city=city, keyset=keyset, actor=actor.within(organisation_id), at=at)
    return organisation_id


@audit.act("accounts:organisation:found")
def _found(*, name: str, city: str, keyset: vault.PreparedKeyset, actor: Actor, at: datetime) -> None:
    Organisation.objects.create(id=keyset.owner.organisation_id, name=name, city=city)
    vault.create_keyset(
        organisation_id=keyset.owner.organisation_id, patient_id=None, prepared=keyset, actor=actor, at=at
    )
    audit.record("accounts:organisation:found", actor=actor, subject=keyset.owner.organisation_id, at=at)


@audit.act("accounts:person:add")
def add_person(
    *,
    email: str,
    password: str | None,
    family_name: str,
    given_name: str,
    title: str = "",
    specialty: str = "",
    rpps: str = "",
    language: str = "fr",
    actor: Actor,
    at: datetime,
) -> UUID:
    """Make a person known; without a password they can't sign in yet."""
    person = Person.objects.create_user(
        email,
        password,
        family_name=family_name,
        given_name=given_name,
        title=title,
        specialty=specialty,
        rpps=rpps,
        language=language,
    )
    audit.record("accounts:person:add", actor=actor, subject=person.id, at=at)
    return person.id


@audit.act("accounts:membership:grant")
def grant_role(*, person_id: UUID, organisation_id: UUID, role: Role, actor: Actor, at: datetime) -> None:
    """Give a person a role in an organisation, from now on; a role already held stays as it is."""
    _membership, made = Membership.objects.get_or_create(
        organisation_id=organisation_id, person_id=person_id, role=role, ends_at=None, defaults={"starts_at": at}
    )
    if made:
        audit.record(
            "accounts:membership:grant",
            actor=actor.within(organisation_id),
            subject=person_id,
            at=at,
            detail={"role": role},
        )


@audit.act("accounts:session:open")
def note_sign_in(*, person_id: UUID, actor: Actor, at: datetime) -> None:
    """Leave the trace of a sign-in, in each organisation in which the person holds a role."""
    _note("accounts:session:open", person_id, actor, at)


@audit.act("accounts:session:close")
def note_sign_out(*, person_id: UUID, actor: Actor, at: datetime) -> None:
    """Leave the trace of a sign-out."""
    _note("accounts:session:close", person_id, actor, at)


@audit.act("accounts:session:refuse")
def note_refused_sign_in(*, email: str, actor: Actor, at: datetime) -> None:
    """Leave the trace of a sign-in that failed; an address that belongs to nobody is not written down."""
    person = Person.objects.filter(email=email.strip().lower()).first()
    audit.record(
        "accounts:session:refuse",
        actor=actor,
        subject=person.id if person else None,
        at=at,
        outcome=audit.Outcome.REFUSED,
    )


def _note(action: str, person_id: UUID, actor: Actor, at: datetime) -> None:
    organisations = {card.organisation.organisation_id for card in queries.memberships(person_id=person_id, at=at)}
    known = replace(actor, person_id=person_id)
    for seen in [known.within(organisation_id) for organisation_id in organisations] or [known]:
        audit.record(action, actor=seen, subject=person_id, at=at)

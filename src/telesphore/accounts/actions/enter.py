"""Come in and go out: the traces of sign-ins, of those refused, and of sign-outs."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from telesphore.accounts import queries
from telesphore.accounts.models import Person
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor


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

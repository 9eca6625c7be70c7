"""Hand one's place in a circuit over to a colleague (transfert), before one has acted in it."""

from datetime import datetime
from uuid import UUID

from telesphore.accounts import queries as accounts
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.signature import access
from telesphore.signature.actions.call import await_recipient, drop_prepared
from telesphore.signature.actions.close import lock
from telesphore.signature.errors import AlreadyInTheStep, EnvelopeNotFound, NotAwaited, UnknownSigner
from telesphore.signature.models import Envelope, Recipient
from telesphore.signature.states import RecipientState, StepKind


@audit.act("signature:recipient:hand-over")
def hand_over(*, envelope_id: UUID, successor_id: UUID, actor: Actor, at: datetime) -> None:
    """Give one's own place to a professional of the organisation, for good; they are called when it is their turn.

    Raises:
        EnvelopeNotFound, EnvelopeClosed, EnvelopeExpired
        NotAwaited: one has acted already.
        UnknownSigner: no professional of the organisation, or oneself.
        AlreadyInTheStep
    """
    access.recipient_of(actor=actor, envelope_id=envelope_id, at=at, act="signature:recipient:hand-over")
    envelope = lock(actor=actor, envelope_id=envelope_id)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    recipient = _own(envelope, actor)
    access.check_open(envelope, at)
    able = accounts.professionals(organisation_id=actor.organisation, at=at, among=[successor_id])
    if not able or successor_id == actor.person_id:
        raise UnknownSigner
    beside = Recipient.objects.filter(
        organisation_id=envelope.organisation_id, step_id=recipient.step_id, person_id=successor_id
    )
    if beside.exists():
        raise AlreadyInTheStep
    recipient.person_id = successor_id
    # The language was chosen for who held the place.
    recipient.language = ""
    recipient.save(update_fields=["person_id", "language"])
    drop_prepared(recipient, at)
    audit.record(
        "signature:recipient:hand-over",
        actor=actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        ground="recipient",
        at=at,
        detail={"from": actor.person, "to": successor_id},
    )
    if recipient.state == RecipientState.WAITING:
        await_recipient(envelope, recipient, StepKind(recipient.step.kind), actor, at)


def _own(envelope: Envelope, actor: Actor) -> Recipient:
    own = list(
        Recipient.objects.filter(
            organisation_id=envelope.organisation_id, envelope_id=envelope.id, person_id=actor.person
        )
        .select_related("step")
        .order_by("step__position", "id")
    )
    if not own:
        raise EnvelopeNotFound
    # Of several places, the one that is awaited, then the next.
    for state in (RecipientState.WAITING, RecipientState.PENDING):
        for row in own:
            if row.state == state:
                return row
    raise NotAwaited

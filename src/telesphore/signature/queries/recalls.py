"""Who may take back what they did: whoever acted last, until the next acts; the sender, until anybody does."""

from collections.abc import Sequence
from datetime import datetime

from telesphore.kernel.actors import Actor, ActorKind
from telesphore.signature import access
from telesphore.signature.models import Envelope, Recipient, Step
from telesphore.signature.states import ACTED, OPEN_STATES, EnvelopeState, StepKind


def may_take_back(envelope: Envelope, actor: Actor, at: datetime) -> Recipient | None:
    """The actor's place whose act may be undone, of an envelope that the caller has locked; None when there is none."""
    steps = list(Step.objects.filter(organisation_id=envelope.organisation_id, envelope_id=envelope.id))
    recipients = list(Recipient.objects.filter(organisation_id=envelope.organisation_id, envelope_id=envelope.id))
    return takes_back(envelope, steps, recipients, actor, at)


def takes_back(
    envelope: Envelope, steps: Sequence[Step], recipients: Sequence[Recipient], actor: Actor, at: datetime
) -> Recipient | None:
    """As `may_take_back`, from rows that were read: the actor acted there, themself or in its holder's place."""
    acted = [row for row in recipients if row.state in ACTED]
    if envelope.state not in OPEN_STATES or at >= envelope.expires_at or not acted:
        return None
    last = max(acted, key=_instant)
    if not _is_theirs(actor, last):
        return None
    position = next(step.position for step in steps if step.id == last.step_id)
    if any(step.kind == StepKind.SEAL and step.completed_at and step.position > position for step in steps):
        return None
    return last


def may_recall(envelope: Envelope) -> bool:
    """Whether its sender may have it back: nothing was done, and what it was composed of was kept."""
    return envelope.state == EnvelopeState.SENT and envelope.composition_sealed is not None


def _instant(row: Recipient) -> datetime:
    instant = row.signed_at or row.acted_at
    assert instant is not None
    return instant


def _is_theirs(actor: Actor, row: Recipient) -> bool:
    if actor.kind is ActorKind.REPRESENTATIVE:
        return row.patient_id is not None and row.patient_id == actor.on_behalf_of
    if actor.kind is ActorKind.PROFESSIONAL and not actor.roles:
        return False
    return actor.person_id is not None and (
        access.is_own(actor, row) or (row.proof or {}).get("signed_by") == actor.person.hex
    )

"""Who may act on an envelope: its recipients when it is their turn, whom they delegated to, its sender.

Whoever represents the patient takes the patient's place, while the representation holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils.timezone import localtime

from telesphore.accounts import queries as accounts
from telesphore.accounts.states import DELEGABLE
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.records import access as records_access
from telesphore.records import queries as records
from telesphore.records.errors import RecordNotFound
from telesphore.signature.errors import (
    ActIsPast,
    AlreadyActed,
    AlreadySigned,
    EnvelopeClosed,
    EnvelopeExpired,
    EnvelopeNotFound,
    NoLongerNeeded,
    NotAskedForThat,
    NotYourTurn,
    PreparedDropped,
    PreparedExpired,
    PreparedNotFound,
    PreparedUsed,
)
from telesphore.signature.models import Composition, Envelope, Prepared, Recipient, Step, Watcher
from telesphore.signature.states import (
    ACTED,
    OPEN_STATES,
    TRANSITIONS,
    EnvelopeState,
    PreparedState,
    RecipientState,
    StepKind,
)

ACTS = {
    StepKind.REVIEW: "signature:recipient:review",
    StepKind.SIGN: "signature:recipient:sign",
    StepKind.OPINION: "signature:recipient:advise",
}
"""The act that a step asks of its recipients."""


@dataclass(frozen=True, slots=True)
class Authority:
    """By what somebody acts in a recipient's place.

    Attributes:
        ground: `recipient` for one's own place, `guest` for a guest's, `delegation`, or `representative`.
        row_id: the delegation or the representation; None for one's own place.
    """

    ground: str
    row_id: UUID | None = None

    @property
    def detail(self) -> dict[str, str]:
        """What the proof and the trail name it by; nothing for one's own place."""
        return {} if self.row_id is None else {_NAMES[self.ground]: self.row_id.hex}


_NAMES = {"delegation": "delegation", "representative": "representation"}
OWN = Authority("recipient")
GUEST = Authority("guest")


def allowed(permissions: frozenset[str], kind: StepKind) -> tuple[bool, bool]:
    """Whether these delegated acts do what a step of this kind asks, and whether they refuse it. An opinion refuses
    nothing."""
    declines = kind is not StepKind.OPINION and "signature:recipient:decline" in permissions
    return ACTS[kind] in permissions, declines


def recipient_of(
    *, actor: Actor, envelope_id: UUID, at: datetime, act: str = "signature:recipient:sign"
) -> tuple[Envelope, Recipient]:
    """The envelope and the actor's place in it: their own, or that of whoever delegated this act to them, or of the
    patient whom they represent.

    Raises:
        EnvelopeNotFound: no such envelope, or the actor has no place among its recipients.
    """
    recipients = Recipient.objects.filter(organisation_id=actor.organisation, envelope_id=envelope_id)
    delegated: list[Recipient] = []
    if actor.kind is ActorKind.PATIENT and actor.person_id is not None:
        own = list(recipients.filter(patient_id=actor.person_id).select_related("envelope"))
    elif actor.kind is ActorKind.REPRESENTATIVE:
        _representation(actor, at)
        own = list(recipients.filter(patient_id=actor.on_behalf_of).select_related("envelope"))
    elif actor.kind is ActorKind.PROFESSIONAL and actor.person_id is not None and actor.roles:
        own = list(recipients.filter(person_id=actor.person).select_related("envelope"))
        if not any(row.state == RecipientState.WAITING for row in own):
            delegated = _delegated(recipients, actor, act, at)
    elif actor.kind is ActorKind.GUEST and actor.person_id is not None:
        own = list(recipients.filter(id=actor.person, guest_sealed__isnull=False).select_related("envelope"))
    else:
        raise EnvelopeNotFound
    # Of several places, the one that is awaited comes first, then one's own.
    recipient = min([*own, *delegated], key=lambda row: row.state != RecipientState.WAITING, default=None)
    if recipient is None:
        raise EnvelopeNotFound
    return recipient.envelope, recipient


def _delegated(recipients: QuerySet[Recipient], actor: Actor, act: str, at: datetime) -> list[Recipient]:
    held = [one for one in accounts.held_by(actor=actor, at=at) if act in one.permissions]
    if not held:
        return []
    rows = list(recipients.filter(person_id__in={one.delegator_id for one in held}).select_related("envelope"))
    types = records.types_of(
        organisation_id=actor.organisation, document_ids={row.envelope.document_id for row in rows}
    )
    reached = {(one.delegator_id, kind) for one in held for kind in types.values() if one.covers(kind)}
    return [row for row in rows if (row.person_id, types[row.envelope.document_id]) in reached]


def authority(
    *, actor: Actor, envelope: Envelope, recipient: Recipient, at: datetime, act: str = "signature:recipient:sign"
) -> Authority:
    """By what the actor acts in this recipient's place: it is theirs, or a delegation or a representation holds now.

    Raises:
        EnvelopeNotFound: neither; it may have been withdrawn while a card was at work.
    """
    if actor.kind is ActorKind.REPRESENTATIVE:
        if recipient.patient_id is None or recipient.patient_id != actor.on_behalf_of:
            raise EnvelopeNotFound
        return Authority("representative", _representation(actor, at))
    if is_own(actor, recipient):
        return GUEST if recipient.guest_sealed is not None else OWN
    kind = records.types_of(organisation_id=envelope.organisation_id, document_ids={envelope.document_id})
    for held in accounts.held_by(actor=actor, at=at):
        if (
            held.delegator_id == recipient.person_id
            and act in held.permissions
            and held.covers(kind[envelope.document_id])
        ):
            return Authority("delegation", held.delegation_id)
    raise EnvelopeNotFound


def is_own(actor: Actor, recipient: Recipient) -> bool:
    """Whether the place is the actor's own, not held for another."""
    own = recipient.id if recipient.guest_sealed is not None else recipient.person_id or recipient.patient_id
    return actor.person_id == own


def _representation(actor: Actor, at: datetime) -> UUID:
    try:
        return records_access.representation(actor=actor, at=at).id
    except RecordNotFound:
        raise EnvelopeNotFound from None


def in_place_of(actor: Actor, recipient: Recipient) -> Actor:
    """The actor as the trail writes them: with the name of whoever delegated to them, when they act in their place."""
    if recipient.person_id is None or recipient.person_id == actor.person_id:
        return actor
    return replace(actor, on_behalf_of=recipient.person_id)


def check_can_sign(envelope: Envelope, recipient: Recipient, at: datetime) -> None:
    """Whether it is this recipient's turn, and not too late.

    Raises:
        AlreadySigned, AlreadyActed, EnvelopeClosed, EnvelopeExpired, NoLongerNeeded, NotYourTurn
    """
    if recipient.state == RecipientState.SIGNED:
        raise AlreadySigned
    if recipient.state in ACTED:
        raise AlreadyActed
    if envelope.state not in OPEN_STATES or recipient.state == RecipientState.DECLINED:
        raise EnvelopeClosed
    if at >= envelope.expires_at:
        raise EnvelopeExpired
    if recipient.state == RecipientState.RELEASED:
        raise NoLongerNeeded
    if recipient.state != RecipientState.WAITING:
        raise NotYourTurn


def check_open(envelope: Envelope, at: datetime) -> None:
    """Whether something is still asked of somebody.

    Raises:
        EnvelopeClosed, EnvelopeExpired
    """
    if envelope.state not in OPEN_STATES:
        raise EnvelopeClosed
    if at >= envelope.expires_at:
        raise EnvelopeExpired


def check_asked(recipient: Recipient, kind: StepKind) -> Step:
    """Whether this is what the recipient's step asks; the step.

    Raises:
        NotAskedForThat
    """
    step = Step.objects.get(organisation_id=recipient.organisation_id, id=recipient.step_id)
    if step.kind != kind:
        raise NotAskedForThat
    return step


def check_before_act(composition: Composition | None, at: datetime) -> None:
    """Whether a consent still comes before the day of the act that it is about.

    Raises:
        ActIsPast
    """
    if composition is not None and composition.act_on is not None and composition.act_on <= localtime(at).date():
        raise ActIsPast


def prepared_of(*, actor: Actor, prepared_id: UUID, at: datetime) -> Prepared:
    """A signature that the actor prepared, in their own place or a delegator's, with its envelope and recipient.

    Raises:
        PreparedNotFound: no such one, or another's.
    """
    return all_prepared_of(actor=actor, prepared_ids=[prepared_id], at=at)[0]


def all_prepared_of(*, actor: Actor, prepared_ids: Sequence[UUID], at: datetime) -> list[Prepared]:
    """Several of them, in the order given, in one query when all are in the actor's own place.

    Raises:
        PreparedNotFound: one of them is no such one, or another's.
    """
    if actor.kind is not ActorKind.PROFESSIONAL or actor.person_id is None or not actor.roles:
        raise PreparedNotFound
    rows = Prepared.objects.select_related("envelope", "recipient").filter(
        organisation_id=actor.organisation, id__in=prepared_ids
    )
    found = {row.id: row for row in rows}
    try:
        for row in found.values():
            authority(actor=actor, envelope=row.envelope, recipient=row.recipient, at=at)
        return [found[prepared_id] for prepared_id in prepared_ids]
    except (KeyError, EnvelopeNotFound):
        raise PreparedNotFound from None


def check_waits(prepared: Prepared, at: datetime) -> None:
    """Whether a prepared signature may still be completed.

    Raises:
        PreparedUsed, PreparedDropped, PreparedExpired
    """
    if prepared.state == PreparedState.COMPLETED:
        raise PreparedUsed
    if prepared.state == PreparedState.DROPPED:
        raise PreparedDropped
    if at >= prepared.expires_at:
        raise PreparedExpired


def sent_by(*, actor: Actor, envelope_id: UUID) -> Envelope:
    """The envelope, for who sent it.

    Raises:
        EnvelopeNotFound
    """
    try:
        return Envelope.objects.get(organisation_id=actor.organisation, id=envelope_id, sender_id=actor.person)
    except Envelope.DoesNotExist:
        raise EnvelopeNotFound from None


def sender_or_recipient(*, actor: Actor, envelope_id: UUID, at: datetime, watchers: bool = False) -> Envelope:
    """The envelope, for those whom it concerns; for its watchers too, where all that one may do is look.

    Raises:
        EnvelopeNotFound
    """
    try:
        envelope = Envelope.objects.get(organisation_id=actor.organisation, id=envelope_id)
    except Envelope.DoesNotExist:
        raise EnvelopeNotFound from None
    if actor.kind is not ActorKind.SYSTEM and not (watchers and watches(actor=actor, envelope=envelope)):
        place_read(actor=actor, envelope=envelope, at=at)
    return envelope


def read_by_program(actor: Actor, envelope: Envelope) -> Recipient | None:
    """In whose place a program reads: of the person who answers for its token, as sender or recipient. What was
    delegated to them they read themselves; `recipient_of`, by which one acts, knows no program.

    Raises:
        EnvelopeNotFound
    """
    if not actor.roles:
        raise EnvelopeNotFound
    if envelope.sender_id == actor.person:
        return None
    own = Recipient.objects.filter(
        organisation_id=envelope.organisation_id, envelope_id=envelope.id, person_id=actor.person
    ).first()
    if own is None:
        raise EnvelopeNotFound
    return own


def place_read(*, actor: Actor, envelope: Envelope, at: datetime) -> Recipient | None:
    """In whose place the actor reads an envelope: None for its sender's own, and for the platform's.

    Raises:
        EnvelopeNotFound
    """
    if actor.kind is ActorKind.SYSTEM:
        return None
    if actor.kind is ActorKind.PROFESSIONAL and actor.roles and envelope.sender_id == actor.person_id:
        return None
    if actor.kind is ActorKind.SOFTWARE:
        return read_by_program(actor, envelope)
    for act in DELEGABLE:
        # Whoever may only refuse for another, or only give an opinion, must read too.
        try:
            return recipient_of(actor=actor, envelope_id=envelope.id, at=at, act=act)[1]
        except EnvelopeNotFound:
            continue
    raise EnvelopeNotFound


def watches(*, actor: Actor, envelope: Envelope) -> bool:
    """Whether the actor is one of those who only see the envelope."""
    return (
        actor.kind is ActorKind.PROFESSIONAL
        and bool(actor.roles)
        and Watcher.objects.filter(
            organisation_id=actor.organisation, envelope_id=envelope.id, person_id=actor.person
        ).exists()
    )


def check_transition(envelope: Envelope, to: EnvelopeState) -> None:
    """Whether the table of states allows it.

    Raises:
        EnvelopeClosed
    """
    if to not in TRANSITIONS[EnvelopeState(envelope.state)]:
        raise EnvelopeClosed

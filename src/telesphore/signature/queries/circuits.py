"""The signature book, an envelope as those concerned see it, what a patient finds behind a link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.links import queries as links
from telesphore.outbox import queries as outbox
from telesphore.records import queries as records
from telesphore.signature import access
from telesphore.signature.errors import EnvelopeNotFound
from telesphore.signature.models import Envelope, Recipient, Revision, Step
from telesphore.signature.states import OPEN_STATES, EnvelopeState, RecipientState
from telesphore.vault import queries as vault

PAGE = 50


@dataclass(frozen=True, slots=True)
class BookLine:
    """One envelope in a list."""

    envelope_id: UUID
    title: str
    patient: records.PatientCard
    sender: str
    state: EnvelopeState
    since: datetime
    awaited: tuple[str, ...]
    """Names of those who are awaited now."""


@dataclass(frozen=True, slots=True)
class RecipientLine:
    """One recipient of a step, and how far they are."""

    recipient_id: UUID
    name: str
    role: str
    purpose: str
    state: RecipientState
    awaited_at: datetime | None
    signed_at: datetime | None
    opened_at: datetime | None
    revealed_at: datetime | None
    notice: str
    """Status of the last notice sent to them: `waiting`, `sent`, `failed`, or empty."""
    is_actor: bool
    is_patient: bool
    signed_by: str = ""
    """Who signed in their place, by delegation or because they represent them."""
    delegates: tuple[str, ...] = ()
    """Who may act in their place now, of whom they have delegated to."""


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step of the circuit."""

    position: int
    needed: int
    done: int
    completed_at: datetime | None
    recipients: tuple[RecipientLine, ...]


@dataclass(frozen=True, slots=True)
class EnvelopeView:
    """An envelope, as its sender or a recipient sees it."""

    envelope_id: UUID
    patient: records.PatientCard
    title: str
    pages: int
    state: EnvelopeState
    sender: str
    sent_at: datetime
    expires_at: datetime
    closed_at: datetime | None
    reason: str
    steps: tuple[StepLine, ...]
    your_turn: bool
    is_sender: bool
    signed_document_id: UUID | None
    evidence_document_id: UUID | None
    in_place_of: str = ""
    """Whose turn it is that the actor may take, by delegation."""
    may_sign: bool = True
    may_decline: bool = True


@dataclass(frozen=True, slots=True)
class PatientLine:
    """One document that awaits a patient's signature.

    Attributes:
        link_id: the link by which they were asked.
    """

    envelope_id: UUID
    title: str
    pages: int
    sender: str
    since: datetime
    link_id: UUID | None


def waiting_for_patient(*, organisation_id: UUID, patient_id: UUID) -> list[PatientLine]:
    """What awaits a patient's own signature, oldest first, at most `PAGE`. Two queries."""
    waiting = Recipient.objects.filter(
        organisation_id=organisation_id,
        patient_id=patient_id,
        state=RecipientState.WAITING,
        envelope__state__in=OPEN_STATES,
    )
    rows = list(waiting.select_related("envelope").order_by("awaited_at")[:PAGE])
    people = accounts.person_cards({row.envelope.sender_id for row in rows})
    return [
        PatientLine(
            row.envelope_id,
            title(row.envelope),
            row.envelope.pages,
            people[row.envelope.sender_id].display_name,
            row.awaited_at or row.envelope.sent_at,
            row.link_id,
        )
        for row in rows
    ]


def envelopes_of_patient(*, organisation_id: UUID, patient_id: UUID) -> list[BookLine]:
    """A patient's envelopes that are on their way, newest first. The caller has opened the record."""
    rows = Envelope.objects.filter(
        organisation_id=organisation_id,
        patient_id=patient_id,
        state__in=[*OPEN_STATES, EnvelopeState.SEALING],
    )
    return lines_of([(row, row.sent_at) for row in rows.order_by("-sent_at")[:PAGE]])


def lines_of(rows: Sequence[tuple[Envelope, datetime]]) -> list[BookLine]:
    """Envelopes as lines of a list, each with its instant; a constant number of queries."""
    if not rows:
        return []
    organisation_id = rows[0][0].organisation_id
    patients = records.patient_cards(
        organisation_id=organisation_id, patient_ids={envelope.patient_id for envelope, _since in rows}
    )
    awaited: dict[UUID, list[Recipient]] = {}
    for recipient in Recipient.objects.filter(
        organisation_id=organisation_id,
        envelope_id__in=[envelope.id for envelope, _since in rows],
        state=RecipientState.WAITING,
    ):
        awaited.setdefault(recipient.envelope_id, []).append(recipient)
    people = accounts.person_cards(
        {envelope.sender_id for envelope, _since in rows}
        | {row.person_id for group in awaited.values() for row in group if row.person_id is not None}
    )
    return [
        BookLine(
            envelope.id,
            name,
            patients[envelope.patient_id],
            people[envelope.sender_id].display_name,
            EnvelopeState(envelope.state),
            since,
            tuple(
                people[row.person_id].display_name if row.person_id else patients[envelope.patient_id].display_name
                for row in awaited.get(envelope.id, [])
            )
            if envelope.state in OPEN_STATES
            else (),
        )
        for (envelope, since), name in zip(rows, titles([envelope for envelope, _since in rows]), strict=True)
    ]


def envelope(*, envelope_id: UUID, actor: Actor, at: datetime) -> EnvelopeView:
    """An envelope with its circuit, for its sender and its recipients. A constant number of queries.

    Raises:
        EnvelopeNotFound
    """
    row = access.sender_or_recipient(actor=actor, envelope_id=envelope_id, at=at)
    organisation_id = row.organisation_id
    steps = list(Step.objects.filter(organisation_id=organisation_id, envelope_id=row.id).order_by("position"))
    recipients = list(Recipient.objects.filter(organisation_id=organisation_id, envelope_id=row.id).order_by("id"))
    signed_by = {r.id: UUID(r.proof["signed_by"]) for r in recipients if r.proof and "signed_by" in r.proof}
    people = accounts.person_cards(
        {row.sender_id} | {r.person_id for r in recipients if r.person_id is not None} | set(signed_by.values())
    )
    kind = records.types_of(organisation_id=organisation_id, document_ids={row.document_id})[row.document_id]
    awaited = {r.person_id for r in recipients if r.person_id is not None and r.state == RecipientState.WAITING}
    acting = accounts.delegates_of(organisation_id=organisation_id, delegator_ids=awaited, at=at)
    mine_now = {
        held.delegator_id: held
        for held in accounts.held_by(actor=actor, at=at)
        if held.delegator_id in awaited and held.covers(kind)
    }
    patient = records.patient_cards(organisation_id=organisation_id, patient_ids={row.patient_id})[row.patient_id]
    receipts = links.first_receipts(
        organisation_id=organisation_id, link_ids=[r.link_id for r in recipients if r.link_id is not None]
    )
    notices = {
        notice.about: notice.status
        for notice in outbox.notices_about(organisation_id=organisation_id, about=[r.id for r in recipients])
    }
    results = records.results_of(organisation_id=organisation_id, source_id=row.id)

    def line(recipient: Recipient) -> RecipientLine:
        person = people[recipient.person_id] if recipient.person_id else None
        seen = receipts.get(recipient.link_id, {}) if recipient.link_id else {}
        place = actor.on_behalf_of if actor.kind is ActorKind.REPRESENTATIVE else actor.person_id
        mine = place is not None and place in (recipient.person_id, recipient.patient_id)
        delegates = acting.get(recipient.person_id, []) if recipient.person_id else []
        waits = recipient.state == RecipientState.WAITING
        return RecipientLine(
            recipient.id,
            person.display_name if person else patient.display_name,
            person.specialty if person else "",
            recipient.purpose or "",
            RecipientState(recipient.state),
            recipient.awaited_at,
            recipient.signed_at,
            seen.get("opened"),
            seen.get("revealed"),
            notices.get(recipient.id, ""),
            mine or (waits and recipient.person_id in mine_now),
            person is None,
            people[signed_by[recipient.id]].display_name if recipient.id in signed_by else "",
            tuple(card.display_name for held, card in delegates if waits and held.covers(kind)),
        )

    lines = [
        StepLine(
            step.position,
            step.needed,
            sum(r.state == RecipientState.SIGNED for r in recipients if r.step_id == step.id),
            step.completed_at,
            tuple(line(r) for r in recipients if r.step_id == step.id),
        )
        for step in steps
    ]
    your_turn = row.state in OPEN_STATES and any(
        r.is_actor and r.state == RecipientState.WAITING for step in lines for r in step.recipients
    )
    return EnvelopeView(
        row.id,
        patient,
        title(row),
        row.pages,
        EnvelopeState(row.state),
        people[row.sender_id].display_name,
        row.sent_at,
        row.expires_at,
        row.closed_at,
        _reason(row),
        tuple(lines),
        your_turn,
        row.sender_id == actor.person_id,
        results.get("signed"),
        results.get("evidence"),
        *_in_place_of(actor, awaited, mine_now, people),
    )


def _in_place_of(
    actor: Actor,
    awaited: set[UUID],
    held: Mapping[UUID, accounts.Held],
    people: Mapping[UUID, accounts.PersonCard],
) -> tuple[str, bool, bool]:
    """In whose place the actor's turn is taken, and which of the two acts they may do; their own turn comes first."""
    if not held or actor.person_id in awaited:
        return "", True, True
    first = next(iter(held.values()))
    allowed = first.permissions
    return (
        people[first.delegator_id].display_name,
        "signature:recipient:sign" in allowed,
        "signature:recipient:decline" in allowed,
    )


def title(row: Envelope) -> str:
    """The document's title, unsealed."""
    return titles([row])[0]


def titles(rows: Sequence[Envelope]) -> list[str]:
    """The titles of documents of one organisation, unsealed, in the order given: one query."""
    if not rows:
        return []
    return vault.unseal_texts(
        organisation_id=rows[0].organisation_id,
        texts=[vault.Sealed(row.key_id, bytes(row.title_sealed), f"signature:envelope:{row.id}") for row in rows],
    )


def organisation_of(envelope_id: UUID) -> UUID:
    """Whose envelope it is, for the operator's commands.

    Raises:
        EnvelopeNotFound
    """
    found = Envelope.objects.filter(id=envelope_id).values_list("organisation_id", flat=True).first()
    if found is None:
        raise EnvelopeNotFound
    return found


def last_revision(*, organisation_id: UUID, envelope_id: UUID) -> Revision:
    """The file as it stands."""
    return Revision.objects.filter(organisation_id=organisation_id, envelope_id=envelope_id).latest("number")


def _reason(row: Envelope) -> str:
    if row.reason_sealed is None:
        return ""
    return vault.unseal_text(
        organisation_id=row.organisation_id,
        key_id=row.key_id,
        sealed=bytes(row.reason_sealed),
        context=f"signature:reason:{row.id}",
    )

"""An envelope as those whom it concerns see it: its documents, its circuit, who did what, and what one may do."""

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
from telesphore.signature.models import Composition, Envelope, EnvelopePart, Recipient, Step, Watcher
from telesphore.signature.queries.consents import Withdrawal, withdrawal_signed
from telesphore.signature.queries.drafts import context_of
from telesphore.signature.queries.guests import guests_of
from telesphore.signature.queries.recalls import may_recall, takes_back
from telesphore.signature.queries.seals import SEALABLE, SealWait, seal_waits
from telesphore.signature.states import ACTED, OPEN_STATES, EnvelopeState, PartyRole, RecipientState, StepKind
from telesphore.vault import queries as vault


@dataclass(frozen=True, slots=True)
class RecipientLine:
    """One recipient of a step, and how far they are."""

    recipient_id: UUID
    name: str
    role: str
    """A professional's specialty, a guest's quality; empty for the patient."""
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
    """Who acted in their place, by delegation or because they represent them."""
    delegates: tuple[str, ...] = ()
    """Who may act in their place now, of whom they have delegated to."""
    party: str = ""
    """A `PartyRole`."""
    acted_at: datetime | None = None
    opinion: str = ""
    comment: str = ""
    reminders: int = 0
    reminded_at: datetime | None = None
    may_hand_over: bool = False
    may_correct: bool = False
    may_remind: bool = False
    at_bedside: bool = False
    """A tablet is handed over to them; nobody writes to them."""
    may_change_way: bool = False
    """Whether the actor may have them come by a link rather than at the bedside, or the other way round."""


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step of the circuit."""

    position: int
    needed: int
    done: int
    completed_at: datetime | None
    recipients: tuple[RecipientLine, ...]
    kind: StepKind = StepKind.SIGN


@dataclass(frozen=True, slots=True)
class PartLine:
    """One document of an envelope; pages of the bound file, counted from 1. `converted_from` as in the record."""

    document_id: UUID
    title: str
    first_page: int
    last_page: int
    converted_from: str


@dataclass(frozen=True, slots=True)
class EnvelopeView:
    """An envelope, as its sender, a recipient or a watcher sees it.

    Attributes:
        asks: what it asks of the actor now: a `StepKind`, or empty.
        in_place_of: whose turn it is that the actor may take, by delegation.
        may_act: whether the actor may do what is asked; who only may refuse for another may not.
        may_take_back: whether the actor's own act is the last one, and may be undone.
        may_recall: whether its sender may have it back as a draft.
        seal: when the organisation's seal is awaited.
        message: what the sender wrote to all.
        follows_id, followed_by_id: the rounds before and after, for its sender.
    """

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
    may_sign: bool = True
    may_decline: bool = True
    asks: str = ""
    may_act: bool = True
    may_take_back: bool = False
    may_recall: bool = False
    is_watcher: bool = False
    seal: SealWait | None = None
    parts: tuple[PartLine, ...] = ()
    message: str = ""
    watchers: tuple[str, ...] = ()
    due_at: datetime | None = None
    urgent: bool = False
    follows_id: UUID | None = None
    followed_by_id: UUID | None = None
    withdrawal: Withdrawal | None = None
    withdraws_id: UUID | None = None
    """The consent that this one withdraws."""

    @property
    def may_follow(self) -> bool:
        """Whether its sender may begin its next round."""
        again = (EnvelopeState.DECLINED, EnvelopeState.VOIDED, EnvelopeState.EXPIRED)
        return self.is_sender and self.state in again and self.followed_by_id is None

    @property
    def may_hand_over(self) -> bool:
        """Whether the actor may give their own place to a colleague."""
        return any(line.may_hand_over for step in self.steps for line in step.recipients)


def envelope(*, envelope_id: UUID, actor: Actor, at: datetime) -> EnvelopeView:
    """An envelope with its circuit, for its sender, its recipients and its watchers. A constant number of queries.

    Raises:
        EnvelopeNotFound
    """
    row = access.sender_or_recipient(actor=actor, envelope_id=envelope_id, at=at, watchers=True)
    organisation_id = row.organisation_id
    steps = list(Step.objects.filter(organisation_id=organisation_id, envelope_id=row.id).order_by("position"))
    recipients = list(Recipient.objects.filter(organisation_id=organisation_id, envelope_id=row.id).order_by("id"))
    parts = list(EnvelopePart.objects.filter(organisation_id=organisation_id, envelope_id=row.id).order_by("position"))
    watchers = Watcher.objects.filter(organisation_id=organisation_id, envelope_id=row.id)
    watching = list(watchers.values_list("person_id", flat=True))
    signed_by = {r.id: UUID(r.proof["signed_by"]) for r in recipients if r.proof and "signed_by" in r.proof}
    people = accounts.person_cards(
        {row.sender_id, *watching}
        | {r.person_id for r in recipients if r.person_id is not None}
        | set(signed_by.values())
    )
    patient = records.patient_cards(organisation_id=organisation_id, patient_ids={row.patient_id})[row.patient_id]
    guests = guests_of([(row, r) for r in recipients])
    results = records.results_of(organisation_id=organisation_id, source_id=row.id)
    seen = _Seen(row, recipients, actor)
    turn = _turn(row, steps, recipients, actor, at)
    is_sender = row.sender_id == actor.person_id
    open_ = row.state in OPEN_STATES and at < row.expires_at
    deputies = _deputies(row, steps, recipients, at)
    receipts = links.first_receipts(
        organisation_id=organisation_id, link_ids=[r.link_id for r in recipients if r.link_id is not None]
    )
    notices = {
        notice.about: notice.status
        for notice in outbox.notices_about(organisation_id=organisation_id, about=[r.id for r in recipients])
    }

    def line(recipient: Recipient) -> RecipientLine:
        person = people[recipient.person_id] if recipient.person_id else None
        guest = guests.get(recipient.id)
        link = receipts.get(recipient.link_id, {}) if recipient.link_id else {}
        waits = recipient.state == RecipientState.WAITING
        asked = open_ and recipient.state in (RecipientState.WAITING, RecipientState.PENDING)
        mine = _is_place_of(actor, recipient)
        return RecipientLine(
            recipient.id,
            person.display_name if person else guest.name if guest else patient.display_name,
            person.specialty if person else guest.quality if guest else "",
            recipient.purpose or "",
            RecipientState(recipient.state),
            recipient.awaited_at,
            recipient.signed_at,
            link.get("opened"),
            link.get("revealed"),
            notices.get(recipient.id, ""),
            mine or (waits and recipient.id in turn.places),
            recipient.patient_id is not None,
            people[signed_by[recipient.id]].display_name if recipient.id in signed_by else "",
            deputies.get(recipient.id, ()),
            _party(recipient),
            recipient.signed_at or recipient.acted_at,
            recipient.opinion if seen.shows_answers or mine else "",
            seen.comments.get(recipient.id, "") if seen.shows_answers or mine else "",
            recipient.reminders,
            recipient.reminded_at,
            asked and mine and person is not None,
            asked and is_sender and person is None and not recipient.at_bedside,
            open_ and waits and is_sender and not recipient.at_bedside,
            recipient.at_bedside,
            asked and is_sender and recipient.patient_id is not None,
        )

    lines = [
        StepLine(
            step.position,
            step.needed,
            sum(r.state in ACTED for r in recipients if r.step_id == step.id),
            step.completed_at,
            tuple(line(r) for r in recipients if r.step_id == step.id),
            StepKind(step.kind),
        )
        for step in steps
    ]
    awaited = any(r.state == RecipientState.WAITING for r in recipients)
    waits_for_seal = row.state in SEALABLE and not awaited
    return EnvelopeView(
        row.id,
        patient,
        seen.title,
        row.pages,
        EnvelopeState(row.state),
        people[row.sender_id].display_name,
        row.sent_at,
        row.expires_at,
        row.closed_at,
        seen.reason,
        tuple(lines),
        bool(turn.asks),
        is_sender,
        results.get("signed"),
        results.get("evidence"),
        people[turn.delegator_id].display_name if turn.delegator_id else "",
        turn.asks in ("", StepKind.SIGN) and turn.may_act,
        turn.may_decline,
        turn.asks,
        turn.may_act,
        takes_back(row, steps, recipients, actor, at) is not None,
        is_sender and may_recall(row),
        actor.person_id in watching,
        seal_waits([row])[row.id] if waits_for_seal else None,
        seen.part_lines(parts),
        seen.composition.message if seen.composition else "",
        tuple(people[person_id].display_name for person_id in watching),
        row.due_at,
        row.urgent,
        row.follows_id if is_sender else None,
        _followed_by(row) if is_sender else None,
        withdrawal_signed(row),
        row.withdraws_id,
    )


def _is_place_of(actor: Actor, recipient: Recipient) -> bool:
    if actor.kind is ActorKind.REPRESENTATIVE:
        return recipient.patient_id is not None and recipient.patient_id == actor.on_behalf_of
    return actor.person_id is not None and access.is_own(actor, recipient)


def _party(recipient: Recipient) -> str:
    if recipient.role:
        return recipient.role
    return PartyRole.PATIENT if recipient.patient_id else PartyRole.PROFESSIONAL


class _Seen:
    """What is sealed of an envelope, read in one query."""

    def __init__(self, row: Envelope, recipients: Sequence[Recipient], actor: Actor) -> None:
        self._row = row
        self.shows_answers = actor.kind in (ActorKind.PROFESSIONAL, ActorKind.SOFTWARE, ActorKind.SYSTEM)
        """Opinions and comments are among professionals."""
        texts: dict[str, bytes | memoryview] = {f"signature:envelope:{row.id}": row.title_sealed}
        if row.reason_sealed is not None:
            texts[f"signature:reason:{row.id}"] = row.reason_sealed
        if row.composition_sealed is not None:
            texts[context_of(row.id)] = row.composition_sealed
        for recipient in recipients:
            if recipient.comment_sealed is not None:
                texts[f"signature:comment:{recipient.id}"] = recipient.comment_sealed
        self._texts = self._unsealed(texts)
        self.title = self._texts[f"signature:envelope:{row.id}"]
        self.reason = self._texts.get(f"signature:reason:{row.id}", "")
        composed = self._texts.get(context_of(row.id))
        self.composition = Composition.model_validate_json(composed) if composed else None
        self.comments = {
            recipient.id: self._texts[f"signature:comment:{recipient.id}"]
            for recipient in recipients
            if recipient.comment_sealed is not None
        }

    def part_lines(self, parts: Sequence[EnvelopePart]) -> tuple[PartLine, ...]:
        titles = self._unsealed({f"signature:part:{self._row.id}:{part.position}": part.title_sealed for part in parts})
        origins = records.origins(organisation_id=self._row.organisation_id, among=[part.document_id for part in parts])
        return tuple(
            PartLine(
                part.document_id,
                titles[f"signature:part:{self._row.id}:{part.position}"],
                part.first_page + 1,
                part.first_page + part.pages,
                origins.get(part.document_id, ""),
            )
            for part in parts
        )

    def _unsealed(self, texts: Mapping[str, bytes | memoryview]) -> dict[str, str]:
        if not texts:
            return {}
        found = vault.unseal_texts(
            organisation_id=self._row.organisation_id,
            texts=[vault.Sealed(self._row.key_id, bytes(sealed), context) for context, sealed in texts.items()],
        )
        return dict(zip(texts, found, strict=True))


@dataclass(frozen=True, slots=True)
class _Turn:
    """What the actor may do now.

    Attributes:
        places: recipients whose turn it is, and which the actor may take.
        delegator_id: in whose place; None for one's own.
    """

    asks: str
    places: frozenset[UUID]
    delegator_id: UUID | None = None
    may_act: bool = True
    may_decline: bool = True


def _turn(row: Envelope, steps: Sequence[Step], recipients: Sequence[Recipient], actor: Actor, at: datetime) -> _Turn:
    """Their own turn comes first."""
    kinds = {step.id: StepKind(step.kind) for step in steps}
    awaited = [r for r in recipients if r.state == RecipientState.WAITING] if row.state in OPEN_STATES else []
    own = [r for r in awaited if _is_place_of(actor, r)]
    if own:
        kind = kinds[own[0].step_id]
        return _Turn(kind, frozenset(r.id for r in own), may_decline=kind is not StepKind.OPINION)
    document_type = records.types_of(organisation_id=row.organisation_id, document_ids={row.document_id})
    held: dict[UUID, set[str]] = {}
    for one in accounts.held_by(actor=actor, at=at):
        if one.covers(document_type[row.document_id]):
            held.setdefault(one.delegator_id, set()).update(one.permissions)
    for recipient in awaited:
        allowed = held.get(recipient.person_id, set()) if recipient.person_id else set()
        kind = kinds[recipient.step_id]
        may_act = access.ACTS[kind] in allowed
        may_decline = kind is not StepKind.OPINION and "signature:recipient:decline" in allowed
        if may_act or may_decline:
            return _Turn(kind, frozenset({recipient.id}), recipient.person_id, may_act, may_decline)
    return _Turn("", frozenset())


def _deputies(
    row: Envelope, steps: Sequence[Step], recipients: Sequence[Recipient], at: datetime
) -> dict[UUID, tuple[str, ...]]:
    """For each recipient who is awaited, who may do in their place what they are asked for."""
    kinds = {step.id: StepKind(step.kind) for step in steps}
    awaited = [r for r in recipients if r.state == RecipientState.WAITING and r.person_id is not None]
    if not awaited:
        return {}
    document_type = records.types_of(organisation_id=row.organisation_id, document_ids={row.document_id})
    acting = accounts.delegates_of(
        organisation_id=row.organisation_id,
        delegator_ids={r.person_id for r in awaited if r.person_id is not None},
        at=at,
    )
    return {
        r.id: tuple(
            card.display_name
            for held, card in acting.get(r.person_id, [])
            if held.covers(document_type[row.document_id])
            and held.permissions & {access.ACTS[kinds[r.step_id]], "signature:recipient:decline"}
        )
        for r in awaited
        if r.person_id is not None
    }


def _followed_by(row: Envelope) -> UUID | None:
    return (
        Envelope.objects.filter(organisation_id=row.organisation_id, follows_id=row.id, sender_id=row.sender_id)
        .order_by("-sent_at")
        .values_list("id", flat=True)
        .first()
    )

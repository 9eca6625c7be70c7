"""The signature book, an envelope as those concerned see it, what a patient finds behind a link."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.accounts import queries as accounts
from telesphore.records import queries as records
from telesphore.signature.errors import EnvelopeNotFound
from telesphore.signature.models import Envelope, Recipient, Revision
from telesphore.signature.queries.guests import guests_of
from telesphore.signature.queries.seals import SEALABLE, SealWait, seal_waits
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
    seal: SealWait | None = None
    """When the organisation's seal is awaited."""
    withdrawn: bool = False
    """A consent that its patient withdrew since."""


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
    seals = seal_waits(
        [envelope for envelope, _since in rows if envelope.state in SEALABLE and envelope.id not in awaited]
    )
    people = accounts.person_cards(
        {envelope.sender_id for envelope, _since in rows}
        | {row.person_id for group in awaited.values() for row in group if row.person_id is not None}
    )
    guests = guests_of([(envelope, row) for envelope, _since in rows for row in awaited.get(envelope.id, [])])
    return [
        BookLine(
            envelope.id,
            name,
            patients[envelope.patient_id],
            people[envelope.sender_id].display_name,
            EnvelopeState(envelope.state),
            since,
            tuple(
                people[row.person_id].display_name
                if row.person_id
                else patients[envelope.patient_id].display_name
                if row.patient_id
                else guests[row.id].name
                for row in awaited.get(envelope.id, [])
            )
            if envelope.state in OPEN_STATES
            else (),
            seals.get(envelope.id),
            envelope.withdrawn_at is not None,
        )
        for (envelope, since), name in zip(rows, titles([envelope for envelope, _since in rows]), strict=True)
    ]


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


def revisions_of(*, organisation_id: UUID, envelope_id: UUID) -> list[Revision]:
    """The states through which the file became what it is, from what was shown for signing: without the signatures that
    were taken back."""
    chain: list[Revision] = []
    for row in Revision.objects.filter(organisation_id=organisation_id, envelope_id=envelope_id).order_by("number"):
        restored = next((place for place, one in enumerate(chain) if bytes(one.sha256) == bytes(row.sha256)), None)
        if restored is None:
            chain.append(row)
        else:
            del chain[restored + 1 :]
    return chain


def is_unsigned(revision: Revision) -> bool:
    """Whether the file in this state bears no signature: it is what was shown first, or that again since the only
    signature was taken back. Who signs it certifies."""
    if revision.number == 0:
        return True
    first = Revision.objects.get(organisation_id=revision.organisation_id, envelope_id=revision.envelope_id, number=0)
    return bytes(first.sha256) == bytes(revision.sha256)


def kind_of(revision: Revision, envelope: Envelope) -> str:
    """What a revision added: `shown` (nothing), `signed`, `sealed` (a step's seal, or the last), or `renewed`."""
    if revision.recipient_id is not None:
        return "signed"
    if revision.number == 0:
        return "shown"
    return "renewed" if envelope.closed_at is not None and revision.at > envelope.closed_at else "sealed"

"""What a record holds, for those who may see it. Titles are unsealed here, after access was decided."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import Actor
from telesphore.records.access import Decision, decide_document
from telesphore.records.errors import PrintNotFound
from telesphore.records.models import CareTeamMember, Document, DocumentRevision, Patient, PrintedCopy
from telesphore.records.states import Standing
from telesphore.vault import queries as vault

PAGE = 50


def types_of(*, organisation_id: UUID, document_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The type code of each of these documents, which exist; the caller knows why they may ask."""
    rows = Document.objects.filter(organisation_id=organisation_id, id__in=set(document_ids))
    return dict(rows.values_list("id", "type_code"))


@dataclass(frozen=True, slots=True)
class Paper:
    """What sending asks of a document, without its bytes."""

    patient_id: UUID
    type_code: str
    pages: int
    stands: bool


def papers(*, organisation_id: UUID, document_ids: Iterable[UUID]) -> dict[UUID, Paper]:
    """These documents, those that exist; the caller knows why they may ask. One query."""
    rows = Document.objects.filter(organisation_id=organisation_id, id__in=set(document_ids))
    return {row.id: Paper(row.patient_id, row.type_code, row.pages, row.withdrawn_at is None) for row in rows}


@dataclass(frozen=True, slots=True)
class PatientCard:
    """A patient's identity, in the order in which it is always shown."""

    patient_id: UUID
    display_name: str
    birth_name: str
    given_names: str
    birth_date: date
    sex: str
    birth_place: str
    birth_place_code: str
    ins: str
    identity_status: str
    language: str = "fr"
    """What they speak best (`records.states.Language`)."""

    def age(self, on: date) -> int:
        """Completed years on that day."""
        before_birthday = (on.month, on.day) < (self.birth_date.month, self.birth_date.day)
        return on.year - self.birth_date.year - before_birthday


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One document in a list."""

    document_id: UUID
    title: str
    type_code: str
    class_code: str
    pages: int
    size: int
    author: str
    created_at: datetime
    source_id: UUID | None
    source_part: str
    standing: Standing
    converted_from: str
    """The media type that it was deposited with; empty when it came as a PDF."""


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document and whose it is, before its bytes are read.

    Attributes:
        size, sha256: of the file that a reader gets.
        extended_at: when the proof of a signed document was last extended in its file; None when it never was.
        first_sha256: of the file as it was first filed.
        converted_from: the media type that it was deposited with; empty when it came as a PDF.
    """

    document_id: UUID
    patient: PatientCard
    title: str
    type_code: str
    pages: int
    size: int
    sha256: str
    author: str
    created_at: datetime
    source_id: UUID | None
    source_part: str
    extended_at: datetime | None
    first_sha256: str
    standing: Standing
    withdrawn_at: datetime | None
    replaced_by_id: UUID | None
    is_author: bool
    converted_from: str


@dataclass(frozen=True, slots=True)
class PrintCard:
    """What the bearer of a print may know: nothing of what the document says, nor whose it is.

    Attributes:
        issuer: the organisation's name.
        sha256: of the file that was printed, hexadecimal.
        withdrawn_at: when the document ceased to hold; None while it stands.
    """

    issuer: str
    document_id: UUID
    standing: Standing
    withdrawn_at: datetime | None
    created_at: datetime
    printed_at: datetime
    pages: int
    sha256: str


@dataclass(frozen=True, slots=True)
class TeamLine:
    """One member of a care team."""

    person: accounts.PersonCard
    function: str
    reads_documents: bool
    starts_at: datetime


def card(patient: Patient) -> PatientCard:
    """A patient's card."""
    return PatientCard(
        patient.id,
        patient.display_name,
        patient.birth_name,
        patient.given_names,
        patient.birth_date,
        patient.sex,
        patient.birth_place,
        patient.birth_place_code,
        patient.ins,
        patient.identity_status,
        patient.language,
    )


def patient_cards(*, organisation_id: UUID, patient_ids: Iterable[UUID]) -> dict[UUID, PatientCard]:
    """The cards of these patients, by id, in one query. The caller has decided that they may be seen."""
    rows = Patient.objects.filter(organisation_id=organisation_id, id__in=set(patient_ids))
    return {patient.id: card(patient) for patient in rows}


def my_patients(
    *, actor: Actor, at: datetime, search: str = "", ins: str = "", after: tuple[str, str, UUID] | None = None
) -> list[PatientCard]:
    """The records open to the actor, by name, at most `PAGE`.

    Args:
        search: the beginning of a name.
        ins: a national identifier, whole.
        after: birth name, given names and id of the last one of the page before.
    """
    mine = CareTeamMember.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=at),
        organisation_id=actor.organisation,
        person_id=actor.person,
        starts_at__lte=at,
    ).values("patient_id")
    rows = Patient.objects.filter(organisation_id=actor.organisation, id__in=mine)
    for word in search.split():
        rows = rows.filter(
            Q(birth_name__istartswith=word) | Q(used_name__istartswith=word) | Q(given_names__istartswith=word)
        )
    if ins:
        rows = rows.filter(ins=ins)
    if after is not None:
        birth, given, last = after
        rows = rows.filter(
            Q(birth_name__gt=birth)
            | Q(birth_name=birth, given_names__gt=given)
            | Q(birth_name=birth, given_names=given, id__gt=last)
        )
    return [card(patient) for patient in rows.order_by("birth_name", "given_names", "id")[:PAGE]]


def origins(*, organisation_id: UUID, among: Collection[UUID]) -> dict[UUID, str]:
    """The media type that some of these documents were converted from, by document; those that came as PDFs lack."""
    found = Document.objects.filter(organisation_id=organisation_id, id__in=among).exclude(converted_from="")
    return dict(found.values_list("id", "converted_from"))


def documents(
    *,
    decision: Decision,
    actor: Actor,
    before: datetime | None = None,
    before_id: UUID | None = None,
    limit: int = PAGE,
) -> list[DocumentLine]:
    """The documents of a record that was opened, newest first, at most `limit` older than `before`; of those of that
    very instant, the ones whose id is below `before_id`."""
    patient = decision.patient
    rows = Document.objects.filter(organisation_id=patient.organisation_id, patient_id=patient.id)
    if not decision.reads_documents:
        rows = rows.filter(author_id=actor.person)
    if before is not None:
        older = Q(created_at__lt=before)
        rows = rows.filter(older | Q(created_at=before, id__lt=before_id) if before_id else older)
    found = list(rows.order_by("-created_at", "-id")[:limit])
    authors = accounts.person_cards({row.author_id for row in found})
    return [
        DocumentLine(
            row.id,
            document_title(row, patient),
            row.type_code,
            row.class_code,
            row.pages,
            row.size,
            authors[row.author_id].display_name if row.author_id in authors else "",
            row.created_at,
            row.source_id,
            row.source_part,
            row.standing,
            row.converted_from,
        )
        for row in found
    ]


def document(*, document_id: UUID, actor: Actor, at: datetime) -> DocumentView:
    """What is known of a document; reading its bytes is an act (`actions.open_document`).

    Raises:
        DocumentNotFound
    """
    row, decision = decide_document(actor=actor, document_id=document_id, at=at)
    authors = accounts.person_cards([row.author_id])
    extended = last_revision(row)
    return DocumentView(
        row.id,
        card(decision.patient),
        document_title(row, decision.patient),
        row.type_code,
        row.pages,
        (extended or row).size,
        bytes((extended or row).sha256).hex(),
        authors[row.author_id].display_name if row.author_id in authors else "",
        row.created_at,
        row.source_id,
        row.source_part,
        extended.at if extended else None,
        bytes(row.sha256).hex(),
        row.standing,
        row.withdrawn_at,
        row.replaced_by_id,
        row.author_id == actor.person_id,
        row.converted_from,
    )


def file_of(document: Document) -> Document | DocumentRevision:
    """What a reader of the document gets: where its bytes are, and their SHA-256."""
    return last_revision(document) or document


def last_revision(document: Document) -> DocumentRevision | None:
    """The file whose proof was extended last; None while the one deposited is all there is."""
    rows = DocumentRevision.objects.filter(organisation_id=document.organisation_id, document_id=document.id)
    return rows.order_by("-number").first()


def print_token_hash(token: str) -> bytes:
    """What the database keeps of a print's token."""
    return hashlib.sha256(token.encode()).digest()


def printed_copy(token: str) -> PrintCard:
    """What became of the document of which someone holds a print; the token on it is what lets them ask.

    Raises:
        PrintNotFound: no print bears this token.
    """
    try:
        copy = PrintedCopy.objects.select_related("document").get(token_hash=print_token_hash(token))
    except PrintedCopy.DoesNotExist:
        raise PrintNotFound from None
    document = copy.document
    return PrintCard(
        accounts.organisation_card(copy.organisation_id).name,
        document.id,
        document.standing,
        document.withdrawn_at,
        document.created_at,
        copy.printed_at,
        document.pages,
        bytes(copy.sha256).hex(),
    )


def document_title(document: Document, patient: Patient) -> str:
    """A document's title, unsealed."""
    return vault.unseal_text(
        organisation_id=document.organisation_id,
        key_id=patient.key_id,
        sealed=bytes(document.title_sealed),
        context=f"records:document:{document.id}",
    )


def titles(*, decision: Decision, document_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The titles of those of these ids that are documents of a record that was opened whole, in one query."""
    patient = decision.patient
    if not decision.reads_documents:
        return {}
    rows = Document.objects.filter(
        organisation_id=patient.organisation_id, patient_id=patient.id, id__in=set(document_ids)
    )
    return {row.id: document_title(row, patient) for row in rows}


def care_team(*, decision: Decision, at: datetime) -> list[TeamLine]:
    """The present care team of a record that was opened, in the order of their coming."""
    rows = list(
        CareTeamMember.objects.filter(
            Q(ends_at=None) | Q(ends_at__gt=at),
            organisation_id=decision.patient.organisation_id,
            patient_id=decision.patient.id,
            starts_at__lte=at,
        ).order_by("starts_at")
    )
    people = accounts.person_cards({row.person_id for row in rows})
    return [TeamLine(people[row.person_id], row.function, row.reads_documents, row.starts_at) for row in rows]


def results_of(*, organisation_id: UUID, source_id: UUID) -> dict[str, UUID]:
    """The documents that came out of one source (an envelope), by part: `signed`, `evidence`."""
    rows = Document.objects.filter(organisation_id=organisation_id, source_id=source_id)
    return dict(rows.values_list("source_part", "id"))

"""Patients and their documents: what is needed to send, of the records that are open to the token's person."""

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import File, Form, UploadedFile
from pydantic import StringConstraints

from telesphore.accounts import queries as accounts
from telesphore.kernel.clock import now
from telesphore.records import actions, queries
from telesphore.records.queries import PatientCard
from telesphore.rest.signature import shapes
from telesphore.rest.signature.cursors import cursor_of, instant_and_id, names_and_id
from telesphore.rest.signature.face import actor_of, offer
from telesphore.rest.signature.files import PDF, pdf

PAGE = 50


def _patient(card: PatientCard) -> shapes.Patient:
    return shapes.Patient(
        id=card.patient_id, ins=card.ins, display_name=card.display_name, birth_date=card.birth_date, sex=card.sex,
        identity_status=card.identity_status,
    )  # fmt: skip


@offer("POST", "patients/search", scope="records:record:open", response=shapes.Patients)
def search_patients(request: HttpRequest, asked: shapes.Search) -> shapes.Patients:
    """Patients whose records are open to the token's person.

    In a body, not an address: names and identifiers stay out of logs.
    """
    cards = queries.my_patients(
        actor=actor_of(request), at=now(), search=asked.name, ins=asked.ins, after=names_and_id(asked.cursor)
    )
    last = cards[-1] if len(cards) == PAGE else None
    return shapes.Patients(
        items=[_patient(card) for card in cards],
        next_cursor=cursor_of(last.birth_name, last.given_names, last.patient_id) if last else None,
    )


@offer("GET", "patients/{uuid:patient_id}", scope="records:record:open", response=shapes.Patient)
def read_patient(request: HttpRequest, patient_id: UUID) -> shapes.Patient:
    """One patient. Opening a record is an act that the patient sees."""
    decision = actions.open_record(patient_id=patient_id, purpose="TREAT", actor=actor_of(request), at=now())
    return _patient(queries.card(decision.patient))


@offer("GET", "professionals", scope="signature:envelope:send", response=shapes.Professionals)
def list_professionals(request: HttpRequest) -> shapes.Professionals:
    """The health professionals who can be asked to act."""
    cards = accounts.professionals(organisation_id=actor_of(request).organisation, at=now())
    return shapes.Professionals(
        items=[
            shapes.Professional(
                id=card.person_id, display_name=card.display_name, specialty=card.specialty, rpps=card.rpps
            )
            for card in cards
        ]
    )


@offer("GET", "patients/{uuid:patient_id}/documents", scope="records:document:read", response=shapes.Documents)
def list_documents(request: HttpRequest, patient_id: UUID, cursor: shapes.Cursor = "") -> shapes.Documents:
    """The documents of a record, the newest first."""
    actor = actor_of(request)
    decision = actions.open_record(patient_id=patient_id, purpose="TREAT", actor=actor, at=now())
    before = instant_and_id(cursor)
    lines = queries.documents(
        decision=decision, actor=actor, before=before[0] if before else None, before_id=before[1] if before else None,
        limit=PAGE + 1,
    )  # fmt: skip
    shown = lines[:PAGE]
    return shapes.Documents(
        items=[
            shapes.Document(
                id=line.document_id, patient_id=patient_id, title=line.title, type_code=line.type_code,
                pages=line.pages, created_at=line.created_at, envelope_id=line.source_id,
                converted_from=line.converted_from,
            )
            for line in shown
        ],
        next_cursor=cursor_of(shown[-1].created_at, shown[-1].document_id) if len(lines) > PAGE else None,
    )  # fmt: skip


@offer("POST", "documents", scope="records:document:deposit", response=shapes.Deposited, status=201)
def deposit_document(
    request: HttpRequest,
    patient_id: Annotated[UUID, Form()],
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Form()],
    type_code: Annotated[shapes.Code, Form()],
    class_code: Annotated[shapes.Code, Form()],
    file: Annotated[UploadedFile, File()],
) -> shapes.Deposited:
    """File a document in a patient's record: LOINC type (JDV_J07) and class (TRE_A03).

    A PDF; or a picture (JPEG, PNG, TIFF, WebP) or an office file (docx, xlsx, pptx, odt, ods, odp, rtf), of which the
    PDF is kept. What the file is, is read in the file.
    """
    deposited = actions.deposit(
        patient_id=patient_id, title=title, type_code=type_code, class_code=class_code, content=file.read(),
        actor=actor_of(request), at=now(),
    )  # fmt: skip
    return shapes.Deposited(
        id=deposited.document_id, notices=list(deposited.notices), converted_from=deposited.converted_from
    )


@offer("GET", "documents/{uuid:document_id}", scope="records:document:read", response=shapes.Document)
def read_document(request: HttpRequest, document_id: UUID) -> shapes.Document:
    """What is known of a document."""
    seen = queries.document(document_id=document_id, actor=actor_of(request), at=now())
    return shapes.Document(
        id=seen.document_id, patient_id=seen.patient.patient_id, title=seen.title, type_code=seen.type_code,
        pages=seen.pages, created_at=seen.created_at, envelope_id=seen.source_id,
        converted_from=seen.converted_from,
    )  # fmt: skip


@offer("GET", "documents/{uuid:document_id}/file", scope="records:document:read", file=PDF)
def download_document(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """A document's bytes. Reading them is an act that the patient sees."""
    opened = actions.open_document(document_id=document_id, purpose="TREAT", actor=actor_of(request), at=now())
    return pdf(opened.pdf)

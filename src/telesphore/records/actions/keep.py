"""Register a patient, make up the care team, deposit and open documents. Opening is an act too."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.paper.conversion import AsPdf, as_pdf
from telesphore.records import access, queries
from telesphore.records.errors import NotAllowed
from telesphore.records.formats import intake
from telesphore.records.models import CareTeamMember, Document, Patient
from telesphore.records.states import IdentityStatus
from telesphore.vault import actions as vault
from telesphore.vault import queries as vault_queries

REGISTERING_ROLES = frozenset({"secretary", "professional"})
DOCUMENT_LIMIT = 300 * 2**20


@dataclass(frozen=True, slots=True)
class Identity:
    """The traits by which a patient is known (INS order: birth name, given names, birth date, sex, birth place)."""

    birth_name: str
    given_names: str
    birth_date: date
    sex: str
    used_name: str = ""
    birth_place: str = ""
    birth_place_code: str = ""
    ins: str = ""
    status: IdentityStatus = IdentityStatus.PROVISIONAL


@dataclass(frozen=True, slots=True)
class Deposit:
    """A document deposited: its id, what was taken out of the file on its way in (stable codes), and the media type
    that it had; empty when it came as a PDF.
    """

    document_id: UUID
    notices: tuple[str, ...]
    converted_from: str = ""


@dataclass(frozen=True, slots=True)
class OpenedDocument:
    """A document's bytes, read on a stated ground."""

    document_id: UUID
    patient_id: UUID
    title: str
    pages: int
    pdf: bytes


@audit.staged("records:patient:register")
def register_patient(*, identity: Identity, email: str, phone: str, language: str, actor: Actor, at: datetime) -> UUID:
    """Open a record, with its own keyset; whoever registers belongs to the care team.

    Raises:
        NotAllowed: neither a secretary nor a professional.
    """
    organisation_id = _check_registers(actor)
    patient_id = uuid7()
    keyset = vault.prepare_keyset(organisation_id=organisation_id, patient_id=patient_id)
    _register(
        patient_id=patient_id,
        keyset=keyset,
        identity=identity,
        email=email,
        phone=phone,
        language=language,
        actor=actor,
        at=at,
    )
    return patient_id


@audit.act("records:patient:register")
def _register(
    *,
    patient_id: UUID,
    keyset: vault.PreparedKeyset,
    identity: Identity,
    email: str,
    phone: str,
    language: str,
    actor: Actor,
    at: datetime,
) -> None:
    organisation_id = keyset.owner.organisation_id
    key_id = vault.create_keyset(
        organisation_id=organisation_id, patient_id=patient_id, prepared=keyset, actor=actor, at=at
    )
    Patient.objects.create(
        organisation_id=organisation_id,
        id=patient_id,
        birth_name=identity.birth_name,
        used_name=identity.used_name,
        given_names=identity.given_names,
        birth_date=identity.birth_date,
        sex=identity.sex,
        birth_place=identity.birth_place,
        birth_place_code=identity.birth_place_code,
        ins=identity.ins,
        identity_status=identity.status,
        email=email,
        phone=phone,
        language=language,
        key_id=key_id,
        registered_at=at,
    )
    audit.record("records:patient:register", actor=actor, subject=patient_id, patient=patient_id, at=at)
    assert actor.person_id is not None
    _join(organisation_id, patient_id, actor.person_id, "", "professional" in actor.roles, at)


@audit.act("records:care-team:add")
def add_to_care_team(
    *, patient_id: UUID, person_id: UUID, function: str, reads_documents: bool, actor: Actor, at: datetime
) -> None:
    """Add a member to a patient's care team; whoever is in stays as they are.

    Raises:
        RecordNotFound: the actor is not of the team.
    """
    decision = access.decide(actor=actor, patient_id=patient_id, at=at)
    _join(decision.patient.organisation_id, patient_id, person_id, function, reads_documents, at)
    audit.record(
        "records:care-team:add",
        actor=actor,
        subject=person_id,
        patient=patient_id,
        ground=decision.ground,
        at=at,
    )


@audit.act("records:record:open")
def open_record(*, patient_id: UUID, purpose: str, actor: Actor, at: datetime) -> access.Decision:
    """Open a record: an act that the patient sees.

    Args:
        purpose: v3-PurposeOfUse, e.g. `TREAT`.

    Raises:
        RecordNotFound
    """
    decision = access.decide(actor=actor, patient_id=patient_id, at=at)
    audit.record(
        "records:record:open",
        actor=actor,
        subject=patient_id,
        patient=patient_id,
        purpose=purpose,
        ground=decision.ground,
        at=at,
    )
    return decision


@audit.staged("records:document:deposit")
def deposit(
    *,
    patient_id: UUID,
    title: str,
    type_code: str,
    class_code: str,
    content: bytes,
    actor: Actor,
    at: datetime,
    following: Sequence[bytes] = (),
) -> Deposit:
    """Check a file, make it a PDF, normalise it, encrypt it, store it, file it. Nothing is filed unless all of it
    succeeds.

    Args:
        content: the file as it came: a PDF, a picture or an office file.
        following: pictures that are the next pages of a picture.
        type_code: LOINC (JDV_J07). class_code: TRE_A03.

    Raises:
        RecordNotFound, NotAllowed, and the refusals of `paper.conversion.as_pdf` and `formats.intake`.
    """
    organisation_id = _check_registers(actor)
    decision = access.decide(actor=actor, patient_id=patient_id, at=at)
    made = as_pdf(content, following)
    normalised = intake.normalise(made.pdf)
    deposited = vault.deposit(
        organisation_id=organisation_id,
        key_id=decision.patient.key_id,
        media_type="application/pdf",
        content=normalised.pdf,
    )
    assert actor.person_id is not None
    # A crash here leaves an encrypted orphan in the store, which the vault's sweep removes.
    document_id = _file(
        patient=decision.patient,
        title=title,
        type_code=type_code,
        class_code=class_code,
        deposited=deposited,
        pages=normalised.pages,
        notices=normalised.notices,
        ground=decision.ground,
        author_id=actor.person_id,
        actor=actor,
        at=at,
        made=made,
    )
    return Deposit(document_id, normalised.notices, made.converted_from)


@audit.act("records:document:deposit")
def _file(
    *,
    patient: Patient,
    title: str,
    type_code: str,
    class_code: str,
    deposited: vault.Deposited,
    pages: int,
    notices: tuple[str, ...],
    ground: access.Ground,
    author_id: UUID,
    actor: Actor,
    at: datetime,
    source_id: UUID | None = None,
    source_part: str = "",
    made: AsPdf | None = None,
) -> UUID:
    document_id = uuid7()
    blob_id = vault.keep(deposited, actor=actor, at=at)
    Document.objects.create(
        organisation_id=patient.organisation_id,
        id=document_id,
        patient_id=patient.id,
        title_sealed=vault.seal_text(
            organisation_id=patient.organisation_id,
            key_id=patient.key_id,
            text=title,
            context=f"records:document:{document_id}",
        ),
        type_code=type_code,
        class_code=class_code,
        blob_id=blob_id,
        sha256=deposited.sha256,
        size=deposited.size,
        pages=pages,
        author_id=author_id,
        source_id=source_id,
        source_part=source_part,
        converted_from=made.converted_from if made else "",
        created_at=at,
    )
    audit.record(
        "records:document:deposit",
        actor=actor,
        subject=document_id,
        patient=patient.id,
        categories=[class_code],
        ground=ground,
        at=at,
        detail={
            "pages": pages,
            "size": deposited.size,
            "sha256": deposited.sha256.hex(),
            "notices": list(notices),
            **({"converted": made.trace} if made and made.originals else {}),
        },
    )
    return document_id


def file_result(
    *,
    patient_id: UUID,
    source_id: UUID,
    source_part: str,
    title: str,
    type_code: str,
    class_code: str,
    pdf: bytes,
    pages: int,
    author_id: UUID,
    actor: Actor,
    at: datetime,
) -> UUID:
    """File what an act of the platform made (a signed document, an evidence page), once: a second call returns the
    first document. The bytes are stored as they are, for a signature covers them.

    Args:
        author_id: who may open it besides those who read all documents: the author of what it was made from.
    """
    decision = access.decide(actor=actor, patient_id=patient_id, at=at)
    organisation_id = decision.patient.organisation_id
    filed = Document.objects.filter(organisation_id=organisation_id, source_id=source_id, source_part=source_part)
    if (first := filed.first()) is not None:
        return first.id
    deposited = vault.deposit(
        organisation_id=organisation_id, key_id=decision.patient.key_id, media_type="application/pdf", content=pdf
    )
    try:
        return _file(
            patient=decision.patient,
            title=title,
            type_code=type_code,
            class_code=class_code,
            deposited=deposited,
            pages=pages,
            notices=(),
            ground=decision.ground,
            author_id=author_id,
            actor=actor,
            at=at,
            source_id=source_id,
            source_part=source_part,
        )
    except IntegrityError:
        # Another worker was faster; the bytes deposited here become an orphan.
        if (first := filed.first()) is None:
            raise
        return first.id


@audit.staged("records:document:open")
def open_document(*, document_id: UUID, purpose: str, actor: Actor, at: datetime) -> OpenedDocument:
    """Read a document. The trace is written before the bytes are given.

    Raises:
        DocumentNotFound, and what the vault raises when the blob is damaged.
    """
    document, decision = access.decide_document(actor=actor, document_id=document_id, at=at)
    file = queries.file_of(document)
    pdf = vault_queries.read_blob(organisation_id=document.organisation_id, blob_id=file.blob_id, limit=DOCUMENT_LIMIT)
    audit.record(
        "records:document:open",
        actor=actor,
        subject=document.id,
        patient=document.patient_id,
        categories=[document.class_code],
        purpose=purpose,
        ground=decision.ground,
        at=at,
    )
    return OpenedDocument(
        document.id, document.patient_id, queries.document_title(document, decision.patient), document.pages, pdf
    )


def _check_registers(actor: Actor) -> UUID:
    if actor.organisation_id is None or not actor.roles & REGISTERING_ROLES:
        raise NotAllowed
    return actor.organisation_id


def _join(
    organisation_id: UUID, patient_id: UUID, person_id: UUID, function: str, reads_documents: bool, at: datetime
) -> None:
    CareTeamMember.objects.get_or_create(
        organisation_id=organisation_id,
        patient_id=patient_id,
        person_id=person_id,
        ends_at=None,
        defaults={"function": function, "reads_documents": reads_documents, "starts_at": at},
    )

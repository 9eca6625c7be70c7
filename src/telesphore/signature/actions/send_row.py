"""Send one row of a list: at most once, and whole.

A row's draft and envelope bear the row's id, and its documents are filed under that id: whatever is run again goes on
where it stood, and a second sending has nothing left to send.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from uuid import UUID

from django.utils.timezone import get_default_timezone

from telesphore.accounts import queries as accounts
from telesphore.accounts.access import may
from telesphore.audit import actions as audit
from telesphore.jobs import actions as jobs
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.records import access as records_access
from telesphore.records import actions as records
from telesphore.records import queries as records_queries
from telesphore.records.errors import RecordNotFound
from telesphore.signature.actions import compose
from telesphore.signature.actions.use import Choices, check_filled, deposited, filled
from telesphore.signature.errors import (
    DateNotReadable,
    DraftChanged,
    DraftNotFound,
    DueInThePast,
    SenderMayNotSend,
    SeveralPatients,
    UnknownPatient,
    UnknownProfessional,
)
from telesphore.signature.formats import rows
from telesphore.signature.models import BulkRow, BulkSend, Draft, Envelope, TemplateVersion
from telesphore.signature.queries import bulk as read_bulk
from telesphore.signature.queries import templates as read
from telesphore.signature.states import RowState


@jobs.job("signature:bulk:send-row")
def send_given(*, organisation_id: str, row_id: str) -> None:
    """The job of one row."""
    send_row(organisation_id=UUID(organisation_id), row_id=UUID(row_id), at=now())


def send_row(*, organisation_id: UUID, row_id: UUID, at: datetime) -> None:
    """Send one row, or write why not. Bears being run twice, at once or after a crash.

    Raises:
        DomainError: something outside is away; the row waits for the next try.
    """
    row = BulkRow.objects.select_related("bulk__version").get(organisation_id=organisation_id, id=row_id)
    actor = sender_of(row.bulk, at)
    if not _claim(row):
        return
    try:
        _send_row(row, actor, at)
    except DomainError as refused:
        if refused.refusal in jobs.PASSING:
            raise
        _close(row=row, code=refused.code, actor=actor, at=at)
    else:
        _close(row=row, code="", actor=actor, at=at)


def _claim(row: BulkRow) -> bool:
    """Whether the row is to be sent now; stopping it is over from here on."""
    mine = BulkRow.objects.filter(organisation_id=row.organisation_id, id=row.id)
    # One statement: either this or a stop takes the row, never both.
    mine.filter(state=RowState.READY).update(state=RowState.SENDING)
    return mine.filter(state=RowState.SENDING).exists()


def _send_row(row: BulkRow, actor: Actor, at: datetime) -> None:
    if Envelope.objects.filter(organisation_id=row.organisation_id, id=row.id).exists():
        return
    if not may(actor, "signature:envelope:send"):
        raise SenderMayNotSend
    try:
        # What was decided when the list was checked is decided again: records close, people leave.
        assert row.patient_id is not None
        decision = records_access.decide(actor=actor, patient_id=row.patient_id, at=at)
    except RecordNotFound:
        raise UnknownPatient from None
    if not Draft.objects.filter(organisation_id=row.organisation_id, id=row.id).exists():
        _begin_row(row, decision, actor, at)
    try:
        draft = compose.send_draft(draft_id=row.id, version=1, actor=actor, at=at)
    except (DraftNotFound, DraftChanged):
        # Another worker was faster.
        if not Envelope.objects.filter(organisation_id=row.organisation_id, id=row.id).exists():
            raise
        return
    assert draft == row.id


def _begin_row(row: BulkRow, decision: records_access.Decision, actor: Actor, at: datetime) -> None:
    version = row.bulk.version
    definition = read.definition_of(version)
    (given,) = read_bulk.given([row])
    ready = filled(definition, decision, choices_of(given, row.bulk, professionals_of(row.bulk, at), at), actor, at)
    # Before anything is put into the record: what can't be sent leaves nothing there.
    check_filled(ready=ready, definition=definition, decision=decision, actor=actor, at=at)

    def put(position: int, title: str, pdf: bytes) -> UUID:
        paper = definition.papers[position]
        return records.file_result(
            patient_id=decision.patient.id,
            source_id=row.id,
            source_part=f"template-{position}",
            title=title,
            type_code=paper.type_code,
            class_code=paper.class_code,
            pdf=pdf,
            pages=paper.pages,
            author_id=actor.person,
            actor=actor,
            at=at,
        )

    composition = deposited(version, definition, ready, put)
    _begin_draft(row=row, version=version, composition=composition, actor=actor, at=at)


@audit.act("signature:draft:begin")
def _begin_draft(
    *, row: BulkRow, version: TemplateVersion, composition: compose.Composition, actor: Actor, at: datetime
) -> None:
    held = BulkRow.objects.select_for_update().get(organisation_id=row.organisation_id, id=row.id)
    begun = Draft.objects.filter(organisation_id=row.organisation_id, id=row.id).exists()
    sent = Envelope.objects.filter(organisation_id=row.organisation_id, id=row.id).exists()
    if held.state != RowState.SENDING or begun or sent or held.patient_id is None:
        return
    compose.begin(
        patient_id=held.patient_id,
        composition=composition,
        template_version_id=version.id,
        draft_id=row.id,
        actor=actor,
        at=at,
    )


@audit.act("signature:bulk:close-row")
def _close(*, row: BulkRow, code: str, actor: Actor, at: datetime) -> None:
    """Write what became of the row: sent when its envelope is there, whoever sent it."""
    held = BulkRow.objects.select_for_update().get(organisation_id=row.organisation_id, id=row.id)
    if held.state != RowState.SENDING:
        return
    # The draft first: whoever sends it at this moment holds it, and then there is an envelope to be seen.
    Draft.objects.filter(organisation_id=row.organisation_id, id=row.id).delete()
    sent = Envelope.objects.filter(organisation_id=row.organisation_id, id=row.id).exists()
    held.state, held.code = (RowState.SENT, "") if sent else (RowState.FAILED, code or DraftChanged.code)
    held.acted_at = at
    held.save(update_fields=["state", "code", "acted_at"])
    if not sent:
        for document_id in records_queries.results_of(organisation_id=row.organisation_id, source_id=row.id).values():
            records.withdraw_document(document_id=document_id, replaced_by=None, actor=actor, at=at)
    audit.record(
        "signature:bulk:close-row",
        actor=actor,
        subject=row.id,
        patient=held.patient_id,
        at=at,
        detail={"state": held.state, "code": held.code},
    )


def sender_of(bulk: BulkSend, at: datetime) -> Actor:
    """Whoever gave the list, with the roles that they hold now."""
    roles = accounts.roles_held(organisation_id=bulk.organisation_id, person_id=bulk.sender_id, at=at)
    return Actor(
        kind=ActorKind.PROFESSIONAL,
        organisation_id=bulk.organisation_id,
        person_id=bulk.sender_id,
        roles=frozenset(role.value for role in roles),
        means=bulk.means,
        acr=bulk.acr,
        client="telesphore bulk",
    )


def patient_of(given: Mapping[str, str], actor: Actor, at: datetime) -> records_access.Decision:
    """The one patient whom a row names, if their record is open to the sender: as by hand, and no wider.

    Raises:
        UnknownPatient, SeveralPatients, DateNotReadable
    """
    try:
        patient_id = UUID(given[rows.PATIENT]) if rows.PATIENT in given else None
    except ValueError:
        raise UnknownPatient from None
    ins = "".join(given.get(rows.INS, "").split())
    born = _day(given[rows.BORN]) if rows.BORN in given else None
    name, first = given.get(rows.NAME, ""), given.get(rows.GIVEN, "")
    if patient_id is None and not ins and not (name and born):
        raise UnknownPatient
    found = records_queries.of_my_patients(
        actor=actor,
        at=at,
        patient_id=patient_id,
        ins=ins,
        birth_date=born,
        named=(lambda known: rows.same_name(known, name)) if name else None,
        given=(lambda known: rows.same_name(known, first)) if first else None,
    )
    if len(found) > 1:
        raise SeveralPatients
    try:
        return records_access.decide(actor=actor, patient_id=found[0], at=at)
    except (IndexError, RecordNotFound):
        raise UnknownPatient from None


def choices_of(given: Mapping[str, str], bulk: BulkSend, professionals: Mapping[str, UUID], at: datetime) -> Choices:
    """What a row chooses.

    Args:
        professionals: by RPPS number and by e-mail address, in lower case.

    Raises:
        UnknownProfessional, DateNotReadable, DueInThePast
    """
    professional_id = bulk.professional_id
    if rows.PROFESSIONAL in given:
        professional_id = professionals.get(given[rows.PROFESSIONAL].casefold())
        if professional_id is None:
            raise UnknownProfessional
    due_at = None
    if rows.DUE in given:
        due_at = datetime.combine(_day(given[rows.DUE]), time(23, 59), get_default_timezone()).astimezone(UTC)
        if due_at <= at:
            raise DueInThePast
    return Choices(professional_id, dict(given), due_at)


def professionals_of(bulk: BulkSend, at: datetime) -> dict[str, UUID]:
    """Those whom a row may name: by RPPS number and by e-mail address, in lower case."""
    return {
        key.casefold(): card.person_id
        for card in accounts.professionals(organisation_id=bulk.organisation_id, at=at)
        for key in (card.rpps, card.email)
        if key
    }


def _day(text: str) -> date:
    try:
        return rows.day(text)
    except ValueError:
        raise DateNotReadable from None

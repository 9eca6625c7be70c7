"""File what a completed envelope leaves: the signed document and the page that explains it, once each."""

from datetime import datetime
from uuid import UUID

from django.utils import translation
from django.utils.timezone import get_current_timezone, localtime
from django.utils.translation import gettext

from telesphore.accounts import queries as accounts
from telesphore.ades.verdict.reports.reader import Reader, sentence_of
from telesphore.audit import actions as audit
from telesphore.audit.models import Event
from telesphore.audit.queries.events import MOST, After, events_of_subject
from telesphore.kernel.actors import Actor
from telesphore.links import ports as link_ports
from telesphore.paper.pictures import last_page_size
from telesphore.records import access as records_access
from telesphore.records import actions as records
from telesphore.records import queries as record_queries
from telesphore.records.models import Patient
from telesphore.signature import access, queries
from telesphore.signature.actions.prove import verdict_of
from telesphore.signature.errors import EnvelopeClosed
from telesphore.signature.formats.evidence import (
    EventEvidence,
    Evidence,
    RevisionEvidence,
    VerdictEvidence,
    evidence_pdf,
    evidence_title,
    spoken,
)
from telesphore.signature.models import Entry, Envelope, Revision
from telesphore.signature.queries.evidence import Acts, documents_of, relations_of, steps_of
from telesphore.signature.states import EnvelopeState
from telesphore.vault import queries as vault

FILE_LIMIT = 300 * 2**20
ACTS_SHOWN, READINGS_SHOWN = 500, 100
READINGS = frozenset({"signature:document:view", "signature:thread:read"})


@audit.staged("signature:results:file")
def file_results(*, envelope_id: UUID, actor: Actor, at: datetime) -> None:
    """File the final revision (part `signed`) and its evidence (part `evidence`); safe to run again.

    Raises:
        EnvelopeNotFound, EnvelopeClosed: it is not completed; and what the vault raises: the job tries again.
    """
    envelope = access.sender_or_recipient(actor=actor, envelope_id=envelope_id, at=at)
    if envelope.state != EnvelopeState.COMPLETED:
        raise EnvelopeClosed
    source, decision = records_access.decide_document(actor=actor, document_id=envelope.document_id, at=at)
    filed = record_queries.results_of(organisation_id=envelope.organisation_id, source_id=envelope.id)
    title, language = queries.title(envelope), decision.patient.reads

    def file(part: str, titled: str, pdf: bytes) -> None:
        records.file_result(
            patient_id=envelope.patient_id,
            source_id=envelope.id,
            source_part=part,
            title=titled,
            type_code=source.type_code,
            class_code=source.class_code,
            pdf=pdf,
            pages=last_page_size(pdf)[0] + 1,
            # Who deposited it and sent it sees what became of it.
            author_id=source.author_id,
            actor=actor,
            at=at,
        )

    # A crash between the two leaves the first filed; the job's next run files the second.
    if {"signed", "evidence"} <= filed.keys():
        return
    revision = queries.last_revision(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    signed = vault.read_blob(organisation_id=envelope.organisation_id, blob_id=revision.blob_id, limit=FILE_LIMIT)
    if "signed" not in filed:
        file("signed", title, signed)
    if "evidence" not in filed:
        verdict = _verdict(signed, envelope.organisation_id, spoken(language), at)
        page = evidence_pdf(evidence_about(envelope, decision.patient, title, verdict=verdict), language)
        file("evidence", evidence_title(title, language), page)


@audit.staged("signature:results:file")
def file_renewed(*, envelope_id: UUID, actor: Actor, at: datetime) -> None:
    """Let the record give the last revision, whose proof lasts longer; safe to run again.

    Raises:
        EnvelopeNotFound
    """
    envelope = access.sender_or_recipient(actor=actor, envelope_id=envelope_id, at=at)
    revision = queries.last_revision(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    facts = vault.blob_facts(organisation_id=envelope.organisation_id, blob_id=revision.blob_id)
    records.extend_result(
        source_id=envelope.id,
        source_part="signed",
        blob_id=revision.blob_id,
        sha256=bytes(revision.sha256),
        size=facts.size,
        actor=actor,
        at=at,
    )


def evidence_about(
    envelope: Envelope, patient: Patient, title: str, *, verdict: VerdictEvidence | None = None
) -> Evidence:
    """All that is known of a completed envelope.

    Args:
        verdict: what a validation of its sealed file has found; None to say nothing of it.
    """
    organisation_id = envelope.organisation_id
    events = events_about(envelope)
    acts = Acts(envelope, patient, events)

    def revision(row: Revision) -> RevisionEvidence:
        kind = queries.kind_of(row, envelope)
        by = acts.name_of[row.recipient_id] if row.recipient_id else ""
        return RevisionEvidence(row.number, kind, by, bytes(row.sha256).hex(), localtime(row.at), row.level)

    revisions = queries.revisions_of(organisation_id=organisation_id, envelope_id=envelope.id)
    assert envelope.closed_at is not None
    entries = Entry.objects.filter(organisation_id=organisation_id, envelope_id=envelope.id).count()
    return Evidence(
        organisation=accounts.organisation_card(organisation_id).name,
        title=title,
        patient=f"{patient.display_name} ({patient.birth_name.upper()}), {patient.birth_date:%d/%m/%Y}",
        envelope_id=envelope.id,
        pages=envelope.pages,
        sender=acts.names[envelope.sender_id],
        sent_at=localtime(envelope.sent_at),
        completed_at=localtime(envelope.closed_at),
        revisions=tuple(revision(row) for row in revisions),
        signers=acts.told(revisions),
        events=tuple(
            EventEvidence(
                localtime(event.at),
                event.action,
                acts.names.get(event.person_id, "") if event.person_id else "",
                event.id,
            )
            for event in events
        ),
        thread_entries=entries,
        thread_head=queries.thread_head(organisation_id=organisation_id, envelope_id=envelope.id).hex(),
        documents=documents_of(envelope),
        steps=steps_of(envelope),
        taken_back=acts.taken_back(),
        relations=relations_of(envelope),
        verdict=verdict,
        verify_address=f"{link_ports.base_url.get()}/verify/",
    )


def events_about(envelope: Envelope) -> list[Event]:
    """What the trail has of this envelope from its sending to its end, oldest first: every act, as far as `ACTS_SHOWN`,
    and the first readings, as far as `READINGS_SHOWN`, so that much reading hides no signature."""
    assert envelope.closed_at is not None
    found: list[Event] = []
    after = None
    while True:
        page = events_of_subject(
            organisation_id=envelope.organisation_id,
            patient_id=envelope.patient_id,
            subject_id=envelope.id,
            since=envelope.sent_at,
            after=after,
            limit=MOST,
        )
        found += [event for event in page if event.at <= envelope.closed_at]
        if len(page) < MOST:
            break
        after = After(page[-1].at, page[-1].id)
    found.reverse()
    acts = [event.id for event in found if event.action not in READINGS][:ACTS_SHOWN]
    readings = [event.id for event in found if event.action in READINGS][:READINGS_SHOWN]
    shown = {*acts, *readings}
    return [event for event in found if event.id in shown]


def _verdict(pdf: bytes, organisation_id: UUID, language: str, at: datetime) -> VerdictEvidence:
    """What the sealed file is found to be worth now, in the page's language."""
    found = verdict_of(pdf, organisation_id=organisation_id, at=at)
    said = ""
    if found.headline is not None:
        with translation.override(language):
            said = sentence_of(found.headline, Reader(language, get_current_timezone(), gettext))
    return VerdictEvidence(found.conclusion.value, said, localtime(at))

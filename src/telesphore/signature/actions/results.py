"""File what a completed envelope leaves: the signed document and the page that explains it, once each."""

from datetime import datetime, timedelta
from uuid import UUID

from django.utils.timezone import localtime

from telesphore.accounts import queries as accounts
from telesphore.audit import actions as audit
from telesphore.audit.models import Event
from telesphore.audit.queries.events import MOST, events_of_patient
from telesphore.audit.states import Outcome
from telesphore.kernel.actors import Actor
from telesphore.links import queries as links
from telesphore.paper.pictures import last_page_size
from telesphore.records import access as records_access
from telesphore.records import actions as records
from telesphore.records import queries as record_queries
from telesphore.records.models import Patient
from telesphore.signature import access, queries
from telesphore.signature.actions.sign import GUESTS_DRAWN
from telesphore.signature.errors import EnvelopeClosed
from telesphore.signature.formats.evidence import (
    EventEvidence,
    Evidence,
    RevisionEvidence,
    SignerEvidence,
    evidence_pdf,
    evidence_title,
)
from telesphore.signature.models import Entry, Envelope, Recipient, Revision
from telesphore.signature.states import EnvelopeState, PartyRole, RecipientState
from telesphore.vault import queries as vault

FILE_LIMIT = 300 * 2**20
EVENTS_SHOWN = 100


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
    title, language = queries.title(envelope), decision.patient.language

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
    if "signed" not in filed:
        revision = queries.last_revision(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
        signed = vault.read_blob(organisation_id=envelope.organisation_id, blob_id=revision.blob_id, limit=FILE_LIMIT)
        file("signed", title, signed)
    if "evidence" not in filed:
        page = evidence_pdf(evidence_about(envelope, decision.patient, title), language)
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


def evidence_about(envelope: Envelope, patient: Patient, title: str) -> Evidence:
    """All that is known of a completed envelope."""
    organisation_id = envelope.organisation_id
    recipients = list(
        Recipient.objects.filter(organisation_id=organisation_id, envelope_id=envelope.id, state=RecipientState.SIGNED)
        .select_related("step")
        .order_by("step__position", "signed_at")
    )
    events = events_about(envelope)
    people = accounts.person_cards(
        {envelope.sender_id}
        | {row.person_id for row in recipients if row.person_id is not None}
        | {delegate for row in recipients if (delegate := _delegate(row)) is not None}
        | {event.person_id for event in events if event.person_id is not None}
    )
    names = {person_id: card.display_name for person_id, card in people.items()} | {patient.id: patient.display_name}
    guests = queries.guests_of([(envelope, row) for row in recipients])
    names |= {recipient_id: card.name for recipient_id, card in guests.items()}
    link_ids = [row.link_id for row in recipients if row.link_id is not None]
    receipts = links.first_receipts(organisation_id=organisation_id, link_ids=link_ids)
    phones = links.phone_endings(organisation_id=organisation_id, link_ids=link_ids)
    own = {row.id: row.person_id or (row.id if row.id in guests else patient.id) for row in recipients}
    signer_of = {row.id: names[_delegate(row) or own[row.id]] for row in recipients}

    def role(row: Recipient) -> str:
        if row.id in guests:
            return guests[row.id].quality or GUESTS_DRAWN[PartyRole(row.role)]
        return people[_delegate(row) or row.person_id].specialty if row.person_id else ""

    def signer(row: Recipient) -> SignerEvidence:
        seen = receipts.get(row.link_id, {}) if row.link_id else {}
        proof = row.proof or {}
        assert row.signed_at is not None
        return SignerEvidence(
            step=row.step.position + 1,
            name=signer_of[row.id],
            role=role(row),
            on_behalf_of=names[row.person_id or patient.id] if _delegate(row) else "",
            purpose=row.purpose or "",
            is_patient=row.person_id is None,
            means=proof.get("means", ""),
            phone_ending=phones.get(row.link_id, "") if row.link_id else "",
            asked_at=_local(row.awaited_at),
            opened_at=_local(seen.get("opened")),
            revealed_at=_local(seen.get("revealed")),
            signed_at=localtime(row.signed_at),
            source_address=proof.get("source_address", ""),
            client=proof.get("client", ""),
            shown_sha256=proof.get("shown_sha256", ""),
            certificate_sha256=proof.get("certificate_sha256", ""),
            thread_head=proof.get("thread_head", ""),
        )

    def revision(row: Revision) -> RevisionEvidence:
        kind = queries.kind_of(row, envelope)
        by = signer_of[row.recipient_id] if row.recipient_id else ""
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
        sender=names[envelope.sender_id],
        sent_at=localtime(envelope.sent_at),
        completed_at=localtime(envelope.closed_at),
        revisions=tuple(revision(row) for row in revisions),
        signers=tuple(signer(row) for row in recipients),
        events=tuple(
            EventEvidence(
                localtime(event.at), event.action, names.get(event.person_id, "") if event.person_id else "", event.id
            )
            for event in events
        ),
        thread_entries=entries,
        thread_head=queries.thread_head(organisation_id=organisation_id, envelope_id=envelope.id).hex(),
    )


def events_about(envelope: Envelope) -> list[Event]:
    """What the trail has of this envelope from its sending to its end, oldest first, at most `EVENTS_SHOWN`."""
    assert envelope.closed_at is not None
    found, after = [], None
    while True:
        page = events_of_patient(
            organisation_id=envelope.organisation_id,
            patient_id=envelope.patient_id,
            since=envelope.sent_at,
            until=envelope.closed_at + timedelta(microseconds=1),
            after=after,
            limit=MOST,
        )
        found += [
            event for event in page.events if event.subject_id == envelope.id and event.outcome == Outcome.DONE.value
        ]
        after = page.after
        if after is None:
            break
    return found[::-1][:EVENTS_SHOWN]


def _delegate(row: Recipient) -> UUID | None:
    """Who signed in this recipient's place, if somebody did."""
    signed_by = (row.proof or {}).get("signed_by")
    return UUID(signed_by) if signed_by else None


def _local(at: datetime | None) -> datetime | None:
    return localtime(at) if at else None

"""Make the dispute kit of a completed envelope: all that proves it, in one ZIP that is checked without us."""

import dataclasses
import hashlib
from datetime import datetime, tzinfo
from typing import BinaryIO
from uuid import UUID

from cryptography import x509
from django.utils import translation
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext

from telesphore.ades import cades, lasting
from telesphore.ades.verdict.apart import Judged, Limits, judge
from telesphore.ades.verdict.reports.etsi import as_etsi_xml
from telesphore.ades.verdict.reports.json_report import as_json
from telesphore.ades.verdict.reports.pages import pages_drawn
from telesphore.ades.verdict.reports.paper import report_pdf
from telesphore.ades.verdict.reports.reader import Reader
from telesphore.ades.verdict.reports.telling import tell
from telesphore.ades.verdict.trust import NOTHING_MORE, Evidence
from telesphore.audit import actions as audit
from telesphore.audit.actions.key import public_key
from telesphore.audit.queries.proofs import proof_of
from telesphore.kernel.actors import Actor
from telesphore.pki import queries as pki_queries
from telesphore.records import access as records_access
from telesphore.records import actions as records
from telesphore.records import queries as record_queries
from telesphore.records.errors import DocumentNotFound
from telesphore.signature import queries
from telesphore.signature.access.thread import seat_of
from telesphore.signature.actions.discuss import FILE_LIMIT
from telesphore.signature.actions.open_seal import open_seal
from telesphore.signature.actions.prove import time_of_signature
from telesphore.signature.actions.results import events_about, evidence_about
from telesphore.signature.errors import EnvelopeNotFound, NoEvidenceRecord
from telesphore.signature.formats import kit, thread
from telesphore.signature.formats.evidence import VerdictEvidence
from telesphore.signature.models import Entry, Envelope, Recipient
from telesphore.vault import queries as vault

_BY_SIGNERS = ("certificate_sha256", "thread_head")
LIMITS = Limits(size=300 * 2**20, processor=120, elapsed=180)
REPORTS = {"fr": "verdict/rapport.pdf", "en": "verdict/report.pdf"}


@audit.staged("signature:kit:make")
def make_kit(*, envelope_id: UUID, actor: Actor, at: datetime, out: BinaryIO) -> None:
    """Write the kit to `out`, for whoever may read both the signed document and its evidence.

    Memory is two copies of the document at most. Reading the two documents leaves its traces, and so does the kit,
    before a byte of it is given.

    Raises:
        EnvelopeNotFound: no such envelope, not completed and filed yet, or not theirs to read.
        NotSealedYet: the trail has not sealed an event of it yet; within seconds it has.
        What opening the seal raises: try again later.
    """
    filed = record_queries.results_of(organisation_id=actor.organisation, source_id=envelope_id)
    envelope = Envelope.objects.filter(organisation_id=actor.organisation, id=envelope_id).first()
    if envelope is None or not {"signed", "evidence"} <= filed.keys():
        raise EnvelopeNotFound
    try:
        # Both, before either is opened.
        for part in ("signed", "evidence"):
            _document, decision = records_access.decide_document(actor=actor, document_id=filed[part], at=at)
        audit.concerning(patient=envelope.patient_id, subject=envelope.id)
        document, page = (
            records.open_document(document_id=filed[part], purpose="PATRQT", actor=actor, at=at).pdf
            for part in ("signed", "evidence")
        )
    except DocumentNotFound:
        raise EnvelopeNotFound from None
    entries = {kit.DOCUMENT: document, "evidence.pdf": page, "verify.py": kit.VERIFIER.read_bytes()}
    beside = _evidence_beside(envelope)
    entries |= _proofs(envelope) | _certificates(document, beside)
    entries |= {f"evidence-records/{_short(one)}.ers": one for one in beside.records}
    entries |= _thread(envelope, actor, at)
    known = pki_queries.evidence()
    evidence = Evidence(
        certificates=(*known.certificates, *beside.certificates),
        ocsps=(*known.ocsps, *beside.ocsps),
        crls=(*known.crls, *beside.crls),
        records=beside.records,
    )
    judged = judge(document, pki_queries.trust(), at=at, evidence=evidence, limits=LIMITS)
    # The reports tell the rest of it, in both languages.
    verdict = VerdictEvidence(judged.verdict.conclusion.value, "", at)
    details = evidence_about(envelope, decision.patient, queries.title(envelope), verdict=verdict)
    entries[kit.EVIDENCE] = kit.as_json(
        {
            "envelope": str(envelope.id),
            "document_sha256": hashlib.sha256(document).hexdigest(),
            "revisions": _revisions(envelope, document),
            "events": sum(name.endswith(".tlog-proof") for name in entries),
            "details": dataclasses.asdict(details),
        }
    )
    entries |= _reports(judged, at, get_current_timezone())
    entries |= kit.explanations(
        {
            "organisation": details.organisation,
            "title": details.title,
            "envelope": str(envelope.id),
            "roots": "\n       ".join(
                _fingerprint(content) for name, content in entries.items() if name[:6] == "trust/"
            ),
            "log_key": entries[kit.LOG_KEY].decode().strip(),
        }
    )
    entries[kit.MANIFEST] = kit.manifest(entries, envelope=envelope.id, made_at=at)
    entries[kit.SEAL] = _sealed(entries[kit.MANIFEST], envelope.organisation_id, actor, at)
    _trace(envelope=envelope, ground=decision.ground, actor=actor, at=at)
    kit.write(out, entries)


@audit.act("signature:kit:make")
def _trace(*, envelope: Envelope, ground: records_access.Ground, actor: Actor, at: datetime) -> None:
    audit.record(
        "signature:kit:make",
        actor=actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        purpose="PATRQT",
        ground=ground,
        at=at,
    )


def _revisions(envelope: Envelope, document: bytes) -> list[dict[str, object]]:
    """Each state of the file, from what was shown for signing to the last renewal of its proof."""
    organisation_id = envelope.organisation_id
    recipients = Recipient.objects.filter(organisation_id=organisation_id, envelope_id=envelope.id)
    proofs = {row.id: row.proof or {} for row in recipients}
    found: list[dict[str, object]] = []
    for row in queries.revisions_of(organisation_id=organisation_id, envelope_id=envelope.id):
        size = vault.blob_facts(organisation_id=organisation_id, blob_id=row.blob_id).size
        if size > len(document):
            # Renewed since, and not filed in the record yet.
            break
        proof = proofs.get(row.recipient_id, {}) if row.recipient_id else {}
        found.append(
            {
                # Its place in the file: what was taken back is not in it.
                "number": len(found),
                "kind": queries.kind_of(row, envelope),
                "size": size,
                "sha256": bytes(row.sha256).hex(),
                "level": row.level,
                "at": row.at.isoformat(),
                **{name: proof.get(name, "") for name in _BY_SIGNERS},
            }
        )
    return found


def _thread(envelope: Envelope, actor: Actor, at: datetime) -> dict[str, bytes]:
    """The discussion: in clear what the kit's maker may read of it, commitments of the rest; and what is attached."""
    try:
        shown = seat_of(actor=actor, envelope_id=envelope.id, at=at).sees
    except EnvelopeNotFound:
        # They may read the signed document, and had no part in the discussion.
        shown = frozenset()
    links = queries.thread_links(envelope=envelope, shown=shown)
    entries = {kit.THREAD: kit.as_json(thread.as_json(envelope.id, links))}
    own = Entry.objects.filter(organisation_id=envelope.organisation_id, envelope_id=envelope.id, blob_id__isnull=False)
    blobs = dict(own.values_list("number", "blob_id"))
    for link in links:
        blob_id = blobs.get(link.number)
        if link.content is not None and link.content.attachment is not None and blob_id is not None:
            name = thread.attachment_name(link.number, link.content.attachment)
            entries[name] = vault.read_blob(organisation_id=envelope.organisation_id, blob_id=blob_id, limit=FILE_LIMIT)
    return entries


def _proofs(envelope: Envelope) -> dict[str, bytes]:
    entries = {kit.LOG_KEY: f"{public_key()}\n".encode()}
    for number, event in enumerate(events_about(envelope), start=1):
        name = f"audit/{number:04}-{event.action.replace(':', '-')}.tlog-proof"
        entries[name] = proof_of(event.id).text.encode()
    return entries


def _evidence_beside(envelope: Envelope) -> Evidence:
    """What proves the document beside its file, when its proof was renewed by an evidence record (RFC 4998)."""
    try:
        return queries.evidence_of(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    except NoEvidenceRecord:
        return NOTHING_MORE


def _certificates(document: bytes, beside: Evidence) -> dict[str, bytes]:
    stored = lasting.validation_data(document)
    certificates = dict.fromkeys((*stored.certificates, *beside.certificates))
    for seal in lasting.seals(document):
        certificates |= dict.fromkeys(seal.signed.certificates)
        for token in seal.tokens:
            certificates |= dict.fromkeys(token.certificates)
    entries = {f"certificates/{_short(one)}.cer": one for one in certificates}
    entries |= {f"revocation/{_short(one)}.crl": one for one in (*stored.crls, *beside.crls)}
    entries |= {f"revocation/{_short(one)}.ocsp": one for one in (*stored.ocsps, *beside.ocsps)}
    roots = [one for one in certificates if _is_root(one)]
    return entries | {f"trust/{_short(one)}.cer": one for one in roots}


def _is_root(certificate: bytes) -> bool:
    parsed = x509.load_der_x509_certificate(certificate)
    return parsed.issuer == parsed.subject


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _fingerprint(certificate: bytes) -> str:
    return hashlib.sha256(certificate).hexdigest()


def _reports(judged: Judged, at: datetime, zone: tzinfo) -> dict[str, bytes]:
    entries = {
        "verdict/report.json": kit.as_json(as_json(judged.verdict)),
        "verdict/report.xml": as_etsi_xml(judged.verdict),
    }
    for language, name in REPORTS.items():
        with translation.override(language):
            reader = Reader(language, zone, gettext)
            telling = tell(judged.verdict, reader, name=kit.DOCUMENT, passages=judged.passages)
            entries[name] = report_pdf(telling, pages_drawn(judged, reader), reader, at=at)
    return entries


def _sealed(manifest: bytes, organisation_id: UUID, actor: Actor, at: datetime) -> bytes:
    """The manifest's detached signature (CAdES, B-T) by the organisation's seal."""
    with open_seal(organisation_id=organisation_id, actor=actor, at=at) as opened:
        token = opened.token
        prepared = cades.prepare(
            [manifest], certificate=token.certificate, chain=opened.chain, signed_at=at, algorithm=token.algorithm
        )
        value = token.sign(prepared.to_be_signed)
    timestamp = time_of_signature(value, organisation_id=organisation_id, at=at)
    sealed = cades.complete(prepared, value)
    return cades.add_signature_timestamp(sealed, timestamp) if timestamp else sealed

"""The baseline level that a signature really reaches (EN 319 142-1 §6.3), and what the next one lacks."""

from collections.abc import Collection, Iterator, Sequence

from telesphore.ades import cms
from telesphore.ades.pdf.objects import Name
from telesphore.ades.pdf.reader import Document
from telesphore.ades.verdict.result import Level
from telesphore.ades.verdict.session import Judged
from telesphore.ades.verdict.signatures import JudgedSignature
from telesphore.ades.verdict.signed_fields import SignedField, StoredData, read_date
from telesphore.ades.verdict.times import JudgedTimestamp

COMMITMENT_TYPE = "1.2.840.113549.1.9.16.2.16"
SIGNATURE_POLICY = "1.2.840.113549.1.9.16.2.15"


def of_field(
    document: Document,
    field: SignedField,
    judged: JudgedSignature,
    timestamps: Sequence[JudgedTimestamp],
    stored: StoredData,
) -> tuple[Level, str]:
    """The level of a PDF signature, and a sentence that says why not the next; empty at B-LTA."""
    signed = judged.signed
    if not judged.intact or signed is None:
        return Level.NONE, "The signature itself does not hold."
    if missing := next(_missing_for_b(document, field, judged, signed), ""):
        return Level.NONE, missing
    covering = [one for one in timestamps if one.time is not None and _covers(one, field)]
    if not covering and not any(one.time is not None and one.facts.kind == "signature" for one in judged.timestamps):
        return Level.B, "No timestamp proves when it was signed."
    if missing := _missing_for_lt(judged, covering, signed, stored):
        return Level.T, missing
    if missing := _missing_for_lta(judged, covering, stored, document):
        return Level.LT, missing
    return Level.LTA, ""


def _covers(stamp: JudgedTimestamp, field: SignedField) -> bool:
    return stamp.facts.revision is not None and field.revision is not None and stamp.facts.revision > field.revision


def _missing_for_b(
    document: Document, field: SignedField, judged: JudgedSignature, signed: cms.Parsed
) -> Iterator[str]:
    """EN 319 142-1 table 1, requirement by requirement."""
    value = field.value
    if field.sub_filter != "ETSI.CAdES.detached":
        yield f"Its format is {field.sub_filter or 'not stated'}, not ETSI.CAdES.detached."
    if not document.encrypted and read_date(document.resolve(value.get(Name("M")))) is None:
        yield "It does not say when it was made (/M)."
    if not isinstance(value.get(Name("Filter")), Name):
        yield "It names no signature handler (/Filter)."
    if Name("Cert") in value:
        yield "Its dictionary bears /Cert, which is forbidden."
    if cms.SIGNING_TIME in signed.signed:
        yield "It bears the signing-time attribute, which is forbidden."
    if signed.content_type != cms.DATA:
        yield "Its content type is not data."
    if cms.SIGNING_CERTIFICATE_V2 not in signed.signed:
        yield "It lacks the signing-certificate-v2 attribute."
    if judged.certificate is not None and judged.certificate.der not in signed.certificates:
        yield "It does not bear its signer’s certificate."
    if Name("Reason") in value and (COMMITMENT_TYPE in signed.signed or SIGNATURE_POLICY in signed.signed):
        yield "It states a reason twice: /Reason stands beside a commitment type or a signature policy."


def _missing_for_lt(
    judged: JudgedSignature, covering: list[JudgedTimestamp], signed: cms.Parsed, stored: StoredData
) -> str:
    """All certificates and revocation data of the signer's chain, and of the timestamps', are in the file."""
    certificates = {content for content, _ in stored.certificates} | set(signed.certificates)
    sources = {content for kind in (stored.ocsps, stored.crls) for content, _ in kind} | {*signed.ocsps, *signed.crls}
    if not stored.certificates and not stored.ocsps and not stored.crls and not signed.ocsps and not signed.crls:
        return "The file holds no validation data (DSS)."
    stamps = [one for one in judged.timestamps if one.facts.kind == "signature" and one.time is not None]
    # A document timestamp that stands in for a signature's own must be provable too.
    stamps = stamps or covering[:1]
    for stamp in stamps:
        if stamp.token is not None:
            certificates |= set(stamp.token.signed.certificates)
            sources |= {*stamp.token.signed.ocsps, *stamp.token.signed.crls}
    for one in (judged.judged, *(stamp.judged for stamp in stamps)):
        if missing := missing_chain(one, certificates, sources):
            return missing
    return ""


def missing_chain(judged: Judged | None, certificates: Collection[bytes], sources: Collection[bytes]) -> str:
    """What of a certificate's chain, or of its revocation data, is not among these (DER); empty when all is."""
    if judged is None or judged.path is None:
        return "A certificate’s chain could not be built."
    for one in judged.path.certificates[:-1]:
        if one.der not in certificates:
            return f"The file does not hold the certificate of {one.name}."
    if not judged.revocation.complete or not set(judged.revocation.used) <= set(sources):
        return f"The file holds no revocation data for the certificate of {judged.path.certificates[0].name}."
    return ""


def _missing_for_lta(
    judged: JudgedSignature, covering: Sequence[JudgedTimestamp], stored: StoredData, document: Document
) -> str:
    """A document timestamp covers the validation data of the signature and of the timestamps in it. What was added
    since for a later timestamp is covered when that one is renewed."""
    places = {content: offset for kind in (stored.certificates, stored.ocsps, stored.crls) for content, offset in kind}
    needed = {
        content
        for one in (judged.judged, *(stamp.judged for stamp in judged.timestamps))
        if one is not None and one.path is not None
        for content in (*one.path.ders[:-1], *one.revocation.used)
    }
    end = max(
        (document.revisions[one.facts.revision].end for one in covering if one.facts.revision is not None), default=0
    )
    if not end or any(places.get(content, 0) >= end for content in needed):
        return "No document timestamp covers the validation data."
    return ""

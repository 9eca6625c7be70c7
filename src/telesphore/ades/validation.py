"""What can be told of a signed file, without the network.

Certificates that live for minutes are judged at the time that /M gives, for now: that is the signer's own claim, which
only a timestamp (level B-T) would make proof. Revocation is not asked.
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.general import UnacceptableSignerError
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature, read_certification_data
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import ValidationContext

from telesphore.ades.errors import NotSignable
from telesphore.ades.through_pyhanko import UNREADABLE


@dataclass(frozen=True, slots=True)
class SignatureFacts:
    """What was found of one signature.

    Attributes:
        signer: the common name in the signer's certificate.
        signed_at: /M, the signer's claim; None when the file does not say.
        intact: what it covers is as signed, and what was added since is only what a certified form allows.
        trusted: its certificate leads to an anchor, at `signed_at`.
        covers_whole_file: nothing at all was added since.
        certified: it is the certifying signature, and allows only forms to be filled (DocMDP P≤2).
        certificate_sha256: hexadecimal.
    """

    field: str
    signer: str
    signed_at: datetime | None
    intact: bool
    trusted: bool
    covers_whole_file: bool
    certified: bool
    certificate_sha256: str


def inspect(pdf: bytes, *, anchors: Sequence[bytes], at: datetime) -> tuple[SignatureFacts, ...]:
    """The signatures of `pdf`, in the order they were made.

    Args:
        anchors: DER of the certificates that are trusted.
        at: now; a signature that claims a later time is judged now.

    Raises:
        NotSignable: not a PDF that we can read.
    """
    try:
        reader = PdfFileReader(io.BytesIO(pdf))
        signatures = list(reader.embedded_regular_signatures)
        certifying = read_certification_data(reader)
    except UNREADABLE:
        raise NotSignable from None
    roots = [x509.Certificate.load(anchor) for anchor in anchors]
    return tuple(
        _facts(
            signature,
            roots,
            at,
            certified=certifying is not None
            and certifying.author_sig.raw_get("/ByteRange") == signature.sig_object.raw_get("/ByteRange")
            and certifying.permission <= MDPPerm.FILL_FORMS,
        )
        for signature in signatures
    )


def _facts(
    signature: EmbeddedPdfSignature, roots: list[x509.Certificate], at: datetime, *, certified: bool
) -> SignatureFacts:
    claimed = signature.self_reported_timestamp
    moment = min(claimed, at) if claimed is not None else at
    context = ValidationContext(trust_roots=roots, moment=moment, best_signature_time=moment, allow_fetching=False)
    certificate = signature.signer_cert
    intact = trusted = whole = False
    try:
        status = validate_pdf_signature(
            signature,
            context,
            key_usage_settings=KeyUsageConstraints(key_usage={"non_repudiation"}),
        )
    except (SignatureValidationError, UnacceptableSignerError, *UNREADABLE):
        pass
    else:
        intact = (
            status.intact
            and status.valid
            and status.docmdp_ok is not False
            and status.modification_level not in (None, ModificationLevel.OTHER)
        )
        trusted = status.trusted
        whole = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    return SignatureFacts(
        field=signature.field_name,
        signer=str(certificate.subject.native.get("common_name", "")),
        signed_at=claimed,
        intact=intact,
        trusted=trusted,
        covers_whole_file=whole,
        certified=certified,
        certificate_sha256=hashlib.sha256(certificate.dump()).hexdigest(),
    )

"""Sign a file at PAdES level B-B (ETSI EN 319 142-1 §6.3), in two stages with a token between them.

*Prepare* writes everything but the signature itself; what a token must sign is `to_be_signed`, the DER of the signed
attributes (RFC 5652 §5.4), so that a card that hashes by itself can. *Complete* checks the token's answer.
"""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from asn1crypto import algos, cms, x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import load_der_x509_certificate
from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.general import SigningError, as_signing_certificate_v2
from pyhanko.sign.signers import ExternalSigner, PdfSignatureMetadata, PdfSigner
from pyhanko.stamp import BaseStampStyle
from pyhanko.stamp.noop import NoOpStampStyle

from telesphore.ades.appearance import Appearance, stamp_style
from telesphore.ades.errors import (
    DamagedPrepared,
    FieldAlreadySigned,
    NoSuchField,
    NotSignable,
    SignatureDoesNotMatch,
    SignedAlready,
    UnknownKeyType,
)
from telesphore.ades.fields import open_for_update

_MAGIC = b"telesphore-prepared-1\n"
_SMALLEST_RSA = 2048


@dataclass(frozen=True, slots=True)
class PreparedSignature:
    """A file that lacks only its signature.

    Attributes:
        document: the file, with a hole where the signature goes.
        hole: where the hole begins and ends, its angle brackets included.
        to_be_signed: DER of the signed attributes, which the token hashes with SHA-256 and signs.
        certificate: DER of the signer's.
        chain: DER of the certificates above it.
    """

    document: bytes
    hole: tuple[int, int]
    to_be_signed: bytes
    certificate: bytes
    chain: tuple[bytes, ...]

    def to_bytes(self) -> bytes:
        """All of it, for a signature that comes in an hour or after a restart; ends with a SHA-256 of the rest."""
        head = {
            "hole": self.hole,
            "to_be_signed": self.to_be_signed.hex(),
            "certificate": self.certificate.hex(),
            "chain": [above.hex() for above in self.chain],
        }
        content = _MAGIC + json.dumps(head).encode() + b"\n" + self.document
        return content + hashlib.sha256(content).digest()

    @classmethod
    def from_bytes(cls, content: bytes) -> "PreparedSignature":
        """What `to_bytes` gave.

        Raises:
            DamagedPrepared: it is not, or no longer, what `to_bytes` gave.
        """
        body, digest = content[:-32], content[-32:]
        if not body.startswith(_MAGIC) or hashlib.sha256(body).digest() != digest:
            raise DamagedPrepared
        line, document = body.removeprefix(_MAGIC).split(b"\n", 1)
        head = json.loads(line)
        start, end = head["hole"]
        return cls(
            document=document,
            hole=(start, end),
            to_be_signed=bytes.fromhex(head["to_be_signed"]),
            certificate=bytes.fromhex(head["certificate"]),
            chain=tuple(map(bytes.fromhex, head["chain"])),
        )


def prepare(
    pdf: bytes,
    *,
    field: str,
    certificate: bytes,
    chain: Sequence[bytes],
    appearance: Appearance | None,
    signed_at: datetime,
    certify: bool,
) -> PreparedSignature:
    """Write a signature's dictionary and appearance after `pdf`, whose bytes stay as they are.

    Args:
        field: the name of an empty signature field.
        certificate: DER of the signer's; its key says the algorithm (RSA PKCS#1 v1.5 or ECDSA P-256, with SHA-256).
        chain: DER of the certificates above it, in any order; they go into the signature.
        appearance: None leaves the box empty.
        signed_at: aware; goes to /M.
        certify: certify the file, which must bear no signature yet: from then on only forms may be filled and signed
            (DocMDP P=2, ISO 32000-2 §12.8.2.2).

    Raises:
        NotSignable, NoSuchField, FieldAlreadySigned, SignedAlready, UnknownKeyType
    """
    signer = _signer(certificate)
    writer = open_for_update(pdf)
    dictionary = _empty_field(writer, field)
    if certify and next(iter(writer.prev.embedded_signatures), None) is not None:
        raise SignedAlready
    metadata = PdfSignatureMetadata(
        field_name=field,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        name=appearance.name if appearance else None,
        reason=appearance.reason or None if appearance else None,
        certify=certify,
        docmdp_permissions=MDPPerm.FILL_FORMS,
    )
    try:
        session = PdfSigner(metadata, signer, stamp_style=_style(appearance, dictionary)).init_signing_session(
            writer, existing_fields_only=True
        )
        session.system_time = signed_at
        reserved = 2 * (sum(map(len, (certificate, *chain))) + 2048)
        digest, out = session.prepare_tbs_document(validation_info=None, bytes_reserved=reserved).digest_tbs_document(
            output=io.BytesIO()
        )
    except SigningError:
        # What an earlier signature forbids (DocMDP P=1, a lock) or what a seed value demands.
        raise SignedAlready from None
    except PdfError:
        raise NotSignable from None
    assert isinstance(out, io.BytesIO)
    return PreparedSignature(
        document=out.getvalue(),
        hole=(digest.reserved_region_start, digest.reserved_region_end),
        to_be_signed=cast(bytes, _signed_attributes(digest.document_digest, certificate).dump()),
        certificate=certificate,
        chain=tuple(chain),
    )


def complete(prepared: PreparedSignature, signature: bytes) -> bytes:
    """The signed file.

    Args:
        signature: RSA: PKCS#1 v1.5; ECDSA: the DER of r and s (RFC 3279 §2.2.3).

    Raises:
        DamagedPrepared: the file is not the one whose digest was signed.
        SignatureDoesNotMatch: the certificate's key does not verify it.
    """
    start, end = prepared.hole
    attributes = cms.CMSAttributes.load(prepared.to_be_signed)
    digest = hashlib.sha256(prepared.document[:start])
    digest.update(prepared.document[end:])
    signed = {attribute["type"].native: attribute["values"][0].native for attribute in attributes}
    if signed.get("message_digest") != digest.digest():
        raise DamagedPrepared
    _check(prepared.certificate, prepared.to_be_signed, signature)
    content = cast(bytes, _content_info(prepared, attributes, signature).dump()).hex().encode()
    room = end - start - 2
    if len(content) > room or prepared.document[start:end] != b"<" + b"0" * room + b">":
        raise DamagedPrepared
    return b"".join((prepared.document[: start + 1], content.ljust(room, b"0"), prepared.document[end - 1 :]))


def _signer(certificate: bytes) -> ExternalSigner:
    """Never asked to sign: it says who signs, and by which algorithm."""
    key = load_der_x509_certificate(certificate).public_key()
    strong = (isinstance(key, rsa.RSAPublicKey) and key.key_size >= _SMALLEST_RSA) or (
        isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    )
    if not strong:
        raise UnknownKeyType
    return ExternalSigner(signing_cert=x509.Certificate.load(certificate), cert_registry=None)


def _empty_field(writer: IncrementalPdfFileWriter, name: str) -> DictionaryObject:
    try:
        for found, value, reference in enumerate_sig_fields(writer):
            if found == name:
                if value is not None:
                    raise FieldAlreadySigned
                return cast(DictionaryObject, reference.get_object())
    except PdfError:
        raise NotSignable from None
    raise NoSuchField


def _style(appearance: Appearance | None, field: DictionaryObject) -> BaseStampStyle:
    left, bottom, right, top = map(float, field["/Rect"])
    width, height = abs(right - left), abs(top - bottom)
    if appearance is None or not width or not height:
        return NoOpStampStyle()
    return stamp_style(appearance, width, height)


def _signed_attributes(document_digest: bytes, certificate: bytes) -> cms.CMSAttributes:
    """EN 319 142-1 §6.3: no signing-time, since /M says it."""
    reference = as_signing_certificate_v2(x509.Certificate.load(certificate))
    return cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [document_digest]}),
            cms.CMSAttribute({"type": "signing_certificate_v2", "values": [reference]}),
        ]
    )


def _content_info(prepared: PreparedSignature, attributes: cms.CMSAttributes, signature: bytes) -> cms.ContentInfo:
    signer_info = _signer(prepared.certificate).signer_info("sha256", attributes, signature)
    certificates = [
        cms.CertificateChoices(name="certificate", value=x509.Certificate.load(one))
        for one in dict.fromkeys((prepared.certificate, *prepared.chain))
    ]
    return cms.ContentInfo(
        {
            "content_type": "signed_data",
            "content": cms.SignedData(
                {
                    "version": "v1",
                    "digest_algorithms": cms.DigestAlgorithms([algos.DigestAlgorithm({"algorithm": "sha256"})]),
                    "encap_content_info": {"content_type": "data"},
                    "certificates": certificates,
                    "signer_infos": [signer_info],
                }
            ),
        }
    )


def _check(certificate: bytes, content: bytes, signature: bytes) -> None:
    key = load_der_x509_certificate(certificate).public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, content, padding.PKCS1v15(), hashes.SHA256())
        else:
            assert isinstance(key, ec.EllipticCurvePublicKey)
            key.verify(signature, content, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise SignatureDoesNotMatch from None

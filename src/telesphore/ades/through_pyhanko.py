"""The slow way, for files that our strict reader declines and that pyHanko reads: about fifty times slower."""

import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from asn1crypto import crl, ocsp, x509
from pyhanko.pdf_utils.crypt import AuthStatus
from pyhanko.pdf_utils.generic import DictionaryObject, NameObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    MDPPerm,
    SigFieldSpec,
    SigSeedSubFilter,
    append_signature_field,
    enumerate_sig_fields,
)
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import ExternalSigner, PdfSignatureMetadata, PdfSigner
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp
from pyhanko.sign.validation import EmbeddedPdfSignature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.stamp import BaseStampStyle
from pyhanko.stamp.noop import NoOpStampStyle

from telesphore.ades.algorithms import Algorithm, Digest
from telesphore.ades.appearance import Appearance, stamp_style
from telesphore.ades.errors import FieldAlreadySigned, NoSuchField, NotSignable, SignedAlready
from telesphore.ades.pdf.limits import USUAL
from telesphore.ades.pdf.update import Tail
from telesphore.ades.verdict.trust import Evidence

if TYPE_CHECKING:
    from telesphore.ades.fields import FieldLock, SignatureField

UNREADABLE = (
    PdfError, ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError, ArithmeticError,
    NotImplementedError, struct.error, zlib.error,
)  # fmt: skip
"""Foreign bytes: pyHanko's reader meets what it did not expect as any of these."""


def open_for_update(pdf: bytes) -> IncrementalPdfFileWriter:
    """A writer that only adds to `pdf`.

    Raises:
        NotSignable: not a readable PDF, or one that needs a password.
    """
    if len(pdf) > USUAL.size:
        raise NotSignable
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        if writer.prev.encrypted:
            # With the user's password, which is empty when only the owner has one.
            result = writer.encrypt(b"")  # type: ignore[no-untyped-call]  # pyHanko's.
            assert result.status is not AuthStatus.FAILED
        assert writer.root["/Type"] == "/Catalog"
    except UNREADABLE:
        raise NotSignable from None
    return writer


def add_fields(pdf: bytes, fields: Sequence["SignatureField"]) -> bytes:
    """As `fields.add_fields`.

    Raises:
        NotSignable, NoSuchField, SignedAlready
    """
    writer = open_for_update(pdf)
    try:
        if next(iter(writer.prev.embedded_signatures), None) is not None:
            raise SignedAlready
        for field in fields:
            _add_field(writer, field)
        out = io.BytesIO()
        writer.write(out)  # type: ignore[no-untyped-call]  # pyHanko's.
    except UNREADABLE:
        raise NotSignable from None
    return out.getvalue()


def _add_field(writer: IncrementalPdfFileWriter, field: "SignatureField") -> None:
    box: Any = field.box  # pyHanko says whole numbers, and writes any.
    spec = SigFieldSpec(
        field.name,
        on_page=field.page,
        box=box,
        empty_field_appearance=False,
        field_mdp_spec=_lock(field.lock) if field.lock else None,
        doc_mdp_update_value=MDPPerm(field.lock.permission) if field.lock and field.lock.permission else None,
    )
    if "." in field.name:
        raise NoSuchField
    try:
        append_signature_field(writer, spec)
    except (PdfError, SigningError, IndexError):
        raise NoSuchField from None


def _lock(lock: "FieldLock") -> FieldMDPSpec:
    return FieldMDPSpec(FieldMDPAction(f"/{lock.locks.value}"), list(lock.fields) or None)


def prepare(
    pdf: bytes,
    *,
    field: "str | SignatureField",
    algorithm: Algorithm,
    certificate: bytes,
    appearance: Appearance | None,
    signed_at: datetime,
    permission: int | None,
    room: int,
    more: Mapping[str, str],
) -> Tail:
    """What follows `pdf`, signed but for its hole, as `signing.prepare` writes it.

    Args:
        permission: certify with this P; None does not certify.
        room: bytes for the signature.
        more: names, with their slash, that the signature's dictionary holds too.

    Raises:
        NotSignable, NoSuchField, FieldAlreadySigned, SignedAlready
    """
    writer = open_for_update(pdf)
    try:
        name = field if isinstance(field, str) else field.name
        signatures = list(writer.prev.embedded_signatures)
        if signatures and (permission is not None or any(map(partial(_forbids, field), signatures))):
            raise SignedAlready
        if not isinstance(field, str):
            _add_field(writer, field)
        metadata = PdfSignatureMetadata(
            field_name=name,
            md_algorithm=algorithm.digest.value,
            subfilter=SigSeedSubFilter.PADES,
            name=appearance.name if appearance else None,
            reason=appearance.reason or None if appearance else None,
            certify=permission is not None,
            docmdp_permissions=MDPPerm(permission or 2),
        )
        style = _style(appearance, _empty_field(writer, name))
        signer = ExternalSigner(signing_cert=x509.Certificate.load(certificate), cert_registry=None)
        session = PdfSigner(metadata, signer, stamp_style=style).init_signing_session(writer, existing_fields_only=True)
        session.system_time = signed_at
        to_sign = session.prepare_tbs_document(validation_info=None, bytes_reserved=2 * room)
        (own,) = [value for found, value, _ in enumerate_sig_fields(writer) if found == name]
        own.get_object().update({NameObject(key): NameObject(value) for key, value in more.items()})
        digest, out = to_sign.digest_tbs_document(output=io.BytesIO())
    except SigningError:
        # What an earlier signature forbids (DocMDP P=1, a lock) or what a seed value demands.
        raise SignedAlready from None
    except UNREADABLE:
        raise NotSignable from None
    assert isinstance(out, io.BytesIO)
    with out.getbuffer() as written:
        tail = bytes(written[len(pdf) :])
    return Tail(tail, (digest.reserved_region_start, digest.reserved_region_end))


def add_validation_data(pdf: bytes, evidence: Evidence) -> bytes:
    """As `lasting.add_validation_data`.

    Raises:
        NotSignable
    """
    writer = open_for_update(pdf)
    try:
        DocumentSecurityStore.supply_dss_in_writer(
            writer,
            None,
            certs=list(map(x509.Certificate.load, evidence.certificates)),
            ocsps=list(map(ocsp.OCSPResponse.load, evidence.ocsps)),
            crls=list(map(crl.CertificateList.load, evidence.crls)),
        )
        out = io.BytesIO()
        writer.write(out)  # type: ignore[no-untyped-call]  # pyHanko's.
    except UNREADABLE:
        raise NotSignable from None
    return out.getvalue()


def prepare_timestamp(pdf: bytes, *, digest: Digest, room: int) -> Tail:
    """What follows `pdf`, stamped but for its hole, as `lasting.prepare_document_timestamp` writes it.

    Raises:
        NotSignable
    """
    writer = open_for_update(pdf)
    try:
        taken = {name for name, _, _ in enumerate_sig_fields(writer)}
        name = next(name for number in range(1, len(taken) + 2) if (name := f"Timestamp{number}") not in taken)
        stages = PdfCMSEmbedder(new_field_spec=SigFieldSpec(name)).write_cms(field_name=name, writer=writer)
        next(stages)
        hole = DocumentTimestamp(bytes_reserved=2 * room)  # type: ignore[no-untyped-call]  # pyHanko's.
        stages.send(SigObjSetup(sig_placeholder=hole))
        prepared, out = stages.send(SigIOSetup(md_algorithm=digest.value, output=io.BytesIO()))
    except UNREADABLE:
        raise NotSignable from None
    with out.getbuffer() as written:
        tail = bytes(written[len(pdf) :])
    return Tail(tail, (prepared.reserved_region_start, prepared.reserved_region_end))


def _empty_field(writer: IncrementalPdfFileWriter, name: str) -> DictionaryObject:
    for found, value, reference in enumerate_sig_fields(writer):
        if found == name:
            if value is not None:
                raise FieldAlreadySigned
            return cast(DictionaryObject, reference.get_object())
    raise NoSuchField


def _forbids(field: "str | SignatureField", earlier: EmbeddedPdfSignature) -> bool:
    """Whether this signature does not let a field be signed, or be added."""
    level = earlier.docmdp_level
    if level is MDPPerm.NO_CHANGES or (level is not None and not isinstance(field, str)):
        return True
    name = field if isinstance(field, str) else field.name
    for reference in _items(earlier.sig_object, "/Reference"):
        if reference["/TransformMethod"] == "/FieldMDP":
            parameters = reference["/TransformParams"]
            spec = FieldMDPSpec(FieldMDPAction(parameters["/Action"]), list(map(str, _items(parameters, "/Fields"))))
            if spec.is_locked(name):
                return True
    return False


def _items(dictionary: DictionaryObject, key: str) -> list[Any]:
    """What an array holds, deciphered: pyHanko does so only for what is asked by its place."""
    return [dictionary[key][index] for index in range(len(dictionary[key]))] if key in dictionary else []


def _style(appearance: Appearance | None, field: DictionaryObject) -> BaseStampStyle:
    left, bottom, right, top = map(float, field["/Rect"])
    width, height = abs(right - left), abs(top - bottom)
    if appearance is None or not width or not height:
        return NoOpStampStyle()
    return stamp_style(appearance, width, height)

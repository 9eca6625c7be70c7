"""Whether a certificate still holds: OCSP (RFC 6960) and CRLs (RFC 5280 §5), asked for and checked. No network here.

What is checked is whether an answer may be used now; what it proves of the past is the verdict's to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ExtensionOID

from telesphore.ades import cms, der, paths
from telesphore.ades.algorithms import Algorithm, check
from telesphore.ades.errors import (
    MalformedSignature,
    NoPathToAnchor,
    NotDer,
    RevocationMalformed,
    RevocationOfOther,
    RevocationRefused,
    RevocationReplayed,
    RevocationSignatureWrong,
    RevocationStale,
    SignatureDoesNotMatch,
    UnknownAlgorithm,
    UnknownKeyType,
)

LARGEST_OCSP = 64 << 10
LARGEST_CRL = 32 << 20
TOLERANCE = timedelta(minutes=5)
"""Between an authority's clock and ours."""
WITHOUT_END = timedelta(days=1)
"""How long an OCSP answer without nextUpdate is taken for fresh."""
_SHORT_TERM = x509.ObjectIdentifier("0.4.0.194121.2.1")
"""Validity assured, short term (EN 319 412-1 §5.2)."""
_CRL_UNDERSTOOD = {ExtensionOID.ISSUING_DISTRIBUTION_POINT, ExtensionOID.AUTHORITY_KEY_IDENTIFIER}


@dataclass(frozen=True, slots=True)
class Answer:
    """What an authority says of one certificate, checked.

    Attributes:
        encoded: DER of the OCSP response or CRL.
        signer: DER of the certificate that signed it: the issuer's, or a responder's.
        next_update: until when it may be used; None when it does not say.
        revoked_at: None for a certificate that holds.
    """

    encoded: bytes = field(repr=False)
    signer: bytes = field(repr=False)
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None


def needs_none(certificate: bytes) -> bool:
    """Whether nobody needs ask after this certificate (DER): it says that it lives too short a time for that, or is an
    OCSP responder's that says so (RFC 6960 §4.2.2.2.1).

    Raises:
        NoPathToAnchor: it can't be read.
    """
    oids = {one.oid for one in paths.load(certificate).extensions}
    return bool(oids & {_SHORT_TERM, ExtensionOID.OCSP_NO_CHECK})


def places(certificate: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where a certificate (DER) says that it can be asked after: addresses of OCSP responders, and of CRLs.

    Raises:
        NoPathToAnchor: it can't be read.
    """
    extensions = paths.load(certificate).extensions
    ocsps: list[x509.GeneralName] = []
    crls: list[x509.GeneralName] = []
    for one in extensions:
        if isinstance(one.value, x509.AuthorityInformationAccess):
            ocsps.extend(
                description.access_location
                for description in one.value
                if description.access_method == AuthorityInformationAccessOID.OCSP
            )
        elif isinstance(one.value, x509.CRLDistributionPoints):
            # One that others sign, or for some reasons only, would not suffice.
            crls.extend(
                name
                for point in one.value
                if not point.crl_issuer and not point.reasons
                for name in point.full_name or ()
            )
    return _addresses(ocsps), _addresses(crls)


def _addresses(names: Sequence[x509.GeneralName]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.value for one in names if isinstance(one, x509.UniformResourceIdentifier)))


def ask(certificate: bytes, issuer: bytes, *, nonce: bytes) -> bytes:
    """DER of an OCSPRequest.

    Raises:
        NoPathToAnchor: a certificate can't be read.
    """
    # SHA-1 names the issuer: every responder knows it (RFC 5019 §2.1.1), and nothing rests on it.
    builder = ocsp.OCSPRequestBuilder().add_certificate(paths.load(certificate), paths.load(issuer), hashes.SHA1())  # noqa: S303 - as said.
    return builder.add_extension(x509.OCSPNonce(nonce), critical=False).build().public_bytes(Encoding.DER)


def check_ocsp(
    content: bytes, certificate: bytes, issuer: bytes, *, at: datetime, nonce: bytes | None = None
) -> Answer:
    """What an OCSP response says of a certificate now.

    Args:
        content, certificate, issuer: DER.
        nonce: of the request; a responder may leave it out of its answer (RFC 5019 §4), but not give another.

    Raises:
        BadRevocation: one of its kinds.
    """
    if len(content) > LARGEST_OCSP:
        raise RevocationMalformed
    try:
        response = ocsp.load_der_ocsp_response(content)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise RevocationRefused
        single = _single(response, certificate, issuer)
        signer = _check_signature(content, response, issuer, at)
        nonces = [one.value.nonce for one in response.extensions if isinstance(one.value, x509.OCSPNonce)]
    except (*paths.UNREADABLE, NotDer, IndexError, NoPathToAnchor, MalformedSignature):
        raise RevocationMalformed from None
    if nonce is not None and nonces not in ([], [nonce]):
        raise RevocationReplayed
    if single.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise RevocationRefused
    _check_fresh(single.this_update_utc, single.next_update_utc or single.this_update_utc + WITHOUT_END, at)
    return Answer(content, signer, single.this_update_utc, single.next_update_utc, single.revocation_time_utc)


def check_crl(content: bytes, certificate: bytes, issuer: bytes, *, at: datetime) -> Answer:
    """What a CRL of the issuer's says of a certificate now.

    Args:
        content, certificate, issuer: DER.

    Raises:
        BadRevocation: one of its kinds.
    """
    if len(content) > LARGEST_CRL:
        raise RevocationMalformed
    try:
        crl = x509.load_der_x509_crl(content)
        asked, above = paths.load(certificate), paths.load(issuer)
        if crl.issuer != above.subject or asked.issuer != above.subject:
            raise RevocationOfOther
        _check_scope(crl, asked)
        hashed = crl.signature_hash_algorithm
        key = above.public_key()
        if (hashed is not None and hashed.digest_size < 32) or not crl.is_signature_valid(key):  # type: ignore[arg-type]  # Other keys raise.
            raise RevocationSignatureWrong
        if not _may(above, "crl_sign"):
            raise RevocationSignatureWrong
        next_update, entry = crl.next_update_utc, crl.get_revoked_certificate_by_serial_number(asked.serial_number)
    except (*paths.UNREADABLE, NoPathToAnchor):
        raise RevocationMalformed from None
    if next_update is None:
        raise RevocationStale
    _check_fresh(crl.last_update_utc, next_update, at)
    return Answer(content, issuer, crl.last_update_utc, next_update, entry.revocation_date_utc if entry else None)


def _check_fresh(since: datetime, until: datetime, at: datetime) -> None:
    if not since - TOLERANCE <= at <= until:
        raise RevocationStale


def _single(response: ocsp.OCSPResponse, certificate: bytes, issuer: bytes) -> ocsp.OCSPSingleResponse:
    asked, above = paths.load(certificate), paths.load(issuer)
    name = der.encoding(issuer, cms.certificate_fields(issuer)[4])
    for single in response.responses:
        if single.serial_number == asked.serial_number:
            state = hashes.Hash(single.hash_algorithm)
            state.update(name)
            own = ocsp.OCSPRequestBuilder().add_certificate(asked, above, single.hash_algorithm).build()
            if (single.issuer_name_hash, single.issuer_key_hash) == (state.finalize(), own.issuer_key_hash):
                return single
    raise RevocationOfOther


def _check_signature(content: bytes, response: ocsp.OCSPResponse, issuer: bytes, at: datetime) -> bytes:
    """By the issuer, or by whom it named for that (RFC 6960 §4.2.2.2); gives who."""
    _, explicit = der.whole(content, der.SEQUENCE)
    (bytes_,) = der.inside(content, explicit, 0xA0)
    _, octets = der.inside(content, bytes_, der.SEQUENCE)
    basic = der.content(content, octets, der.OCTET_STRING)
    to_be_signed, identifier, signature, *_ = der.whole(basic, der.SEQUENCE)
    signed, value = der.encoding(basic, to_be_signed), der.content(basic, signature, der.BIT_STRING)[1:]
    above = paths.load(issuer)
    candidates = [issuer] + [
        one.public_bytes(Encoding.DER)
        for one in response.certificates
        if paths.issued(above, one) and paths.valid_at(one, at) and _may_answer(one)
    ]
    for candidate in candidates:
        try:
            check(candidate, Algorithm.from_identifiers(der.encoding(basic, identifier)), signed, value)
        except (SignatureDoesNotMatch, UnknownAlgorithm, UnknownKeyType):
            continue
        return candidate
    raise RevocationSignatureWrong


def _may_answer(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in usage and _may(certificate, "digital_signature")


def _may(certificate: x509.Certificate, usage: str) -> bool:
    try:
        return bool(getattr(certificate.extensions.get_extension_for_class(x509.KeyUsage).value, usage))
    except x509.ExtensionNotFound:
        return True


def _check_scope(crl: x509.CertificateRevocationList, asked: x509.Certificate) -> None:
    """A CRL for other certificates, for some reasons, or that says only what changed, does not tell."""
    for one in crl.extensions:
        if one.critical and one.oid not in _CRL_UNDERSTOOD:
            raise RevocationOfOther
        if isinstance(one.value, x509.IssuingDistributionPoint):
            point = one.value
            authority = paths.may_issue(asked, 0)
            if point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs:
                raise RevocationOfOther
            if point.only_contains_user_certs if authority else point.only_contains_ca_certs:
                raise RevocationOfOther

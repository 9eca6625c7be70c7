"""Lists of revoked certificates (RFC 5280 §5), and answers about one (OCSP, RFC 6960; nonces of RFC 9654)."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from asn1crypto import algos, core, keys, ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from telesphore.pki.formats.certificates import Pair

REASONS = {
    "unspecified": "unspecified",
    "key-compromise": "key_compromise",
    "authority-compromise": "ca_compromise",
    "affiliation-changed": "affiliation_changed",
    "superseded": "superseded",
    "cessation": "cessation_of_operation",
    "privilege-withdrawn": "privilege_withdrawn",
}
"""Our words → asn1crypto's; `x509.ReasonFlags` has the same in capitals' places."""

LARGEST_REQUEST = 16 * 1024
"""Bytes of a request."""
MOST_QUESTIONS = 20
"""Certificates that one request may ask about."""
LONGEST_NONCE = 128
"""RFC 9654 §2.1: none of 0 octets, none above 128."""


class BadRequest(ValueError):
    """It is not an OCSP request that we answer."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """A certificate that was revoked: its serial number, when, and why (a key of `REASONS`)."""

    serial_number: int
    at: datetime
    reason: str


def make_list(issuer: Pair, *, revoked: Sequence[Revoked], number: int, at: datetime, next_update: datetime) -> bytes:
    """A full list (DER), signed by the authority itself."""
    above = x509.load_der_x509_certificate(issuer.certificate)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(above.subject)
        .last_update(at.replace(microsecond=0))
        .next_update(next_update.replace(microsecond=0))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
    )
    for one in revoked:
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(one.serial_number)
            .revocation_date(one.at.replace(microsecond=0))
        )
        # RFC 5280 §5.3.1: no reason is better said by silence.
        if one.reason != "unspecified":
            flag = x509.ReasonFlags[REASONS[one.reason]]
            entry = entry.add_extension(x509.CRLReason(flag), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


@dataclass(frozen=True, slots=True)
class Question:
    """One certificate that a request asks about.

    Attributes:
        digest: the hash function of the two hashes, as `hashlib` names it.
        identifier: asn1crypto's CertId, which the answer repeats.
    """

    serial_number: int
    digest: str
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    identifier: Any

    def is_of(self, issuer: bytes) -> bool:
        """Whether it names this issuer (DER)."""
        certificate = asn1_x509.Certificate.load(issuer)
        return (self.issuer_name_hash, self.issuer_key_hash) == _issuer_hashes(certificate, self.digest)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, and the nonce that the answer repeats."""

    questions: tuple[Question, ...]
    nonce: bytes | None = None


def ask(certificate: bytes, issuer: bytes, *, nonce: bytes | None = None) -> Request:
    """What somebody would ask about one certificate (DER)."""
    above = asn1_x509.Certificate.load(issuer)
    name_hash, key_hash = _issuer_hashes(above, "sha256")
    serial_number = asn1_x509.Certificate.load(certificate).serial_number
    identifier = _identifier("sha256", core.Null(), name_hash, key_hash, serial_number)
    return Request((Question(serial_number, "sha256", name_hash, key_hash, identifier),), nonce)


def read_request(content: bytes) -> Request:
    """Parse a request (DER). Signatures of those who ask are not asked for, nor looked at.

    Raises:
        BadRequest: too large, not DER, too many questions, a nonce that RFC 9654 forbids, an unknown hash.
    """
    if len(content) > LARGEST_REQUEST:
        raise BadRequest
    try:
        return _read(content)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        # Foreign bytes: asn1crypto meets what it did not expect as any of these.
        raise BadRequest from None


def _read(content: bytes) -> Request:
    body = ocsp.OCSPRequest.load(content, strict=True)["tbs_request"]
    asked = body["request_list"]
    if not 0 < len(asked) <= MOST_QUESTIONS:
        raise BadRequest
    nonce = None
    extensions = body["request_extensions"]
    for extension in extensions if not isinstance(extensions, core.Void) else ():
        if extension["extn_id"].native == "nonce":
            nonce = extension["extn_value"].parsed.native
            if not 0 < len(nonce) <= LONGEST_NONCE:
                raise BadRequest
        elif extension["critical"].native:
            raise BadRequest
    return Request(tuple(_question(one["req_cert"]) for one in asked), nonce)


def _question(asked: ocsp.CertId) -> Question:
    algorithm = asked["hash_algorithm"]
    digest = algorithm["algorithm"].native
    parameters = algorithm["parameters"]
    if digest not in ("sha1", "sha256", "sha384", "sha512") or not isinstance(parameters, core.Null | core.Void):
        raise BadRequest
    hashes_given = asked["issuer_name_hash"].native, asked["issuer_key_hash"].native
    if {len(one) for one in hashes_given} != {hashlib.new(digest, usedforsecurity=False).digest_size}:
        raise BadRequest
    serial_number = asked["serial_number"].native
    # Written anew, never repeated as it came: what is signed is DER, whatever was read.
    return Question(serial_number, digest, *hashes_given, _identifier(digest, parameters, *hashes_given, serial_number))


def _identifier(
    digest: str, parameters: core.Null | core.Void, name_hash: bytes, key_hash: bytes, serial_number: int
) -> ocsp.CertId:
    algorithm: dict[str, Any] = {"algorithm": digest}
    if isinstance(parameters, core.Null):
        # Clients compare what comes back with what they sent: with the NULL or without, as they wrote it.
        algorithm["parameters"] = core.Null()
    return ocsp.CertId(
        {
            "hash_algorithm": algos.DigestAlgorithm(algorithm),
            "issuer_name_hash": name_hash,
            "issuer_key_hash": key_hash,
            "serial_number": serial_number,
        }
    )


def _issuer_hashes(issuer: asn1_x509.Certificate, digest: str) -> tuple[bytes, bytes]:
    # SHA-1 here only names the issuer, as most clients still do (RFC 6960 §4.1.1, RFC 5019): nothing rests on it.
    def of(data: bytes) -> bytes:
        return hashlib.new(digest, data, usedforsecurity=False).digest()

    return of(issuer.subject.dump()), of(bytes(issuer.public_key["public_key"]))


GOOD = "good"
UNKNOWN = "unknown"


def answer(
    request: Request,
    status_of: Callable[[Question], Revoked | str],
    *,
    responder: Pair,
    at: datetime,
    next_update: datetime,
) -> bytes:
    """A successful response (DER), signed by a delegated responder, whose certificate it carries.

    Args:
        status_of: for each question a `Revoked`, `GOOD`, or `UNKNOWN` for what was never issued.
    """
    made_at = at.replace(microsecond=0)
    certificate = asn1_x509.Certificate.load(responder.certificate)
    answers = [
        {
            "cert_id": question.identifier,
            "cert_status": _status(status_of(question)),
            "this_update": made_at,
            "next_update": next_update.replace(microsecond=0),
        }
        for question in request.questions
    ]
    content: dict[str, Any] = {
        "responder_id": ocsp.ResponderId(
            "by_key", hashlib.sha1(_key_bits(certificate.public_key), usedforsecurity=False).digest()
        ),
        "produced_at": made_at,
        "responses": answers,
    }
    if request.nonce is not None:
        content["response_extensions"] = [
            {"extn_id": "nonce", "critical": False, "extn_value": core.OctetString(request.nonce)}
        ]
    signed = ocsp.ResponseData(content)
    basic = ocsp.BasicOCSPResponse(
        {
            "tbs_response_data": signed,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": responder.key.sign(signed.dump(), ec.ECDSA(hashes.SHA256())),
            "certs": [certificate],
        }
    )
    response = ocsp.OCSPResponse(
        {
            "response_status": "successful",
            "response_bytes": {"response_type": "basic_ocsp_response", "response": basic},
        }
    )
    return cast(bytes, response.dump())


def answer_times(response: bytes) -> tuple[datetime, datetime] | None:
    """thisUpdate and nextUpdate of a response (DER) that `answer` made; None for a refusal, or one with a nonce."""
    parsed = ocsp.OCSPResponse.load(response)
    if parsed["response_status"].native != "successful" or parsed.nonce_value is not None:
        return None
    first = parsed.response_data["responses"][0]
    return first["this_update"].native, first["next_update"].native


def refuse(status: str) -> bytes:
    """An answer without a signature: `malformed_request`, `internal_error`, `try_later` or `unauthorized`."""
    return cast(bytes, ocsp.OCSPResponse({"response_status": status}).dump())


def _key_bits(key: keys.PublicKeyInfo) -> bytes:
    return bytes(key["public_key"])


def _status(found: Revoked | str) -> ocsp.CertStatus:
    if isinstance(found, Revoked):
        return ocsp.CertStatus(
            "revoked",
            {
                "revocation_time": found.at.replace(microsecond=0),
                "revocation_reason": REASONS[found.reason],
            },
        )
    return ocsp.CertStatus(found, core.Null())

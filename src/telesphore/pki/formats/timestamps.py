"""Time-stamps (RFC 3161; profile of ETSI EN 319 422): read what is asked, make the token."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, cast

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from telesphore.ades.algorithms import Digest
from telesphore.pki.formats.certificates import ARC, Pair

POLICY = f"{ARC}.2.1"
"""The policy under which the local units stamp: not qualified, accurate to `ACCURACY`."""
ACCURACY = 1
"""Seconds."""
LARGEST_REQUEST = 4096
"""Bytes of a request."""
LONGEST_NONCE = 64
"""Octets."""


class BadRequest(ValueError):
    """It is not a request that we answer; `failure` is RFC 3161's word for why."""

    def __init__(self, failure: str) -> None:
        super().__init__(failure)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Query:
    """What is to be stamped."""

    imprint: bytes
    digest: Digest
    nonce: int | None = None
    with_certificates: bool = True


def read_request(content: bytes) -> Query:
    """Parse a TimeStampReq (DER).

    Raises:
        BadRequest: not one, or one that asks for what we don't do.
    """
    if len(content) > LARGEST_REQUEST:
        raise BadRequest("bad_data_format")
    try:
        return _read(tsp.TimeStampReq.load(content, strict=True))
    except BadRequest:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        # Foreign bytes: asn1crypto meets what it did not expect as any of these.
        raise BadRequest("bad_data_format") from None


def _read(request: tsp.TimeStampReq) -> Query:
    if request["version"].native != "v1":
        raise BadRequest("bad_request")
    if not isinstance(request["extensions"], core.Void) and len(request["extensions"]):
        raise BadRequest("unaccepted_extension")
    policy = request["req_policy"].native
    if policy is not None and policy != POLICY:
        raise BadRequest("unaccepted_policy")
    try:
        digest = Digest(request["message_imprint"]["hash_algorithm"]["algorithm"].native)
    except ValueError:
        raise BadRequest("bad_alg") from None
    imprint = request["message_imprint"]["hashed_message"].native
    if len(imprint) != len(digest.of()):
        raise BadRequest("bad_data_format")
    nonce = request["nonce"].native
    if nonce is not None and nonce.bit_length() > 8 * LONGEST_NONCE:
        raise BadRequest("bad_request")
    return Query(imprint, digest, nonce, bool(request["cert_req"].native))


def make_token(query: Query, *, unit: Pair, chain: Sequence[bytes], serial_number: int, at: datetime) -> bytes:
    """A TimeStampToken (DER) signed by this unit; `chain` goes with it when certificates are asked for."""
    certificate = asn1_x509.Certificate.load(unit.certificate)
    content = tsp.TSTInfo(
        {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": {
                "hash_algorithm": {"algorithm": query.digest.value},
                "hashed_message": query.imprint,
            },
            "serial_number": serial_number,
            "gen_time": at.replace(microsecond=0),
            "accuracy": {"seconds": ACCURACY},
            "nonce": query.nonce,
            "tsa": asn1_x509.GeneralName("directory_name", certificate.subject),
        }
    ).dump()
    attributes = cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [Digest.SHA256.of(content)]}),
            cms.CMSAttribute(
                {
                    "type": "signing_certificate_v2",
                    "values": [tsp.SigningCertificateV2({"certs": [_identifier(certificate, unit.certificate)]})],
                }
            ),
        ]
    )
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": {
                "issuer_and_serial_number": {
                    "issuer": certificate.issuer, "serial_number": certificate.serial_number,
                }
            },
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": unit.key.sign(attributes.untag().dump(), ec.ECDSA(hashes.SHA256())),
        }
    )  # fmt: skip
    signed: dict[str, Any] = {
        "version": "v3",
        "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
        "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(content)},
        "signer_infos": [signer],
    }
    if query.with_certificates:
        given = (unit.certificate, *chain)
        signed["certificates"] = [
            cms.CertificateChoices("certificate", asn1_x509.Certificate.load(one)) for one in given
        ]
    return cast(bytes, cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)}).dump())


def _identifier(certificate: asn1_x509.Certificate, der: bytes) -> tsp.ESSCertIDv2:
    return tsp.ESSCertIDv2(
        {
            "hash_algorithm": {"algorithm": "sha256"},
            "cert_hash": Digest.SHA256.of(der),
            "issuer_serial": {
                "issuer": [asn1_x509.GeneralName("directory_name", certificate.issuer)],
                "serial_number": certificate.serial_number,
            },
        }
    )


def granted(token: bytes) -> bytes:
    """The response (DER) that carries a token."""
    return cast(
        bytes,
        tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": cms.ContentInfo.load(token)}).dump(),
    )


class _Rejection(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types.
    """A TimeStampResp without a token, which asn1crypto's own can't leave out."""

    _fields: ClassVar = [("status", tsp.PKIStatusInfo)]


def rejected(failure: str) -> bytes:
    """The response (DER) that says why there is none, in RFC 3161's words (asn1crypto's spelling)."""
    return cast(bytes, _Rejection({"status": {"status": "rejection", "fail_info": {failure}}}).dump())

"""Other people's programs agree: openssl, and pyHanko's certificate validator."""

import asyncio
import hashlib
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import InvalidCertificateError, RevokedError

from telesphore.ades.algorithms import Digest
from telesphore.kernel.clock import now
from telesphore.pki import actions as pki
from telesphore.pki import queries
from telesphore.pki.actions import IssuedToken
from telesphore.pki.formats import certificates
from telesphore.pki.models import Authority, Certificate
from telesphore.pki.ports import RevocationData, revocation_source, timestamper
from telesphore.pki.states import Level, Profile, Reason
from tests.cast import Cast
from tests.pki.openssl import binary, openssl, pem


def seal_of(cast: Cast, at: datetime) -> IssuedToken:
    return pki.organisation_seal(
        organisation_id=cast.hospital, organisation_name="Centre hospitalier de Montfaucy", actor=cast.sylvie, at=at
    )


def revoke(cast: Cast, certificate: bytes, at: datetime) -> None:
    serial_number = x509.load_der_x509_certificate(certificate).serial_number
    pki.revoke_certificate(
        organisation_id=cast.hospital, serial_number=f"{serial_number:x}", reason=Reason.KEY_COMPROMISE,
        actor=cast.sylvie, at=at,
    )  # fmt: skip


def lists(cast: Cast, at: datetime) -> list[bytes]:
    authority = Authority.objects.get()
    return [
        bytes(
            pki.publish_list(
                organisation_id=cast.hospital, authority_id=authority.id, level=level, actor=cast.sylvie, at=at
            ).content
        )
        for level in Level
    ]


def verify(folder: Path, token: IssuedToken, crls: list[bytes]) -> str:
    issuing, root = token.chain
    return openssl(
        "verify", "-x509_strict", "-crl_check_all", "-CRLfile", pem(folder / "crls", [], crls),
        "-CAfile", pem(folder / "root", [root]), "-untrusted", pem(folder / "issuing", [issuing]),
        pem(folder / "signer", [token.certificate]),
    ).stdout  # fmt: skip


def test_openssl_verifies_a_seal_with_both_lists_and_no_more_once_it_is_revoked(cast: Cast, tmp_path: Path) -> None:
    at = now()
    token = seal_of(cast, at)
    assert verify(tmp_path, token, lists(cast, at)).endswith("OK\n")
    revoke(cast, token.certificate, at)
    assert "certificate revoked" in verify(tmp_path, token, lists(cast, at))


def test_openssl_stamps_verify_and_those_of_another_file_do_not(cast: Cast, tmp_path: Path) -> None:
    at = now()
    data = binary(tmp_path / "data", b"the document")
    imprint = hashlib.sha256(b"the document").digest()
    token = timestamper.get().stamp(imprint, Digest.SHA256, organisation_id=cast.hospital, at=at)
    root = pem(tmp_path / "root", queries.trust_anchors(cast.hospital))
    asked = "ts", "-verify", "-token_in", "-in", binary(tmp_path / "token", token), "-CAfile", root
    result = openssl(*asked, "-data", data)
    assert "Verification: OK" in result.stdout, result.stdout
    assert "Verification: FAILED" in openssl(*asked, "-data", binary(tmp_path / "other", b"another")).stdout


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_openssl_accepts_the_answer_to_its_own_query(cast: Cast, tmp_path: Path, digest: str) -> None:
    at = now()
    authority_id = pki.establish_authority(organisation_id=cast.hospital, actor=cast.sylvie, at=at)
    data = binary(tmp_path / "data", b"the document")
    query = tmp_path / "query"
    assert openssl("ts", "-query", "-data", data, f"-{digest}", "-cert", "-out", query).returncode == 0
    answer = pki.answer_timestamp_query(authority_id=authority_id, content=query.read_bytes(), actor=cast.sylvie, at=at)
    root = pem(tmp_path / "root", queries.trust_anchors(cast.hospital))
    result = openssl("ts", "-verify", "-queryfile", query, "-in", binary(tmp_path / "answer", answer), "-CAfile", root)
    assert "Verification: OK" in result.stdout, result.stdout
    text = openssl("ts", "-reply", "-in", tmp_path / "answer", "-text").stdout
    assert "Accuracy: 0x01 seconds" in text
    assert "non qualifi" in text


def respond(folder: Path, cast: Cast, token: IssuedToken, at: datetime, *options: object) -> str:
    """What openssl says of our answer to its own request."""
    issuing, root = token.chain
    chain = pem(folder / "issuing", [issuing])
    signer = pem(folder / "signer", [token.certificate])
    request, response = folder / "request", folder / "response"
    made = openssl("ocsp", "-issuer", chain, "-cert", signer, *options, "-reqout", request, "-no_nonce")
    assert request.exists(), made.stdout
    content = pki.answer_ocsp(
        authority_id=Authority.objects.get().id, content=request.read_bytes(), actor=cast.sylvie, at=at
    )
    response.write_bytes(content)
    return openssl(
        "ocsp", "-respin", response, "-issuer", chain, "-cert", signer, "-CAfile", pem(folder / "root", [root]),
        "-no_nonce",
    ).stdout  # fmt: skip


def test_openssl_reads_good_then_revoked_with_its_reason(cast: Cast, tmp_path: Path) -> None:
    at = now()
    token = seal_of(cast, at)
    said = respond(tmp_path, cast, token, at)
    assert "Response verify OK" in said, said
    assert "signer: good" in said
    revoke(cast, token.certificate, at)
    said = respond(tmp_path, cast, token, at)
    assert "signer: revoked" in said
    assert "Reason: keyCompromise" in said


def context(cast: Cast, data: RevocationData, at: datetime) -> ValidationContext:
    return ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(root) for root in queries.trust_anchors(cast.hospital)],
        crls=[asn1_crl.CertificateList.load(crl) for crl in data.crls],
        ocsps=[asn1_ocsp.OCSPResponse.load(response) for response in data.ocsps],
        moment=at, allow_fetching=False, revocation_mode="require",
    )  # fmt: skip


def validate(cast: Cast, token: IssuedToken, usage: str, at: datetime, extended: set[str] | None = None) -> None:
    data = revocation_source.get().fetch((token.certificate, *token.chain), organisation_id=cast.hospital, at=at)
    assert (len(data.ocsps), len(data.crls)) == (1, 1)
    validator = CertificateValidator(
        asn1_x509.Certificate.load(token.certificate),
        [asn1_x509.Certificate.load(one) for one in token.chain],
        validation_context=context(cast, data, at + timedelta(seconds=1)),
    )
    asyncio.run(validator.async_validate_usage({usage}, extended_key_usage=extended or set()))


def test_pyhanko_accepts_patient_seal_and_responder_with_revocation_required(cast: Cast) -> None:
    at = now()
    validate(cast, seal_of(cast, at), "non_repudiation", at)
    patient = pki.issue_for_one_signature(
        organisation_id=cast.hospital, given_name="Odile", family_name="Marchetti", serial_number=cast.odile_id.hex,
        actor=cast.odile, at=at,
    )  # fmt: skip
    validate(cast, patient, "non_repudiation", at)


def unit_of(cast: Cast, at: datetime) -> IssuedToken:
    """The time-stamping unit, as if it were a token, for what validates chains."""
    timestamper.get().stamp(bytes(32), Digest.SHA256, organisation_id=cast.hospital, at=at)
    unit, authority = Certificate.objects.get(profile=Profile.UNIT), Authority.objects.get()
    assert unit.content is not None
    return IssuedToken(bytes(unit.content), (bytes(authority.issuing), bytes(authority.root)), certificates.new_key())


def test_pyhanko_accepts_the_unit_for_time_stamping_and_for_nothing_else(cast: Cast) -> None:
    at = now()
    unit = unit_of(cast, at)
    validate(cast, unit, "digital_signature", at, {"time_stamping"})
    with pytest.raises(InvalidCertificateError):
        validate(cast, unit, "digital_signature", at, {"code_signing"})


def test_openssl_refuses_the_stamps_of_a_revoked_unit(cast: Cast, tmp_path: Path) -> None:
    at = now()
    imprint = hashlib.sha256(b"the document").digest()
    token = timestamper.get().stamp(imprint, Digest.SHA256, organisation_id=cast.hospital, at=at)

    def verified() -> str:
        trusted = pem(tmp_path / "trusted", queries.trust_anchors(cast.hospital), lists(cast, at))
        return openssl(
            "ts", "-verify", "-token_in", "-in", binary(tmp_path / "token", token), "-crl_check_all",
            "-CAfile", trusted, "-data", binary(tmp_path / "data", b"the document"),
        ).stdout  # fmt: skip

    assert "Verification: OK" in verified()
    revoke(cast, unit_of(cast, at).certificate, at)
    assert "certificate revoked" in verified()


def test_pyhanko_refuses_what_was_revoked(cast: Cast) -> None:
    at = now()
    token = seal_of(cast, at)
    revoke(cast, token.certificate, at)
    with pytest.raises(RevokedError):
        validate(cast, token, "non_repudiation", at)


def test_a_stamp_bears_its_unit_and_the_way_to_its_root(cast: Cast) -> None:
    at = now()
    token = timestamper.get().stamp(bytes(32), Digest.SHA256, organisation_id=cast.hospital, at=at)
    signed = cms.ContentInfo.load(token)["content"]
    found = [one.chosen.dump() for one in signed["certificates"]]
    unit = Certificate.objects.get(profile=Profile.UNIT)
    authority = Authority.objects.get()
    assert unit.content is not None
    assert sorted(found) == sorted([bytes(unit.content), bytes(authority.issuing), bytes(authority.root)])
    assert signed["encap_content_info"]["content"].parsed["gen_time"].native == at

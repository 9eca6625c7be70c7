"""The organisation's authority and the certificates that it gives."""

import threading
from datetime import timedelta
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from django.db import IntegrityError, connection, transaction

from telesphore.audit.models import Event
from telesphore.kernel.clock import now
from telesphore.pki import actions as pki
from telesphore.pki import queries
from telesphore.pki.actions import IssuedToken
from telesphore.pki.errors import BadPublicKey
from telesphore.pki.models import Authority, Certificate
from telesphore.pki.states import Profile
from telesphore.vault.errors import KeysetNotFound
from tests.cast import Cast


def _for_odile(cast: Cast) -> IssuedToken:
    return pki.issue_for_one_signature(
        organisation_id=cast.hospital, given_name="Odile", family_name="Marchetti",
        serial_number=cast.odile_id.hex, actor=cast.odile, at=now(),
    )  # fmt: skip


def _parsed(token: IssuedToken) -> tuple[x509.Certificate, ...]:
    return tuple(map(x509.load_der_x509_certificate, (token.certificate, *token.chain)))


def test_the_chain_leads_from_the_patient_to_the_organisations_root(cast: Cast) -> None:
    signer, issuing, root = _parsed(_for_odile(cast))
    signer.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)
    assert [root.public_bytes(Encoding.DER)] == queries.trust_anchors(cast.hospital)
    assert queries.trust_anchors(cast.elsewhere) == []


def test_authorities_say_that_they_are_not_qualified(cast: Cast) -> None:
    for authority in _parsed(_for_odile(cast))[1:]:
        assert "non qualifiée" in authority.subject.rfc4514_string()
        assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_patients_certificate_is_for_minutes_and_for_signing_only(cast: Cast) -> None:
    at = now()
    signer = _parsed(_for_odile(cast))[0]
    assert at - timedelta(minutes=2) < signer.not_valid_before_utc < at
    assert at + timedelta(minutes=14) < signer.not_valid_after_utc < at + timedelta(minutes=16)
    usage = signer.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.content_commitment
    assert not usage.digital_signature
    assert not usage.key_cert_sign
    assert signer.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "Odile MARCHETTI"


def test_a_tokens_signature_verifies_and_its_key_is_not_shown(cast: Cast) -> None:
    token = _for_odile(cast)
    key = _parsed(token)[0].public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(token.sign(b"attributes"), b"attributes", ec.ECDSA(hashes.SHA256()))
    assert "_key" not in repr(token)


def test_each_issue_is_traced_and_a_patients_certificate_is_not_kept(cast: Cast) -> None:
    _for_odile(cast)
    row = Certificate.objects.get(profile=Profile.PATIENT)
    assert row.content is None
    assert row.key_sealed is None
    event = Event.objects.get(action="pki:certificate:issue")
    assert event.organisation_id == cast.hospital


def test_no_certificate_without_its_event(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    pki.establish_authority(organisation_id=cast.hospital, actor=cast.odile, at=now())

    def fail(*args: object, **kwargs: object) -> None:
        raise IntegrityError("the trail is full")

    monkeypatch.setattr("telesphore.pki.actions.issue.audit.record", fail)
    with pytest.raises(IntegrityError), transaction.atomic():
        _for_odile(cast)
    assert not Certificate.objects.exists()


def test_establishing_again_changes_nothing(cast: Cast) -> None:
    first = pki.establish_authority(organisation_id=cast.hospital, actor=cast.sylvie, at=now())
    again = pki.establish_authority(organisation_id=cast.hospital, actor=cast.sylvie, at=now())
    assert first == again
    assert Event.objects.filter(action="pki:authority:establish").count() == 1


def test_of_authorities_established_at_once_one_stands(committed_cast: Cast) -> None:
    made: list[UUID] = []
    barrier = threading.Barrier(4)

    def establish() -> None:
        barrier.wait()
        try:
            made.append(
                pki.establish_authority(organisation_id=committed_cast.hospital, actor=committed_cast.sylvie, at=now())
            )
        finally:
            connection.close()

    threads = [threading.Thread(target=establish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert set(made) == {Authority.objects.get().id}
    assert Event.objects.filter(action="pki:authority:establish").count() == 1


def test_private_keys_lie_sealed(cast: Cast) -> None:
    pki.organisation_seal(
        organisation_id=cast.hospital, organisation_name="Centre hospitalier", actor=cast.sylvie, at=now()
    )
    authority = Authority.objects.get()
    seal = Certificate.objects.get(profile=Profile.SEAL)
    for sealed in (authority.root_key_sealed, authority.issuing_key_sealed, seal.key_sealed):
        assert sealed is not None
        assert b"PRIVATE KEY" not in bytes(sealed)


def test_the_seal_is_made_once_and_renewed_before_it_expires(cast: Cast) -> None:
    at = now()

    def seal(days: int) -> bytes:
        return pki.organisation_seal(
            organisation_id=cast.hospital, organisation_name="Centre hospitalier de Montfaucy",
            actor=cast.sylvie, at=at + timedelta(days=days),
        ).certificate  # fmt: skip

    first = seal(0)
    assert seal(600) == first
    second = seal(725)
    assert second != first
    assert seal(726) == second


def _spki(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _for_lebrun(cast: Cast, public_key: bytes) -> x509.Certificate:
    certificate, _chain = pki.issue_for_key(
        organisation_id=cast.hospital, public_key_der=public_key, given_name="Anne", family_name="Lebrun",
        title="Dr", rpps="10101234567", actor=cast.lebrun, at=now(),
    )  # fmt: skip
    return x509.load_der_x509_certificate(certificate)


def test_a_professionals_certificate_bears_their_number_and_their_tokens_key(cast: Cast) -> None:
    key = _spki(rsa.generate_private_key(65537, 2048))
    certificate = _for_lebrun(cast, key)
    assert certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == key
    assert certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)[0].value == "RP:FR-10101234567"
    assert certificate.extensions.get_extension_for_class(x509.KeyUsage).value.content_commitment


@pytest.mark.parametrize(
    "public_key",
    [
        b"",
        b"not a key",
        _spki(rsa.generate_private_key(65537, 1024)),
        _spki(ec.generate_private_key(ec.SECP384R1())),
        _spki(ed25519.Ed25519PrivateKey.generate()),
    ],
    ids=["empty", "noise", "short", "other-curve", "other-kind"],
)
def test_keys_that_we_do_not_certify_are_refused(cast: Cast, public_key: bytes) -> None:
    with pytest.raises(BadPublicKey):
        _for_lebrun(cast, public_key)
    assert not Certificate.objects.exists()


def test_an_organisation_without_a_keyset_gets_no_authority(cast: Cast) -> None:
    with pytest.raises(KeysetNotFound):
        pki.establish_authority(organisation_id=cast.odile_id, actor=cast.sylvie, at=now())

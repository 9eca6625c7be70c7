"""Every kind of key, in a card and in a file: what it signs is what its certificate verifies."""

from collections.abc import Container
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils.formats import date_format
from django.utils.timezone import localtime
from pkcs11.mechanisms import Mechanism

from telesphore.ades.algorithms import Algorithm, Digest, Scheme, check
from telesphore.ades.errors import SignatureDoesNotMatch, UnknownKeyType
from telesphore.connectors.pkcs11 import mechanisms, reader
from telesphore.connectors.pkcs11.reader import Pkcs11Reader
from telesphore.connectors.pkcs12 import Pkcs12Reader, write
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.signature.ports import CertificateExpired, CertificateNotYetValid, TokenReader
from tests.certificates import TestAuthority
from tests.connectors.keys import KINDS, PIN, Cards, certifier, give_card, in_memory

ROOT = TestAuthority()
EXPECTED = {
    "rsa-2048": Algorithm(Scheme.RSA_PKCS1, Digest.SHA256),
    "rsa-3072": Algorithm(Scheme.RSA_PKCS1, Digest.SHA256),
    "p256": Algorithm(Scheme.ECDSA, Digest.SHA256),
    "p384": Algorithm(Scheme.ECDSA, Digest.SHA384),
    "ed25519": Algorithm(Scheme.ED25519, Digest.SHA512),
}
PSS = Algorithm(Scheme.RSA_PSS, Digest.SHA256)


def signs(opener: TokenReader, person: object, expected: Algorithm) -> None:
    contents = [b"first", b"second" * 1000, b""]
    with opener.open(person_id=person, pin=PIN) as token:  # type: ignore[arg-type]
        assert token.algorithm == expected
        signatures = token.sign_many(contents)
        assert len(signatures) == 3
        for content, signature in zip(contents, signatures, strict=True):
            check(token.certificate, token.algorithm, content, signature)
        with pytest.raises(SignatureDoesNotMatch):
            check(token.certificate, token.algorithm, b"another", token.sign(b"first"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_signs_by_the_key_that_it_holds(cards: Cards, kind: str) -> None:
    person = uuid7()
    give_card(cards.library, person, PIN, kind, ROOT)
    signs(Pkcs11Reader(cards.library), person, EXPECTED[kind])
    if kind == "rsa-2048":
        signs(Pkcs11Reader(cards.library, pss=True), person, PSS)


@pytest.mark.parametrize("pss", [False, True], ids=["pkcs1", "pss"])
def test_a_card_that_does_not_hash_is_given_the_digest(
    cards: Cards, monkeypatch: pytest.MonkeyPatch, pss: bool
) -> None:
    person = uuid7()
    give_card(cards.library, person, PIN, "rsa-2048", ROOT)
    used: list[Mechanism] = []

    def without_hashes(algorithm: Algorithm, listed: Container[Mechanism]) -> mechanisms.Way:
        assert Mechanism.SHA256_RSA_PKCS in listed
        way = mechanisms.choose(algorithm, {Mechanism.RSA_PKCS, Mechanism.RSA_PKCS_PSS})
        used.append(way.mechanism)
        return way

    monkeypatch.setattr(reader, "choose", without_hashes)
    signs(Pkcs11Reader(cards.library, pss=pss), person, PSS if pss else EXPECTED["rsa-2048"])
    assert used == [Mechanism.RSA_PKCS_PSS if pss else Mechanism.RSA_PKCS]


def test_a_card_that_can_do_none_of_it_is_refused() -> None:
    for algorithm in EXPECTED.values():
        with pytest.raises(UnknownKeyType):
            mechanisms.choose(algorithm, {Mechanism.SHA1_RSA_PKCS, Mechanism.RSA_X_509})


def test_a_card_that_hashes_ecdsa_is_left_to_it() -> None:
    way = mechanisms.choose(EXPECTED["p256"], {Mechanism.ECDSA, Mechanism.ECDSA_SHA256})
    assert (way.mechanism, way.given(b"attributes")) == (Mechanism.ECDSA_SHA256, b"attributes")


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_signs_by_the_key_that_it_holds(tmp_path: Path, kind: str) -> None:
    person, key = uuid7(), in_memory(kind)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    certificate, chain = certifier(ROOT)(public)
    write(tmp_path, person_id=person, pin=PIN, key=key, certificate=certificate, chain=chain)
    signs(Pkcs12Reader(tmp_path), person, EXPECTED[kind])
    if kind == "rsa-2048":
        signs(Pkcs12Reader(tmp_path, pss=True), person, PSS)


def test_a_short_key_does_not_sign(tmp_path: Path) -> None:
    person, key = uuid7(), rsa.generate_private_key(65537, 1024)
    certificate = ROOT.issue("Anne LEBRUN", key.public_key())
    write(tmp_path, person_id=person, pin=PIN, key=key, certificate=certificate, chain=[])
    with pytest.raises(UnknownKeyType), Pkcs12Reader(tmp_path).open(person_id=person, pin=PIN):
        pass


@pytest.mark.usefixtures("english")
def test_a_certificate_out_of_its_time_is_refused_with_the_day(tmp_path: Path) -> None:
    key = in_memory("p256")
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for age, refusal in ((timedelta(days=11), CertificateExpired), (timedelta(days=-2), CertificateNotYetValid)):
        person = uuid7()
        certificate, _ = certifier(ROOT, age)(public)
        write(tmp_path, person_id=person, pin=PIN, key=key, certificate=certificate, chain=[])
        with pytest.raises(refusal) as refused, Pkcs12Reader(tmp_path).open(person_id=person, pin=PIN):
            pass
        last = now() - age - timedelta(hours=1) + (timedelta(days=10) if age > timedelta(0) else timedelta(0))
        assert date_format(localtime(last)) in str(refused.value)

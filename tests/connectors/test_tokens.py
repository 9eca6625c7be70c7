"""One contract for every kind of token: real SoftHSM2 tokens, and PKCS#12 files."""

import shutil
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from telesphore.ades.algorithms import TS_119_312
from telesphore.ades.errors import SignatureDoesNotMatch
from telesphore.ades.fields import SignatureField, add_fields
from telesphore.ades.signing import complete, prepare
from telesphore.ades.verdict.result import Conclusion, Indication
from telesphore.ades.verdict.trust import Anchor, Evidence, Trust
from telesphore.ades.verdict.validate import validate
from telesphore.connectors.pkcs11.reader import label_of
from telesphore.connectors.pkcs12 import Pkcs12Reader, write
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.signature.ports import (
    CertificateExpired,
    KeyWithoutCertificate,
    NoToken,
    TokenGone,
    TokenReader,
    WrongPin,
)
from tests.certificates import TestAuthority
from tests.connectors.keys import PIN, Cards, Certify
from tests.papers import one_page

ROOT = TestAuthority()


def _lebrun(public_key: bytes) -> tuple[bytes, Sequence[bytes]]:
    return _certified(public_key, timedelta(0), for_signing=True)


def _certified(public_key: bytes, age: timedelta, *, for_signing: bool) -> tuple[bytes, Sequence[bytes]]:
    key = load_der_public_key(public_key)
    assert isinstance(key, rsa.RSAPublicKey)
    return ROOT.issue("Anne LEBRUN", key, age=age, for_signing=for_signing), [ROOT.certificate]


class Kind(Protocol):
    """A kind of token under test."""

    reader: TokenReader

    def give(self, person_id: UUID, certify: Certify) -> None: ...
    def take_out(self) -> None: ...


class Files:
    """PKCS#12 files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.reader: TokenReader = Pkcs12Reader(folder)

    def give(self, person_id: UUID, certify: Certify) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        key = rsa.generate_private_key(65537, 2048)
        certified = certify(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
        certificate, chain = certified or (None, [])
        write(self._folder, person_id=person_id, pin=PIN, key=key, certificate=certificate, chain=chain)

    def take_out(self) -> None:
        shutil.rmtree(self._folder)


@pytest.fixture(params=["pkcs11", "pkcs12"])
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Kind:
    chosen: Kind = request.getfixturevalue("cards") if request.param == "pkcs11" else Files(tmp_path / "tokens")
    return chosen


def test_a_token_signs_with_its_certificates_key_and_knows_its_chain(kind: Kind) -> None:
    person = uuid7()
    kind.give(person, _lebrun)
    with kind.reader.open(person_id=person, pin=PIN) as token:
        key = x509.load_der_x509_certificate(token.certificate).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        key.verify(token.sign(b"attributes"), b"attributes", padding.PKCS1v15(), hashes.SHA256())
        assert list(token.chain) == [ROOT.certificate]
        assert PIN not in repr(token)


def test_a_file_signed_with_a_token_is_valid_beside_the_patients_signature(kind: Kind) -> None:
    person, odile, at = uuid7(), ROOT.signer("Odile MARCHETTI"), now()
    kind.give(person, _lebrun)
    form = add_fields(one_page(), [SignatureField("Signature1", 0, None), SignatureField("Signature2", 0, None)])
    prepared = prepare(
        form, field="Signature1", certificate=odile.certificate, chain=odile.chain, appearance=None, signed_at=at,
        certify=True,
    )  # fmt: skip
    first = complete(prepared, odile.sign(prepared.to_be_signed))
    with kind.reader.open(person_id=person, pin=PIN) as token:
        prepared = prepare(
            first, field="Signature2", certificate=token.certificate, chain=token.chain, appearance=None,
            signed_at=at, certify=False,
        )  # fmt: skip
        both = complete(prepared, token.sign(prepared.to_be_signed))
        with pytest.raises(SignatureDoesNotMatch):
            complete(prepared, token.sign(b"something else"))
    assert both.startswith(first)
    trust, known = Trust([Anchor(ROOT.certificate)], TS_119_312), Evidence(crls=[ROOT.crl()])
    verdict = validate(both, trust=trust, at=now(), evidence=known)
    assert verdict.conclusion is Conclusion.VALID, verdict.findings
    assert [(one.signer.name, one.indication) for one in verdict.signatures] == [
        ("Odile MARCHETTI", Indication.TOTAL_PASSED),
        ("Anne LEBRUN", Indication.TOTAL_PASSED),
    ]


@pytest.mark.parametrize("pin", ["0000", "", PIN + "0", "9" * 5000])
def test_a_wrong_pin_opens_nothing_and_the_right_one_still_does(kind: Kind, pin: str) -> None:
    person = uuid7()
    kind.give(person, _lebrun)
    with pytest.raises(WrongPin), kind.reader.open(person_id=person, pin=pin):
        pass
    with kind.reader.open(person_id=person, pin=PIN) as token:
        assert token.sign(b"x")


def test_after_the_right_pin_a_wrong_one_is_still_wrong(kind: Kind) -> None:
    person = uuid7()
    kind.give(person, _lebrun)
    with kind.reader.open(person_id=person, pin=PIN):
        pass
    with pytest.raises(WrongPin), kind.reader.open(person_id=person, pin="0000"):
        pass


def test_while_a_token_is_open_a_wrong_pin_does_not_profit_from_it(kind: Kind) -> None:
    person = uuid7()
    kind.give(person, _lebrun)
    outcome: list[str] = []

    def intrude() -> None:
        try:
            with kind.reader.open(person_id=person, pin="0000"):
                outcome.append("opened")
        except WrongPin:
            outcome.append("refused")

    with kind.reader.open(person_id=person, pin=PIN) as token:
        intruder = threading.Thread(target=intrude)
        intruder.start()
        intruder.join(0.3)
        assert token.sign(b"x")
    intruder.join()
    assert outcome == ["refused"]


def test_several_people_sign_at_once(kind: Kind) -> None:
    people = [uuid7() for _ in range(3)]
    for person in people:
        kind.give(person, _lebrun)
    signatures: list[bytes] = []

    def sign(person: UUID) -> None:
        for _ in range(5):
            with kind.reader.open(person_id=person, pin=PIN) as token:
                signatures.append(token.sign(b"x"))

    threads = [threading.Thread(target=sign, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(signatures) == 15
    assert len(set(signatures)) == 3


def test_a_person_without_a_token_is_told_so(kind: Kind) -> None:
    with pytest.raises(NoToken), kind.reader.open(person_id=uuid7(), pin=PIN):
        pass


def test_a_token_taken_out_signs_no_more(kind: Kind) -> None:
    person = uuid7()
    kind.give(person, _lebrun)
    with kind.reader.open(person_id=person, pin=PIN) as token:
        kind.take_out()
        with pytest.raises(TokenGone):
            token.sign(b"x")
    with pytest.raises((NoToken, TokenGone)), kind.reader.open(person_id=person, pin=PIN):
        pass


def test_a_key_without_a_certificate_does_not_sign(kind: Kind) -> None:
    person = uuid7()
    kind.give(person, lambda key: None)
    with pytest.raises(KeyWithoutCertificate), kind.reader.open(person_id=person, pin=PIN):
        pass


@pytest.mark.parametrize("age", [timedelta(days=11), timedelta(days=-1)], ids=["expired", "not-yet"])
def test_a_certificate_that_is_not_valid_today_does_not_sign(kind: Kind, age: timedelta) -> None:
    person = uuid7()
    kind.give(person, lambda key: _certified(key, age, for_signing=True))
    with pytest.raises(CertificateExpired), kind.reader.open(person_id=person, pin=PIN):
        pass


def test_a_card_key_that_only_authenticates_does_not_sign(cards: Cards) -> None:
    person = uuid7()
    cards.give(person, lambda key: _certified(key, timedelta(0), for_signing=False))
    with pytest.raises(KeyWithoutCertificate), cards.reader.open(person_id=person, pin=PIN):
        pass


def test_giving_a_card_again_keeps_its_key(cards: Cards) -> None:
    person = uuid7()
    cards.give(person, _lebrun)
    with cards.reader.open(person_id=person, pin=PIN) as token:
        first = token.certificate
    cards.give(person, _lebrun)
    with cards.reader.open(person_id=person, pin=PIN) as token:
        assert token.certificate == first


def test_people_registered_together_have_tokens_of_different_names() -> None:
    labels = {label_of(uuid7()) for _ in range(1000)}
    assert len(labels) == 1000
    assert max(map(len, labels)) <= 32


def test_a_damaged_or_overlong_key_file_opens_nothing(tmp_path: Path) -> None:
    person = uuid7()
    for content in (b"", b"noise", b"\x30\x84\xff\xff\xff\xff" * 100):
        (tmp_path / f"{person}.p12").write_bytes(content)
        with pytest.raises(WrongPin), Pkcs12Reader(tmp_path).open(person_id=person, pin=PIN):
            pass


def test_a_key_file_is_its_owners_only(tmp_path: Path) -> None:
    path = write(
        tmp_path, person_id=uuid7(), pin=PIN, key=ec.generate_private_key(ec.SECP256R1()), certificate=None, chain=[]
    )
    assert path.stat().st_mode & 0o077 == 0

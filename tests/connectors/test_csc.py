"""Remote signing, against a service that behaves like one: both versions of the API, and every way to be refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from telesphore.ades.algorithms import Scheme, check
from telesphore.ades.errors import UnknownKeyType
from telesphore.connectors.csc.client import (
    Account,
    AuthorisationLost,
    Client,
    CredentialWithdrawn,
    ServiceAway,
    ServiceLies,
    ServiceRefused,
)
from telesphore.connectors.csc.reader import CscReader
from telesphore.kernel.errors import DomainError
from telesphore.kernel.identifiers import uuid7
from telesphore.signature.ports import (
    BatchTooLarge,
    CertificateExpired,
    CodeNeeded,
    CodeSent,
    KeyWithoutCertificate,
    NoToken,
    TokenLocked,
    WrongCode,
    WrongPin,
)
from tests.certificates import TestAuthority
from tests.connectors.csc_service import CLIENT, CODE, PIN, SECRET, Credential, Service, running
from tests.connectors.keys import certifier, in_memory

ROOT = TestAuthority()
LEBRUN = uuid7()
USER = "anne.lebrun@montfaucy.example"
RSA, PSS, RSA_SHA256 = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.11"
ECDSA, ECDSA_SHA384 = "1.2.840.10045.2.1", "1.2.840.10045.4.3.3"
CONTENTS = [b"first", b"second", b"third"]


def credential(kind: str = "rsa-2048", *algorithms: str, age: timedelta = timedelta(0), **more: Any) -> Credential:
    key = in_memory(kind)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    certificate, chain = certifier(ROOT, age)(public)
    return Credential(USER, key, [certificate, *chain], list(algorithms) or [RSA], **more)


@dataclass
class Place:
    """A running service, and readers of it."""

    service: Service
    address: str
    clients: list[Client]

    def account(self, secret: str = SECRET, *, oauth: bool = True) -> Account:
        version = self.service.version
        token_url = f"{self.address}/oauth2/token" if oauth else ""
        return Account(f"{self.address}/csc/v{version}", version, token_url, CLIENT, secret)

    def reader(self, account: Account | None = None, *, pss: bool = False) -> CscReader:
        account = account or self.account()
        client = Client(account)
        self.clients.append(client)
        return CscReader(account, user_of=_user_of, pss=pss, client=client)

    def sign(
        self, contents: list[bytes] = CONTENTS, *, pin: str = PIN, code: str = "", pss: bool = False
    ) -> list[bytes]:
        with self.reader(pss=pss).open(person_id=LEBRUN, pin=pin, code=code) as token:
            signatures = token.sign_many(contents)
            for content, signature in zip(contents, signatures, strict=True):
                check(token.certificate, token.algorithm, content, signature)
            assert list(token.chain) == [ROOT.certificate]
            return signatures

    def called(self, method: str) -> int:
        return sum(name == method for name, _given in self.service.calls)


def _user_of(person_id: UUID) -> str:
    return USER if person_id == LEBRUN else f"{person_id}@elsewhere.example"


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    service = Service(request.param, [credential()])
    with running(service) as address:
        here = Place(service, address, [])
        yield here
        for client in here.clients:
            client.close()


def test_a_batch_is_signed_under_one_authorisation(place: Place) -> None:
    assert len(place.sign()) == 3
    assert place.called("credentials/authorize") == place.called("signatures/signHash") == 1
    ((_name, given),) = [call for call in place.service.calls if call[0] == "credentials/authorize"]
    assert given["numSignatures"] == 3


def test_a_large_batch_spends_its_authorisation_in_several_requests(place: Place) -> None:
    contents = [str(number).encode() for number in range(150)]
    assert len(place.sign(contents)) == 150
    assert (place.called("credentials/authorize"), place.called("signatures/signHash")) == (1, 2)


def test_what_was_entered_is_not_in_what_a_token_says_of_itself(place: Place) -> None:
    with place.reader().open(person_id=LEBRUN, pin=PIN, code="805117") as token:
        assert PIN not in repr(token)
        assert "805117" not in repr(token)


def test_one_signature_and_none(place: Place) -> None:
    with place.reader().open(person_id=LEBRUN, pin=PIN) as token:
        check(token.certificate, token.algorithm, b"one", token.sign(b"one"))
        assert token.sign_many([]) == []


@pytest.mark.parametrize(
    ("kind", "offered", "pss", "scheme"),
    [
        ("rsa-2048", (RSA_SHA256,), False, Scheme.RSA_PKCS1),
        ("rsa-3072", (RSA, PSS), True, Scheme.RSA_PSS),
        ("p256", (ECDSA,), False, Scheme.ECDSA),
        ("p384", (ECDSA_SHA384,), False, Scheme.ECDSA),
    ],
)
def test_the_service_signs_as_its_key_does(
    place: Place, kind: str, offered: tuple[str, ...], pss: bool, scheme: Scheme
) -> None:
    place.service.credentials = [credential(kind, *offered)]
    with place.reader(pss=pss).open(person_id=LEBRUN, pin=PIN) as token:
        assert token.algorithm.scheme is scheme
    place.sign(pss=pss)


def test_what_the_key_does_not_offer_is_not_asked_of_it(place: Place) -> None:
    with pytest.raises(UnknownKeyType):
        place.sign(pss=True)
    place.service.credentials = [credential("ed25519", "1.3.101.112")]
    with pytest.raises(UnknownKeyType):
        place.sign()


def test_a_code_is_sent_then_entered(place: Place) -> None:
    place.service.credentials = [credential(code="online")]
    with pytest.raises(CodeSent):
        place.sign()
    assert place.service.credentials[0].sent == 1
    assert place.called("credentials/authorize") == 0
    with pytest.raises(WrongCode):
        place.sign(code="000000")
    assert len(place.sign(code=CODE)) == 3
    assert place.service.credentials[0].sent == 1


def test_a_code_that_a_device_shows_is_asked_for(place: Place) -> None:
    place.service.credentials = [credential(code="offline")]
    with pytest.raises(CodeNeeded) as refused:
        place.sign()
    assert refused.type is CodeNeeded
    assert len(place.sign(code=CODE)) == 3


def test_a_wrong_pin_is_told_and_the_third_locks(place: Place) -> None:
    for _ in range(3):
        with pytest.raises(WrongPin):
            place.sign(pin="000000")
    with pytest.raises(TokenLocked):
        place.sign()
    for unsent in ("", "9" * 65):
        before = len(place.service.calls)
        with pytest.raises(WrongPin):
            place.sign(pin=unsent)
        assert len(place.service.calls) == before


def test_more_than_the_service_signs_at_once_is_refused_before_the_pin_is_used(place: Place) -> None:
    place.service.credentials = [credential(most=2)]
    with pytest.raises(BatchTooLarge):
        place.sign()
    assert place.called("credentials/authorize") == 0


def test_another_person_has_no_token_here(place: Place) -> None:
    with pytest.raises(NoToken), place.reader().open(person_id=uuid7(), pin=PIN):
        pass


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"status": "revoked"}, CredentialWithdrawn),
        ({"status": "suspended"}, CredentialWithdrawn),
        ({"enabled": False}, TokenLocked),
        ({"age": timedelta(days=11)}, CertificateExpired),
        ({"age": timedelta(days=-2)}, CertificateExpired),
    ],
)
def test_a_credential_that_no_longer_holds_is_refused(
    place: Place, changed: dict[str, Any], refusal: type[DomainError]
) -> None:
    place.service.credentials = [credential(**changed)]
    with pytest.raises(refusal):
        place.sign()
    if "age" not in changed:
        # Another that holds is found behind it.
        place.service.credentials.append(credential())
        assert len(place.sign()) == 3


def test_a_credential_without_certificate_does_not_sign(place: Place) -> None:
    place.service.credentials[0].certificates = []
    with pytest.raises(KeyWithoutCertificate):
        place.sign()


@pytest.mark.parametrize(
    ("lie", "refusal"),
    [
        ("other-key", ServiceLies),
        ("other-order", ServiceLies),
        ("too-few", ServiceLies),
        ("not-base64", ServiceLies),
        ("enormous", ServiceLies),
        ("not-json", ServiceLies),
        ("a-list", ServiceLies),
        ("deep", ServiceLies),
        ("compressed", ServiceLies),
        ("bad-sad", AuthorisationLost),
        ("expired-sad", AuthorisationLost),
        ("fewer-signatures", AuthorisationLost),
        ("redirect", ServiceRefused),
        ("500", ServiceAway),
        ("cut", ServiceAway),
    ],
)
def test_a_service_that_lies_or_fails_signs_nothing(place: Place, lie: str, refusal: type[DomainError]) -> None:
    place.service.lie = lie
    with pytest.raises(refusal):
        place.sign()


def test_a_certificate_of_another_key_is_found_out(place: Place) -> None:
    place.service.credentials[0].certificates = credential().certificates
    with pytest.raises(ServiceLies):
        place.sign()


def test_the_platform_signs_in_by_password_too_and_a_wrong_secret_is_refused(place: Place) -> None:
    for oauth in (True, False):
        with place.reader(place.account(oauth=oauth)).open(person_id=LEBRUN, pin=PIN) as token:
            token.sign(b"one")
        wrong = place.reader(place.account("another secret", oauth=oauth))
        with pytest.raises(ServiceRefused), wrong.open(person_id=LEBRUN, pin=PIN):
            pass


def test_an_access_token_that_was_withdrawn_is_asked_for_anew(place: Place) -> None:
    reader = place.reader()
    with reader.open(person_id=LEBRUN, pin=PIN) as token:
        place.service.tokens.clear()
        assert token.sign(b"one")
    assert len(place.service.tokens) == 1


def test_a_service_that_is_away_is_told_so() -> None:
    account = Account("http://127.0.0.1:9/csc/v2", 2, "", CLIENT, SECRET)
    client = Client(account)
    with (
        pytest.raises(ServiceAway),
        CscReader(account, user_of=_user_of, client=client).open(person_id=LEBRUN, pin=PIN),
    ):
        pass
    client.close()


def test_a_service_that_drips_is_not_waited_for(place: Place) -> None:
    client = Client(place.account(), monotonic=lambda: place.service.elapsed)
    place.clients.append(client)
    assert client.call("info")["name"] == "Montfaucy Sign"
    place.service.lie = "drip"
    with pytest.raises(ServiceAway):
        client.call("info")


def test_secrets_are_not_shown(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    assert SECRET not in repr(place.account())
    with pytest.raises(WrongPin):
        place.sign(pin="864209")
    assert "864209" not in caplog.text
    assert SECRET not in caplog.text

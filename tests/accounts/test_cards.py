"""People come in by card: a nonce of this browser's, signed by a card that is believed, still holds, and is known."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.conf import settings
from django.test import Client

from telesphore.accounts.formats import cards as card_formats
from telesphore.accounts.models import Person, Session
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.web.accounts import cards as pages
from tests.accounts.peer import LEBRUN, ORIGIN, Cards, Peer, paired, proof
from tests.cast import Cast
from tests.certificates import Signer, TestAuthority
from tests.signature.circuits import by, sent

ComeIn = Callable[[Actor], Client]


@pytest.fixture
def peer(cast: Cast, come_in: ComeIn) -> Peer:
    return paired(come_in(cast.lebrun))


def challenged(client: Client, peer: Peer) -> str:
    answer = client.post("/sign-in/card/challenge", {"workstation": peer.workstation}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    return str(answer.json()["request"])


def answered(client: Client, body: dict[str, Any], to: str = "/book/") -> Any:
    return client.post("/sign-in/card/answer", {**body, "next": to}, content_type="application/json")


def came_in(actor: Actor) -> tuple[str, str]:
    """The means and the level of their one session that lasts."""
    session = Session.objects.get(person_id=actor.person_id, ended_at=None, means__in=["card", "certificate"])
    return session.means, session.acr


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_card_opens_the_door(cast: Cast, cards: Cards, peer: Peer) -> None:
    client = Client()
    answer = answered(client, peer.authenticate(challenged(client, peer), cards.card()))
    assert (answer.status_code, answer.json()) == (200, {"to": "/book/"})
    assert client.session["_auth_user_id"] == str(cast.lebrun.person_id)
    assert came_in(cast.lebrun) == ("card", "phrh")
    assert Event.objects.filter(action="accounts:session:open", subject_id=cast.lebrun.person_id).exists()
    recognised = Event.objects.get(action="accounts:card:recognise")
    assert (recognised.outcome, recognised.subject_id) == ("done", cast.lebrun.person_id)
    checked_at = Person.objects.get(id=cast.lebrun.person_id).directory_checked_at
    assert checked_at is not None


def test_a_card_proves_again_who_somebody_is(cast: Cast, cards: Cards, peer: Peer) -> None:
    client = Client()
    client.force_login(Person.objects.get(id=cast.lebrun.person_id))
    answer = answered(client, peer.authenticate(challenged(client, peer), cards.card()))
    assert answer.status_code == 200
    assert client.post("/security/workstations/pair", {"name": "Poste 4"}).status_code == 200


def test_another_persons_card_proves_nothing_of_who_is_signed_in(cast: Cast, cards: Cards, peer: Peer) -> None:
    client = Client()
    client.force_login(Person.objects.get(id=cast.ricaud.person_id))
    answer = answered(client, peer.authenticate(challenged(client, peer), cards.card()))
    assert (answer.status_code, answer.json()["error"]) == (403, "card-of-another")
    assert client.session["_auth_user_id"] == str(cast.ricaud.person_id)
    assert client.post("/security/workstations/pair", {"name": "Poste 4"}).status_code == 302


Made = Callable[[Cards], Signer]
REFUSED: list[tuple[str, Made, str]] = [
    ("over", lambda cards: cards.card(age=timedelta(days=11)), "card-over"),
    ("not-yet", lambda cards: cards.card(age=timedelta(days=-2)), "card-over"),
    ("elsewhere", lambda cards: cards.card(by=TestAuthority("AC PERSONNES")), "card-from-elsewhere"),
    ("itself", lambda cards: _self_signed(), "card-from-elsewhere"),
    ("under-a-card", lambda cards: _issued_by_a_card(cards), "card-from-elsewhere"),
    ("for-signing", lambda cards: cards.card(for_signing=True), "card-not-for-signing-in"),
    (
        "a-servers",
        lambda cards: cards.card(extensions=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)]),
        "card-not-for-signing-in",
    ),
    ("unknown", lambda cards: cards.card("899700000017"), "card-holder-unknown"),
    ("no-identifier", lambda cards: cards.card("Anne LEBRUN"), "card-holder-unknown"),
    ("almost", lambda cards: cards.card(f"{LEBRUN} "), "card-holder-unknown"),
]


def _self_signed() -> Signer:
    own = TestAuthority(LEBRUN)
    assert isinstance(own.key, ec.EllipticCurvePrivateKey)
    return Signer(own.certificate, (), own.key)


def _issued_by_a_card(cards: Cards) -> Signer:
    """A holder who plays the authority with their own card's key and name."""
    holder = cards.card("899700000017")
    false = TestAuthority("899700000017", key=holder.key)
    card = cards.card(by=false)
    return Signer(card.certificate, (holder.certificate, *holder.chain), card.key)


@pytest.mark.parametrize(("made", "code"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_a_card_that_can_not_be_believed_opens_nothing(
    cast: Cast, cards: Cards, peer: Peer, made: Made, code: str
) -> None:
    client = Client()
    answer = answered(client, peer.authenticate(challenged(client, peer), made(cards)))
    assert (answer.status_code, answer.json()["error"]) == (403, code)
    assert not signed_in(client)
    event = Event.objects.get(action="accounts:card:recognise")
    assert (event.outcome, event.detail["code"]) == ("refused", code)


def test_a_locked_session_offers_the_card_and_the_card_unlocks_it(
    cast: Cast, cards: Cards, peer: Peer, come_in: ComeIn, settings: Any
) -> None:
    settings.WAYS = {"passkey", "password", "card"}
    client = come_in(cast.lebrun)
    alone = {"person_id": cast.lebrun.person_id, "ended_at": None}
    Session.objects.filter(**alone).update(seen_at=now() - timedelta(minutes=16))
    assert client.get("/book/").status_code == 423
    for page in ("/locked/?next=/book/", "/locked/?part=1"):
        assert 'href="/sign-in/card/?next=' in client.get(page).content.decode()
    assert client.get("/sign-in/card/").status_code == 200
    # One that is revoked does not.
    card = cards.card()
    cards.status.revoked_ones.add(card.certificate)
    assert answered(client, peer.authenticate(challenged(client, peer), card)).status_code == 403
    assert client.get("/book/").status_code == 423
    assert answered(client, peer.authenticate(challenged(client, peer), cards.card())).json() == {"to": "/book/"}
    assert client.get("/book/").status_code == 200


def test_a_revoked_card_opens_nothing(cast: Cast, cards: Cards, peer: Peer) -> None:
    card, client = cards.card(), Client()
    cards.status.revoked_ones.add(card.certificate)
    answer = answered(client, peer.authenticate(challenged(client, peer), card))
    assert (answer.status_code, answer.json()["error"]) == (403, "card-revoked")
    assert not signed_in(client)


def test_a_card_of_which_nobody_knows_whether_it_holds_opens_nothing(cast: Cast, cards: Cards, peer: Peer) -> None:
    client = Client()
    cards.status.away = True
    answer = answered(client, peer.authenticate(challenged(client, peer), cards.card()))
    assert (answer.status_code, answer.json()["error"]) == (503, "card-status-unknown")
    assert not signed_in(client)


def test_an_inactive_person_does_not_come_in(cast: Cast, cards: Cards, peer: Peer) -> None:
    Person.objects.filter(id=cast.lebrun.person_id).update(is_active=False)
    client = Client()
    answer = answered(client, peer.authenticate(challenged(client, peer), cards.card()))
    assert answer.json()["error"] == "card-holder-unknown"


def test_an_answer_serves_once(cast: Cast, cards: Cards, peer: Peer) -> None:
    client = Client()
    body = peer.authenticate(challenged(client, peer), cards.card())
    session = dict(client.session.items())
    assert answered(client, body).status_code == 200
    client.logout()
    assert answered(client, body).json()["error"] == "card-not-asked"
    # Nor when a second answer runs beside the first, in the session as it was.
    beside = Client()
    beside.get("/sign-in/")
    store = beside.session
    store.update(session)
    store.save()
    beside.cookies["sessionid"] = store.session_key
    assert answered(beside, body).json()["error"] == "card-not-asked"
    assert not signed_in(beside)


def test_an_answer_serves_the_browser_that_asked(cast: Cast, cards: Cards, peer: Peer) -> None:
    victim, thief = Client(), Client()
    body = peer.authenticate(challenged(victim, peer), cards.card())
    challenged(thief, peer)
    answer = answered(thief, body)
    assert (answer.status_code, answer.json()["error"]) == (403, "card-signature-wrong")
    assert not signed_in(thief)


def test_an_answer_comes_within_two_minutes(
    cast: Cast, cards: Cards, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    body = peer.authenticate(challenged(client, peer), cards.card())
    later = now() + timedelta(minutes=2)
    monkeypatch.setattr(pages, "now", lambda: later)
    assert answered(client, body).json()["error"] == "card-not-asked"


Signs = Callable[[Signer, bytes], dict[str, Any]]
SIGNED: list[tuple[str, Signs]] = [
    ("another-origin", lambda card, nonce: proof(card, "https://elsewhere.example", nonce)),
    ("another-nonce", lambda card, nonce: proof(card, ORIGIN, bytes(32))),
    ("unknown-algorithm", lambda card, nonce: {**proof(card, ORIGIN, nonce), "algorithm": "ecdsa-sha1"}),
    ("another-keys", lambda card, nonce: {**proof(card, ORIGIN, nonce), "algorithm": "rsa-pkcs1-sha256"}),
]


@pytest.mark.parametrize("signs", [one[1] for one in SIGNED], ids=[one[0] for one in SIGNED])
def test_a_signature_over_something_else_opens_nothing(cast: Cast, cards: Cards, peer: Peer, signs: Signs) -> None:
    client = Client()
    challenged(client, peer)
    nonce = bytes.fromhex(client.session[pages.CHALLENGE]["nonce"])
    answer = answered(client, signs(cards.card(), nonce))
    assert (answer.status_code, answer.json()["error"]) == (403, "card-signature-wrong")
    assert not signed_in(client)


@pytest.mark.parametrize("to", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"])
def test_a_card_leads_to_pages_of_ours_only(cast: Cast, cards: Cards, peer: Peer, to: str) -> None:
    client = Client()
    assert answered(client, peer.authenticate(challenged(client, peer), cards.card()), to).json() == {"to": "/"}


def test_coming_in_by_card_begins_another_session(cast: Cast, cards: Cards, peer: Peer) -> None:
    client = Client()
    body = peer.authenticate(challenged(client, peer), cards.card())
    before = client.session.session_key
    answered(client, body)
    assert client.session.session_key != before


def test_without_authorities_nobody_comes_in_by_card(cast: Cast, peer: Peer) -> None:
    client = Client()
    assert client.get("/sign-in/card/").status_code == 404
    answer = answered(client, peer.authenticate(challenged(client, peer), Cards().card()))
    assert answer.json()["error"] == "card-from-elsewhere"


def test_only_pages_that_use_the_card_may_reach_the_agent(cast: Cast, cards: Cards, come_in: ComeIn) -> None:
    client = come_in(cast.lebrun)
    envelope_id = sent(cast, [by(cast.lebrun)])
    for path in ("/sign-in/card/", f"/book/{envelope_id}/"):
        assert "http://127.0.0.1:24727" in client.get(path)["Content-Security-Policy"], path
    for path in ("/security/", "/", "/patients/"):
        assert "127.0.0.1" not in client.get(path)["Content-Security-Policy"], path


def _named(*attributes: tuple[x509.ObjectIdentifier, str]) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    # IGC-Santé names people by one set of several attributes.
    name = x509.Name([x509.RelativeDistinguishedName([x509.NameAttribute(oid, value) for oid, value in attributes])])
    built = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
        .not_valid_before(now()).not_valid_after(now() + timedelta(days=1))
    )  # fmt: skip
    from cryptography.hazmat.primitives import hashes

    return built.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("attributes", "identifier"),
    [
        ([(NameOID.COMMON_NAME, LEBRUN), (NameOID.SURNAME, "LEBRUN"), (NameOID.GIVEN_NAME, "Anne")], LEBRUN),
        ([(NameOID.COMMON_NAME, "075123456"), (NameOID.SURNAME, "RIT")], ""),
        ([(NameOID.COMMON_NAME, "0751234567")], "0751234567"),
        ([(NameOID.COMMON_NAME, "02A1234567")], "02A1234567"),
        ([(NameOID.COMMON_NAME, "500000000029751/CPAT0001")], "500000000029751/CPAT0001"),
        ([(NameOID.SERIAL_NUMBER, "RP:FR-10101234567"), (NameOID.COMMON_NAME, "Anne LEBRUN")], "810101234567"),
        ([(NameOID.SERIAL_NUMBER, "RP:FR-1010123456"), (NameOID.COMMON_NAME, "Anne LEBRUN")], ""),
        ([(NameOID.COMMON_NAME, "8100028138390")], ""),
        ([(NameOID.COMMON_NAME, "81000281383٩")], ""),
        ([(NameOID.COMMON_NAME, "810002813839"), (NameOID.COMMON_NAME, "810002813840")], ""),
        ([(NameOID.COMMON_NAME, "www.example.org")], ""),
    ],
)  # fmt: skip
def test_the_national_identifier_is_read_strictly(
    attributes: list[tuple[x509.ObjectIdentifier, str]], identifier: str
) -> None:
    assert card_formats.national_identifier(_named(*attributes)) == identifier


# By the certificate that a proxy saw


def escaped(certificate: bytes) -> str:
    from urllib.parse import quote

    return quote(x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM))


def sequence(certificate: bytes) -> str:
    import base64

    return f":{base64.b64encode(certificate).decode()}:"


@pytest.fixture
def proxied(cards: Cards, settings: Any) -> Any:
    settings.TRUSTED_PROXIES = ("192.0.2.1",)
    settings.CLIENT_CERTIFICATES = "rfc9440"
    return settings


def by_header(card: Signer) -> dict[str, str]:
    return {"Client-Cert": sequence(card.certificate), "Client-Cert-Chain": ", ".join(map(sequence, card.chain))}


def test_a_certificate_that_the_proxy_saw_opens_the_door(cast: Cast, cards: Cards, proxied: Any) -> None:
    client = Client(REMOTE_ADDR="192.0.2.1", headers=by_header(cards.card()))
    assert client.get("/sign-in/certificate/").status_code == 200
    assert not signed_in(client)
    answer = client.post("/sign-in/certificate/", {"next": "/book/"})
    assert (answer.status_code, answer["Location"]) == (302, "/book/")
    assert came_in(cast.lebrun) == ("certificate", "phrh")


def test_nginx_spells_it_otherwise(cast: Cast, cards: Cards, proxied: Any) -> None:
    proxied.CLIENT_CERTIFICATES = "nginx"
    card = cards.card(by=cards.root)
    client = Client(REMOTE_ADDR="192.0.2.1", headers={"X-SSL-Client-Cert": escaped(card.certificate)})
    assert client.post("/sign-in/certificate/").status_code == 302
    assert signed_in(client)


def test_nobody_but_the_proxy_is_believed(cast: Cast, cards: Cards, proxied: Any) -> None:
    client = Client(REMOTE_ADDR="198.51.100.9", headers=by_header(cards.card()))
    assert client.post("/sign-in/certificate/").status_code == 404
    assert not signed_in(client)


def test_the_proxy_is_not_believed_in_the_header_of_another_spelling(cast: Cast, cards: Cards, proxied: Any) -> None:
    card = cards.card()
    client = Client(REMOTE_ADDR="192.0.2.1", headers={"X-SSL-Client-Cert": escaped(card.certificate)})
    assert client.post("/sign-in/certificate/").status_code == 404


def test_it_is_off_by_default(cast: Cast, cards: Cards, proxied: Any) -> None:
    proxied.CLIENT_CERTIFICATES = "off"
    client = Client(REMOTE_ADDR="192.0.2.1", headers=by_header(cards.card()))
    assert client.post("/sign-in/certificate/").status_code == 404


def test_no_view_ever_sees_the_header(cast: Cast, cards: Cards, rf: Any) -> None:
    from django.http import HttpResponse

    from telesphore.web.client_certificates import ClientCertificateMiddleware, client_certificate

    def view(request: Any) -> HttpResponse:
        assert not [name for name in request.META if "CLIENT_CERT" in name]
        assert client_certificate(request) is None
        return HttpResponse("seen")

    assert "telesphore.web.client_certificates.ClientCertificateMiddleware" in settings.MIDDLEWARE
    headers = {**by_header(cards.card()), "X-SSL-Client-Cert": "x"}
    assert ClientCertificateMiddleware(view)(rf.get("/", headers=headers)).content == b"seen"


@pytest.mark.parametrize("given", ["", "::", "nonsense", ":bm9uc2Vuc2U=:", ":" + "A" * 70000 + ":"])
def test_a_header_that_can_not_be_read_opens_nothing(cast: Cast, cards: Cards, proxied: Any, given: str) -> None:
    client = Client(REMOTE_ADDR="192.0.2.1", headers={"Client-Cert": given})
    assert client.post("/sign-in/certificate/").status_code in (403, 404)
    assert not signed_in(client)


def test_the_same_checks_hold_behind_a_proxy(cast: Cast, cards: Cards, proxied: Any) -> None:
    card = cards.card()
    cards.status.revoked_ones.add(card.certificate)
    client = Client(REMOTE_ADDR="192.0.2.1", headers=by_header(card))
    assert client.post("/sign-in/certificate/").status_code == 403
    assert not signed_in(client)
    assert Event.objects.get(action="accounts:card:recognise").detail["code"] == "card-revoked"

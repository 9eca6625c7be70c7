"""Whatever a provider answers that is not what the standard says, nobody is let in."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from telesphore.accounts.ports import AnswerNotTrusted, LevelTooLow, ProviderAway, ProviderRefused, Recognised
from telesphore.connectors.psc import Client, Registration, person
from telesphore.connectors.psc import client as connector
from tests.connectors.psc.identities import CHERIF, IDENTITIES, LEBRUN, professional, subject
from tests.connectors.psc.provider import Browser, asked, client, provide
from tests.connectors.servers import Answer, Asked, serve, took

NOW = datetime(2026, 11, 23, 8, 41, tzinfo=UTC)
KEY = rsa.generate_private_key(65537, 2048)
OTHER = rsa.generate_private_key(65537, 2048)
SHORT = rsa.generate_private_key(65537, 1024)
CURVE = ec.generate_private_key(ec.SECP256R1())
USER = IDENTITIES[subject(CHERIF)]
DATA = Path(__file__).parents[4] / "shared" / "data" / "ans" / "psc"


def jwk(key: Any, kid: str = "first", **said: str) -> dict[str, Any]:
    kind = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return {**kind.to_jwk(key.public_key(), as_dict=True), "kid": kid, **said}


@dataclass
class Liar:
    """A provider that answers well, but for what a test changes.

    Attributes:
        claims: of the id_token, over the good ones; None takes one away.
        sign: how the id_token is signed.
        answers: to a path, instead of the good answer.
    """

    url: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    user: Any = None
    keys: list[dict[str, Any]] = field(default_factory=lambda: [jwk(KEY)])
    metadata: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str] = lambda claims: jwt.encode(claims, KEY, "RS256", {"kid": "first"})
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def answer(self, one: Asked) -> Answer | bytes:
        self.asked.append(one)
        if one.path in self.answers:
            return self.answers[one.path]
        if one.path == "/keys":
            return json.dumps({"keys": self.keys}).encode()
        if one.path == "/token":
            said = {"access_token": "access", "token_type": "Bearer", "expires_in": 240, "refresh_expires_in": 1800}
            return json.dumps({**said, "id_token": self.sign(self.good()), **self.tokens}).encode()
        if one.path == "/userinfo":
            user = {"sub": subject(CHERIF), **USER} if self.user is None else self.user
            return user if isinstance(user, bytes) else json.dumps(user).encode()
        return json.dumps(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/auth",
                "token_endpoint": f"{self.url}/token",
                "userinfo_endpoint": f"{self.url}/userinfo",
                "jwks_uri": f"{self.url}/keys",
                **self.metadata,
            }
        ).encode()

    def good(self) -> dict[str, Any]:
        second = int(NOW.timestamp())
        claims = {
            "iss": self.url, "sub": subject(CHERIF), "aud": "us", "nonce": "n" * 43, "acr": "eidas1",
            "iat": second, "exp": second + 240, "auth_time": second - 5,
        } | self.claims  # fmt: skip
        return {name: value for name, value in claims.items() if value is not None}


@pytest.fixture
def liar() -> Iterator[Liar]:
    one = Liar()
    with serve(one.answer) as server:
        one.url = server.url
        yield one


def us(liar: Liar, **options: Any) -> Client:
    return Client(Registration(liar.url, f"{liar.url}/about", "us", "secret", None, timedelta(minutes=240)), **options)


def recognise(liar: Liar, client: Client | None = None, *, again: bool = False, issuer: str = "") -> Recognised:
    question = asked(NOW, again=again)
    return (client or us(liar)).recognise(code="code", issuer=issuer, asked=question, at=NOW)


def with_header(claims: dict[str, Any], header: dict[str, Any], signature: Callable[[bytes], bytes]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signed = b".".join(parts)
    return (signed + b"." + base64.urlsafe_b64encode(signature(signed)).rstrip(b"=")).decode()


def public_pem() -> bytes:
    return KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_the_liar_is_believed_when_it_says_the_truth(liar: Liar) -> None:
    found = recognise(liar)
    assert found.national_id == CHERIF
    assert found.until == NOW + timedelta(minutes=30)
    assert [activity.structure for activity in found.activities] == ["Imagerie des Aulnes"]


@pytest.mark.parametrize(
    "sign",
    [
        pytest.param(lambda claims: jwt.encode(claims, OTHER, "RS256", {"kid": "first"}), id="another's key"),
        pytest.param(lambda claims: with_header(claims, {"alg": "none"}, lambda _: b""), id="alg none"),
        pytest.param(lambda claims: with_header(claims, {"alg": "None", "kid": "first"}, lambda _: b""), id="alg None"),
        pytest.param(
            lambda claims: with_header(
                claims,
                {"alg": "HS256", "kid": "first"},
                lambda signed: hmac.digest(public_pem(), signed, hashlib.sha256),
            ),
            id="HS256 with the public key",
        ),
        pytest.param(lambda claims: jwt.encode(claims, KEY, "RS512", {"kid": "first"}), id="RS512"),
        pytest.param(
            lambda claims: with_header(
                claims,
                {"alg": "RS256", "jwk": jwk(OTHER), "kid": "first"},
                lambda signed: jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).sign(signed, OTHER),
            ),
            id="a key that it brings",
        ),
        pytest.param(lambda claims: jwt.encode(claims, KEY, "RS256", {"kid": "first", "crit": ["exp"]}), id="crit"),
        pytest.param(lambda claims: jwt.encode(claims, KEY, "RS256", {"kid": "nobody's"}), id="unknown kid"),
        pytest.param(lambda claims: jwt.encode(claims, KEY, "PS256", {"kid": "first"})[:-4] + "AAAA", id="cut"),
        pytest.param(lambda claims: "not a token", id="no token"),
        pytest.param(lambda claims: "." * 3, id="points"),
        pytest.param(lambda claims: with_header(claims, {"alg": ["RS256"]}, lambda _: b""), id="alg list"),
        pytest.param(lambda claims: "e" * 40_000, id="huge"),
        pytest.param(lambda claims: f"{base64.urlsafe_b64encode(b'[' * 20_000).decode()}.e30.", id="deep"),
    ],
)
def test_a_token_that_its_key_did_not_sign_is_refused(liar: Liar, sign: Callable[[dict[str, Any]], str]) -> None:
    liar.sign = sign
    with pytest.raises(AnswerNotTrusted):
        recognise(liar)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"}, {"iss": None},
        {"aud": "another"}, {"aud": None}, {"aud": []}, {"aud": ["us", "another"]}, {"aud": {"us": 1}},
        {"azp": "another"},
        {"nonce": None}, {"nonce": "another"}, {"nonce": 7}, {"nonce": "é"},
        {"exp": int(NOW.timestamp()) - 60}, {"exp": None}, {"exp": "soon"}, {"exp": True}, {"exp": 1e300},
        {"iat": int(NOW.timestamp()) + 61}, {"iat": None}, {"iat": int(NOW.timestamp()) - 601},
        {"nbf": int(NOW.timestamp()) + 61},
        {"auth_time": int(NOW.timestamp()) + 61}, {"auth_time": "yes"},
        {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": "x" * 256},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        # The session there is over already.
        {"auth_time": int(NOW.timestamp()) - 240 * 60},
    ],
)  # fmt: skip
def test_a_token_that_says_something_else_is_refused(liar: Liar, claims: dict[str, Any]) -> None:
    liar.claims = claims
    with pytest.raises(AnswerNotTrusted):
        recognise(liar)


@pytest.mark.parametrize("acr", ["eidas0", "0", None, "eidas2", ["eidas1"]])
def test_another_level_than_asked_is_refused(liar: Liar, acr: object) -> None:
    liar.claims = {"acr": acr}
    with pytest.raises(LevelTooLow):
        recognise(liar)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(NOW.timestamp()) - 59}, {"iat": int(NOW.timestamp()) + 60}, {"aud": ["us"]}, {"azp": "us"},
        {"auth_time": None},
        {"at_hash": base64.urlsafe_b64encode(hashlib.sha256(b"access").digest()[:16]).rstrip(b"=").decode()},
    ],
)  # fmt: skip
def test_clocks_may_differ_by_a_minute_and_what_is_optional_may_be_said(liar: Liar, claims: dict[str, Any]) -> None:
    liar.claims = claims
    assert recognise(liar).national_id == CHERIF


@pytest.mark.parametrize("ago", [None, 361])
def test_an_old_proof_is_not_one_given_again(liar: Liar, ago: int | None) -> None:
    liar.claims = {"auth_time": None if ago is None else int(NOW.timestamp()) - ago}
    assert recognise(liar).national_id == CHERIF
    with pytest.raises(AnswerNotTrusted):
        recognise(liar, again=True)


@pytest.mark.parametrize(
    "user",
    [
        {"sub": subject(LEBRUN), **USER}, {**USER}, {"sub": subject(CHERIF)},
        {"sub": subject(CHERIF), **USER, "SubjectNameID": ""},
        {"sub": subject(CHERIF), **USER, "SubjectNameID": ["899990000025"]},
        {"sub": subject(CHERIF), **USER, "SubjectNameID": "8' OR 1=1"},
        b"[]", b"", b"<html>", b"{" * 100_000, b'{"sub":' + b"[" * 100_000,
    ],
)  # fmt: skip
def test_userinfo_of_somebody_else_or_of_nobody_are_refused(liar: Liar, user: object) -> None:
    liar.user = user
    with pytest.raises(AnswerNotTrusted):
        recognise(liar)


@pytest.mark.parametrize("aud", ["us", "another"])
def test_signed_userinfo_are_checked_as_a_token_is(liar: Liar, aud: str) -> None:
    claims = {"iss": liar.url, "aud": aud, "sub": subject(CHERIF), **USER}
    liar.user = jwt.encode(claims, KEY, "PS256", {"kid": "first"}).encode()
    if aud == "us":
        assert recognise(liar).national_id == CHERIF
    else:
        with pytest.raises(AnswerNotTrusted):
            recognise(liar)
    liar.user = jwt.encode({**claims, "aud": "us"}, OTHER, "PS256", {"kid": "first"}).encode()
    with pytest.raises(AnswerNotTrusted):
        recognise(liar)


@pytest.mark.parametrize("signing", ["RS256", "PS256", "ES256"])
def test_each_allowed_algorithm_is_believed_with_a_key_of_its_kind(liar: Liar, signing: str) -> None:
    key: Any = CURVE if signing == "ES256" else KEY
    liar.keys = [jwk(OTHER, "second"), jwk(key)]
    liar.sign = lambda claims: jwt.encode(claims, key, signing, {"kid": "first"})
    assert recognise(liar).national_id == CHERIF


@pytest.mark.parametrize(
    "keys",
    [
        [], [jwk(KEY, use="enc")], [jwk(KEY, alg="PS256")], [jwk(CURVE)],
        [{"kty": "oct", "k": "c2VjcmV0", "kid": "first"}],
        [{"kty": "RSA", "kid": "first"}], [7],
    ],
)  # fmt: skip
def test_a_key_that_is_not_for_this_is_no_key(liar: Liar, keys: list[Any]) -> None:
    liar.keys = keys
    with pytest.raises(AnswerNotTrusted):
        recognise(liar)


def test_a_key_too_short_to_believe_is_no_key(liar: Liar) -> None:
    liar.keys = [jwk(SHORT)]
    rs256 = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256)
    header = {"alg": "RS256", "kid": "first"}
    liar.sign = lambda claims: with_header(claims, header, lambda signed: rs256.sign(signed, SHORT))
    with pytest.raises(AnswerNotTrusted):
        recognise(liar)


def test_a_new_key_is_fetched_once_and_unknown_ones_at_most_once_a_minute(liar: Liar) -> None:
    clock = [1000.0]
    client = us(liar, monotonic=lambda: clock[0])
    recognise(liar, client)
    reads = lambda: len([one for one in liar.asked if one.path == "/keys"])  # noqa: E731
    assert reads() == 1
    recognise(liar, client)
    assert reads() == 1
    liar.keys = [jwk(OTHER, "second")]
    liar.sign = lambda claims: jwt.encode(claims, OTHER, "RS256", {"kid": "second"})
    clock[0] += 61
    assert recognise(liar, client).national_id == CHERIF
    assert reads() == 2
    liar.sign = lambda claims: jwt.encode(claims, KEY, "RS256", {"kid": "invented"})
    for _ in range(5):
        with pytest.raises(AnswerNotTrusted):
            recognise(liar, client)
    assert reads() == 2
    clock[0] += 61
    with pytest.raises(AnswerNotTrusted):
        recognise(liar, client)
    assert reads() == 3
    assert len([one for one in liar.asked if one.path == "/about"]) == 1
    clock[0] += 3600
    with pytest.raises(AnswerNotTrusted):
        recognise(liar, client)
    assert len([one for one in liar.asked if one.path == "/about"]) == 2


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://elsewhere.example"}, {"token_endpoint": "http://elsewhere.example/token"},
        {"token_endpoint": None}, {"jwks_uri": "file:///etc/passwd"}, {"userinfo_endpoint": "ftp://localhost/"},
        {"authorization_endpoint": "javascript:alert(1)"}, {"authorization_endpoint": "https://x\r\nSet-Cookie: a=b"},
    ],
)  # fmt: skip
def test_a_description_that_leads_elsewhere_is_not_followed(liar: Liar, metadata: dict[str, Any]) -> None:
    liar.metadata = metadata
    with pytest.raises(AnswerNotTrusted):
        us(liar).address(asked(NOW))
    with pytest.raises(AnswerNotTrusted):
        recognise(liar)


def test_who_answered_is_who_was_asked(liar: Liar) -> None:
    with pytest.raises(AnswerNotTrusted):
        recognise(liar, issuer="https://elsewhere.example")
    liar.metadata = {"authorization_response_iss_parameter_supported": True}
    with pytest.raises(AnswerNotTrusted):
        recognise(liar)
    assert recognise(liar, issuer=liar.url).national_id == CHERIF


@pytest.mark.parametrize("path", ["/about", "/keys", "/token", "/userinfo"])
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(Answer(endless=True), AnswerNotTrusted, id="endless"),
        pytest.param(Answer(status=503), ProviderAway, id="503"),
        pytest.param(Answer(cut=True), ProviderAway, id="cut"),
        pytest.param(Answer(b"{}", wait=5), ProviderAway, id="slow"),
        pytest.param(Answer(b"{" + b" " * 5000, drip=0.02), ProviderAway, id="drip"),
        pytest.param(
            Answer(status=302, headers={"Location": "http://127.0.0.1:9/"}),
            (ProviderAway, ProviderRefused),
            id="redirect",
        ),
    ],
)  # fmt: skip
def test_answers_are_bounded_in_size_and_time_and_lead_nowhere_else(
    liar: Liar, monkeypatch: pytest.MonkeyPatch, path: str, answer: Answer, error: Any
) -> None:
    monkeypatch.setattr(connector, "PATIENCE", 0.2)
    liar.answers = {path: answer}
    begun = time.monotonic()
    with pytest.raises(error):
        recognise(liar)
    assert took(begun) < 2


@pytest.mark.parametrize("path", ["/about", "/keys"])
def test_a_provider_that_is_away_is_spared_for_a_moment(liar: Liar, path: str) -> None:
    """Anybody may have it asked, and each who waits holds up a thread."""
    clock = [0.0]
    client = us(liar, monotonic=lambda: clock[0])
    liar.answers = {path: Answer(status=503)}
    token = logout(liar)
    for _ in range(5):
        with pytest.raises(ProviderAway):
            client.read_logout(token=token, at=NOW)
    assert [one.path for one in liar.asked].count(path) == 1
    liar.answers, clock[0] = {}, connector.SPARED
    assert client.read_logout(token=token, at=NOW).subject == subject(CHERIF)


@pytest.mark.parametrize("path", ["/token", "/userinfo"])
def test_a_refusal_there_is_a_refusal_here(liar: Liar, path: str) -> None:
    liar.answers = {path: Answer(b'{"error":"invalid_grant"}', status=400)}
    with pytest.raises(ProviderRefused):
        recognise(liar)


def test_the_secret_goes_to_the_token_end_point_only(liar: Liar) -> None:
    recognise(liar)
    basic = base64.b64encode(b"us:secret").decode()
    carriers = {one.path for one in liar.asked if basic in str(one.headers) or b"secret" in one.content}
    assert carriers == {"/token"}


@pytest.mark.parametrize("said", [0, -1, "600", True, 10**9])
def test_a_strange_end_of_the_session_there_is_not_believed(liar: Liar, said: object) -> None:
    liar.tokens = {"refresh_expires_in": said}
    assert recognise(liar).until == NOW - timedelta(seconds=5) + timedelta(minutes=240)


# Logout tokens


def logout(liar: Liar, **claims: Any) -> str:
    second = int(NOW.timestamp())
    good = {
        "iss": liar.url, "aud": "us", "iat": second, "exp": second + 120, "jti": "once", "sub": subject(CHERIF),
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    } | claims  # fmt: skip
    said = {name: value for name, value in good.items() if value is not None}
    return jwt.encode(said, KEY, "RS256", {"kid": "first", "typ": "logout+jwt"})


@pytest.mark.parametrize("claims", [{}, {"sub": None, "sid": "a session"}, {"exp": None}])
def test_a_logout_token_says_who_is_out(liar: Liar, claims: dict[str, Any]) -> None:
    said = us(liar).read_logout(token=logout(liar, **claims), at=NOW)
    assert (said.subject, said.session) == (("", "a session") if "sid" in claims else (subject(CHERIF), ""))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"}, {"aud": "another"}, {"events": None}, {"events": {}},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": 1}}, {"nonce": "n" * 43}, {"sub": None},
        {"jti": None}, {"iat": int(NOW.timestamp()) - 601}, {"iat": None}, {"exp": int(NOW.timestamp()) - 61},
        {"sub": 7}, {"sid": ["a"]},
    ],
)  # fmt: skip
def test_anything_else_is_no_logout_token(liar: Liar, claims: dict[str, Any]) -> None:
    with pytest.raises(AnswerNotTrusted):
        us(liar).read_logout(token=logout(liar, **claims), at=NOW)


def test_an_id_token_is_no_logout_token(liar: Liar) -> None:
    with pytest.raises(AnswerNotTrusted):
        us(liar).read_logout(token=liar.sign(liar.good()), at=NOW)


# What userinfo hold


def test_userinfo_are_read_within_bounds() -> None:
    many = [{"raisonSocialeSite": f"Cabinet {number}\u202e\x00" + "x" * 500} for number in range(100)]
    found = person.activities(professional("899990000017", "A", "B", *[{**one} for one in many]))
    assert len(found) == person.MOST_ACTIVITIES
    assert all(len(activity.structure) <= person.LONGEST and activity.structure.isprintable() for activity in found)


@pytest.mark.parametrize("reference", [None, "", [], {}, {"exercices": ""}, {"exercices": [""]}, {"exercices": [{}]}])
def test_who_has_no_activity_has_none(reference: object) -> None:
    assert person.activities({"SubjectRefPro": reference}) == ()


@pytest.mark.skipif(not DATA.exists(), reason="the test identities of Pro Santé Connect are not beside this repository")
@pytest.mark.parametrize(
    ("name", "national_id", "structures"),
    [
        ("userinfo_medecin_test", "ANS20210107161422", ["CAB MED BIS TOUBIB0023550", "HOPITAL GENERIQUE"]),
        ("userinfo_podologue_test_2023", "ANS20231122132732", ["CABINET INDIVIDUEL PEDI PODO0023704"]),
        ("userinfo_non_ps", "ANS20231122132732", []),
    ],
)
def test_the_agencys_own_test_identities_are_read(name: str, national_id: str, structures: list[str]) -> None:
    userinfo = json.loads((DATA / f"{name}.json").read_text())
    assert person.national_id(userinfo) == national_id
    assert [activity.structure for activity in person.activities(userinfo)] == structures


# The three ways in which a client proves itself, to the certified provider


@pytest.fixture(scope="module")
def elliptic() -> Iterator[Any]:
    """Signs with ES256."""
    with _certified() as running:
        yield running


@contextmanager
def _certified() -> Iterator[Any]:
    with provide(signing="ES256", key=KEY) as running:
        yield running


@pytest.mark.parametrize("way", ["secret", "signed", "key"])
def test_the_certified_provider_knows_us_by(elliptic: Any, way: str) -> None:
    ours = client(elliptic, "key", KEY) if way == "key" else client(elliptic, way)
    at = datetime.now(UTC)
    question, browser = asked(at), Browser()
    came = browser.go(ours.address(question), subject(LEBRUN))
    browser.close()
    found = ours.recognise(code=came["code"], issuer=came["iss"], asked=question, at=datetime.now(UTC))
    assert found.national_id == LEBRUN
    assert len(found.activities) == 2
    assert found.until <= datetime.now(UTC) + timedelta(minutes=30)
    # A code counts once.
    with pytest.raises(ProviderRefused):
        ours.recognise(code=came["code"], issuer=came["iss"], asked=question, at=datetime.now(UTC))


def test_the_certified_provider_refuses_another_verifier_or_secret(elliptic: Any) -> None:
    from dataclasses import replace

    at = datetime.now(UTC)
    question, browser, ours = asked(at), Browser(), client(elliptic)
    came = browser.go(ours.address(question), subject(LEBRUN))
    with pytest.raises(ProviderRefused):
        ours.recognise(code=came["code"], issuer=came["iss"], asked=replace(question, verifier="w" * 43), at=at)
    came = browser.go(ours.address(question), subject(LEBRUN))
    browser.close()
    with pytest.raises(ProviderRefused):
        client(elliptic, "secret", "wrong").recognise(code=came["code"], issuer=came["iss"], asked=question, at=at)

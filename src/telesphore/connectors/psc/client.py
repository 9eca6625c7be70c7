"""What is asked of Pro Santé Connect, and what it answers; every exchange bounded in size and time."""

import base64
import functools
import hashlib
import json
import logging
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from telesphore.accounts.ports import AnswerNotTrusted, Asked, Ended, ProviderAway, ProviderRefused, Recognised
from telesphore.connectors.fetching import LOOPBACK, AnswerTooLarge, NoAnswer, NotAllowed, Refused, fetch
from telesphore.connectors.psc import person, tokens

logger = logging.getLogger(__name__)

SCOPE = "openid scope_all"
PATIENCE = 5.0
"""Seconds for one exchange, all in all."""
KEPT = 3600.0
"""Seconds for which what the provider publishes of itself is believed."""
PAUSE = 60.0
"""Seconds between two readings of its keys: an unknown one costs at most one reading a minute."""
SPARED = 10.0
"""Seconds for which a provider that did not say what it publishes is not asked again: whoever waits for it holds up
everybody's pages, and anybody may have it asked."""
MOST_METADATA = 64 * 2**10
MOST_KEYS = 256 * 2**10
MOST_TOKENS = 64 * 2**10
MOST_USERINFO = 256 * 2**10
SMALLEST_RSA = 2048

P = ParamSpec("P")
R = TypeVar("R")
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Registration:
    """This platform as Pro Santé Connect knows it.

    Attributes:
        issuer: as its tokens write it.
        discovery: where it describes itself.
        credential: the client's secret, or the private key whose certificate was registered.
        context: for TLS, with a client certificate where one is asked for; the system's when None.
        lasts: how long a session there lasts from the proof on, when its answer does not say.
    """

    issuer: str
    discovery: str
    client_id: str
    credential: str | PrivateKey = field(repr=False)
    context: ssl.SSLContext | None
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class _Metadata:
    """What we use of OpenID Connect Discovery 1.0 §3."""

    authorization: str
    token: str
    userinfo: str
    keys: str
    says_issuer: bool


@dataclass(slots=True)
class _Kept:
    metadata: tuple[_Metadata, float] | None = None
    keys: tuple[list[Mapping[str, Any]], float] | None = None
    away: float | None = None
    """When it last did not answer."""


def _told(ask: Callable[P, R]) -> Callable[P, R]:
    """Tell the operator, in a word of ours, why an answer was not trusted."""

    @functools.wraps(ask)
    def asking(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return ask(*args, **kwargs)
        except AnswerNotTrusted as refused:
            logger.warning("an answer of pro santé connect is not trusted: %s", refused.params["why"])
            raise

    return asking


class Client:
    """Speaks to one provider. Safe in threads; keeps what the provider publishes of itself, nothing of people."""

    def __init__(self, registration: Registration, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.registration = registration
        self._monotonic = monotonic
        self._kept = _Kept()
        self._lock = threading.Lock()

    @_told
    def address(self, asked: Asked) -> str:
        """Where to send the person (OpenID Connect Core 1.0 §3.1.2.1, RFC 7636 §4.3).

        Raises:
            ProviderAway
        """
        challenge = base64.urlsafe_b64encode(hashlib.sha256(asked.verifier.encode()).digest()).rstrip(b"=").decode()
        question = {
            "response_type": "code",
            "client_id": self.registration.client_id,
            "redirect_uri": asked.back,
            "scope": SCOPE,
            "acr_values": tokens.LEVEL,
            "state": asked.state,
            "nonce": asked.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        if asked.again:
            question |= {"prompt": "login", "max_age": "0"}
        place = self._metadata().authorization
        return f"{place}{'&' if '?' in place else '?'}{urlencode(question)}"

    @_told
    def recognise(self, *, code: str, issuer: str, asked: Asked, at: datetime) -> Recognised:
        """Exchange the code for who the person is. No token outlives the call.

        Raises:
            ProviderAway, ProviderRefused, AnswerNotTrusted, LevelTooLow
        """
        registration, metadata = self.registration, self._metadata()
        # RFC 9207 §2.4: another provider's code must not be spent here.
        if issuer != registration.issuer and (issuer or metadata.says_issuer):
            raise _not_trusted("iss of the answer")
        answer = self._tokens(metadata, code, asked, at)
        access_token, id_token = _word(answer, "access_token"), _word(answer, "id_token")
        claims = tokens.verified(id_token, self._key)
        proved = tokens.check_id_token(
            claims, issuer=registration.issuer, client_id=registration.client_id, nonce=asked.nonce,
            access_token=access_token, again=asked.again, at=at,
        )  # fmt: skip
        subject = _word(claims, "sub", 255)
        userinfo = self._userinfo(metadata, access_token)
        # OpenID Connect Core 1.0 §5.3.2.
        if userinfo.get("sub") != subject:
            raise _not_trusted("sub of userinfo")
        session = claims.get("sid", "")
        return Recognised(
            national_id=person.national_id(userinfo),
            given_name=person.text(userinfo, "given_name"),
            family_name=person.text(userinfo, "family_name"),
            activities=person.activities(userinfo),
            acr=tokens.LEVEL,
            until=self._end(answer, proved or at, at),
            subject=subject,
            session=session if isinstance(session, str) and len(session) <= 255 else "",
        )

    @_told
    def read_logout(self, *, token: str, at: datetime) -> Ended:
        """What a logout token says.

        Raises:
            ProviderAway, AnswerNotTrusted
        """
        claims = tokens.verified(token, self._key)
        subject, session, token_id = tokens.check_logout(
            claims, issuer=self.registration.issuer, client_id=self.registration.client_id, at=at
        )
        return Ended(subject, session, token_id)

    @_told
    def look(self) -> None:
        """Read what the provider publishes of itself, for the operator.

        Raises:
            ProviderAway, AnswerNotTrusted
        """
        self._metadata()
        self._keys(0)

    def _end(self, answer: Mapping[str, Any], proved: datetime, at: datetime) -> datetime:
        end = proved + self.registration.lasts
        left = answer.get("refresh_expires_in")
        # 0 is Keycloak's word for a refresh token that outlives the session.
        if isinstance(left, int) and not isinstance(left, bool) and 0 < left < 10**6:
            end = min(end, at + timedelta(seconds=left))
        if end <= at:
            raise _not_trusted("the session there is over")
        return end

    def _tokens(self, metadata: _Metadata, code: str, asked: Asked, at: datetime) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": asked.back,
            "code_verifier": asked.verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        registration = self.registration
        if isinstance(registration.credential, str):
            # RFC 6749 §2.3.1: both are form-encoded before they are joined.
            pair = f"{quote_plus(registration.client_id)}:{quote_plus(registration.credential)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = registration.client_id
            form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            form["client_assertion"] = _assertion(registration.client_id, registration.credential, metadata.token, at)
        try:
            return _table(self._fetch(metadata.token, MOST_TOKENS, urlencode(form).encode(), headers))
        except Refused as refused:
            raise _refusal(refused, "token") from None

    def _userinfo(self, metadata: _Metadata, access_token: str) -> Mapping[str, Any]:
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json, application/jwt"}
        try:
            content = self._fetch(metadata.userinfo, MOST_USERINFO, None, headers)
        except Refused as refused:
            raise _refusal(refused, "userinfo") from None
        if content.lstrip()[:1] == b"{":
            return _table(content)
        # OpenID Connect Core 1.0 §5.3.2: signed, it says from whom and to whom.
        claims = tokens.verified(content.decode("ascii", "replace").strip(), self._key, largest=MOST_USERINFO)
        tokens.check_addressed(claims, issuer=self.registration.issuer, client_id=self.registration.client_id)
        return claims

    def _metadata(self) -> _Metadata:
        with self._lock:
            kept = self._kept.metadata
            if kept is not None and self._monotonic() - kept[1] < KEPT:
                return kept[0]
        try:
            read = _table(self._published(self.registration.discovery, MOST_METADATA))
        except Refused:
            raise _away("metadata") from None
        # Discovery §4.3.
        if read.get("issuer") != self.registration.issuer:
            raise _not_trusted("issuer of the metadata")
        metadata = _Metadata(
            authorization=_place(read, "authorization_endpoint"),
            token=_place(read, "token_endpoint"),
            userinfo=_place(read, "userinfo_endpoint"),
            keys=_place(read, "jwks_uri"),
            says_issuer=read.get("authorization_response_iss_parameter_supported") is True,
        )
        with self._lock:
            self._kept.metadata = metadata, self._monotonic()
        return metadata

    def _key(self, kid: str, algorithm: str) -> tokens.Key:
        """The provider's key of this name; read again, once, when it is not among those kept."""
        for oldest in (KEPT, PAUSE):
            for one in self._keys(oldest):
                key = _public_key(one, kid, algorithm)
                if key is not None:
                    return key
        raise _not_trusted("kid")

    def _keys(self, oldest: float) -> list[Mapping[str, Any]]:
        place = self._metadata().keys
        with self._lock:
            kept = self._kept.keys
            if kept is not None and self._monotonic() - kept[1] < oldest:
                return kept[0]
            # Noted before it is read: whoever asks for unknown keys meanwhile, or when it fails, waits their turn.
            self._kept.keys = (kept[0] if kept else []), self._monotonic()
        try:
            read = _table(self._published(place, MOST_KEYS)).get("keys")
        except (Refused, ProviderAway) as error:
            with self._lock:
                self._kept.keys = kept
            if isinstance(error, Refused):
                raise _away("keys") from None
            raise
        if not isinstance(read, list):
            raise _not_trusted("keys")
        keys: list[Mapping[str, Any]] = [one for one in read[:100] if isinstance(one, dict)]
        with self._lock:
            self._kept.keys = keys, self._monotonic()
        return keys

    def _published(self, url: str, most: int) -> bytes:
        """What the provider publishes of itself, unless it was away a moment ago. Raises as `_fetch`."""
        with self._lock:
            away = self._kept.away
        if away is not None and self._monotonic() - away < SPARED:
            raise ProviderAway
        try:
            return self._fetch(url, most, None, {"Accept": "application/json"})
        except (Refused, ProviderAway):
            with self._lock:
                self._kept.away = self._monotonic()
            raise

    def _fetch(self, url: str, most: int, content: bytes | None, headers: Mapping[str, str]) -> bytes:
        """One exchange.

        Raises:
            Refused: another status than 200.
            ProviderAway, AnswerNotTrusted
        """
        try:
            return fetch(
                url, seconds=PATIENCE, most=most, content=content, headers=headers, context=self.registration.context
            )
        except Refused:
            raise
        except (AnswerTooLarge, NotAllowed):
            raise _not_trusted("size or address") from None
        except NoAnswer as error:
            raise _away(str(error)) from None


def _assertion(client_id: str, key: PrivateKey, token_endpoint: str, at: datetime) -> str:
    """OpenID Connect Core 1.0 §9, private_key_jwt: fresh, once, for this end point."""
    algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    claims = {
        "iss": client_id, "sub": client_id, "aud": token_endpoint, "jti": secrets.token_urlsafe(24),
        "iat": int(at.timestamp()), "exp": int(at.timestamp()) + 60,
    }  # fmt: skip
    return jwt.encode(claims, key, algorithm=algorithm)


def _public_key(one: Mapping[str, Any], kid: str, algorithm: str) -> tokens.Key | None:
    """A key of a JWK set (RFC 7517) when it is this one, public, and good for this algorithm; else None."""
    if (kid and one.get("kid") != kid) or one.get("use", "sig") != "sig" or one.get("alg", algorithm) != algorithm:
        return None
    if one.get("kty") != ("EC" if algorithm == "ES256" else "RSA"):
        return None
    try:
        key = jwt.PyJWK(dict(one), algorithm=algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST_RSA:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    return None


def _place(metadata: Mapping[str, Any], name: str) -> str:
    """An address over https, or of this machine."""
    value = _word(metadata, name, 2048)
    if not acceptable(value):
        raise _not_trusted(name)
    return value


def acceptable(address: str) -> bool:
    """Whether an address is protected by TLS, or leads nowhere else than this machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))


def _word(table: Mapping[str, Any], name: str, most: int = tokens.LARGEST) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most or not value.isascii() or not value.isprintable():
        raise _not_trusted(name)
    return value


def _table(content: bytes) -> dict[str, Any]:
    try:
        read = json.loads(content)
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise _not_trusted("json")
    return read


def _refusal(refused: Refused, where: str) -> ProviderRefused | ProviderAway:
    if refused.status >= 500:
        return _away(where)
    logger.warning("pro santé connect refused at %s: status %s", where, refused.status)
    return ProviderRefused()


def _away(why: str) -> ProviderAway:
    logger.warning("pro santé connect does not answer: %s", why)
    return ProviderAway()


def _not_trusted(why: str) -> AnswerNotTrusted:
    return AnswerNotTrusted(why=why)

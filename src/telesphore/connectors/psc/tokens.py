"""Is this token what the provider said, to us, now? The steps are numbered after OpenID Connect Core 1.0 §3.1.3.7.

Free of I/O: keys are found by the caller. Only signatures with the provider's private key are known here; `none` and
the HS family, whose key would be public or shared, are refused before any key is looked for.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from telesphore.accounts.ports import AnswerNotTrusted, LevelTooLow

SKEW = timedelta(seconds=60)
"""By which clocks may differ."""
OLDEST = timedelta(minutes=10)
"""Age at which a token was not made for the answer that brings it."""
FRESH = timedelta(minutes=5)
"""Age of a proof given again."""
LARGEST = 32 * 2**10
"""Characters of a token; Pro Santé Connect's are under 3,000."""
LEVEL = "eidas1"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"

Key = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
FindKey = Callable[[str, str], Key]
"""From `kid` (empty when not said) and `alg` to a key; raises AnswerNotTrusted when there is none."""

_JWS = {
    "RS256": (rsa.RSAPublicKey, jwt.PyJWS(algorithms=["RS256"])),
    "PS256": (rsa.RSAPublicKey, jwt.PyJWS(algorithms=["PS256"])),
    "ES256": (ec.EllipticCurvePublicKey, jwt.PyJWS(algorithms=["ES256"])),
}
ALGORITHMS = frozenset(_JWS)


def verified(token: str, find_key: FindKey, *, largest: int = LARGEST) -> dict[str, Any]:
    """The claims of a token whose signature holds (steps 6 to 8).

    Raises:
        AnswerNotTrusted
    """
    if len(token) > largest or not token.isascii():
        raise AnswerNotTrusted(why="size")
    header = _object(token.partition(".")[0])
    algorithm, kid = header.get("alg"), header.get("kid", "")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise AnswerNotTrusted(why="alg")
    # An extension that must be understood (RFC 7515 §4.1.11) and a payload that is elsewhere are not.
    if not isinstance(kid, str) or "crit" in header or "b64" in header:
        raise AnswerNotTrusted(why="header")
    kind, jws = _JWS[algorithm]
    key = find_key(kid, algorithm)
    if not isinstance(key, kind):
        raise AnswerNotTrusted(why="key")
    try:
        payload: bytes = jws.decode(token, key, algorithms=[algorithm])
    except jwt.PyJWTError:
        raise AnswerNotTrusted(why="signature") from None
    return _json(payload)


def check_id_token(
    claims: Mapping[str, Any],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str,
    again: bool,
    at: datetime,
) -> datetime | None:
    """Check what a signed id_token says; returns when the person proved who they are, if it says so.

    Raises:
        AnswerNotTrusted, LevelTooLow
    """
    check_addressed(claims, issuer=issuer, client_id=client_id)
    _check_times(claims, at)
    # 11.
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise AnswerNotTrusted(why="nonce")
    # §3.1.3.8: the access token came with it.
    half = claims.get("at_hash")
    if half is not None and half != _left_half(access_token):
        raise AnswerNotTrusted(why="at_hash")
    # 12.
    if claims.get("acr") != LEVEL:
        raise LevelTooLow
    # 13.
    proved = None if claims.get("auth_time") is None else _instant(claims, "auth_time")
    if proved is not None and proved > at + SKEW:
        raise AnswerNotTrusted(why="auth_time")
    if again and (proved is None or at - proved > FRESH + SKEW):
        raise AnswerNotTrusted(why="auth_time")
    return proved


def check_addressed(claims: Mapping[str, Any], *, issuer: str, client_id: str) -> None:
    """Steps 2 to 5: from this provider, to us and to nobody else.

    Raises:
        AnswerNotTrusted
    """
    if claims.get("iss") != issuer:
        raise AnswerNotTrusted(why="iss")
    audience = claims.get("aud")
    if (audience if isinstance(audience, list) else [audience]) != [client_id]:
        raise AnswerNotTrusted(why="aud")
    if claims.get("azp", client_id) != client_id:
        raise AnswerNotTrusted(why="azp")


def check_logout(claims: Mapping[str, Any], *, issuer: str, client_id: str, at: datetime) -> tuple[str, str, str]:
    """Subject, session and token id of a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6).

    Raises:
        AnswerNotTrusted
    """
    check_addressed(claims, issuer=issuer, client_id=client_id)
    # Keycloak's have no `exp`, which the final standard requires; how old they may be is bounded by `iat` either way.
    _check_times(claims, at, needs_end=False)
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise AnswerNotTrusted(why="events")
    if "nonce" in claims:
        raise AnswerNotTrusted(why="nonce")
    subject, session, token_id = (claims.get(name, "") for name in ("sub", "sid", "jti"))
    if not all(isinstance(value, str) and len(value) <= 255 for value in (subject, session, token_id)):
        raise AnswerNotTrusted(why="sub")
    if not (subject or session) or not token_id:
        raise AnswerNotTrusted(why="sub")
    return subject, session, token_id


def _check_times(claims: Mapping[str, Any], at: datetime, *, needs_end: bool = True) -> None:
    # 9.
    if (needs_end or "exp" in claims) and at - SKEW >= _instant(claims, "exp"):
        raise AnswerNotTrusted(why="exp")
    # 10.
    made = _instant(claims, "iat")
    if made > at + SKEW or at - made > OLDEST:
        raise AnswerNotTrusted(why="iat")
    if "nbf" in claims and _instant(claims, "nbf") > at + SKEW:
        raise AnswerNotTrusted(why="nbf")


def _instant(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AnswerNotTrusted(why=name)
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise AnswerNotTrusted(why=name) from None


def _left_half(access_token: str) -> str:
    digest = hashlib.sha256(access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def _object(part: str) -> dict[str, Any]:
    try:
        return _json(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error):
        raise AnswerNotTrusted(why="json") from None


def _json(content: bytes) -> dict[str, Any]:
    try:
        read = json.loads(content)
    except (ValueError, RecursionError):
        raise AnswerNotTrusted(why="json") from None
    if not isinstance(read, dict):
        raise AnswerNotTrusted(why="json")
    return read

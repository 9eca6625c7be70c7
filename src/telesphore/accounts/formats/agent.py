"""The card agent's protocol, the server's side (docs/agent.md): pairing codes and their MACs, signed requests.

A *code* is typed by a person: ten letters and digits, of which the first half names the pairing and travels, and the
second half never does.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from telesphore.ades.algorithms import Algorithm, Digest, Scheme

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Neither 0 nor O, neither 1 nor I nor L: they are read on one screen and typed on another."""
HALF = 5
LASTS = timedelta(seconds=120)
"""How long an agent may take a request."""
MOST_DOCUMENTS = 500
ALGORITHMS = {
    "rsa-pkcs1-sha256": Algorithm(Scheme.RSA_PKCS1, Digest.SHA256),
    "rsa-pss-sha256": Algorithm(Scheme.RSA_PSS, Digest.SHA256),
    "ecdsa-sha256": Algorithm(Scheme.ECDSA, Digest.SHA256),
    "ecdsa-sha384": Algorithm(Scheme.ECDSA, Digest.SHA384),
}
"""As the protocol names them."""
_AUTHENTICATE = b"telesphore-agent authenticate 1"


def new_code() -> str:
    """Ten letters and digits, drawn by chance."""
    return "".join(secrets.choice(LETTERS) for _ in range(2 * HALF))


def shown(code: str) -> str:
    """A code as people read it: `ABCDE-FGHJK`."""
    return f"{code[:HALF]}-{code[HALF:]}"


def pairing_key(code: str, origin: str) -> bytes:
    """The key of both MACs: scrypt (RFC 7914), 32 bytes. About 50 ms."""
    salt = framed(b"telesphore-agent", origin.encode())
    return hashlib.scrypt(code.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


def pair_mac(key: bytes, *, origin: str, public_key: bytes) -> bytes:
    """What the agent sends to be paired."""
    return hmac.digest(key, framed(b"telesphore-agent pair 1", origin.encode(), public_key), hashlib.sha256)


def paired_mac(key: bytes, *, workstation_id: UUID, origin: str, public_key: bytes, agent_key: bytes) -> bytes:
    """What the server answers, so that the agent knows that it speaks to who showed the code."""
    fields = (b"telesphore-agent paired 1", str(workstation_id).encode(), origin.encode(), public_key, agent_key)
    return hmac.digest(key, framed(*fields), hashlib.sha256)


def framed(*fields: bytes) -> bytes:
    """The fields, each preceded by its length in four bytes, big-endian."""
    return b"".join(len(one).to_bytes(4) + one for one in fields)


def authentication(origin: str, nonce: bytes) -> bytes:
    """What a card's authentication key signs."""
    return framed(_AUTHENTICATE, origin.encode(), nonce)


def request(
    key: Ed25519PrivateKey, *, origin: str, workstation_id: UUID, language: str, claims: Mapping[str, Any], at: datetime
) -> str:
    """A signed request to one agent: a compact JWS (RFC 7515, RFC 8037 §3.1).

    Args:
        claims: `op`, and what that operation needs.
    """
    issued = int(at.timestamp())
    payload = {
        "iss": origin,
        "aud": str(workstation_id),
        "iat": issued,
        "exp": issued + int(LASTS.total_seconds()),
        "jti": secrets.token_urlsafe(16),
        "lang": "fr" if language.startswith("fr") else "en",
        **claims,
    }
    header = {"alg": "EdDSA", "typ": "telesphore-agent+jwt"}
    signed = ".".join(encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (header, payload))
    return f"{signed}.{encoded(key.sign(signed.encode()))}"


def encoded(content: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def padded(content: bytes) -> str:
    """base64 with padding, as certificates, signatures and what is to be signed travel."""
    return base64.b64encode(content).decode()


def decoded(text: str, size: int) -> bytes:
    """So many bytes from base64url without padding.

    Raises:
        ValueError: another size, or not that encoding.
    """
    if len(text) != -(-size * 4 // 3):
        raise ValueError("size")
    content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if encoded(content) != text:
        raise ValueError("encoding")
    return content

"""Codes that prove something: those of an authenticator application (RFC 6238), and recovery codes.

Neither can be read from the database alone: the application's secret is sealed, and a recovery code is hashed, under
keys made from the instance's secret.
"""

import base64
import hashlib
import hmac
import os
import secrets
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

STEP = 30
"""Seconds for which an application shows the same digits (RFC 6238 §4.1)."""
DRIFT = 1
"""Steps by which a phone's clock may be early or late (RFC 6238 §6)."""
SECRET_BYTES = 20

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Of recovery codes: nothing that looks like something else."""
LETTERS = 10
"""Of a recovery code: 49 bits."""


class Unreadable(Exception):
    """What was sealed does not open with this key."""


def new_secret() -> str:
    """A secret for an authenticator application, in base32."""
    return base64.b32encode(os.urandom(SECRET_BYTES)).decode()


def step_of(*, secret: str, code: str, at: datetime, after: int) -> int | None:
    """The time step that this code proves, if it is later than `after` (RFC 6238 §5.2: good once); else None.

    Args:
        secret: base32.
        code: as typed; spaces don't count.
    """
    digits = "".join(code.split())
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return None
    generator = HOTP(base64.b32decode(secret), 6, SHA1())  # noqa: S303 - what every application computes; HMAC does not ask that collisions be hard.
    present = int(at.timestamp()) // STEP
    found = None
    for step in range(present - DRIFT, present + DRIFT + 1):
        # Every step is looked at, so that time tells nothing.
        if hmac.compare_digest(generator.generate(step), digits.encode()) and step > after:
            found = step
    return found


def seal(text: str, *, key: bytes, context: str) -> str:
    """`text` encrypted under a key made from `key`, readable in the same `context` only."""
    nonce = os.urandom(12)
    sealed = AESGCM(_key(key, b"seal")).encrypt(nonce, text.encode(), context.encode())
    return base64.b64encode(nonce + sealed).decode()


def unseal(sealed: str, *, key: bytes, context: str) -> str:
    """What `seal` was given.

    Raises:
        Unreadable
    """
    try:
        raw = base64.b64decode(sealed, validate=True)
        return AESGCM(_key(key, b"seal")).decrypt(raw[:12], raw[12:], context.encode()).decode()
    except (ValueError, InvalidTag):
        raise Unreadable from None


def new_recovery_code() -> str:
    """A recovery code, as people read it: `7fk2m-x9tqd`."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(LETTERS))
    return f"{letters[:5]}-{letters[5:]}"


def hash_of(code: str, *, key: bytes, context: str) -> str:
    """HMAC-SHA-256 of a code as typed, in hexadecimal; case, spaces and hyphens don't count."""
    plain = "".join(letter for letter in code.lower() if letter.isalnum())
    return hmac.new(_key(key, b"hash"), f"{context}\0{plain}".encode(), hashlib.sha256).hexdigest()


def _key(secret: bytes, purpose: bytes) -> bytes:
    return hmac.digest(secret, b"accounts.codes." + purpose, hashlib.sha256)

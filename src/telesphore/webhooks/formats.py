"""What is sent, and how its receiver knows that it is ours and new.

The header `Telesphore-Signature: t=<seconds>,v1=<hex>` holds HMAC-SHA-256 over `<t>.<body>` under the subscription's
secret, as text; while a secret is being changed there are two `v1`, of which one is enough.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

SIGNATURE = "Telesphore-Signature"


def body(*, event_id: UUID, what: str, envelope_id: UUID, happened_at: datetime) -> bytes:
    """The call's content: who reads it asks back for the rest."""
    at = happened_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return json.dumps({"id": str(event_id), "type": what, "envelope_id": str(envelope_id), "at": at}).encode()


def signature(*, secrets: Sequence[str], content: bytes, at: datetime) -> str:
    """The header's value, for a call made at `at`: one `v1` under each secret, the newest last."""
    seconds = int(at.timestamp())
    made = [
        hmac.new(secret.encode(), f"{seconds}.".encode() + content, hashlib.sha256).hexdigest() for secret in secrets
    ]
    return ",".join([f"t={seconds}", *(f"v1={mac}" for mac in made)])

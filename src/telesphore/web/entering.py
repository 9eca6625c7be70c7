"""Coming in: whatever the way, one path leads from a proof of who somebody is to a session.

The sign-in library's own ways (password, second factor, passkey) end in its login; ours (Pro Santé Connect, cards, a
patient's link) end in `enter`. Both send Django's `user_logged_in`, whose receiver (`accounts/adapter.py`) opens the
session with what `proof_of` says.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from django.contrib.auth import get_user_model, login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from telesphore.accounts.states import FRESH, Acr
from telesphore.kernel.clock import now

SHARED = "shared_workstation"
"""Key of a browser's session: whether the sign-in page was told that several people share this workstation."""

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@dataclass(frozen=True, slots=True)
class Proof:
    """How somebody proved who they are.

    Attributes:
        means: what they used, `+` between factors: `passkey`, `password+totp`, `psc`, `card`, `link+code`.
        acr: how sure that makes us.
        until: when the session must end at the latest: the identity provider's own end; None when it sets none.
    """

    means: str
    acr: Acr
    until: datetime | None = None


PASSKEY = Proof("passkey", Acr.PASSKEY)


def enter(request: HttpRequest, *, person_id: UUID, proof: Proof, to: str = "/") -> HttpResponse:
    """Let a person in who has proved who they are, under a new session key, and lead them to `to`.

    `to` is a path of ours; anything else leads home. The session starts with nothing of what an earlier one held.
    """
    person = get_user_model().objects.get(pk=person_id)
    request.session.flush()
    request._proof = proof  # type: ignore[attr-defined]  # Read by `proof_of` while Django announces the sign-in.
    login(request, person, backend=BACKEND)
    record_authentication(request, person, method=proof.means)
    return redirect(safe_path(request, to))


def prove_again(request: HttpRequest, *, proof: Proof) -> None:
    """Note that the signed-in person has just proved again who they are."""
    record_authentication(request, request.user, method=proof.means, reauthenticated=True)


def prove_more(request: HttpRequest, *, proof: Proof) -> None:
    """Note that the signed-in person has just set up, and proved, a way to sign in.

    A session that began with less than enough goes on with this proof; one that had enough keeps what it began with.
    """
    request._raised = proof  # type: ignore[attr-defined]  # Kept by `presence` once the request is served.
    prove_again(request, proof=proof)


def recently_authenticated(request: HttpRequest) -> bool:
    """Whether the signed-in person proved who they are within the last five minutes."""
    records = get_authentication_records(request, request.user)
    if not records:
        return False
    return now() - datetime.fromtimestamp(records[-1]["at"], UTC) <= FRESH


def proof_of(request: HttpRequest, person: Any) -> Proof:
    """How a person who is coming in proved who they are."""
    given: Proof | None = getattr(request, "_proof", None)
    if given is not None:
        return given
    records = get_authentication_records(request, person)
    if any(record.get("passwordless") for record in records):
        return Proof("passkey", Acr.PASSKEY)
    factors = [_factor(record) for record in records if not record.get("reauthenticated")]
    if len(set(factors)) > 1:
        return Proof("+".join(dict.fromkeys(factors)), Acr.TWO_FACTORS)
    return Proof(factors[0] if factors else "password", Acr.ONE_FACTOR)


def _factor(record: dict[str, Any]) -> str:
    if record.get("method") != "mfa":
        return str(record.get("method", ""))
    return {"webauthn": "security-key", "recovery_codes": "recovery-code"}.get(record["type"], str(record["type"]))


def safe_path(request: HttpRequest, path: str) -> str:
    """`path` when it leads to a page of ours, else the home page."""
    ours = url_has_allowed_host_and_scheme(path, allowed_hosts=None, require_https=request.is_secure())
    return path if ours and path.startswith("/") else "/"

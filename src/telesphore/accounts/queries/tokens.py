"""API tokens: whose they are, and who acts by one."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from telesphore.accounts.models import ApiToken
from telesphore.accounts.queries.people import memberships
from telesphore.accounts.states import TOKEN_PREFIX, Acr
from telesphore.kernel.actors import Actor, ActorKind

SECRET_CHARACTERS = len(TOKEN_PREFIX) + 43


@dataclass(frozen=True, slots=True)
class TokenLine:
    """One living token, as its holder sees it."""

    token_id: UUID
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


def tokens_of(*, actor: Actor, at: datetime) -> list[TokenLine]:
    """The actor's living tokens where they act, the newest first."""
    rows = ApiToken.objects.filter(
        organisation_id=actor.organisation, person_id=actor.person, revoked_at=None, expires_at__gt=at
    ).order_by("-created_at")
    return [
        TokenLine(row.id, row.name, tuple(row.scopes), row.created_at, row.expires_at, row.last_used_at) for row in rows
    ]


def token_name(*, actor: Actor) -> str:
    """What a program's token is called by its person, living or not; empty for whom is no program."""
    rows = ApiToken.objects.filter(organisation_id=actor.organisation, id=actor.session_id)
    return rows.values_list("name", flat=True).first() or ""


def actor_by_token(*, secret: str, at: datetime, source_address: str | None, client: str) -> Actor | None:
    """The program that bears this token: its person's roles of this moment, narrowed to the token's scopes.

    None when it opens nothing: unknown, over, revoked, or its person has no role in the organisation any more. The
    look-up is by hash, so how long it takes says nothing of the secret.
    """
    if len(secret) != SECRET_CHARACTERS or not secret.startswith(TOKEN_PREFIX):
        return None
    token = ApiToken.objects.select_related("person").filter(secret_sha256=sha256(secret.encode()).digest()).first()
    if token is None or token.revoked_at is not None or token.expires_at <= at or not token.person.is_active:
        return None
    held = [
        card for card in memberships(person_id=token.person_id, at=at)
        if card.organisation.organisation_id == token.organisation_id
    ]  # fmt: skip
    if not held:
        return None
    return Actor(
        kind=ActorKind.SOFTWARE,
        organisation_id=token.organisation_id,
        person_id=token.person_id,
        roles=held[0].roles,
        means="token",
        acr=Acr.ONE_FACTOR.value,
        scopes=frozenset(token.scopes),
        session_id=token.id,
        source_address=source_address,
        client=client,
    )

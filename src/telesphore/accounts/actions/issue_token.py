"""API tokens: issued to a person, shown once, used by a program, revoked."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from telesphore.accounts.access import check
from telesphore.accounts.errors import BadToken, ScopeNotHeld, TokenLivesTooLong, TokenNotFound, TokenTooMany
from telesphore.accounts.models import ApiToken
from telesphore.accounts.states import SEEN_WITHIN, TOKEN_LIFE, TOKEN_PREFIX, TOKENS_HELD, permissions_of
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token; `secret` is told this once, and kept nowhere."""

    token_id: UUID
    secret: str


@audit.act("accounts:token:issue")
def issue_token(*, name: str, scopes: Collection[str], expires_at: datetime, actor: Actor, at: datetime) -> Issued:
    """Give a program a way in, as the actor, narrowed to `scopes`, in the organisation where they act.

    Raises:
        NotAllowed: the actor's role gives no tokens.
        ScopeNotHeld: a scope that the actor does not hold themselves, or none at all.
        TokenLivesTooLong: beyond `TOKEN_LIFE`, or already over.
        TokenTooMany: as many as `TOKENS_HELD` are alive.
    """
    check(actor, "accounts:token:manage")
    held = permissions_of(actor.roles)
    if not scopes or not set(scopes) <= held or (actor.scopes is not None and not set(scopes) <= actor.scopes):
        raise ScopeNotHeld
    if not at < expires_at <= at + TOKEN_LIFE:
        raise TokenLivesTooLong
    living = ApiToken.objects.filter(
        organisation_id=actor.organisation, person_id=actor.person, revoked_at=None, expires_at__gt=at
    )
    if living.count() >= TOKENS_HELD:
        raise TokenTooMany
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        id=uuid7(),
        organisation_id=actor.organisation,
        person_id=actor.person,
        name=name,
        scopes=sorted(scopes),
        secret_sha256=sha256(secret.encode()).digest(),
        created_at=at,
        expires_at=expires_at,
    )
    audit.record("accounts:token:issue", actor=actor, subject=token.id, at=at, detail={"scopes": sorted(scopes)})
    return Issued(token.id, secret)


@audit.act("accounts:token:revoke")
def revoke_token(*, token_id: UUID, actor: Actor, at: datetime) -> None:
    """Take a token back; it opens nothing any more.

    Raises:
        TokenNotFound: there is none, it is over, or it is somebody else's.
    """
    revoked = ApiToken.objects.filter(
        organisation_id=actor.organisation, id=token_id, person_id=actor.person, revoked_at=None
    ).update(revoked_at=at)
    if not revoked:
        raise TokenNotFound
    audit.record("accounts:token:revoke", actor=actor, subject=token_id, at=at)


@audit.act("accounts:token:refuse")
def refuse_token(*, secret: str, actor: Actor, at: datetime) -> None:
    """Leave the trace of a token that opened nothing; which one is said when it was once good, the secret never is.

    Raises:
        BadToken: always.
    """
    token = ApiToken.objects.filter(secret_sha256=sha256(secret.encode()).digest()).first()
    if token is not None:
        audit.concerning(subject=token.id)
    raise BadToken


def note_token_use(*, token_id: UUID, actor: Actor, at: datetime) -> None:
    """Remember when a token was last used, to within a minute."""
    unused = ApiToken.objects.filter(organisation_id=actor.organisation, id=token_id)
    unused.filter(last_used_at=None).update(last_used_at=at)
    unused.filter(last_used_at__lte=at - SEEN_WITHIN).update(last_used_at=at)


@audit.act("accounts:token:revoke")
def revoke_tokens_of(*, person_id: UUID, organisation_id: UUID, actor: Actor, at: datetime) -> int:
    """Take back all tokens of a person in one organisation: they leave it, or are suspended. Returns how many."""
    rows = ApiToken.objects.filter(organisation_id=organisation_id, person_id=person_id, revoked_at=None)
    found = list(rows.filter(expires_at__gt=at).values_list("id", flat=True))
    rows.update(revoked_at=at)
    for token_id in found:
        audit.record("accounts:token:revoke", actor=actor.within(organisation_id), subject=token_id, at=at)
    return len(found)

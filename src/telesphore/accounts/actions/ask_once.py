"""Requests that programs may repeat without harm: the first one acts, the others get its answer."""

import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.db import IntegrityError, transaction

from telesphore.accounts.errors import BeingAnswered, KeyOfAnother, OutcomeUnknown
from telesphore.accounts.models import Asked
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.vault import actions as vault
from telesphore.vault import queries as vault_queries

KEPT = timedelta(hours=24)
"""How long an answer is given again."""
LONGEST = timedelta(minutes=10)
"""For which a request may be at work; one that is silent for longer died with its process."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was given: HTTP's status, media type, content."""

    status: int
    media_type: str
    content: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A request's place under its key: to be answered (`keep_answer`), or given up (`let_go`)."""

    organisation_id: UUID
    row_id: UUID


def ask_once(*, key: str, request: bytes, actor: Actor, at: datetime) -> Turn | Answer:
    """Take a key for a token's request, in a transaction of its own; or the answer that the same request got.

    Args:
        request: all that tells one request from another: method, address, content.

    Raises:
        BeingAnswered: the same key is at work right now.
        OutcomeUnknown: its process died on the way.
        KeyOfAnother: the key was used for another request.
    """
    assert actor.session_id is not None
    rows = Asked.objects.filter(organisation_id=actor.organisation, token_id=actor.session_id, key=key)
    rows.filter(begun_at__lte=at - KEPT).delete()
    salt, row_id = secrets.token_bytes(16), uuid7()
    try:
        with transaction.atomic():
            Asked.objects.create(
                organisation_id=actor.organisation,
                id=row_id,
                token_id=actor.session_id,
                key=key,
                salt=salt,
                request_hmac=_hmac(salt, request),
                begun_at=at,
            )
    except IntegrityError:
        return _answered(rows.first(), request, at)
    return Turn(actor.organisation, row_id)


def _answered(row: Asked | None, request: bytes, at: datetime) -> Answer:
    if row is None:
        # Given up between the two questions: the next try takes it.
        raise BeingAnswered
    if not hmac.compare_digest(bytes(row.request_hmac), _hmac(bytes(row.salt), request)):
        raise KeyOfAnother
    if row.status is None or row.answer_sealed is None:
        raise OutcomeUnknown if row.begun_at <= at - LONGEST else BeingAnswered
    kept = json.loads(
        vault_queries.unseal_text(
            organisation_id=row.organisation_id,
            key_id=vault_queries.organisation_keyset(row.organisation_id),
            sealed=bytes(row.answer_sealed),
            context=f"accounts:asked:{row.id}",
        )
    )
    return Answer(row.status, kept["media_type"], kept["content"])


def keep_answer(turn: Turn, answer: Answer) -> None:
    """Keep the answer. A crash just before leaves a key whose outcome nobody knows, and which says so."""
    sealed = vault.seal_text(
        organisation_id=turn.organisation_id,
        key_id=vault_queries.organisation_keyset(turn.organisation_id),
        text=json.dumps({"media_type": answer.media_type, "content": answer.content}),
        context=f"accounts:asked:{turn.row_id}",
    )
    Asked.objects.filter(organisation_id=turn.organisation_id, id=turn.row_id).update(
        status=answer.status, answer_sealed=sealed
    )


def let_go(turn: Turn) -> None:
    """Nothing was done: the same key may try again."""
    Asked.objects.filter(organisation_id=turn.organisation_id, id=turn.row_id).delete()


def forget_answers(*, actor: Actor, at: datetime) -> int:
    """Remove what is older than `KEPT`; returns how many."""
    return Asked.objects.filter(begun_at__lte=at - KEPT).delete()[0]


def _hmac(salt: bytes, request: bytes) -> bytes:
    return hmac.new(salt, request, sha256).digest()

"""Sign those picked in the signature book: with a card through the agent of one's workstation, or with a token that
the server reaches.

The page's script goes through it: `certificates` (which card is there), `prepare` (in parts, for progress), `task`
(one list, to which the holder agrees once), `complete` (in parts). With a token, `token_sign` (in parts): the PIN stays
in the page's memory between them, and is kept nowhere.
"""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language, ngettext
from django.views.decorators.debug import sensitive_variables

from telesphore.accounts import actions as accounts_actions
from telesphore.accounts import queries as accounts
from telesphore.accounts.formats import agent
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.signature import ports, queries
from telesphore.signature.actions import prepare as preparing
from telesphore.signature.actions import sign as signing
from telesphore.web import exchanges
from telesphore.web.access import fresh, permission
from telesphore.web.exchanges import Body
from telesphore.web.requests import actor_of

AT_ONCE = 20
"""Documents prepared, or completed, in one exchange."""
FIELDS = 100
"""Filled in with one document."""


def _request(request: HttpRequest, body: Body, claims: dict[str, Any]) -> Body:
    workstation_id, actor, at = exchanges.identifier(body, "workstation"), actor_of(request), now()
    signed = accounts.request_for_member(
        workstation_id=workstation_id, claims=claims, language=get_language() or "fr", actor=actor, at=at
    )
    accounts_actions.note_use(workstation_id=workstation_id, actor=actor, at=at)
    return {"request": signed}


@permission("signature:recipient:sign")
@exchanges.exchange(most=1 << 10)
def certificates(request: HttpRequest, body: Body) -> Body:
    """A request to the agent: which certificates the card in the reader bears. It asks for no PIN."""
    return _request(request, body, {"op": "certificates"})


@permission("signature:recipient:sign")
@fresh
@exchanges.exchange(most=512 << 10)
def prepare(request: HttpRequest, body: Body) -> Body:
    """Prepare some documents for the card, one with what its signer filled in; those that can't be signed say why, and
    stay."""
    certificate, chain = exchanges.content(body, "certificate"), exchanges.contents(body, "chain", 16)
    actor, filled = actor_of(request), exchanges.texts(body, "fields", FIELDS)
    prepared, refused, checks = [], [], preparing.Checks()
    for envelope_id in exchanges.identifiers(body, "envelopes", AT_ONCE):
        try:
            asked = preparing.prepare_signature(
                envelope_id=envelope_id, certificate=certificate, chain=chain, drawing=None, actor=actor, at=now(),
                checks=checks, filled=filled,
            )  # fmt: skip
        except DomainError as why:
            refused.append({"id": str(envelope_id), **exchanges.told(why)})
        else:
            prepared.append({"id": str(asked.prepared_id), "envelope": str(envelope_id)})
    return {"prepared": prepared, "refused": refused}


@permission("signature:recipient:sign")
@exchanges.exchange(most=64 << 10)
def task(request: HttpRequest, body: Body) -> Body:
    """A request to the agent: have the holder agree to the list of what was prepared, and the card sign it."""
    prepared_ids = exchanges.identifiers(body, "prepared", agent.MOST_DOCUMENTS)
    asked = queries.card_task(prepared_ids=prepared_ids, actor=actor_of(request), at=now())
    count = len(asked.documents)
    purpose = ngettext("Validate %(count)d document", "Validate %(count)d documents", count) % {"count": count}
    claims = {
        "op": "sign", "certificate": asked.certificate_sha256, "purpose": purpose, "documents": asked.documents,
    }  # fmt: skip
    return _request(request, body, claims)


@permission("signature:recipient:sign")
@exchanges.exchange(most=64 << 10)
def complete(request: HttpRequest, body: Body) -> Body:
    """Take what the card answered for some of the documents; those that can't be completed say why, and stay."""
    actor = actor_of(request)
    signed, refused, checks = [], [], preparing.Checks()
    for one in exchanges.objects(body, "signatures", AT_ONCE):
        prepared_id = exchanges.identifier(one, "id")
        try:
            preparing.complete_signature(
                prepared_id=prepared_id, signature=exchanges.content(one, "signature", 2 << 10), actor=actor, at=now(),
                checks=checks,
            )  # fmt: skip
        except DomainError as why:
            refused.append({"id": str(prepared_id), **exchanges.told(why)})
        else:
            signed.append(str(prepared_id))
    return {"signed": signed, "refused": refused}


@sensitive_variables("body", "pin", "code")
@permission("signature:recipient:sign")
@fresh
@exchanges.exchange(most=64 << 10)
def token_sign(request: HttpRequest, body: Body) -> Body:
    """Sign some documents with the actor's token; those that can't be signed say why, and stay. A refusal of the token
    itself, a wrong PIN first of all, refuses the whole exchange: the page asks no more of it."""
    actor = actor_of(request)
    assert actor.person_id is not None
    pin = exchanges.text(body, "pin", 64)
    code = exchanges.text(body, "code", 64) if body.get("code") else ""
    # A one-time code serves once: all that it is for comes together.
    envelope_ids = exchanges.identifiers(body, "envelopes", queries.MOST_PICKED if code else AT_ONCE)
    with ports.token_reader.get().open(person_id=actor.person_id, pin=pin, code=code) as token:
        batch = signing.sign_batch(envelope_ids=envelope_ids, token=token, actor=actor, at=now())
    return {
        "signed": [str(one.envelope_id) for one in batch.signed],
        "refused": [{"id": str(envelope_id), **exchanges.told(why)} for envelope_id, why in batch.refused.items()],
    }

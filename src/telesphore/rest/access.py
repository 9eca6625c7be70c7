"""Who may reach an endpoint of programs: the bearer of an API token whose scopes and person's roles both allow it.

A cookie opens nothing here, and a token opens no page: the two doors share no key.
"""

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from telesphore.accounts import actions, queries
from telesphore.accounts.access import check
from telesphore.accounts.errors import BadToken
from telesphore.accounts.states import PERMISSIONS
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.rest.rates import spend

View = Callable[..., HttpResponse]
Refuse = Callable[[DomainError, int], HttpResponse]

_BEARER = re.compile(r"Bearer +([A-Za-z0-9._~+/=-]{1,200})", re.IGNORECASE)
"""RFC 6750 §2.1; only in the header, never in an address or a form."""


class MethodNotOffered(DomainError):
    """This address does not answer this method."""

    code = "method-not-offered"


def token(scopes: str | Mapping[str, str], *, refuse: Refuse) -> Callable[[View], View]:
    """Open to the bearer of a token with this scope, whose person's roles hold it too.

    The view is given `actor` by name. `refuse` words a refusal as the protocol wants it.

    Args:
        scopes: one for all methods, or one for each method that the address answers.

    Raises:
        KeyError: the table has no such permission; a mistake of ours, found at start.
    """
    for known in [scopes] if isinstance(scopes, str) else scopes.values():
        PERMISSIONS[known]

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            at = now()
            nobody = _nobody(request)
            given = _BEARER.fullmatch(request.headers.get("Authorization", ""))
            if given is None:
                return _challenge(refuse(BadToken(), 401), "")
            actor = queries.actor_by_token(
                secret=given[1], at=at, source_address=nobody.source_address, client=nobody.client
            )
            spent = spend(str(actor.session_id) if actor else str(nobody.source_address), at)
            if spent.left < 0:
                return spent.tell(refuse(spent.refusal(), 429))
            if actor is None:
                return spent.tell(_challenge(_refused(given[1], nobody, refuse), "invalid_token"))
            assert actor.session_id is not None
            actions.note_token_use(token_id=actor.session_id, actor=actor, at=at)
            name = scopes if isinstance(scopes, str) else scopes.get(request.method or "")
            if name is None:
                refused = refuse(MethodNotOffered(), 405)
                refused["Allow"] = ", ".join(sorted(scopes))
                return spent.tell(refused)
            try:
                check(actor, name)
            except DomainError as error:
                audit.record(
                    "rest:endpoint:open", actor=actor, at=at, outcome=audit.Outcome.REFUSED, detail={"scope": name}
                )
                return spent.tell(_challenge(refuse(error, 403), "insufficient_scope"))
            return spent.tell(view(request, *args, actor=actor, **kwargs))

        guarded.access_rule = f"token: {_told(scopes)}"  # type: ignore[attr-defined]  # Functions carry attributes.
        # A token is no cookie: no other site can make a browser send it.
        exempt: View = csrf_exempt(guarded)
        return exempt

    return decorate


def _told(scopes: str | Mapping[str, str]) -> str:
    """As the page of rules and the tests read it: one scope, or each method with its own."""
    if isinstance(scopes, str):
        return scopes
    if len(set(scopes.values())) == 1:
        return next(iter(scopes.values()))
    return ", ".join(f"{method} {name}" for method, name in sorted(scopes.items()))


def _refused(secret: str, nobody: Actor, refuse: Refuse) -> HttpResponse:
    try:
        actions.refuse_token(secret=secret, actor=nobody, at=now())
    except BadToken as error:
        return refuse(error, 401)
    raise AssertionError


def _challenge(response: HttpResponse, error: str) -> HttpResponse:
    """What to come back with (RFC 6750 §3); who gave nothing learns no more than that."""
    response["WWW-Authenticate"] = 'Bearer realm="telesphore"' + (f', error="{error}"' if error else "")
    return response


def _nobody(request: HttpRequest) -> Actor:
    return Actor(
        kind=ActorKind.NOBODY,
        source_address=request.META.get("REMOTE_ADDR") or None,
        client=request.headers.get("User-Agent", "")[:200],
    )

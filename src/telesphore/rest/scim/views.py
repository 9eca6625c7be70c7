"""The endpoints: users, the service's own description. Groups are the roles, whose members alone change."""

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags

from telesphore.accounts import actions, queries
from telesphore.accounts.errors import EntryChanged
from telesphore.accounts.queries import EntryCard, EntryFilter
from telesphore.accounts.states import BY_DIRECTORY, Role
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.rest.access import token
from telesphore.rest.scim import filters, schemas
from telesphore.rest.scim.resources import members, part, patched, shown, tag, told
from telesphore.rest.scim.words import (
    GROUP,
    MEMBERS,
    PAGE,
    PATCH,
    ScimRefused,
    answer,
    body,
    error,
    listing,
    number,
    refuse,
)

View = Callable[..., HttpResponse]


def _endpoint(*methods: str) -> Callable[[View], View]:
    """Open to a directory's token, by these methods; every refusal is SCIM's own."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in methods:
                refused = error(405, "This address does not answer this method.")
                refused["Allow"] = ", ".join(methods)
                return refused
            try:
                return view(request, *args, **kwargs)
            except ScimRefused as found:
                return error(found.status, found.detail, found.kind)
            except DomainError as found:
                return refuse(found)

        return token("accounts:directory:provision", refuse=refuse)(answered)

    return decorate


@_endpoint("GET", "POST")
def users(request: HttpRequest, actor: Actor) -> HttpResponse:
    """People of the token's organisation, and one more."""
    if request.method == "POST":
        entry_id = actions.add_entry(told=told(body(request)), actor=actor, at=now())
        card = queries.entry(organisation_id=actor.organisation, entry_id=entry_id, at=now())
        return answer(shown(request, card), 201)
    start = number(request, "startIndex", 1)
    which = filters.of_users(request.GET.get("filter", ""))
    total, cards = queries.entries(
        organisation_id=actor.organisation, which=which, start=start, count=number(request, "count", PAGE), at=now()
    )
    return listing([part(shown(request, card), request) for card in cards], total, start)


@_endpoint("GET", "PUT", "PATCH", "DELETE")
def user(request: HttpRequest, entry_id: str, actor: Actor) -> HttpResponse:
    """One person: read, replaced, changed in part, taken away."""
    at, known = now(), filters.identifier(entry_id)
    card = queries.entry(organisation_id=actor.organisation, entry_id=known, at=at)
    if request.method == "GET":
        if _names(request, "If-None-Match", card):
            return HttpResponse(status=304, headers={"ETag": tag(card)})
        return answer(part(shown(request, card), request))
    asked = "If-Match" in request.headers
    if asked and not _names(request, "If-Match", card):
        raise EntryChanged
    if request.method == "DELETE":
        actions.remove_entry(entry_id=known, version=card.version if asked else None, actor=actor, at=at)
        return HttpResponse(status=204)
    sent = body(request)
    if request.method == "PATCH":
        sent = patched(shown(request, card), _operations(sent))
        # A patch says what to change of what was read: what another request changed meanwhile must not come back.
        asked = True
    version = card.version if asked else None
    try:
        actions.change_entry(entry_id=known, told=told(sent), version=version, actor=actor, at=at)
    except EntryChanged as found:
        raise ScimRefused(412 if "If-Match" in request.headers else 409, "", found.sentence) from None
    return answer(shown(request, queries.entry(organisation_id=actor.organisation, entry_id=known, at=at)))


def _names(request: HttpRequest, header: str, card: EntryCard) -> bool:
    """Whether a header names the version that an entry has (RFC 9110 §13.1), compared weakly as its tags are."""
    value = request.headers.get(header, "")
    return value.strip() == "*" or tag(card) in [f"W/{one.removeprefix('W/')}" for one in parse_etags(value)]


def _operations(sent: dict[str, Any]) -> Any:
    if PATCH not in (sent.get("schemas") or []):
        raise ScimRefused(400, "invalidSyntax", "A patch says so in its schemas.")
    return {name.lower(): value for name, value in sent.items()}.get("operations")


@_endpoint("GET")
def groups(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The roles that a directory gives, as groups."""
    wanted = filters.parse(request.GET.get("filter", ""))
    if not wanted.keys() <= {"displayname", "id"}:
        raise ScimRefused(400, "invalidFilter", "Groups are found by displayName or id.")
    roles = [role for role in sorted(BY_DIRECTORY) if all(value == role.value for value in wanted.values())]
    found = [_group(request, role, actor) for role in roles]
    return listing(found, len(found), 1)


@_endpoint("GET", "PATCH")
def group(request: HttpRequest, role: str, actor: Actor) -> HttpResponse:
    """One role, and up to a hundred of who hold it; a patch gives it to people and takes it from others."""
    if role not in BY_DIRECTORY:
        return error(404, "There is no such group.")
    if request.method == "PATCH":
        held = queries.entries_of_role(organisation_id=actor.organisation, role=role, at=now())
        add, remove = members(held, _operations(body(request)))
        actions.change_group(role=Role(role), add=add, remove=remove, actor=actor, at=now())
    return answer(_group(request, Role(role), actor))


def _group(request: HttpRequest, role: Role, actor: Actor) -> dict[str, Any]:
    _total, cards = queries.entries(
        organisation_id=actor.organisation, which=EntryFilter(role=role.value), start=1, count=MEMBERS, at=now()
    )
    return {
        "schemas": [GROUP],
        "id": role.value,
        "displayName": role.value,
        "members": [{"value": str(card.entry_id), "type": "User"} for card in cards],
        "meta": {
            "resourceType": "Group",
            "location": request.build_absolute_uri(f"{schemas.base(request)}/Groups/{role.value}"),
        },
    }


@_endpoint("GET")
def service(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What this service can do (RFC 7643 §5)."""
    return answer(schemas.service(request))


@_endpoint("GET")
def resource_types(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The kinds of resources (RFC 7643 §6)."""
    found = schemas.resource_types(request)
    return listing(found, len(found), 1)


@_endpoint("GET")
def resource_type(request: HttpRequest, name: str, actor: Actor) -> HttpResponse:
    """One kind of resource."""
    return _one(schemas.resource_types(request), name)


@_endpoint("GET")
def all_schemas(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The attributes of each kind (RFC 7643 §7)."""
    found = schemas.schemas(request)
    return listing(found, len(found), 1)


@_endpoint("GET")
def schema(request: HttpRequest, name: str, actor: Actor) -> HttpResponse:
    """The attributes of one kind."""
    return _one(schemas.schemas(request), name)


@_endpoint("GET", "POST", "PUT", "PATCH", "DELETE")
def nowhere(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Any other address of this service: its refusal is in the protocol's words too (RFC 7644 §3.12)."""
    return error(404, "There is nothing at this address.")


def _one(found: list[dict[str, Any]], name: str) -> HttpResponse:
    for resource in found:
        if resource["id"] == name:
            return answer(resource)
    return error(404, "There is nothing of this name.")

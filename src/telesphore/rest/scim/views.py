"""The endpoints: users, the service's own description. Groups are the roles, read only."""

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from telesphore.accounts import actions, queries
from telesphore.accounts.queries import EntryFilter
from telesphore.accounts.states import BY_DIRECTORY, Role
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.rest.access import token
from telesphore.rest.scim import filters, schemas
from telesphore.rest.scim.resources import patched, shown, told
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
    return listing([shown(request, card) for card in cards], total, start)


@_endpoint("GET", "PUT", "PATCH", "DELETE")
def user(request: HttpRequest, entry_id: str, actor: Actor) -> HttpResponse:
    """One person: read, replaced, changed in part, taken away."""
    at, known = now(), filters.identifier(entry_id)
    card = queries.entry(organisation_id=actor.organisation, entry_id=known, at=at)
    if request.method == "GET":
        return answer(shown(request, card))
    if request.method == "DELETE":
        actions.remove_entry(entry_id=known, actor=actor, at=at)
        return HttpResponse(status=204)
    sent = body(request)
    if request.method == "PATCH":
        if PATCH not in (sent.get("schemas") or []):
            raise ScimRefused(400, "invalidSyntax", "A patch says so in its schemas.")
        given = {name.lower(): value for name, value in sent.items()}
        sent = patched(shown(request, card), given.get("operations"))
    actions.change_entry(entry_id=known, told=told(sent), actor=actor, at=at)
    return answer(shown(request, queries.entry(organisation_id=actor.organisation, entry_id=known, at=at)))


@_endpoint("GET")
def groups(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The roles that a directory gives, as groups; their members are given their role on the user itself."""
    wanted = filters.parse(request.GET.get("filter", ""))
    if not wanted.keys() <= {"displayname", "id"}:
        raise ScimRefused(400, "invalidFilter", "Groups are found by displayName or id.")
    roles = [role for role in sorted(BY_DIRECTORY) if all(value == role.value for value in wanted.values())]
    found = [_group(request, role, actor) for role in roles]
    return listing(found, len(found), 1)


@_endpoint("GET")
def group(request: HttpRequest, role: str, actor: Actor) -> HttpResponse:
    """One role, and up to a hundred of who hold it."""
    if role not in BY_DIRECTORY:
        return error(404, "There is no such group.")
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


def _one(found: list[dict[str, Any]], name: str) -> HttpResponse:
    for resource in found:
        if resource["id"] == name:
            return answer(resource)
    return error(404, "There is nothing of this name.")

"""People as SCIM users: how an entry is shown, what is taken from a request, how a patch changes it."""

import re
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest
from django.urls import reverse

from telesphore.accounts.actions import Told
from telesphore.accounts.queries import EntryCard
from telesphore.accounts.states import Role
from telesphore.rest.scim.words import OPERATIONS, USER, ScimRefused, truth

TEXT_CHARACTERS = 200
WRITABLE = ("userName", "externalId", "name", "active", "roles", "displayName", "emails", "title")
_NAMES = {name.lower(): name for name in WRITABLE}
_INNER = {"givenname": "givenName", "familyname": "familyName", "formatted": "formatted"}


def shown(request: HttpRequest, card: EntryCard) -> dict[str, Any]:
    """An entry as a user; names are those that this directory gave."""
    full = f"{card.given_name} {card.family_name}".strip()
    resource: dict[str, Any] = {
        "schemas": [USER],
        "id": str(card.entry_id),
        "userName": card.user_name,
        "displayName": full or card.user_name,
        "emails": [{"value": card.user_name, "type": "work", "primary": True}],
        "active": card.active,
        "roles": [{"value": role} for role in card.roles],
        "meta": {
            "resourceType": "User",
            "created": card.created_at.isoformat(),
            "lastModified": card.changed_at.isoformat(),
            "location": request.build_absolute_uri(reverse("scim_user", args=[card.entry_id])),
            "version": tag(card),
        },
    }
    if full:
        resource["name"] = {"givenName": card.given_name, "familyName": card.family_name}
    return resource | ({"externalId": card.external_id} if card.external_id else {})


def part(resource: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
    """What a query asks to be given of a resource, or not to (RFC 7644 §3.9); whole attributes, its id always."""
    wanted, unwanted = (
        {name.strip().rpartition(":")[2].lower() for name in request.GET.get(which, "").split(",") if name.strip()}
        for which in ("attributes", "excludedAttributes")
    )
    heads = {name.partition(".")[0] for name in wanted}
    return {
        name: value
        for name, value in resource.items()
        if name in ("schemas", "id") or ((not heads or name.lower() in heads) and name.lower() not in unwanted)
    }


def tag(card: EntryCard) -> str:
    """An entry's entity tag: weak, as of anything that is worded anew for each answer (RFC 7644 §3.14)."""
    return f'W/"{card.version}"'


def told(resource: dict[str, Any]) -> Told:
    """What a directory says of a person; attributes that we don't keep are left aside (RFC 7644 §3.3).

    Raises:
        ScimRefused
    """
    given = {_NAMES.get(name.lower(), name): value for name, value in resource.items()}
    name = given.get("name") or {}
    if not isinstance(name, dict):
        raise ScimRefused(400, "invalidValue", "name is an object.")
    inner = {_INNER.get(key.lower(), key): value for key, value in name.items()}
    email = _text(given.get("userName"), "userName").strip()
    try:
        validate_email(email)
    except ValidationError:
        raise ScimRefused(400, "invalidValue", "userName is the person's e-mail address.") from None
    return Told(
        user_name=email,
        external_id=_text(given.get("externalId"), "externalId"),
        given_name=_text(inner.get("givenName"), "name.givenName"),
        family_name=_text(inner.get("familyName"), "name.familyName"),
        active=truth(given.get("active", True)),
        roles=None if given.get("roles") is None else _roles(given["roles"]),
    )


def patched(resource: dict[str, Any], operations: Any) -> dict[str, Any]:
    """A resource after the operations of a patch, all or none (RFC 7644 §3.5.2).

    Raises:
        ScimRefused
    """
    if not isinstance(operations, list) or not 0 < len(operations) <= OPERATIONS:
        raise ScimRefused(400, "invalidSyntax", "Operations is a list of 1 to 100 operations.")
    changed = {name: resource[name] for name in WRITABLE if name in resource}
    for operation in operations:
        if not isinstance(operation, dict):
            raise ScimRefused(400, "invalidSyntax", "An operation is an object.")
        kind = str(operation.get("op", "")).lower()
        if kind not in ("add", "replace", "remove"):
            raise ScimRefused(400, "invalidSyntax", "An operation adds, replaces or removes.")
        path, value = operation.get("path"), operation.get("value")
        if path is None:
            if kind == "remove":
                raise ScimRefused(400, "noTarget", "What is removed must be named by its path.")
            if not isinstance(value, dict):
                raise ScimRefused(400, "invalidValue", "Without a path the value is an object.")
            for inner_path, inner in value.items():
                _apply(changed, kind, str(inner_path), inner)
        else:
            _apply(changed, kind, str(path), value)
    return changed


def _apply(resource: dict[str, Any], kind: str, path: str, value: Any) -> None:
    plain = path.removeprefix(f"{USER}:")
    chosen = re.fullmatch(r'roles\[value eq "([a-z-]{1,40})"\]', plain, re.IGNORECASE)
    if chosen and kind == "remove":
        resource["roles"] = [role for role in resource.get("roles", []) if _value(role) != chosen[1]]
        return
    if plain == "schemas" or re.match(r"(emails|phoneNumbers|addresses)\b", plain, re.IGNORECASE):
        # The address is the user name; the others are not kept.
        return
    head, _, tail = plain.partition(".")
    name = _NAMES.get(head.lower())
    if name is None:
        if plain.lower().startswith("urn:") or re.fullmatch(r"[A-Za-z][\w.$-]*", plain):
            # An attribute of the standard, or of another schema, that we don't keep.
            return
        raise ScimRefused(400, "invalidPath", "This path names nothing that can be changed.")
    if tail:
        inner = _INNER.get(tail.lower())
        if name != "name" or inner is None:
            raise ScimRefused(400, "invalidPath", "This path names nothing that can be changed.")
        resource["name"] = {**(resource.get("name") or {}), inner: None if kind == "remove" else value}
    elif kind == "remove":
        if name in ("userName", "active"):
            raise ScimRefused(400, "mutability", "This attribute can't be removed.")
        resource[name] = [] if name == "roles" else None
    elif name == "roles" and kind == "add":
        resource["roles"] = [*resource.get("roles", []), *(value if isinstance(value, list) else [value])]
    elif name == "name" and isinstance(value, dict):
        resource["name"] = {**(resource.get("name") or {}), **value}
    else:
        resource[name] = value


def _roles(value: Any) -> list[Role]:
    if not isinstance(value, list) or len(value) > OPERATIONS:
        raise ScimRefused(400, "invalidValue", "roles is a list.")
    try:
        return sorted({Role(_value(role)) for role in value})
    except ValueError:
        known = ", ".join(sorted(Role))
        raise ScimRefused(400, "invalidValue", f"The roles are: {known}.") from None


def members(current: Collection[UUID], operations: Any) -> tuple[set[UUID], set[UUID]]:
    """Whom a patch of a group adds and removes, by their ids (RFC 7644 §3.5.2); its name and the rest stay.

    Raises:
        ScimRefused
    """
    if not isinstance(operations, list) or not 0 < len(operations) <= OPERATIONS:
        raise ScimRefused(400, "invalidSyntax", "Operations is a list of 1 to 100 operations.")
    after = set(current)
    for operation in operations:
        if not isinstance(operation, dict):
            raise ScimRefused(400, "invalidSyntax", "An operation is an object.")
        kind, path, value = str(operation.get("op", "")).lower(), operation.get("path"), operation.get("value")
        if path is None and isinstance(value, dict) and kind in ("add", "replace"):
            # Some directories repeat the name beside the members: it is the role's, and stays.
            path, value = "members", value.get("members", [])
        chosen = re.fullmatch(r'members\[value eq "([0-9a-f-]{36})"\]', str(path), re.IGNORECASE)
        if chosen and kind == "remove":
            after -= _ids([{"value": chosen[1]}])
        elif str(path).lower() != "members":
            raise ScimRefused(400, "mutability", "Only the members of a group change.")
        elif kind == "add":
            after |= _ids(value)
        elif kind == "replace":
            after = _ids(value)
        elif kind == "remove":
            after = after - _ids(value) if value is not None else set()
        else:
            raise ScimRefused(400, "invalidSyntax", "An operation adds, replaces or removes.")
    return after - set(current), set(current) - after


def _ids(value: Any) -> set[UUID]:
    listed = value if isinstance(value, list) else [value]
    if len(listed) > OPERATIONS:
        raise ScimRefused(400, "tooMany", "At most 100 members at once.")
    try:
        return {UUID(_value(one)) for one in listed}
    except ValueError:
        raise ScimRefused(400, "invalidValue", "A member is named by the user's id.") from None


def _value(role: Any) -> str:
    return str(role.get("value", "")) if isinstance(role, dict) else str(role)


def _text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > TEXT_CHARACTERS or "\0" in value:
        raise ScimRefused(400, "invalidValue", f"{name} is a text of at most {TEXT_CHARACTERS} characters.")
    return value

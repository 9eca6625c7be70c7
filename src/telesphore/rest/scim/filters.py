"""The part of SCIM's filters that directories use to find a person: equalities, joined by `and` (RFC 7644 §3.4.2.2)."""

import json
import re
from typing import Any
from uuid import UUID

from telesphore.accounts.queries import EntryFilter
from telesphore.rest.scim.words import FILTER_CHARACTERS, ScimRefused, truth

_TERM = re.compile(r'\s*([A-Za-z][\w.:-]*)\s+eq\s+("(?:[^"\\]|\\.)*"|true|false)\s*(?:(and)(?=\s)|$)', re.IGNORECASE)


def parse(text: str) -> dict[str, Any]:
    """The attributes that must be equal, in lower case, to what.

    Raises:
        ScimRefused: another filter than equalities joined by `and`.
    """
    found: dict[str, Any] = {}
    place, more = 0, bool(text)
    if len(text) > FILTER_CHARACTERS:
        raise ScimRefused(400, "invalidFilter", "This filter is too long.")
    while more:
        term = _TERM.match(text, place)
        if term is None:
            raise ScimRefused(400, "invalidFilter", "Filters are equalities joined by “and”.")
        name = term[1].lower().rpartition(":")[2]
        try:
            value = json.loads(term[2] if term[2].startswith('"') else term[2].lower())
        except ValueError:
            raise ScimRefused(400, "invalidFilter", "A text of this filter is not written as JSON's are.") from None
        if found.setdefault(name, value) != value:
            raise ScimRefused(400, "invalidFilter", "An attribute can't be equal to two values.")
        place, more = term.end(), bool(term[3])
    return found


def of_users(text: str) -> EntryFilter:
    """A filter of users: by `userName`, `externalId`, `id`, `active` or `emails.value`.

    Raises:
        ScimRefused
    """
    wanted = parse(text)
    names = {"username", "externalid", "id", "active", "emails.value", "emails"}
    if not wanted.keys() <= names:
        raise ScimRefused(400, "invalidFilter", "Users are found by userName, externalId, id or active.")
    email = wanted.get("username", wanted.get("emails.value", wanted.get("emails")))
    return EntryFilter(
        user_name=None if email is None else str(email),
        external_id=None if "externalid" not in wanted else str(wanted["externalid"]),
        entry_id=identifier(str(wanted["id"])) if "id" in wanted else None,
        active=truth(wanted["active"]) if "active" in wanted else None,
    )


def identifier(text: str) -> UUID:
    """An identifier of ours; what can't be one is one that nobody has."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)

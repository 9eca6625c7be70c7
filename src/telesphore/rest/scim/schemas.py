"""How the service describes itself: what it can do, its kinds of resources, their attributes (RFC 7643 §5 to §7)."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from telesphore.rest.scim.words import GROUP, PAGE, USER

_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:"


def base(request: HttpRequest) -> str:
    """The service's own address, without a final slash."""
    return request.build_absolute_uri(reverse("scim_users")).removesuffix("/Users")


def service(request: HttpRequest) -> dict[str, Any]:
    """What is supported, and what is not."""
    return {
        "schemas": [f"{_SCHEMA}ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": PAGE},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": True},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "API token",
                "description": "A token made by an administrator (RFC 6750).",
                "specUri": "https://www.rfc-editor.org/info/rfc6750",
                "primary": True,
            }
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base(request)}/ServiceProviderConfig"},
    }


def resource_types(request: HttpRequest) -> list[dict[str, Any]]:
    """Users, and the roles as groups."""
    return [
        {
            "schemas": [f"{_SCHEMA}ResourceType"],
            "id": name,
            "name": name,
            "endpoint": f"/{name}s",
            "description": description,
            "schema": schema,
            "meta": {"resourceType": "ResourceType", "location": f"{base(request)}/ResourceTypes/{name}"},
        }
        for name, schema, description in (
            ("User", USER, "A person of the organisation"),
            ("Group", GROUP, "A role, and who holds it"),
        )
    ]


def schemas(request: HttpRequest) -> list[dict[str, Any]]:
    """The attributes that are kept; others are left aside."""
    user = [
        _attribute("userName", "The person's e-mail address.", required=True, uniqueness="server"),
        _complex(
            "name",
            [
                _attribute("givenName", "First name."),
                _attribute("familyName", "Family name."),
            ],
        ),
        _attribute("displayName", "First name and family name.", mutability="readOnly"),
        _attribute("active", "Whether the person works here now.", kind="boolean"),
        _complex(
            "emails",
            [
                _attribute("value", "The user name.", mutability="readOnly"),
                _attribute("type", "work", mutability="readOnly"),
                _attribute("primary", "true", kind="boolean", mutability="readOnly"),
            ],
            many=True,
            mutability="readOnly",
        ),
        _complex("roles", [_attribute("value", "A role's name.")], many=True),
    ]
    group = [
        _attribute("displayName", "The role's name.", required=True, mutability="readOnly"),
        _complex(
            "members",
            [
                _attribute("value", "The user's id.", mutability="immutable"),
                _attribute("type", "User", mutability="readOnly"),
            ],
            many=True,
        ),
    ]
    return [
        {
            "schemas": [f"{_SCHEMA}Schema"],
            "id": schema,
            "name": name,
            "description": name,
            "attributes": attributes,
            "meta": {"resourceType": "Schema", "location": f"{base(request)}/Schemas/{schema}"},
        }
        for name, schema, attributes in (("User", USER, user), ("Group", GROUP, group))
    ]


def _attribute(
    name: str,
    description: str,
    *,
    kind: str = "string",
    many: bool = False,
    required: bool = False,
    mutability: str = "readWrite",
    uniqueness: str = "none",
) -> dict[str, Any]:
    return {
        "name": name,
        "type": kind,
        "multiValued": many,
        "description": description,
        "required": required,
        "caseExact": False,
        "mutability": mutability,
        "returned": "default",
        "uniqueness": uniqueness,
    }


def _complex(
    name: str, inner: list[dict[str, Any]], *, many: bool = False, mutability: str = "readWrite"
) -> dict[str, Any]:
    return _attribute(name, name, kind="complex", many=many, mutability=mutability) | {"subAttributes": inner}

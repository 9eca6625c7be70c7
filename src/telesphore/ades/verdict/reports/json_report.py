"""A verdict as JSON, and back.

The names are those of `ades.verdict.result`; they are stable within a schema version: one may be added, none is renamed
or taken away. Bytes are base64, times ISO 8601 in UTC, an absent value is null. A finding is an object:
`{"reason": "page-differs", "effect": "invalid", "sentence": "Page 1 does not show…", "details": {"page": "1"}}`.
"""

import types
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import Finding, Verdict
from telesphore.kernel.errors import DomainError

SCHEMA = "telesphore.verdict/1"


class NotAVerdict(DomainError):
    """This is not a validation report that can be read here."""

    code = "not-a-verdict"


def as_json(verdict: Verdict) -> dict[str, Any]:
    """What `json.dumps` can write: `schema`, then every fact of the verdict under its own name."""
    plain = _plain(verdict)
    assert isinstance(plain, dict)
    return {"schema": SCHEMA, **plain}


def from_json(found: object) -> Verdict:
    """The verdict that `as_json` wrote. Names that this version does not know are passed over.

    Raises:
        NotAVerdict: another schema, or not what it says.
    """
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise NotAVerdict
    try:
        verdict = _read(Verdict, found)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise NotAVerdict from None
    assert isinstance(verdict, Verdict)
    return verdict


def _plain(value: Any) -> Any:
    if isinstance(value, Finding):
        return {
            "reason": value.reason.code,
            "effect": value.reason.effect.value,
            "sentence": str(value),
            "details": {name: str(detail) for name, detail in value.details.items()},
        }
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return value.value if isinstance(value, Enum) else value


def _read(kind: Any, value: Any) -> Any:
    """`value` as an annotation says it must be."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _read(next(one for one in get_args(kind) if one is not type(None)), value)
    if origin is tuple:
        given = get_args(kind)
        if not isinstance(value, list):
            raise TypeError(kind)
        if given[-1] is Ellipsis:
            return tuple(_read(given[0], one) for one in value)
        return tuple(_read(each, one) for each, one in zip(given, value, strict=True))
    if origin is Mapping:
        return {str(name): str(one) for name, one in value.items()}
    if kind is Finding:
        return Finding(Reason[value["reason"].upper().replace("-", "_")], _read(Mapping[str, str], value["details"]))
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        known = {one.name: _read(hints[one.name], value[one.name]) for one in fields(kind) if one.name in value}
        assert isinstance(kind, type)
        return kind(**known)
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment
    if kind is bytes:
        return b64decode(value, validate=True)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise TypeError(kind)
    return value

"""Every endpoint of the URL map, with the rule that its view states and a path that leads to it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from telesphore.web.access import rule_of

NEVER_GIVEN = {
    "uuid": "0197f3a0-0000-7000-8000-000000000000",
    "int": "987654321",
    "str": "a-token-that-was-never-given",
    "slug": "never-given",
    "path": "0/000",
}
"""Well-formed, by converter, and the name of nothing."""

_PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")


@dataclass(frozen=True)
class Endpoint:
    """One address of the map.

    Attributes:
        name: with its namespaces, as `reverse` takes it.
        view: what answers there.
        pattern: the address, its parameters as `<converter:name>`.
    """

    name: str
    view: Any
    pattern: str

    @property
    def rule(self) -> str:
        """What its view states; empty when it states nothing."""
        return rule_of(self.view, self.name) or ""

    @property
    def parameters(self) -> dict[str, str]:
        """The converters of its parameters, by name."""
        return {name: converter or "str" for converter, name in _PARAMETER.findall(self.pattern)}

    def path(self, values: Mapping[str, str] | None = None) -> str:
        """The address with these values; what is missing was never given."""
        known = values or {}
        return _PARAMETER.sub(
            lambda found: str(known[found[2]]) if found[2] in known else NEVER_GIVEN[found[1] or "str"], self.pattern
        )


def _walk(patterns: list[Any], prefix: str = "/", names: tuple[str, ...] = ()) -> Iterator[Endpoint]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = (*names, pattern.namespace) if pattern.namespace else names
            yield from _walk(pattern.url_patterns, prefix + str(pattern.pattern), inner)
        else:
            assert isinstance(pattern, URLPattern)
            yield Endpoint(":".join((*names, pattern.name or "")), pattern.callback, prefix + str(pattern.pattern))


ENDPOINTS = list(_walk(get_resolver(settings.ROOT_URLCONF).url_patterns))
KINDS = ("public", "signed in", "permission", "patient", "token", "link and code", "bedside", "demonstration", "token")
OF_RULE = {kind: [endpoint for endpoint in ENDPOINTS if endpoint.rule.startswith(kind)] for kind in KINDS}
"""The endpoints by kind of rule."""

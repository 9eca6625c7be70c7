"""The ways to sign in that this instance has switched on, and the parts of one's security page.

The sign-in page, the page that asks again who one is, and the security page all read `switched_on`. A way is added to
`settings.WAYS` where it is configured: `passkey` and `password` always, `psc` and `card` when they can work.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest


def switched_on() -> frozenset[str]:
    """Names of the ways: `passkey`, `password`, `psc`, `card`."""
    return frozenset(settings.WAYS)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the security page.

    Attributes:
        template: `account/parts/<name>.html`, a section with its own `h2`.
        context: what it shows, for the person who asks.
    """

    template: str
    context: Callable[[HttpRequest], dict[str, object]]


PARTS: list[Part] = []
"""In the page's order. The module that makes a part appends it, once, when it is imported."""

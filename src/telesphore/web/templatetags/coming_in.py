"""Words for sign-ins and sessions: by which means, from which kind of client."""

import re

from django import template
from django.utils.translation import gettext as _

register = template.Library()

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


@register.filter
def client_name(client: str) -> str:
    """`Firefox, Windows`, from a User-Agent; what no browser says of itself is a program without a name."""
    browser = next((name for sign, name in _BROWSERS if re.search(rf"\b{sign}\w*/", client)), "")
    system = next((name for sign, name in _SYSTEMS if sign in client), "")
    return ", ".join(part for part in (browser, system) if part) or _("Unknown browser")


@register.filter
def means_name(means: str) -> str:
    """How somebody proved who they are, in words; several factors joined by `+`."""
    words = {
        "passkey": _("passkey"),
        "password": _("password"),
        "totp": _("code from the phone"),
        "recovery-code": _("recovery code"),
        "security-key": _("security key"),
        "psc": _("Pro Santé Connect"),
        "card": _("card"),
        "certificate": _("card"),
        "backup": _("backup way in"),
    }
    return ", ".join(words.get(one, one) for one in means.split("+"))

"""What the shell around every page needs to know."""

from django.conf import settings
from django.http import HttpRequest

from telesphore.accounts import queries as accounts
from telesphore.accounts.states import CLINICAL_ROLES
from telesphore.kernel.clock import now
from telesphore.signature import queries as signature
from telesphore.web.presence import limits
from telesphore.web.requests import actor_of, current_membership


def shell(request: HttpRequest) -> dict[str, object]:
    """For every template: whether this is a demonstration, the theme and size of text chosen, where the reader is,
    the organisation that they act in and what awaits them there.
    """
    theme = request.COOKIES.get("theme", "")
    text = request.COOKIES.get("text", "")
    membership = (
        current_membership(request) if getattr(request, "user", None) and request.user.is_authenticated else None
    )
    carer = membership is not None and bool(membership.roles & CLINICAL_ROLES)
    at_hand = limits(request)
    return {
        "organisation": membership.organisation.name if membership else "",
        "roles": membership.roles if membership else frozenset(),
        "carer": carer,
        "waiting_count": signature.count_waiting(actor=actor_of(request)) if carer else 0,
        "backup": accounts.open_backup(organisation_id=membership.organisation.organisation_id, at=now())
        if membership
        else None,
        "demonstration": settings.DEMONSTRATION,
        "theme": theme if theme in ("light", "dark") else "",
        "text_size": text if text in ("large", "larger") else "",
        "here": request.path,
        "session_limits": at_hand if at_hand and not at_hand["locked"] else None,
    }

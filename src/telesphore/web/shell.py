"""What the shell around every page needs to know."""

from functools import cache
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from telesphore.accounts import queries as accounts
from telesphore.accounts.states import CLINICAL_ROLES
from telesphore.kernel.clock import now
from telesphore.signature import queries as signature
from telesphore.web.presence import limits
from telesphore.web.requests import actor_of, current_membership, memberships_of


def shell(request: HttpRequest) -> dict[str, object]:
    """For every template: whether this is a demonstration, the theme and size of text chosen, where the reader is,
    the organisation that they act in and what awaits them there, those where they are suspended when there is no other.
    """
    theme = request.COOKIES.get("theme", "")
    text = request.COOKIES.get("text", "")
    membership = (
        current_membership(request) if getattr(request, "user", None) and request.user.is_authenticated else None
    )
    lost = membership is None and getattr(request, "user", None) and request.user.is_authenticated
    carer = membership is not None and bool(membership.roles & CLINICAL_ROLES)
    at_hand = limits(request)

    # Asked when a page shows it, once: parts of pages don't, and the book has counted already.
    @cache
    def waiting_count() -> int:
        return signature.count_waiting(actor=actor_of(request), at=now()) if carer else 0

    @cache
    def backup() -> object:
        found = membership and membership.organisation
        return accounts.open_backup(organisation_id=found.organisation_id, at=now()) if found else None

    return {
        "organisation": membership.organisation.name if membership else "",
        "roles": membership.roles if membership else frozenset(),
        "organisations": len(memberships_of(request)) if membership else 0,
        "suspensions": accounts.suspensions(person_id=UUID(str(request.user.pk)), at=now()) if lost else [],
        "carer": carer,
        "waiting_count": waiting_count,
        "backup": backup,
        "demonstration": settings.DEMONSTRATION,
        "theme": theme if theme in ("light", "dark") else "",
        "text_size": text if text in ("large", "larger") else "",
        "here": request.path,
        "session_limits": at_hand if at_hand and not at_hand["locked"] else None,
    }

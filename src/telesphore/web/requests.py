"""Who sends a request, from where, and in which organisation they act."""

from collections.abc import Callable
from ipaddress import ip_address
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from telesphore.accounts import queries
from telesphore.accounts.states import BACKUP_MEANS, BACKUP_SCOPES
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.web.entrances import in_a_record, seen_through

ORGANISATION_KEY = "organisation"
BACKUP_KEY = "backup"
"""In a session opened by the backup way: ids of the organisation and of the opening, `<hex>/<hex>`."""


class ClientAddressMiddleware:
    """Believes X-Forwarded-For and X-Forwarded-Proto from the configured proxies, and from nobody else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.META.get("REMOTE_ADDR") in settings.TRUSTED_PROXIES:
            # The last address is the one that our proxy saw; those before it are the client's own words.
            nearest = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
            if _is_address(nearest):
                request.META["REMOTE_ADDR"] = nearest
            if request.headers.get("X-Forwarded-Proto") == "https":
                request.META["wsgi.url_scheme"] = "https"
        return self.get_response(request)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def client_of(request: HttpRequest) -> tuple[str | None, str]:
    """The client's address and the name that it gives itself, shortened."""
    address = request.META.get("REMOTE_ADDR") or None
    return address, request.headers.get("User-Agent", "")[:200]


def visitor(request: HttpRequest) -> Actor:
    """Someone who has proved nothing yet, seen from where they come."""
    address, client = client_of(request)
    return Actor(kind=ActorKind.NOBODY, source_address=address, client=client)


def memberships_of(request: HttpRequest) -> list[queries.MembershipCard]:
    """The organisations in which the signed-in person holds a role now; asked once per request."""
    found: list[queries.MembershipCard] | None = getattr(request, "_memberships", None)
    if found is None:
        person_id = UUID(str(request.user.pk))
        found = queries.memberships(person_id=person_id, at=now())
        backup = request.session.get(BACKUP_KEY, "")
        if backup:
            # Another organisation's backup way is not open: there, they have not come in.
            found = [card for card in found if card.organisation.organisation_id.hex == backup.partition("/")[0]]
        request._memberships = found  # type: ignore[attr-defined]  # Kept with the request, dies with it.
    return found


def actor_of(request: HttpRequest) -> Actor:
    """The actor behind a request: nobody, or the signed-in person in the organisation or the record they chose."""
    address, client = client_of(request)
    if not request.user.is_authenticated:
        return Actor(kind=ActorKind.NOBODY, source_address=address, client=client)
    membership = current_membership(request)
    session: queries.Presence | None = getattr(request, "_presence", None)
    member = Actor(
        kind=ActorKind.PROFESSIONAL,
        organisation_id=membership.organisation.organisation_id if membership else None,
        person_id=UUID(str(request.user.pk)),
        roles=membership.roles if membership else frozenset(),
        means=session.means if session else "",
        acr=session.acr if session else "",
        scopes=BACKUP_SCOPES if session and session.means == BACKUP_MEANS else None,
        session_id=session.session_id if session else None,
        source_address=address,
        client=client,
    )
    return seen_through(request, member)


def current_membership(request: HttpRequest) -> queries.MembershipCard | None:
    """The membership chosen in this session, or the first one; None for who belongs nowhere, or acts in a record."""
    if in_a_record(request):
        return None
    memberships = memberships_of(request)
    chosen = request.session.get(ORGANISATION_KEY)
    for membership in memberships:
        if membership.organisation.organisation_id.hex == chosen:
            return membership
    return memberships[0] if memberships else None

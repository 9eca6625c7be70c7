"""What a session of the backup way may reach: while it is open, in its organisation, and little."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from telesphore.accounts import queries
from telesphore.accounts.states import BACKUP_MEANS
from telesphore.audit import actions as audit
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.web.access import rule_of
from telesphore.web.presence import presence_of
from telesphore.web.requests import BACKUP_KEY, actor_of, memberships_of

SIGNED_IN = frozenset({"home", "locked", "session_state"})
"""Pages open to all who signed in that stay open; the others change what an account is, or leave the organisation."""
FOREIGN = frozenset({"account_logout", "set_language", "account_login"})


class TooNarrow(DomainError):
    """You came in by the backup way, which opens only what care cannot wait for. This waits until you come in by your
    usual way."""

    refusal: ClassVar[Refusal] = Refusal.FORBIDDEN
    code: ClassVar[str] = "backup-too-narrow"


class BackupMiddleware:
    """Looks at each request of such a session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        presence = presence_of(request)
        if presence is None or presence.means != BACKUP_MEANS or not request.user.is_authenticated:
            return None
        kept: str = request.session.get(BACKUP_KEY, "")
        match = request.resolver_match
        assert match is not None
        if not _open(request, kept):
            logout(request)
            messages.info(request, _("The backup way has ended, and your session with it."))
            return redirect("account_login")
        rule = rule_of(view, match.view_name) or ""
        if match.view_name in FOREIGN:
            return None
        if rule.startswith("signed in") and match.view_name not in SIGNED_IN:
            return _refuse(request, match.view_name)
        # What asks for a proof of five minutes ago asks for more than the one factor that opened this session.
        if getattr(view, "asks_freshness", False):
            return _refuse(request, match.view_name)
        return None


def _refuse(request: HttpRequest, page: str) -> HttpResponse:
    audit.record(
        "web:page:open", actor=actor_of(request), at=now(), outcome=audit.Outcome.REFUSED,
        detail={"page": page, "code": TooNarrow.code},
    )  # fmt: skip
    return render(request, "refusal.html", {"refusal": TooNarrow()}, status=403)


def _open(request: HttpRequest, kept: str) -> bool:
    organisation, _slash, access = kept.partition("/")
    for card in memberships_of(request):
        found = queries.open_backup(organisation_id=card.organisation.organisation_id, at=now())
        if found is not None and (found.organisation_id.hex, found.access_id.hex) == (organisation, access):
            return True
    return False

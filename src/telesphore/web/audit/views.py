"""The journal of an organisation, newest first, a page at a time."""

from collections.abc import Sequence
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from telesphore.accounts import queries as accounts
from telesphore.audit import actions as audit
from telesphore.audit.queries import events
from telesphore.kernel.clock import now
from telesphore.web.access import permission
from telesphore.web.audit.words import ground, sentence
from telesphore.web.requests import actor_of


@permission("audit:journal:see")
@require_GET
def journal(request: HttpRequest) -> HttpResponse:
    """Who did what, refusals included. Reading the journal is an act too."""
    actor, at = actor_of(request), now()
    assert actor.organisation_id is not None
    after = events.After.parse(request.GET.get("before", ""))
    audit.record("audit:journal:read", actor=actor, at=at)
    page = events.events_of_organisation(organisation_id=actor.organisation_id, after=after)
    people = accounts.person_cards(_ids(page.events))
    lines = [
        {
            "event": event,
            "sentence": sentence(event.action),
            "ground": ground(event.ground),
            "who": people[event.person_id].display_name if event.person_id in people else "",
        }
        for event in page.events
    ]
    return render(request, "audit/journal.html", {"lines": lines, "after": page.after})


def _ids(found: Sequence[events.Event]) -> set[UUID]:
    return {event.person_id for event in found if event.person_id is not None}

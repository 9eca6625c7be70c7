"""Where a signed-in person acts: as a member of an organisation, in their own record, or for whom they represent.

One at a time, chosen on a page and kept in the session; the rows that allow it are read anew at each request.
"""

from dataclasses import replace
from uuid import UUID

from django.http import HttpRequest

from telesphore.accounts.queries import Presence
from telesphore.accounts.states import Acr
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.records import queries
from telesphore.records.queries import Entrance

KEY = "entrance"
BY_LINK = "by_link"
"""In the session of who came by a link and its code: the one row that these proved."""


def entrances_of(request: HttpRequest) -> list[Entrance]:
    """The records that the signed-in person may come to now; asked once per request."""
    found: list[Entrance] | None = getattr(request, "_entrances", None)
    if found is None:
        found = queries.entrances(person_id=UUID(str(request.user.pk)), at=now())
        if (only := request.session.get(BY_LINK)) is not None:
            found = [one for one in found if one.row_id.hex == only]
        request._entrances = found  # type: ignore[attr-defined]  # Kept with the request, dies with it.
    return found


def in_a_record(request: HttpRequest) -> bool:
    """Whether the person chose to act as a patient or a representative, be the way still open or not."""
    return KEY in request.session


def current_entrance(request: HttpRequest) -> Entrance | None:
    """The record that was chosen, while the person may still come to it."""
    chosen = request.session.get(KEY)
    if chosen is None or not request.user.is_authenticated:
        return None
    return next((one for one in entrances_of(request) if one.row_id.hex == chosen), None)


def choose(request: HttpRequest, row_id: UUID, *, by_link: bool = False) -> None:
    """Act from now on in the record to which this account or representation leads; `by_link`, in no other."""
    request.session[KEY] = row_id.hex
    if by_link:
        request.session[BY_LINK] = row_id.hex
    request._entrances = None  # type: ignore[attr-defined]  # To be asked anew.


def came_by_link(request: HttpRequest) -> bool:
    """Whether the signed-in person came by an invitation's link and code, and has not proved more since."""
    session: Presence | None = getattr(request, "_presence", None)
    return BY_LINK in request.session and session is not None and session.acr == Acr.LINK_AND_CODE


def leave(request: HttpRequest) -> None:
    """Act as a member of an organisation again."""
    request.session.pop(KEY, None)


def seen_through(request: HttpRequest, actor: Actor) -> Actor:
    """The signed-in person as their choice makes them: no role of a member follows into a record."""
    if not in_a_record(request):
        return actor
    entrance = current_entrance(request)
    if entrance is None:
        return replace(actor, kind=ActorKind.NOBODY, organisation_id=None, roles=frozenset())
    patient_id = entrance.patient.patient_id
    own = entrance.kind is ActorKind.PATIENT
    return replace(
        actor,
        kind=entrance.kind,
        organisation_id=entrance.organisation.organisation_id,
        # A patient acts under the record's id, by link or by account alike; who signed in is traced at the entrance.
        person_id=patient_id if own else actor.person_id,
        on_behalf_of=None if own else patient_id,
        roles=frozenset(),
    )

"""Who came in through a link and its code: kept in the session, apart from any account, for half an hour."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation

from telesphore.accounts.states import Acr
from telesphore.kernel.actors import NIL, Actor, ActorKind
from telesphore.links import access as links
from telesphore.links.actions import Revealed
from telesphore.links.errors import LinkNotFound
from telesphore.records.actions import LINK_TO_ACCOUNT, LINK_TO_REPRESENT
from telesphore.records.queries import Entrance
from telesphore.signature import queries as signature
from telesphore.signature.actions.call import LINK_FOR_GUEST, LINK_TO_SIGN
from telesphore.signature.actions.copy import LINK_TO_COPY
from telesphore.signature.actions.embed import LINK_EMBEDDED, open_embedded
from telesphore.web.entrances import current_entrance
from telesphore.web.patients.embedded import KEY as FRAME
from telesphore.web.patients.embedded import frame_of
from telesphore.web.requests import actor_of, client_of, visitor

KEY = "link"
SPOKEN = "link_language"
LINKS_TO_ACCOUNT = (LINK_TO_ACCOUNT, LINK_TO_REPRESENT)
LIFE = timedelta(minutes=30)
MEANS = "link+code"


@dataclass(frozen=True, slots=True)
class Visit:
    """One patient's presence behind one link.

    Attributes:
        envelope_id: what the link leads to: an envelope, or the account or representation that it invites to.
        pages_shown: pages read to the end in this session, counted from 1; those of before are kept with the place.
        guest_id: the place of an interpreter or a witness, who is no patient.
        language: that the sender chose for whom the link was made for; empty for none.
        by_account: whether an account stands for the link's code.
    """

    organisation_id: UUID
    link_id: UUID
    patient_id: UUID
    envelope_id: UUID
    purpose: str
    pages_shown: frozenset[int]
    by_account: bool = False
    guest_id: UUID | None = None
    language: str = ""


def begin(request: HttpRequest, revealed: Revealed, at: datetime) -> None:
    """Let the bearer in; the session gets a new key, so that one fixed before is worth nothing."""
    request.session.cycle_key()
    if revealed.purpose == LINK_EMBEDDED:
        if frame_of(request) is None:
            raise LinkNotFound
        request.session[FRAME] = f"{revealed.organisation_id.hex}/{revealed.link_id.hex}"
        revealed = open_embedded(revealed=revealed, actor=visitor(request), at=at)
    subject, guest = revealed.subject_id, ""
    if revealed.purpose == LINK_FOR_GUEST:
        guest = subject.hex
        subject = signature.envelope_of_guest(organisation_id=revealed.organisation_id, recipient_id=subject)
    request.session[KEY] = {
        "organisation": revealed.organisation_id.hex,
        "link": revealed.link_id.hex,
        "patient": (revealed.patient_id or NIL).hex,
        "subject": subject.hex,
        "purpose": revealed.purpose,
        "until": (at + LIFE).isoformat(),
        "pages": [],
        "guest": guest,
        "language": signature.language_asked(
            organisation_id=revealed.organisation_id, link_id=revealed.link_id, subject_id=revealed.subject_id
        ),
    }


def begin_from_account(
    request: HttpRequest, entrance: Entrance, *, link_id: UUID, envelope_id: UUID, at: datetime
) -> None:
    """Let a patient who signed in, or who represents them, to the document that awaits the patient: their account
    stands for the link's code.
    """
    revealed = Revealed(
        entrance.organisation.organisation_id, link_id, LINK_TO_SIGN, envelope_id, entrance.patient.patient_id
    )
    begin(request, revealed, at)
    request.session[KEY] |= {"entrance": entrance.row_id.hex}


def current(request: HttpRequest, at: datetime, *, after_signing: bool = False) -> Visit:
    """The visit that this request belongs to.

    Args:
        after_signing: whether a link that has done its work will do, to see what came of it.

    Raises:
        LinkNotFound: nobody came in, or too long ago.
        LinkRevoked, LinkUsedUp, LinkExpired: the link leads nowhere any more.
    """
    kept: dict[str, Any] | None = request.session.get(KEY)
    if kept is None or at >= datetime.fromisoformat(kept["until"]):
        raise LinkNotFound
    if "entrance" in kept:
        entrance = current_entrance(request)
        if entrance is None or entrance.row_id.hex != kept["entrance"]:
            raise LinkNotFound
    visit = Visit(
        UUID(kept["organisation"]),
        UUID(kept["link"]),
        UUID(kept["patient"]),
        UUID(kept["subject"]),
        kept["purpose"],
        frozenset(kept["pages"]),
        "entrance" in kept,
        UUID(kept["guest"]) if kept.get("guest") else None,
        kept.get("language", ""),
    )
    speak(request, visit.language)
    links.check_open(
        organisation_id=visit.organisation_id,
        link_id=visit.link_id,
        purpose=visit.purpose,
        at=at,
        used_up_too=after_signing,
    )
    return visit


def speak(request: HttpRequest, language: str) -> None:
    """Answer in the language that the sender chose for this reader, unless the reader chose one on this device."""
    if language and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        translation.activate(language)


def leave(request: HttpRequest) -> None:
    """The visit is over; of it, the language alone is remembered, for what is said last."""
    request.session[SPOKEN] = request.session.pop(KEY).get("language", "")


def speak_on(request: HttpRequest) -> None:
    """Answer as `speak` did during a visit, be it over."""
    kept = request.session.get(KEY, {}).get("language", "")
    speak(request, kept or request.session.get(SPOKEN, ""))


def to_sign(request: HttpRequest, at: datetime, *, after_signing: bool = False) -> Visit:
    """The visit, if it is one to sign. Raises as `current`."""
    return _of_purpose(current(request, at, after_signing=after_signing), LINK_TO_SIGN, LINK_FOR_GUEST)


def to_copy(request: HttpRequest, at: datetime) -> Visit:
    """The visit, if it is one to fetch a copy. Raises as `current`."""
    return _of_purpose(current(request, at), LINK_TO_COPY)


def to_account(request: HttpRequest, at: datetime) -> Visit:
    """The visit, if it is by an invitation to an account. Raises as `current`."""
    return _of_purpose(current(request, at), *LINKS_TO_ACCOUNT)


def _of_purpose(visit: Visit, *purposes: str) -> Visit:
    if visit.purpose not in purposes:
        raise LinkNotFound
    return visit


def mark_read(request: HttpRequest, page: int) -> None:
    """Remember that a page was read to its end."""
    kept = request.session[KEY]
    kept["pages"] = sorted({*kept["pages"], page})
    request.session.modified = True


def actor_of_visit(request: HttpRequest, visit: Visit) -> Actor:
    """The patient, as the link and the code proved them; by an account, whoever signed in, in the record they chose."""
    if visit.by_account:
        return actor_of(request)
    address, client = client_of(request)
    return Actor(
        kind=ActorKind.GUEST if visit.guest_id else ActorKind.PATIENT,
        organisation_id=visit.organisation_id,
        person_id=visit.guest_id or visit.patient_id,
        means=MEANS,
        acr=Acr.LINK_AND_CODE,
        source_address=address,
        client=client,
    )


def bearer_of_visit(request: HttpRequest, visit: Visit) -> Actor:
    """Whoever came by an invitation to act for a patient: no patient, and nobody with a name yet."""
    return replace(visitor(request), organisation_id=visit.organisation_id, means=MEANS, acr=Acr.LINK_AND_CODE)

"""What happened to a record, told to the patient whose it is: who, what, why they could."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from telesphore.accounts.queries import PersonCard
from telesphore.audit.queries.events import Event
from telesphore.kernel.actors import ActorKind

CODE = "links:link:reveal"
DID = {
    CODE: gettext_lazy("gave a code"),
    "records:access:report": gettext_lazy("reported an access"),
    "records:account:confirm": gettext_lazy("opened the account"),
    "records:account:end": gettext_lazy("closed the account"),
    "records:account:invite": gettext_lazy("sent the invitation to the account"),
    "records:care-team:add": gettext_lazy("added somebody to the care team"),
    "records:document:deposit": gettext_lazy("deposited a document"),
    "records:document:open": gettext_lazy("read a document"),
    "records:document:print": gettext_lazy("printed a document"),
    "records:document:withdraw": gettext_lazy("withdrew a document"),
    "records:patient:change-contact": gettext_lazy("changed your e-mail address and phone"),
    "records:patient:change-language": gettext_lazy("changed the language in which we write to you"),
    "records:patient:register": gettext_lazy("opened the record"),
    "records:record:enter": gettext_lazy("came in with the account"),
    "records:record:open": gettext_lazy("saw the list of documents"),
    "records:representation:confirm": gettext_lazy("accepted to act for the patient"),
    "records:representation:end": gettext_lazy("recorded that somebody acts for the patient no more"),
    "records:representation:invite": gettext_lazy("invited again somebody who acts for the patient"),
    "records:representation:record": gettext_lazy("recorded that somebody acts for the patient"),
    "signature:document:read": gettext_lazy("read a document to sign to its end"),
    "signature:document:view": gettext_lazy("read a document to sign"),
    "signature:envelope:send": gettext_lazy("sent a document to be signed"),
    "signature:envelope:void": gettext_lazy("withdrew a document to sign"),
    "signature:recipient:advise": gettext_lazy("gave an opinion on a document"),
    "signature:recipient:change-way": gettext_lazy("changed the way to a document: by a link, or at the bedside"),
    "signature:recipient:correct": gettext_lazy("corrected the address of somebody who was asked to sign"),
    "signature:recipient:decline": gettext_lazy("declined to sign a document"),
    "signature:recipient:hand-over": gettext_lazy("handed a document over to a colleague"),
    "signature:recipient:recall": gettext_lazy("took back what they had done on a document"),
    "signature:recipient:review": gettext_lazy("approved a document"),
    "signature:recipient:sign": gettext_lazy("signed a document"),
    "signature:thread:open-attachment": gettext_lazy("opened a file attached to a discussion"),
    "signature:thread:read": gettext_lazy("read the discussion beside a document"),
    "signature:thread:write": gettext_lazy("wrote in the discussion beside a document"),
}
"""What patients are told of; the platform's own steps between these (keys, notices, files) are not repeated to them."""

WHY = {
    "author": gettext_lazy("They deposited this document."),
    "care-team": gettext_lazy("They are in the care team."),
    "guest": gettext_lazy("They were asked to help the patient with this document."),
    "own-record": gettext_lazy("It is your record."),
    "recipient": gettext_lazy("They were asked to sign."),
    "representative": gettext_lazy("They act for the patient."),
    "sender": gettext_lazy("They sent this document."),
    "watcher": gettext_lazy("They follow this document."),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One access.

    Attributes:
        mine: whether the reader did it, so that there is nothing to report.
        about: the document's title, when it is one of the record.
    """

    event_id: UUID
    at: datetime
    day: date
    who: str
    role: str
    did: str
    about: str
    why: str
    refused: bool
    mine: bool
    reported: bool

    @property
    def same(self) -> tuple[object, ...]:
        """What makes a line say the same as the one above it: both are then told as one, with their number."""
        return (self.did, self.about, self.why, self.refused, self.reported)


def told(
    events: Iterable[Event],
    *,
    people: Mapping[UUID, PersonCard],
    titles: Mapping[UUID, str],
    reported: set[UUID],
    reader: UUID,
    patient_id: UUID,
) -> list[Line]:
    """The accesses of which a patient is told, in the order given.

    Args:
        reader: the actor's id: the patient's, or the representative's.
    """
    return [
        _line(event, people, titles, reported, reader, patient_id)
        for event in events
        if event.action in DID
        and event.actor_kind != ActorKind.SYSTEM
        # A code that was right is followed by what its bearer did.
        and (event.action != CODE or event.outcome == "refused")
    ]


def _line(
    event: Event,
    people: Mapping[UUID, PersonCard],
    titles: Mapping[UUID, str],
    reported: set[UUID],
    reader: UUID,
    patient_id: UUID,
) -> Line:
    card = people.get(event.person_id) if event.person_id else None
    mine = event.person_id == reader
    by_patient = event.actor_kind == ActorKind.PATIENT or event.person_id == patient_id
    if mine:
        who, role = _("You"), ""
    elif by_patient:
        who, role = _("The patient"), ""
    elif card is not None:
        who = card.display_name
        role = _("acts for the patient") if event.actor_kind == ActorKind.REPRESENTATIVE else card.specialty
    else:
        who, role = _("Somebody who had not signed in"), ""
    return Line(
        event.id,
        event.at,
        localtime(event.at).date(),
        who,
        role,
        str(DID[event.action]),
        titles.get(event.subject_id, "") if event.subject_id else "",
        "" if mine else str(WHY.get(event.ground, "")),
        event.outcome == "refused",
        mine,
        event.id in reported,
    )

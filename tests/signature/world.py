"""What the state machine of circuits (`machine.py`) reads and begins with: the rows, the people."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid5

from telesphore.accounts.states import Acr, Role
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.links.models import Link
from telesphore.outbox.models import Notice
from telesphore.records import actions as records
from telesphore.records.models import Representation
from telesphore.records.states import Measure
from telesphore.signature.models import Bedside, Draft, Entry, Envelope, Prepared, Recipient, Revision, Step
from telesphore.signature.states import ACTED
from tests.accounts.members import claire, hired
from tests.cast import assemble
from tests.papers import blank
from tests.records.test_accounts import basis, child, represent
from tests.signature.circuits import Token, token_of

PROFESSIONALS = ("lebrun", "ricaud", "martin")


@dataclass(frozen=True)
class Rows:
    """All that an act may change, as it stands."""

    envelopes: dict[UUID, tuple[Any, ...]]
    steps: dict[UUID, tuple[Any, ...]]
    recipients: dict[UUID, tuple[Any, ...]]
    prepared: dict[UUID, str]
    others: tuple[Any, ...]

    @classmethod
    def read(cls) -> "Rows":
        return cls(
            {
                row[0]: row[1:]
                for row in Envelope.objects.values_list("id", "state", "closed_at", "expires_at", "withdrawn_at")
            },
            {row[0]: row[1:] for row in Step.objects.values_list("id", "completed_at")},
            {
                row[0]: row[1:]
                for row in Recipient.objects.values_list(
                    "id",
                    "state",
                    "person_id",
                    "link_id",
                    "signed_at",
                    "acted_at",
                    "opinion",
                    "reminders",
                    "reminded_at",
                )
            },
            dict(Prepared.objects.values_list("id", "state")),
            (
                sorted(Bedside.objects.values_list("id", "ended_at", "end"), key=str),
                sorted(Revision.objects.values_list("envelope_id", "number")),
                sorted(Link.objects.values_list("id", "revoked_at", "used_up_at"), key=str),
                Notice.objects.count(),
                Entry.objects.count(),
                Draft.objects.count(),
                Event.objects.filter(outcome="done", action__regex=r"^(signature|accounts):").count(),
            ),
        )

    def since(self, before: "Rows") -> list[Any]:
        """What is not as it was."""
        mine, theirs = (
            {**one.envelopes, **one.steps, **one.recipients, **one.prepared, "others": one.others}
            for one in (self, before)
        )
        return [(theirs.get(key), now_is) for key, now_is in mine.items() if theirs.get(key) != now_is]

    def acted(self) -> dict[UUID, str]:
        """Who has done what their step asks."""
        return {row_id: row[0] for row_id, row in self.recipients.items() if row[0] in ACTED}


@dataclass(frozen=True)
class World:
    """What all examples begin with.

    Attributes:
        people: Léo is a minor, whom Inès represents.
        tokens: of those who may have one.
        documents: of one page, by whose record holds it.
        representation_id: by which Inès acts.
    """

    people: dict[str, Actor]
    tokens: dict[str, Token]
    documents: dict[str, UUID]
    representation_id: UUID

    @classmethod
    def make(cls) -> "World":
        cast = assemble()
        leo_id = child(cast)
        ines = represent(cast, leo_id, basis(Measure.PARENTAL_AUTHORITY))
        people = {
            "sylvie": cast.sylvie, "lebrun": cast.lebrun, "ricaud": cast.ricaud, "cherif": cast.cherif,
            "odile": cast.odile, "ibrahim": cast.ibrahim, "claire": claire(cast),
            "martin": hired(cast.hospital, "Paul", Role.PROFESSIONAL),
            "system": Actor.system(cast.hospital), "program": replace(cast.lebrun, kind=ActorKind.SOFTWARE),
            "guest": Actor(kind=ActorKind.GUEST, organisation_id=cast.hospital, person_id=cast.ibrahim_id),
            "leo": replace(cast.odile, person_id=leo_id), "ines": replace(ines, acr=Acr.PASSKEY),
        }  # fmt: skip
        documents = {
            whose: records.deposit(
                patient_id=people[whose].person, title="Note", type_code="11488-4", class_code="11", content=blank(1),
                actor=cast.sylvie, at=now(),
            ).document_id
            for whose in ("odile", "leo")
        }  # fmt: skip
        tokens = {name: token_of(people[name], name.capitalize()) for name in (*PROFESSIONALS, "cherif")}
        return cls(people, tokens, documents, Representation.objects.get().id)

    def session_of(self, who: str) -> UUID:
        """The session in which somebody hands a tablet over."""
        return uuid5(self.representation_id, who)

"""Workstations whose card agent is paired: lists, and the requests that this server signs for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from telesphore.accounts.access import workstation_of
from telesphore.accounts.errors import PairingNotFound, WorkstationNotFound
from telesphore.accounts.formats import agent, cards
from telesphore.accounts.models import Pairing, Person, Workstation
from telesphore.accounts.ports import agent_server, card_authorities
from telesphore.accounts.states import PAIRING_TRIES, Role
from telesphore.kernel.actors import Actor


@dataclass(frozen=True, slots=True)
class WorkstationCard:
    """A workstation, as its organisation's members see it.

    Attributes:
        paired_by: the name of who typed the code.
        yours: whether the actor may revoke it.
    """

    workstation_id: UUID
    name: str
    paired_by: str
    paired_at: datetime
    seen_at: datetime | None
    yours: bool


@dataclass(frozen=True, slots=True)
class PairingCard:
    """A pairing of the actor's own; `workstation_id` is what came of it."""

    pairing_id: UUID
    name: str
    expires_at: datetime
    workstation_id: UUID | None
    tries_over: bool


def workstations(*, actor: Actor) -> list[WorkstationCard]:
    """Those of the actor's organisation that were not revoked, by name."""
    rows = Workstation.objects.filter(organisation_id=actor.organisation, revoked_at=None)
    administrator = Role.ADMINISTRATOR in actor.roles
    return [
        WorkstationCard(
            row.id,
            row.name,
            row.paired_by.display_name,
            row.paired_at,
            row.seen_at,
            administrator or row.paired_by_id == actor.person_id,
        )
        for row in rows.select_related("paired_by").order_by("name", "paired_at")
    ]


def has_workstations(*, actor: Actor) -> bool:
    """Whether the actor's organisation has any that was not revoked."""
    return Workstation.objects.filter(organisation_id=actor.organisation, revoked_at=None).exists()


def pairing(*, pairing_id: UUID, actor: Actor) -> PairingCard:
    """How far a pairing is.

    Raises:
        PairingNotFound: no such one, or another's.
    """
    row = Pairing.objects.filter(id=pairing_id, organisation_id=actor.organisation, person_id=actor.person).first()
    if row is None:
        raise PairingNotFound
    over = row.workstation_id is None and row.tries >= PAIRING_TRIES
    return PairingCard(row.id, row.name, row.expires_at, row.workstation_id, over)


def request_for_member(
    *, workstation_id: UUID, claims: Mapping[str, Any], language: str, actor: Actor, at: datetime
) -> str:
    """A signed request to a workstation of the actor's organisation.

    Raises:
        WorkstationNotFound: no such one, another organisation's, or a revoked one.
    """
    row = workstation_of(actor=actor, workstation_id=workstation_id)
    return _request(row, claims, language, at)


def request_for_anybody(*, workstation_id: UUID, claims: Mapping[str, Any], language: str, at: datetime) -> str:
    """A signed request to a workstation, for somebody who has not come in yet: only what that takes.

    Raises:
        WorkstationNotFound: no such one, or a revoked one.
    """
    assert claims["op"] in ("status", "watch", "authenticate")
    row = Workstation.objects.filter(id=workstation_id).first()
    if row is None:
        raise WorkstationNotFound
    return _request(row, claims, language, at)


def _request(row: Workstation, claims: Mapping[str, Any], language: str, at: datetime) -> str:
    if row.revoked_at is not None:
        raise WorkstationNotFound
    server = agent_server.get()
    return agent.request(
        server.key, origin=server.origin, workstation_id=row.id, language=language, claims=claims, at=at
    )


def cards_open_the_door() -> bool:
    """Whether people may come in by card here."""
    return bool(card_authorities.get().anchors)


def card_anchors() -> tuple[bytes, ...]:
    """DER of the roots to which cards lead."""
    return card_authorities.get().anchors


def is_holder(*, person_id: UUID, certificate: bytes) -> bool | None:
    """Whether a certificate (DER) is this person's, by the national identifier that it bears; None when it bears none,
    or when the person has none written down.

    Raises:
        NoPathToAnchor: it can't be read.
    """
    identifier = cards.national_identifier(certificate)
    person = Person.objects.get(id=person_id)
    own = {person.national_id, f"8{person.rpps}" if person.rpps else ""} - {""}
    return identifier in own if identifier and own else None

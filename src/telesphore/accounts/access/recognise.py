"""Whose workstation, whose card."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from telesphore.accounts.errors import (
    CardFromElsewhere,
    CardHolderUnknown,
    CardNotForSigningIn,
    CardOver,
    CardRevoked,
    WorkstationNotFound,
)
from telesphore.accounts.formats import cards
from telesphore.accounts.models import Person, Workstation
from telesphore.accounts.ports import card_authorities
from telesphore.accounts.states import Role
from telesphore.ades import paths
from telesphore.ades.errors import NoPathToAnchor
from telesphore.kernel.actors import Actor

MOST_BETWEEN = 8
"""Certificates that a card may bring along."""


def workstation_of(*, actor: Actor, workstation_id: UUID, to_change: bool = False) -> Workstation:
    """A workstation of the actor's organisation.

    Args:
        to_change: only whoever paired it, or an administrator, may; the row is locked.

    Raises:
        WorkstationNotFound: no such one, or not theirs.
    """
    rows = Workstation.objects.filter(organisation_id=actor.organisation)
    if to_change:
        rows = rows.select_for_update()
        if Role.ADMINISTRATOR not in actor.roles:
            rows = rows.filter(paired_by_id=actor.person)
    row = rows.filter(id=workstation_id).first()
    if row is None:
        raise WorkstationNotFound
    return row


def check_card(certificate: bytes, chain: Sequence[bytes], *, at: datetime) -> None:
    """Whether a certificate (DER) proves who its holder is: theirs to authenticate with, valid, issued by whom the
    operator trusts for cards, not revoked.

    Raises:
        CardNotForSigningIn, CardOver, CardFromElsewhere, CardRevoked, CardStatusUnknown
    """
    authorities = card_authorities.get()
    try:
        suits, parsed = cards.is_for_authentication(certificate), paths.load(certificate)
    except NoPathToAnchor:
        raise CardNotForSigningIn from None
    pool = (*authorities.between, *chain[:MOST_BETWEEN])
    try:
        # An anchor is nobody's card.
        if certificate in authorities.anchors:
            raise NoPathToAnchor
        path = paths.path_to_anchor(
            certificate, pool=pool, anchors=authorities.anchors, at=min(at, parsed.not_valid_after_utc)
        )
    except NoPathToAnchor:
        # Whoever is not trusted at all is not told that they come too early or too late.
        raise (CardOver if at < parsed.not_valid_before_utc else CardFromElsewhere) from None
    if not paths.valid_at(parsed, at):
        raise CardOver
    if not suits:
        raise CardNotForSigningIn
    if authorities.status.revoked(path, at=at):
        raise CardRevoked


def holder_of(certificate: bytes) -> Person:
    """The active person whose national identifier a certificate (DER) bears.

    Who has none written down is known by their RPPS number, if nobody else has the same.

    Raises:
        CardHolderUnknown
    """
    identifier = cards.national_identifier(certificate)
    if not identifier:
        raise CardHolderUnknown
    known = known_by(identifier)
    if known is None:
        raise CardHolderUnknown
    return known


def known_by(identifier: str) -> Person | None:
    """The active person who carries this national identifier; None when there is none.

    Who has none written down is known by their RPPS number, if nobody else has the same.
    """
    if not identifier:
        return None
    known = list(Person.objects.filter(national_id=identifier)[:1])
    if not known and identifier.startswith("8"):
        known = list(Person.objects.filter(national_id="", rpps=identifier[1:])[:2])
    return known[0] if len(known) == 1 and known[0].is_active else None

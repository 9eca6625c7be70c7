"""Recognise a person by a card: by what it signed for us, or by the TLS connection that a proxy vouches for."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.accounts import access
from telesphore.accounts.errors import CardNotAsked, CardOfAnother, CardSignatureWrong
from telesphore.accounts.formats import agent
from telesphore.accounts.models import Person
from telesphore.accounts.ports import agent_server
from telesphore.ades.algorithms import check
from telesphore.ades.errors import SignatureDoesNotMatch, UnknownKeyType
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor


@dataclass(frozen=True, slots=True)
class CardAnswer:
    """What an agent answers to `authenticate`.

    Attributes:
        certificate, chain: DER.
        algorithm: one of `agent.ALGORITHMS`.
    """

    certificate: bytes
    chain: tuple[bytes, ...]
    algorithm: str
    signature: bytes


@audit.staged("accounts:card:recognise")
def recognise_card(
    *, answer: CardAnswer, nonce: bytes | None, person_id: UUID | None = None, actor: Actor, at: datetime
) -> UUID:
    """The person whose card signed this nonce. Asks the network whether the card still holds.

    Args:
        nonce: what was asked of this browser; None when nothing was, or when it was answered or is too old.
        person_id: who must be recognised, when somebody who came in proves again who they are.

    Raises:
        CardNotAsked, CardSignatureWrong, CardOver, CardFromElsewhere, CardNotForSigningIn, CardRevoked,
        CardStatusUnknown, CardHolderUnknown, CardOfAnother
    """
    if nonce is None:
        raise CardNotAsked
    algorithm = agent.ALGORITHMS.get(answer.algorithm)
    if algorithm is None:
        raise CardSignatureWrong
    try:
        check(answer.certificate, algorithm, agent.authentication(agent_server.get().origin, nonce), answer.signature)
    except (SignatureDoesNotMatch, UnknownKeyType):
        raise CardSignatureWrong from None
    return _holder(answer.certificate, answer.chain, person_id, actor, at)


@audit.staged("accounts:card:recognise")
def recognise_certificate(*, certificate: bytes, chain: Sequence[bytes], actor: Actor, at: datetime) -> UUID:
    """The person whose certificate a trusted proxy saw used in a TLS handshake. Asks the network likewise.

    Raises:
        CardOver, CardFromElsewhere, CardNotForSigningIn, CardRevoked, CardStatusUnknown, CardHolderUnknown
    """
    return _holder(certificate, chain, None, actor, at)


def _holder(certificate: bytes, chain: Sequence[bytes], person_id: UUID | None, actor: Actor, at: datetime) -> UUID:
    access.check_card(certificate, chain, at=at)
    person = access.holder_of(certificate)
    audit.concerning(subject=person.id)
    if person_id is not None and person.id != person_id:
        raise CardOfAnother
    _note(person=person, certificate=certificate, actor=actor, at=at)
    return person.id


@audit.act("accounts:card:recognise")
def _note(*, person: Person, certificate: bytes, actor: Actor, at: datetime) -> None:
    Person.objects.filter(id=person.id).update(directory_checked_at=at)
    audit.record(
        "accounts:card:recognise",
        actor=actor,
        subject=person.id,
        at=at,
        detail={"certificate_sha256": hashlib.sha256(certificate).hexdigest()},
    )

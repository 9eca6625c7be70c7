"""Who may act on an envelope: its recipients when it is their turn, its sender."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from cryptography.x509 import Certificate

from telesphore.accounts import queries as accounts
from telesphore.ades import paths
from telesphore.ades.errors import NoPathToAnchor
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.pki import queries as pki
from telesphore.signature.errors import (
    AlreadySigned,
    CertificateOfAnother,
    CertificateOfUnknown,
    EnvelopeClosed,
    EnvelopeExpired,
    EnvelopeNotFound,
    NotYourTurn,
    PreparedDropped,
    PreparedExpired,
    PreparedNotFound,
    PreparedUsed,
)
from telesphore.signature.models import Envelope, Prepared, Recipient
from telesphore.signature.ports import ChainIncomplete, KeyWithoutCertificate
from telesphore.signature.states import OPEN_STATES, TRANSITIONS, EnvelopeState, PreparedState, RecipientState

MOST_CERTIFICATES = 32


def recipient_of(*, actor: Actor, envelope_id: UUID) -> tuple[Envelope, Recipient]:
    """The envelope and the actor's place in it.

    Raises:
        EnvelopeNotFound: no such envelope, or the actor is not among its recipients.
    """
    recipients = Recipient.objects.filter(organisation_id=actor.organisation, envelope_id=envelope_id)
    if actor.kind is ActorKind.PATIENT and actor.person_id is not None:
        recipients = recipients.filter(patient_id=actor.person_id)
    elif actor.kind is ActorKind.PROFESSIONAL and actor.person_id is not None and actor.roles:
        recipients = recipients.filter(person_id=actor.person)
    else:
        raise EnvelopeNotFound
    # Of several places of one person, the one that is awaited comes first.
    recipient = min(
        recipients.select_related("envelope"), key=lambda row: row.state != RecipientState.WAITING, default=None
    )
    if recipient is None:
        raise EnvelopeNotFound
    return recipient.envelope, recipient


def check_can_sign(envelope: Envelope, recipient: Recipient, at: datetime) -> None:
    """Whether it is this recipient's turn, and not too late.

    Raises:
        AlreadySigned, EnvelopeClosed, EnvelopeExpired, NotYourTurn
    """
    if recipient.state == RecipientState.SIGNED:
        raise AlreadySigned
    if envelope.state not in OPEN_STATES or recipient.state == RecipientState.DECLINED:
        raise EnvelopeClosed
    if at >= envelope.expires_at:
        raise EnvelopeExpired
    if recipient.state != RecipientState.WAITING:
        raise NotYourTurn


def prepared_of(*, actor: Actor, prepared_id: UUID) -> Prepared:
    """A signature that the actor prepared, with its envelope and recipient.

    Raises:
        PreparedNotFound: no such one, or another's.
    """
    if actor.kind is not ActorKind.PROFESSIONAL or actor.person_id is None or not actor.roles:
        raise PreparedNotFound
    try:
        return Prepared.objects.select_related("envelope", "recipient").get(
            organisation_id=actor.organisation, id=prepared_id, recipient__person_id=actor.person_id
        )
    except Prepared.DoesNotExist:
        raise PreparedNotFound from None


def check_waits(prepared: Prepared, at: datetime) -> None:
    """Whether a prepared signature may still be completed.

    Raises:
        PreparedUsed, PreparedDropped, PreparedExpired
    """
    if prepared.state == PreparedState.COMPLETED:
        raise PreparedUsed
    if prepared.state == PreparedState.DROPPED:
        raise PreparedDropped
    if at >= prepared.expires_at:
        raise PreparedExpired


def sender_or_recipient(*, actor: Actor, envelope_id: UUID) -> Envelope:
    """The envelope, for those whom it concerns.

    Raises:
        EnvelopeNotFound
    """
    try:
        envelope = Envelope.objects.get(organisation_id=actor.organisation, id=envelope_id)
    except Envelope.DoesNotExist:
        raise EnvelopeNotFound from None
    if actor.kind is ActorKind.SYSTEM:
        return envelope
    if actor.kind is ActorKind.PROFESSIONAL and actor.roles and envelope.sender_id == actor.person_id:
        return envelope
    return recipient_of(actor=actor, envelope_id=envelope_id)[0]


def check_certificate(
    certificate: bytes, chain: Sequence[bytes], *, organisation_id: UUID, at: datetime
) -> tuple[bytes, ...]:
    """Whether a signature by this certificate (DER) could be relied on; the certificates above it, in order, up to a
    root.

    Raises:
        CertificateNotYet, CertificateOver, CertificateRevoked: with the day.
        KeyWithoutCertificate: it can't be read.
        ChainIncomplete: neither the token nor the organisation knows who issued it.
    """
    try:
        pki.check_may_sign(certificate, organisation_id=organisation_id, at=at)
        one, above = paths.load(certificate), list[bytes]()
    except (ValueError, NoPathToAnchor):
        raise KeyWithoutCertificate from None
    pool = [*chain[:MOST_CERTIFICATES], *pki.trust_anchors(organisation_id)]
    while one.issuer != one.subject:
        found = next((other for other in pool if _issued(other, one)), None)
        if found is None or len(above) >= paths.LONGEST:
            raise ChainIncomplete
        above.append(found)
        one = paths.load(found)
    return tuple(above)


def check_holder(
    certificate: bytes, chain: Sequence[bytes], *, person_id: UUID, organisation_id: UUID, known: bool
) -> None:
    """Whether a certificate (DER) that a person would sign with is theirs.

    Args:
        chain: those above it, up to a root, as `check_certificate` gives them.
        known: refuse also one of which nobody trusted says whose it is: a card that anybody may have put into a reader.
            Tokens that the operator gave each person are believed, unless they are another's for sure.

    Raises:
        CertificateOfAnother, CertificateOfUnknown
    """
    holder = pki.certificate_holder(certificate, organisation_id=organisation_id)
    if holder is not None:
        if holder != person_id:
            raise CertificateOfAnother
        return
    told = accounts.is_holder(person_id=person_id, certificate=certificate)
    if told is False:
        raise CertificateOfAnother
    if known and not (told and chain and chain[-1] in {*pki.anchors(organisation_id), *accounts.card_anchors()}):
        raise CertificateOfUnknown


def _issued(above: bytes, below: Certificate) -> bool:
    try:
        return paths.issued(paths.load(above), below)
    except NoPathToAnchor:
        return False


def check_transition(envelope: Envelope, to: EnvelopeState) -> None:
    """Whether the table of states allows it.

    Raises:
        EnvelopeClosed
    """
    if to not in TRANSITIONS[EnvelopeState(envelope.state)]:
        raise EnvelopeClosed

"""What a signer without a card finds behind a link: how far they read, in which role, the sentence that they sign."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.records import queries as records
from telesphore.records.states import Language
from telesphore.signature import access
from telesphore.signature.errors import EnvelopeNotFound
from telesphore.signature.models import Envelope, Recipient
from telesphore.signature.queries.circuits import title
from telesphore.signature.queries.drafts import composition_of
from telesphore.signature.queries.guests import guests_of
from telesphore.signature.queries.sentences import Spoken, sentence
from telesphore.signature.states import PartyRole, Purpose, RecipientState
from telesphore.vault import queries as vault


@dataclass(frozen=True, slots=True)
class Reading:
    """One signer's reading of an envelope.

    Attributes:
        name: the signer's own.
        role: a `PartyRole`.
        quality: a guest's, in the sender's words.
        purpose: what the signature means.
        pages_read: how far they read, in pages from the first.
        sentence: what they sign.
        easy_text: the document told in easy words; empty when the sender gave none.
        stand_ins: for a patient whom the law has represented, the names of those who sign for them; None for others.
    """

    recipient_id: UUID
    name: str
    role: str
    quality: str
    purpose: str
    pages_read: int
    awaited: bool
    sentence: str
    easy_text: str
    stand_ins: tuple[str, ...] | None = None

    @property
    def is_guest(self) -> bool:
        """Whether they sign for themselves only: an interpreter, a witness."""
        return self.role in (PartyRole.INTERPRETER, PartyRole.WITNESS)


def reading(*, envelope_id: UUID, language: str, actor: Actor, at: datetime) -> Reading:
    """How far the actor has read, and what they are to sign, in this language.

    Raises:
        EnvelopeNotFound
    """
    envelope, recipient = access.recipient_of(actor=actor, envelope_id=envelope_id, at=at)
    spoken = spoken_by(envelope, recipient, actor)
    composition = composition_of(envelope)
    return Reading(
        recipient.id,
        spoken.name,
        spoken.role,
        spoken.quality,
        spoken.purpose,
        recipient.pages_read,
        recipient.state == RecipientState.WAITING,
        sentence(spoken, language),
        composition.easy_text if composition else "",
        records.stand_ins(organisation_id=envelope.organisation_id, patient_id=envelope.patient_id, at=at)
        if actor.kind is ActorKind.PATIENT
        else None,
    )


def spoken_by(envelope: Envelope, recipient: Recipient, actor: Actor) -> Spoken:
    """What goes into the sentence of a patient, of who represents them, or of a guest."""
    patient = records.patient_cards(organisation_id=envelope.organisation_id, patient_ids={envelope.patient_id})[
        envelope.patient_id
    ]
    represents = actor.kind is ActorKind.REPRESENTATIVE
    guest = guests_of([(envelope, recipient)]).get(recipient.id)
    name = (
        accounts.person_card(actor.person).display_name if represents else guest.name if guest else patient.display_name
    )
    return Spoken(
        name=name,
        patient=patient.display_name,
        title=title(envelope),
        sender=accounts.person_card(envelope.sender_id).display_name,
        pages=envelope.pages,
        role=recipient.role or PartyRole.PATIENT,
        purpose=recipient.purpose or Purpose.CONSENTS,
        represents=represents,
        quality=guest.quality if guest else "",
        # Who speaks French has the document translated otherwise, into signs for one: the quality says it.
        language="" if patient.language == Language.FRENCH else patient.language,
    )


def envelope_of_guest(*, organisation_id: UUID, recipient_id: UUID) -> UUID:
    """The envelope that a guest was called to.

    Raises:
        EnvelopeNotFound
    """
    found = Recipient.objects.filter(organisation_id=organisation_id, id=recipient_id, guest_sealed__isnull=False)
    envelope_id = found.values_list("envelope_id", flat=True).first()
    if envelope_id is None:
        raise EnvelopeNotFound
    return envelope_id


def language_asked(*, organisation_id: UUID, link_id: UUID, subject_id: UUID) -> str:
    """The language that the sender chose for whom this link was made for; empty when none was chosen.

    Args:
        subject_id: what the link is about: for a patient, be it to sign or to a copy, the envelope.
    """
    found = Recipient.objects.filter(
        Q(link_id=link_id) | Q(envelope_id=subject_id, patient_id__isnull=False), organisation_id=organisation_id
    )
    return found.values_list("language", flat=True).first() or ""


def sentence_signed(*, recipient: Recipient) -> str:
    """The exact words that a recipient signed; empty for a professional's signature, and for those of before."""
    envelope = recipient.envelope
    sealed = (recipient.proof or {}).get("sentence")
    if not sealed:
        return ""
    return vault.unseal_text(
        organisation_id=envelope.organisation_id,
        key_id=envelope.key_id,
        sealed=bytes.fromhex(sealed),
        context=sentence_context(recipient.id),
    )


def sentence_context(recipient_id: UUID) -> str:
    """What a sentence is sealed for."""
    return f"signature:sentence:{recipient_id}"

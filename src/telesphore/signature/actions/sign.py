"""Sign one's step: prepare, have the token sign, complete; the last signature has the document sealed.

Nothing is locked while a token works. What it signed is taken only if the file is still the one that was prepared.
A token at hand goes through the stages at once; for a card elsewhere, `prepare` keeps what lies between them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.accounts import queries as accounts
from telesphore.ades.appearance import Appearance
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.errors import DomainError
from telesphore.pki import actions as pki
from telesphore.records import access as records_access
from telesphore.records import queries as records
from telesphore.records.states import Measure
from telesphore.signature import access, queries
from telesphore.signature.actions.fill import NOTHING, check_asked
from telesphore.signature.actions.take import Ready, Signed, make_ready, take_signature
from telesphore.signature.errors import NotAskedToSign, NotReadYet
from telesphore.signature.models import Envelope, Recipient
from telesphore.signature.ports import PersonalToken, SigningToken
from telesphore.signature.queries.guests import guests_of
from telesphore.signature.queries.reading import spoken_by
from telesphore.signature.queries.sentences import sentence
from telesphore.signature.states import PartyRole, Purpose

REASONS = {
    Purpose.ACKNOWLEDGES: "prise de connaissance",
    Purpose.CONSENTS: "consentement",
    Purpose.VALIDATES: "validation du contenu",
}
"""What a signature means, as the file says it and shows it: in French, as all that is drawn there."""
MEASURES = {
    Measure.PARENTAL_AUTHORITY: "autorité parentale",
    Measure.GUARDIANSHIP: "tutelle",
    Measure.FAMILY_EMPOWERMENT: "habilitation familiale",
    Measure.FUTURE_PROTECTION: "mandat de protection future",
}
"""On what ground somebody signs in the patient's place, drawn in French too."""
GUESTS_DRAWN = {PartyRole.INTERPRETER: "interprète", PartyRole.WITNESS: "témoin"}
"""Of a guest to whom the sender gave no quality."""


@audit.staged("signature:recipient:sign")
def sign_as_patient(
    *,
    envelope_id: UUID,
    pages_shown: int,
    drawing: bytes | None,
    actor: Actor,
    at: datetime,
    filled: Mapping[str, str] = NOTHING,
    language: str = "fr",
    decided_at: datetime | None = None,
) -> Signed:
    """The patient, who represents them, or a guest signs with a certificate issued on the spot: its key lives for this
    one signature. The certificate names who signs; what is drawn names the patient too.

    Args:
        pages_shown: how many pages of the document the reader has shown.
        drawing: PNG of a handwritten signature; decoration only.
        filled: name of the field → value, of those that they are asked for (`queries.fields_to_fill`).
        language: in which the sentence that they sign was shown.
        decided_at: when they decided on a tablet that had no network; `at` is when it arrived.

    Raises:
        EnvelopeNotFound, AlreadySigned, EnvelopeClosed, EnvelopeExpired, NotYourTurn, NotReadYet, ActIsPast,
        SomeoneSignedMeanwhile, FieldsNotFilled, ValueNotAccepted, FieldNotYours
        MustBeRepresented: the patient does not sign alone.
    """
    envelope, recipient = access.recipient_of(actor=actor, envelope_id=envelope_id, at=at)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    access.check_can_sign(envelope, recipient, at)
    access.check_acts_alone(actor=actor, envelope=envelope, at=at)
    if recipient.purpose == Purpose.CONSENTS:
        access.check_before_act(queries.composition_of(envelope), at)
    if pages_shown < envelope.pages:
        raise NotReadYet
    check_asked(envelope, recipient, filled)
    patient = records.patient_cards(organisation_id=envelope.organisation_id, patient_ids={envelope.patient_id})[
        envelope.patient_id
    ]
    given_name, family_name, name, role = patient.given_names.split()[0], patient.birth_name, patient.display_name, ""
    if actor.kind is ActorKind.REPRESENTATIVE:
        card = accounts.person_card(actor.person)
        given_name, family_name, name = card.given_name, card.family_name, card.display_name
        measure = records_access.representation(actor=actor, at=at).measure
        role = f"pour {patient.display_name} ({MEASURES[Measure(measure)]})"
    if actor.kind is ActorKind.GUEST:
        guest = guests_of([(envelope, recipient)])[recipient.id]
        given_name, _, family_name = guest.name.rpartition(" ")
        given_name = given_name or family_name
        name, role = guest.name, guest.quality or GUESTS_DRAWN[PartyRole(recipient.role)]
    token = pki.issue_for_one_signature(
        organisation_id=envelope.organisation_id,
        given_name=given_name,
        family_name=family_name,
        serial_number=actor.person.hex,
        actor=actor,
        at=at,
    )
    shown = Appearance(
        name=name,
        role=role,
        signed_at=at,
        reason=_reason(recipient),
        drawing=drawing,
    )
    ready = _ready_with(token, envelope, recipient, shown, None, at, filled)
    words = sentence(spoken_by(envelope, recipient, actor), language)
    signature = token.sign(ready.prepared.to_be_signed)
    return take_signature(ready, signature, sentence=words, actor=actor, at=at, decided_at=decided_at)


def _reason(recipient: Recipient) -> str:
    """What the signature means; nobody signs without it.

    Raises:
        NotAskedToSign: this recipient is asked for something else.
    """
    if recipient.purpose is None:
        raise NotAskedToSign
    return REASONS[Purpose(recipient.purpose)]


@audit.staged("signature:recipient:sign")
def sign_with_token(
    *,
    envelope_id: UUID,
    token: SigningToken,
    drawing: bytes | None,
    actor: Actor,
    at: datetime,
    filled: Mapping[str, str] = NOTHING,
) -> Signed:
    """A professional signs with a card or another token of theirs; `filled` as of `sign_as_patient`.

    Raises:
        EnvelopeNotFound, AlreadySigned, EnvelopeClosed, EnvelopeExpired, NotYourTurn, SomeoneSignedMeanwhile,
        FieldsNotFilled, ValueNotAccepted, FieldNotYours, what is wrong with the certificate, and what the token raises:
        WrongPin, TokenLocked, TokenGone.
    """
    ready = _ready_for_professional(
        envelope_id=envelope_id, token=token, drawing=drawing, actor=actor, at=at, filled=filled
    )
    return take_signature(ready, token.sign(ready.prepared.to_be_signed), actor=actor, at=at)


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of a batch.

    Attributes:
        refused: envelope → why; the others were signed.
    """

    signed: tuple[Signed, ...]
    refused: Mapping[UUID, DomainError]


def sign_batch(*, envelope_ids: Sequence[UUID], token: PersonalToken, actor: Actor, at: datetime) -> Batch:
    """A professional signs several documents after one PIN: each is an act of its own, with its trace.

    Raises:
        What the token raises: then nothing was signed.
    """
    ready: dict[UUID, Ready] = {}
    refused: dict[UUID, DomainError] = {}
    checks = access.Checks()
    for envelope_id in dict.fromkeys(envelope_ids):
        try:
            ready[envelope_id] = _ready_for_professional(
                envelope_id=envelope_id, token=token, drawing=None, actor=actor, at=at, checks=checks
            )
        except DomainError as error:
            refused[envelope_id] = error
    signatures = token.sign_many([one.prepared.to_be_signed for one in ready.values()])
    signed: list[Signed] = []
    # A crash from here on leaves the first ones signed, and the others to be signed again.
    for (envelope_id, one), signature in zip(ready.items(), signatures, strict=True):
        try:
            signed.append(take_signature(one, signature, actor=actor, at=at))
        except DomainError as error:
            refused[envelope_id] = error
    return Batch(tuple(signed), refused)


@audit.staged("signature:recipient:sign")
def _ready_for_professional(
    *,
    envelope_id: UUID,
    token: SigningToken,
    drawing: bytes | None,
    actor: Actor,
    at: datetime,
    filled: Mapping[str, str] = NOTHING,
    checks: access.Checks | None = None,
) -> Ready:
    checks = checks or access.Checks()
    envelope, recipient = access.recipient_of(actor=actor, envelope_id=envelope_id, at=at)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    access.check_can_sign(envelope, recipient, at)
    assert recipient.person_id is not None
    shown = appearance_of(actor, recipient, drawing, at, checks)
    return _ready_with(token, envelope, recipient, shown, actor.person, at, filled, checks)


def appearance_of(
    actor: Actor, recipient: Recipient, drawing: bytes | None, at: datetime, checks: access.Checks | None = None
) -> Appearance:
    """How a professional's signature shows; a delegate's says in whose place it is given."""
    assert recipient.person_id is not None
    checks = checks or access.Checks()
    person = checks.person(actor.person)
    own = actor.person_id == recipient.person_id
    return Appearance(
        name=person.display_name,
        role=person.specialty if own else f"par délégation de {checks.person(recipient.person_id).display_name}",
        signed_at=at,
        reason=_reason(recipient),
        drawing=drawing,
        rpps=person.rpps,
    )


def _ready_with(
    token: SigningToken,
    envelope: Envelope,
    recipient: Recipient,
    appearance: Appearance,
    signer_id: UUID | None,
    at: datetime,
    filled: Mapping[str, str],
    checks: access.Checks | None = None,
) -> Ready:
    return make_ready(
        envelope,
        recipient,
        certificate=token.certificate,
        chain=token.chain,
        algorithm=token.algorithm,
        appearance=appearance,
        signer_id=signer_id,
        at=at,
        checks=checks,
        filled=filled,
    )

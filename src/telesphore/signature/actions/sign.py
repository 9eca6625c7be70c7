"""Sign one's step: prepare, have the token sign, complete; the last signature has the document sealed.

Nothing is locked while a token works. What it signed is taken only if the file is still the one that was prepared.
A token at hand goes through the stages at once; for a card elsewhere, `prepare` keeps what lies between them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.accounts import queries as accounts
from telesphore.ades.algorithms import Algorithm, check
from telesphore.ades.appearance import Appearance
from telesphore.ades.signing import PreparedSignature, complete, prepare
from telesphore.ades.verdict.result import Level
from telesphore.audit import actions as audit
from telesphore.jobs import actions as jobs
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.errors import DomainError
from telesphore.links import actions as links
from telesphore.pki import actions as pki
from telesphore.pki.ports import algorithm_policy
from telesphore.records import access as records_access
from telesphore.records import queries as records
from telesphore.records.states import Measure
from telesphore.signature import access, queries
from telesphore.signature.actions.close import lock
from telesphore.signature.actions.prove import time_of_signature
from telesphore.signature.actions.send import call_step
from telesphore.signature.errors import NotReadYet, SomeoneSignedMeanwhile
from telesphore.signature.models import Envelope, Prepared, Recipient, Revision, Step
from telesphore.signature.ports import PersonalToken, SigningToken
from telesphore.signature.states import EnvelopeState, PreparedState, Purpose, RecipientState
from telesphore.vault import actions as vault
from telesphore.vault import queries as vault_queries

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
FILE_LIMIT = 300 * 2**20


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that was taken: which envelope, and whether it was the last one."""

    envelope_id: UUID
    last: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """A recipient's signature on the revision that they saw, which lacks only what their token answers."""

    envelope: Envelope
    recipient: Recipient
    revision: Revision
    prepared: PreparedSignature


@audit.staged("signature:recipient:sign")
def sign_as_patient(
    *, envelope_id: UUID, pages_shown: int, drawing: bytes | None, actor: Actor, at: datetime
) -> Signed:
    """The patient, or who represents them, signs with a certificate issued on the spot: its key lives for this one
    signature. The certificate names who signs; what is drawn names the patient too.

    Args:
        pages_shown: how many pages of the document the reader has shown.
        drawing: PNG of a handwritten signature; decoration only.

    Raises:
        EnvelopeNotFound, AlreadySigned, EnvelopeClosed, EnvelopeExpired, NotYourTurn, NotReadYet,
        SomeoneSignedMeanwhile
    """
    envelope, recipient = access.recipient_of(actor=actor, envelope_id=envelope_id, at=at)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    access.check_can_sign(envelope, recipient, at)
    if pages_shown < envelope.pages:
        raise NotReadYet
    patient = records.patient_cards(organisation_id=envelope.organisation_id, patient_ids={envelope.patient_id})[
        envelope.patient_id
    ]
    given_name, family_name, name, role = patient.given_names.split()[0], patient.birth_name, patient.display_name, ""
    if actor.kind is ActorKind.REPRESENTATIVE:
        card = accounts.person_card(actor.person)
        given_name, family_name, name = card.given_name, card.family_name, card.display_name
        measure = records_access.representation(actor=actor, at=at).measure
        role = f"pour {patient.display_name} ({MEASURES[Measure(measure)]})"
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
        reason=REASONS[Purpose(recipient.purpose)],
        drawing=drawing,
    )
    ready = _ready_with(token, envelope, recipient, shown, None, at)
    return take_signature(ready, token.sign(ready.prepared.to_be_signed), actor=actor, at=at)


@audit.staged("signature:recipient:sign")
def sign_with_token(
    *, envelope_id: UUID, token: SigningToken, drawing: bytes | None, actor: Actor, at: datetime
) -> Signed:
    """A professional signs with a card or another token of theirs.

    Raises:
        EnvelopeNotFound, AlreadySigned, EnvelopeClosed, EnvelopeExpired, NotYourTurn, SomeoneSignedMeanwhile, what is
        wrong with the certificate, and what the token raises: WrongPin, TokenLocked, TokenGone.
    """
    ready = _ready_for_professional(envelope_id=envelope_id, token=token, drawing=drawing, actor=actor, at=at)
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
    for envelope_id in dict.fromkeys(envelope_ids):
        try:
            ready[envelope_id] = _ready_for_professional(
                envelope_id=envelope_id, token=token, drawing=None, actor=actor, at=at
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
    *, envelope_id: UUID, token: SigningToken, drawing: bytes | None, actor: Actor, at: datetime
) -> Ready:
    envelope, recipient = access.recipient_of(actor=actor, envelope_id=envelope_id, at=at)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    access.check_can_sign(envelope, recipient, at)
    assert recipient.person_id is not None
    shown = appearance_of(actor, recipient, drawing, at)
    return _ready_with(token, envelope, recipient, shown, actor.person, at)


def appearance_of(actor: Actor, recipient: Recipient, drawing: bytes | None, at: datetime) -> Appearance:
    """How a professional's signature shows; a delegate's says in whose place it is given."""
    assert recipient.person_id is not None
    cards = accounts.person_cards({actor.person, recipient.person_id})
    person = cards[actor.person]
    own = actor.person_id == recipient.person_id
    return Appearance(
        name=person.display_name,
        role=person.specialty if own else f"par délégation de {cards[recipient.person_id].display_name}",
        signed_at=at,
        reason=REASONS[Purpose(recipient.purpose)],
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
    )


def make_ready(
    envelope: Envelope,
    recipient: Recipient,
    *,
    certificate: bytes,
    chain: Sequence[bytes],
    algorithm: Algorithm | None,
    appearance: Appearance,
    signer_id: UUID | None,
    at: datetime,
    known: bool = False,
    checks: access.Checks | None = None,
) -> Ready:
    """The first stage: the file as it stands, with all of the signature but what a token answers.

    Args:
        certificate, chain: DER of the signer's and of those above it.
        algorithm: None for the one that fits the certificate's key.
        signer_id: whose the certificate must be; None for one that was issued for this signature.
        known: see `access.check_holder`.
        checks: what was found already of certificates, in the same exchange.

    Raises:
        What `access.check_certificate`, `access.check_holder`, the vault and `ades.signing.prepare` raise.
    """
    organisation_id = envelope.organisation_id
    chain = (checks or access.Checks()).above(
        certificate, chain, organisation_id=organisation_id, at=at, person_id=signer_id, known=known
    )
    revision = queries.last_revision(organisation_id=organisation_id, envelope_id=envelope.id)
    prepared = prepare(
        read_revision(revision),
        field=recipient.field_name,
        certificate=certificate,
        chain=chain,
        appearance=appearance,
        signed_at=at,
        certify=revision.number == 0,
        algorithm=algorithm,
        policy=algorithm_policy.get(),
    )
    return Ready(envelope, recipient, revision, prepared)


def read_revision(revision: Revision) -> bytes:
    """The file in one of its states."""
    return vault_queries.read_blob(organisation_id=revision.organisation_id, blob_id=revision.blob_id, limit=FILE_LIMIT)


def take_signature(
    ready: Ready, signature: bytes, *, actor: Actor, at: datetime, prepared_id: UUID | None = None
) -> Signed:
    """The last stage: the signature is checked, and taken if the file is still the one that was prepared.

    Args:
        prepared_id: the row that kept this signature while it waited; it is used up.

    Raises:
        DamagedPrepared, SignatureDoesNotMatch, SomeoneSignedMeanwhile, PreparedUsed, PreparedDropped, PreparedExpired,
        ClockWrong, AlreadySigned, EnvelopeClosed, EnvelopeExpired, NotYourTurn
    """
    prepared, organisation_id = ready.prepared, ready.envelope.organisation_id
    # No authority is asked for the time of what would not be taken.
    check(prepared.certificate, prepared.algorithm, prepared.to_be_signed, signature)
    timestamp = time_of_signature(signature, organisation_id=organisation_id, at=at)
    signed = complete(prepared, signature, timestamp=timestamp)
    deposited = vault.deposit(
        organisation_id=organisation_id,
        key_id=ready.envelope.key_id,
        media_type="application/pdf",
        content=signed,
    )
    # A crash here leaves an orphan in the vault's store and no signature: the step can be taken again.
    level = Level.T if timestamp else Level.B
    return _take(ready=ready, deposited=deposited, level=level, prepared_id=prepared_id, actor=actor, at=at)


@audit.act("signature:recipient:sign")
def _take(
    *, ready: Ready, deposited: vault.Deposited, level: Level, prepared_id: UUID | None, actor: Actor, at: datetime
) -> Signed:
    envelope = lock(actor=actor, envelope_id=ready.envelope.id)
    revision = ready.revision
    if prepared_id is not None:
        row = Prepared.objects.get(organisation_id=envelope.organisation_id, id=prepared_id)
        access.check_waits(row, at)
        row.state, row.ended_at = PreparedState.COMPLETED, at
        row.save(update_fields=["state", "ended_at"])
    recipient = Recipient.objects.get(organisation_id=envelope.organisation_id, id=ready.recipient.id)
    # Again, under the lock: a delegation may have been withdrawn while the token was at work.
    authority = access.authority(actor=actor, envelope=envelope, recipient=recipient, at=at)
    access.check_can_sign(envelope, recipient, at)
    latest = queries.last_revision(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    if latest.number != revision.number:
        raise SomeoneSignedMeanwhile
    add_revision(envelope, revision.number + 1, deposited, recipient.id, level, actor, at)
    recipient.state = RecipientState.SIGNED
    recipient.signed_at = at
    recipient.proof = {
        "means": actor.means,
        "acr": actor.acr,
        "source_address": actor.source_address or "",
        "client": actor.client,
        "shown_sha256": bytes(revision.sha256).hex(),
        "level": level.value,
        "certificate_sha256": hashlib.sha256(ready.prepared.certificate).hexdigest(),
    }
    if authority.row_id is not None:
        recipient.proof |= {"signed_by": actor.person.hex, **authority.detail}
    recipient.save(update_fields=["state", "signed_at", "proof"])
    if recipient.link_id is not None:
        links.use_up(organisation_id=envelope.organisation_id, link_id=recipient.link_id, actor=actor, at=at)
    audit.record(
        "signature:recipient:sign",
        actor=access.in_place_of(actor, recipient),
        subject=envelope.id,
        patient=envelope.patient_id,
        ground=authority.ground,
        at=at,
        detail={
            "revision": revision.number + 1,
            "sha256": deposited.sha256.hex(),
            "purpose": recipient.purpose,
            "level": level.value,
            **authority.detail,
        },
    )
    return Signed(envelope.id, last=_advance(envelope, recipient, actor, at))


def _advance(envelope: Envelope, recipient: Recipient, actor: Actor, at: datetime) -> bool:
    step = Step.objects.get(organisation_id=envelope.organisation_id, id=recipient.step_id)
    done = Recipient.objects.filter(
        organisation_id=envelope.organisation_id, step_id=step.id, state=RecipientState.SIGNED
    ).count()
    state = EnvelopeState.IN_PROGRESS
    if done >= step.needed and step.completed_at is None:
        step.completed_at = at
        step.save(update_fields=["completed_at"])
        if not call_step(envelope=envelope, position=step.position + 1, actor=actor, at=at):
            state = EnvelopeState.SEALING
            jobs.enqueue("signature:seal", organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    if envelope.state != state:
        access.check_transition(envelope, state)
        envelope.state = state
        envelope.save(update_fields=["state"])
    return state is EnvelopeState.SEALING


def add_revision(
    envelope: Envelope,
    number: int,
    deposited: vault.Deposited,
    recipient_id: UUID | None,
    level: Level,
    actor: Actor,
    at: datetime,
) -> None:
    """Write the next state of the file, in the caller's transaction."""
    Revision.objects.create(
        organisation_id=envelope.organisation_id,
        envelope_id=envelope.id,
        number=number,
        blob_id=vault.keep(deposited, actor=actor, at=at),
        sha256=deposited.sha256,
        recipient_id=recipient_id,
        level=level.value,
        at=at,
    )

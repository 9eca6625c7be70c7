"""The life of an envelope and of a recipient, as tables; their diagrams in `docs/` are generated from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import pgettext_lazy

from telesphore.records.states import DocumentType


class EnvelopeState(models.TextChoices):
    """Where an envelope is. A draft is a row of its own (`Draft`), and becomes an envelope under the same id."""

    DRAFT = "draft", _lazy("draft")
    SENT = "sent", _lazy("sent")
    IN_PROGRESS = "in-progress", _lazy("in progress")
    SEALING = "sealing", _lazy("being sealed")
    COMPLETED = "completed", _lazy("completed")
    DECLINED = "declined", _lazy("declined")
    VOIDED = "voided", _lazy("voided")
    EXPIRED = "expired", _lazy("expired")


class StepKind(models.TextChoices):
    """What the recipients of a step are asked for."""

    REVIEW = "review", _lazy("review")
    SIGN = "sign", _lazy("signature")
    SEAL = "seal", _lazy("seal")
    OPINION = "opinion", _lazy("opinion")


class PartyRole(models.TextChoices):
    """As who a recipient takes part."""

    PATIENT = "patient", _lazy("patient")
    """Or whoever represents them."""
    PROFESSIONAL = "professional", _lazy("health professional")
    INTERPRETER = "interpreter", _lazy("interpreter")
    WITNESS = "witness", _lazy("witness")


GUESTS = frozenset({PartyRole.INTERPRETER, PartyRole.WITNESS})
"""Who has no account and no record: they come by a link and its code, for one envelope."""


class Opinion(models.TextChoices):
    """What an opinion says; it stops nothing."""

    FAVOURABLE = "favourable", _lazy("favourable")
    RESERVED = "reserved", _lazy("with reservations")
    UNFAVOURABLE = "unfavourable", _lazy("unfavourable")
    ABSTAINED = "abstained", _lazy("no opinion")


OPINIONS = tuple(Opinion)


class FieldKind(models.TextChoices):
    """What is filled in at a place on a page."""

    SIGNATURE = "signature", _lazy("signature")
    INITIALS = "initials", _lazy("initials")
    NAME = "name", _lazy("name")
    DATE = "date", _lazy("date")
    TEXT = "text", _lazy("text")
    CHECKBOX = "checkbox", _lazy("checkbox")
    CHOICE = "choice", _lazy("choice")


ASKED_FIELDS = frozenset({FieldKind.TEXT, FieldKind.CHECKBOX, FieldKind.CHOICE})
"""What a signer is asked for; all others fill themselves in as they sign."""


class SignatureLevel(models.TextChoices):
    """What a signature is in law (eIDAS articles 3(10), 3(11) and 3(12)), from the weakest to the strongest."""

    SIMPLE = "simple", _lazy("simple")
    ADVANCED = "advanced", _lazy("advanced")
    QUALIFIED = "qualified", _lazy("qualified")


class IdentityDocument(models.TextChoices):
    """What a professional looks at to know who is in front of them (RNIV: documents of high trust)."""

    IDENTITY_CARD = "identity-card", _lazy("identity card")
    PASSPORT = "passport", _lazy("passport")
    RESIDENCE_PERMIT = "residence-permit", _lazy("residence permit")


class BedsideEnd(models.TextChoices):
    """How a tablet that was handed over came back."""

    SIGNED = "signed", _lazy("signed")
    DECLINED = "declined", _lazy("declined")
    RETURNED = "returned", _lazy("returned without an answer")


class RecipientState(models.TextChoices):
    """Where one recipient is."""

    PENDING = "pending", _lazy("later")
    WAITING = "waiting", _lazy("awaited")
    SIGNED = "signed", _lazy("signed")
    DECLINED = "declined", _lazy("declined")
    APPROVED = "approved", _lazy("approved")
    """In a step of review."""
    ADVISED = "advised", _lazy("gave an opinion")
    RELEASED = "released", _lazy("no longer needed")
    """Enough of the others of the step have acted, or the circuit ended."""


ACTED = frozenset({RecipientState.SIGNED, RecipientState.APPROVED, RecipientState.ADVISED})
"""States of those who have done what their step asks."""


class EntryKind(models.TextChoices):
    """What an entry of the thread is."""

    MESSAGE = "message", _lazy("message")
    QUESTION = "question", _lazy("question")
    ANSWER = "answer", _lazy("answer")
    EDIT = "edit", _lazy("edit")
    """New words for an entry of the same author; the old ones stay in the chain."""
    ANSWERED = "answered", _lazy("marked as answered")
    """A question that needs no answer any more, without words."""


class EntryVisibility(models.TextChoices):
    """Who reads an entry of the thread."""

    PROFESSIONALS = "professionals", _lazy("professionals only")
    EVERYONE = "everyone", _lazy("with the patient")


class AuthorKind(models.TextChoices):
    """As who an entry of the thread was written; it says whose id the author's is."""

    PROFESSIONAL = "professional", _lazy("health professional")
    PATIENT = "patient", _lazy("patient")
    REPRESENTATIVE = "representative", _lazy("representative")
    GUEST = "guest", _lazy("guest")


class PreparedState(models.TextChoices):
    """Where a prepared signature is."""

    WAITING = "waiting", _lazy("waits for a card")
    COMPLETED = "completed", _lazy("completed")
    DROPPED = "dropped", _lazy("dropped")


class Purpose(models.TextChoices):
    """What a signature means (CSP L.1111-28): data, not wording."""

    ACKNOWLEDGES = "acknowledges", _lazy("acknowledges")
    CONSENTS = "consents", _lazy("consents")
    VALIDATES = "validates", _lazy("validates")


TRANSITIONS: dict[EnvelopeState, set[EnvelopeState]] = {
    EnvelopeState.DRAFT: {EnvelopeState.SENT},
    EnvelopeState.SENT: {
        EnvelopeState.IN_PROGRESS,
        EnvelopeState.SEALING,
        EnvelopeState.DECLINED,
        EnvelopeState.VOIDED,
        EnvelopeState.EXPIRED,
    },
    EnvelopeState.IN_PROGRESS: {
        # A recipient takes back the only act so far, before anybody has acted after it.
        EnvelopeState.SENT,
        EnvelopeState.SEALING,
        EnvelopeState.DECLINED,
        EnvelopeState.VOIDED,
        EnvelopeState.EXPIRED,
    },
    EnvelopeState.SEALING: {EnvelopeState.COMPLETED},
    EnvelopeState.COMPLETED: set(),
    EnvelopeState.DECLINED: set(),
    EnvelopeState.VOIDED: set(),
    EnvelopeState.EXPIRED: set(),
}

OPEN_STATES = frozenset({EnvelopeState.SENT, EnvelopeState.IN_PROGRESS})
REMINDER_PAUSE = timedelta(hours=1)
"""Between two reminders that the sender asks for, to one recipient."""

PREPARED_TRANSITIONS: dict[PreparedState, set[PreparedState]] = {
    PreparedState.WAITING: {PreparedState.COMPLETED, PreparedState.DROPPED},
    PreparedState.COMPLETED: set(),
    PreparedState.DROPPED: set(),
}


class ProofState(models.TextChoices):
    """How the proof of a sealed document stands."""

    STANDING = "standing", _lazy("standing")
    DUE = "due", _lazy("to be renewed")
    FAILING = "failing", _lazy("renewal fails")
    WEAKENED = "weakened", _lazy("weakened")
    ERASED = "erased", _lazy("document erased")


class ProofMeans(models.TextChoices):
    """How a proof is renewed."""

    FILE = "file", _lazy("a timestamp in the file")
    RECORD = "record", _lazy("an evidence record")


PROOF_TRANSITIONS: dict[ProofState, set[ProofState]] = {
    ProofState.STANDING: {ProofState.DUE, ProofState.WEAKENED},
    # Renewed, it stands again. The table of algorithms may be amended in both directions.
    ProofState.DUE: {ProofState.STANDING, ProofState.FAILING, ProofState.WEAKENED, ProofState.ERASED},
    ProofState.FAILING: {ProofState.STANDING, ProofState.DUE, ProofState.WEAKENED, ProofState.ERASED},
    ProofState.WEAKENED: {ProofState.STANDING, ProofState.ERASED},
    ProofState.ERASED: set(),
}


class TemplateScope(models.TextChoices):
    """Who sees a template."""

    ORGANISATION = "organisation", _lazy("the whole organisation")
    UNIT = "unit", _lazy("one unit")
    PRIVATE = "private", _lazy("its owner alone")


class Seat(models.TextChoices):
    """Who takes a professional's place of a template, once it is used."""

    SENDER = "sender", _lazy("whoever sends")
    REFERRING = "referring", _lazy("the patient’s referring doctor")
    NAMED = "named", _lazy("a named professional")
    CHOSEN = "chosen", _lazy("to choose at sending")


class BulkState(models.TextChoices):
    """Where a bulk sending is: derived from its instants and its rows, never stored."""

    CHECKING = "checking", _lazy("being checked")
    READY = "ready", _lazy("to confirm")
    SENDING = "sending", _lazy("being sent")
    DONE = "done", _lazy("done")
    CANCELLED = "cancelled", _lazy("stopped")


class RowState(models.TextChoices):
    """Where one row of a bulk sending is."""

    CHECKING = "checking", _lazy("being checked")
    READY = "ready", _lazy("will be sent")
    BAD = "bad", _lazy("will not be sent")
    SENDING = "sending", _lazy("being sent")
    SENT = "sent", pgettext_lazy("row", "sent")
    FAILED = "failed", _lazy("not sent")
    CANCELLED = "cancelled", _lazy("stopped before sending")


ROW_TRANSITIONS: dict[RowState, set[RowState]] = {
    RowState.CHECKING: {RowState.READY, RowState.BAD, RowState.CANCELLED},
    RowState.READY: {RowState.SENDING, RowState.CANCELLED},
    RowState.BAD: set(),
    # A worker that died leaves it here: the next try goes on, under the same id.
    RowState.SENDING: {RowState.SENT, RowState.FAILED},
    RowState.SENT: set(),
    RowState.FAILED: set(),
    RowState.CANCELLED: set(),
}


def least_level(type_code: str, role: str) -> SignatureLevel:
    """The least that a signature must be, by type of document and who signs (`MEANINGS`)."""
    return MEANINGS.get(type_code, _OTHERS).levels.get(PartyRole(role), SignatureLevel.SIMPLE)


def allowed_purposes(role: str) -> frozenset[Purpose]:
    """What a signature may mean, by who gives it (CSP L.1111-28): the patient took note and, where it applies,
    consents; a professional validates the content."""
    return _PURPOSES[PartyRole(role)]


def at_least(level: str, asked: str) -> bool:
    """Whether a level of signature is the one asked for, or above; nothing asked is always met."""
    order = list(SignatureLevel)
    return not asked or order.index(SignatureLevel(level)) >= order.index(SignatureLevel(asked))


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a type of document asks of those who sign it.

    Attributes:
        levels: the least level by role; simple for a role that is not named.
        interpreter: a patient who reads neither French nor English is told it by an interpreter, who signs too.
    """

    levels: Mapping[PartyRole, SignatureLevel]
    interpreter: bool = False


_BY_PROFESSIONAL = Meaning({PartyRole.PROFESSIONAL: SignatureLevel.ADVANCED})
_OTHERS = Meaning({PartyRole.PROFESSIONAL: SignatureLevel.SIMPLE})
MEANINGS: Mapping[str, Meaning] = {
    DocumentType.CONSENT: Meaning(dict.fromkeys(PartyRole, SignatureLevel.ADVANCED), interpreter=True),
    DocumentType.CONSULTATION_NOTE: _OTHERS,
    DocumentType.DISCHARGE_SUMMARY: _BY_PROFESSIONAL,
    DocumentType.LABORATORY_REPORT: _BY_PROFESSIONAL,
    DocumentType.IMAGING_REPORT: _BY_PROFESSIONAL,
    DocumentType.PRESCRIPTION: _BY_PROFESSIONAL,
}
"""By type of document. No law sets a level for the patient's consent; advanced is ours, for it must be proved twenty
years later (eIDAS article 26). An organisation asks for more in its compositions and templates, never for less."""
_PURPOSES: Mapping[PartyRole, frozenset[Purpose]] = {
    PartyRole.PATIENT: frozenset({Purpose.ACKNOWLEDGES, Purpose.CONSENTS}),
    PartyRole.PROFESSIONAL: frozenset({Purpose.VALIDATES, Purpose.ACKNOWLEDGES}),
    PartyRole.INTERPRETER: frozenset({Purpose.ACKNOWLEDGES, Purpose.VALIDATES}),
    PartyRole.WITNESS: frozenset({Purpose.ACKNOWLEDGES, Purpose.VALIDATES}),
}

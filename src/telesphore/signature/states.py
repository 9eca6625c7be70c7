"""The life of an envelope and of a recipient, as tables; their diagrams in `docs/` are generated from them."""

from django.db import models
from django.utils.translation import gettext_lazy as _lazy


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


class SignatureLevel(models.TextChoices):
    """What a signature is in law (eIDAS articles 3(10), 3(11) and 3(12)), from the weakest to the strongest."""

    SIMPLE = "simple", _lazy("simple")
    ADVANCED = "advanced", _lazy("advanced")
    QUALIFIED = "qualified", _lazy("qualified")


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

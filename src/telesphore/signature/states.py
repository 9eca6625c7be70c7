"""The life of an envelope and of a recipient, as tables; their diagrams in `docs/` are generated from them."""

from django.db import models
from django.utils.translation import gettext_lazy as _lazy


class EnvelopeState(models.TextChoices):
    """Where an envelope is."""

    SENT = "sent", _lazy("sent")
    IN_PROGRESS = "in-progress", _lazy("in progress")
    SEALING = "sealing", _lazy("being sealed")
    COMPLETED = "completed", _lazy("completed")
    DECLINED = "declined", _lazy("declined")
    VOIDED = "voided", _lazy("voided")


class RecipientState(models.TextChoices):
    """Where one recipient is."""

    PENDING = "pending", _lazy("later")
    WAITING = "waiting", _lazy("awaited")
    SIGNED = "signed", _lazy("signed")
    DECLINED = "declined", _lazy("declined")


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
    EnvelopeState.SENT: {
        EnvelopeState.IN_PROGRESS,
        EnvelopeState.SEALING,
        EnvelopeState.DECLINED,
        EnvelopeState.VOIDED,
    },
    EnvelopeState.IN_PROGRESS: {EnvelopeState.SEALING, EnvelopeState.DECLINED, EnvelopeState.VOIDED},
    EnvelopeState.SEALING: {EnvelopeState.COMPLETED},
    EnvelopeState.COMPLETED: set(),
    EnvelopeState.DECLINED: set(),
    EnvelopeState.VOIDED: set(),
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

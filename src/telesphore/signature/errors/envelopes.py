"""How an envelope refuses: what is there, what is closed, what has changed meanwhile."""

from telesphore.kernel.errors import DomainError, Refusal


class EnvelopeNotFound(DomainError):
    """This document to sign does not exist, or it is not open to you."""

    refusal = Refusal.NOT_FOUND
    code = "envelope-not-found"


class EnvelopeClosed(DomainError):
    """This document can no longer be signed: it was completed, declined, withdrawn or it expired."""

    refusal = Refusal.CONFLICT
    code = "envelope-closed"


class EnvelopeExpired(DomainError):
    """The time to sign this document is over. Ask whoever sent it to send it again."""

    refusal = Refusal.CONFLICT
    code = "envelope-expired"


class SomeoneSignedMeanwhile(DomainError):
    """Someone else signed while you were signing. Nothing was lost: sign again."""

    refusal = Refusal.CONFLICT
    code = "someone-signed-meanwhile"


class NothingToWithdraw(DomainError):
    """There is no consent of yours to withdraw here: none was completed, or it was withdrawn already."""

    refusal = Refusal.CONFLICT
    code = "nothing-to-withdraw"


class LevelNotReached(DomainError):
    """The seal does not reach the level that this instance wants: revocation data or time-stamps could not be had.
    It is tried again by itself."""

    refusal = Refusal.UNAVAILABLE
    code = "level-not-reached"


class ProofChangedMeanwhile(DomainError):
    """The proof of this document changed while it was being renewed. Nothing was lost; the next turn looks again."""

    refusal = Refusal.CONFLICT
    code = "proof-changed-meanwhile"


class NoEvidenceRecord(DomainError):
    """This document has no evidence record: its proof is in its file."""

    refusal = Refusal.NOT_FOUND
    code = "no-evidence-record"

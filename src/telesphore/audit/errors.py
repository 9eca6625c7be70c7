"""How the trail refuses."""

from telesphore.kernel.errors import DomainError, Refusal


class EventNotFound(DomainError):
    """There is no such event in the trail."""

    refusal = Refusal.NOT_FOUND
    code = "event-not-found"


class NotSealedYet(DomainError):
    """The event has no place in the tree yet: the sealer gives it one within seconds. Try again then."""

    refusal = Refusal.CONFLICT
    code = "event-not-sealed-yet"


class NoCheckpoint(DomainError):
    """The trail has no signed checkpoint yet: start the worker, which makes the first one."""

    refusal = Refusal.CONFLICT
    code = "no-checkpoint"


class BadCosignature(DomainError):
    """The cosignature was not accepted: %(reason)s"""

    refusal = Refusal.INVALID
    code = "bad-cosignature"


class LogKeyMissing(DomainError):
    """The log's private key is missing: bring back %(path)s from its backup. A new key would be another log."""

    refusal = Refusal.UNAVAILABLE
    code = "log-key-missing"


class LogKeyExposed(DomainError):
    """The log's private key is open to other users of this machine: chmod 600 %(path)s"""

    refusal = Refusal.UNAVAILABLE
    code = "log-key-exposed"


class LogKeyWrong(DomainError):
    """The file %(path)s does not hold the key that signed this log: bring back the right one from its backup."""

    refusal = Refusal.UNAVAILABLE
    code = "log-key-wrong"


class TreeDamaged(DomainError):
    """The sealed tree is not what was signed: nothing more is signed. Run telesphore audit verify."""

    refusal = Refusal.DAMAGED
    code = "tree-damaged"

"""How an answer, or an act on a circuit under way, is refused."""

from telesphore.kernel.errors import DomainError, Refusal


class NotYourTurn(DomainError):
    """Another recipient must act before you."""

    refusal = Refusal.CONFLICT
    code = "not-your-turn"


class AlreadySigned(DomainError):
    """You have signed already; nothing more is asked of you."""

    refusal = Refusal.CONFLICT
    code = "already-signed"


class NotAskedToSign(DomainError):
    """You are not asked to sign this document, but to review it or to give your opinion."""

    refusal = Refusal.CONFLICT
    code = "not-asked-to-sign"


class NotReadYet(DomainError):
    """Read every page before signing."""

    refusal = Refusal.CONFLICT
    code = "not-read-yet"


class NotLeft(DomainError):
    """What awaits somebody who still works here is theirs: they sign it, or delegate it."""

    refusal = Refusal.CONFLICT
    code = "not-left"


class AlreadyActed(DomainError):
    """You have answered already; nothing more is asked of you."""

    refusal = Refusal.CONFLICT
    code = "already-acted"


class NoLongerNeeded(DomainError):
    """Enough of the others have acted: nothing is asked of you any more."""

    refusal = Refusal.CONFLICT
    code = "no-longer-needed"


class NotAskedForThat(DomainError):
    """This is not what you are asked for here. Open the document again to see what is."""

    refusal = Refusal.CONFLICT
    code = "not-asked-for-that"


class OpinionStopsNothing(DomainError):
    """An opinion stops nothing, so it can't be refused: give yours, or hand your place over to a colleague."""

    refusal = Refusal.CONFLICT
    code = "opinion-stops-nothing"


class TooLateToTakeBack(DomainError):
    """It is too late to take this back: somebody acted after you, or the document is being sealed, or it is closed."""

    refusal = Refusal.CONFLICT
    code = "too-late-to-take-back"


class RemindedLately(DomainError):
    """They were reminded less than an hour ago. Wait a little before you remind them again."""

    refusal = Refusal.CONFLICT
    code = "reminded-lately"


class NotAwaited(DomainError):
    """They are not awaited now: they have acted, or others must act before them."""

    refusal = Refusal.CONFLICT
    code = "not-awaited"


class RecipientNotFound(DomainError):
    """Nobody by that name takes part in this circuit, or their address is not kept here."""

    refusal = Refusal.NOT_FOUND
    code = "recipient-not-found"


class OwnAddress(DomainError):
    """This address or number is a colleague’s or your own. Whoever signs receives the link and its code themself."""

    refusal = Refusal.INVALID
    code = "own-address"


class NotAnAddress(DomainError):
    """Give an e-mail address, and a mobile phone number with its country’s prefix."""

    refusal = Refusal.INVALID
    code = "not-an-address"


class AlreadyInTheStep(DomainError):
    """This colleague is already asked in the same step."""

    refusal = Refusal.INVALID
    code = "already-in-the-step"


class SuccessorInTheStep(DomainError):
    """This colleague is already asked in the same step of %(count)s of these documents, and would count twice: choose
    another one."""

    refusal = Refusal.CONFLICT
    code = "successor-in-the-step"

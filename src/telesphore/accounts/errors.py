"""How this room refuses."""

from typing import ClassVar

from telesphore.kernel.errors import DomainError, Refusal


class NotAllowed(DomainError):
    """Your role does not allow this. If you need it, ask an administrator of your organisation."""

    refusal: ClassVar[Refusal] = Refusal.FORBIDDEN
    code: ClassVar[str] = "not-allowed"


class WorkstationNotFound(DomainError):
    """There is no such workstation. Pair it again on your security page."""

    refusal = Refusal.NOT_FOUND
    code = "workstation-not-found"


class PairingNotFound(DomainError):
    """There is no such pairing, or it is over. Ask for a new code."""

    refusal = Refusal.NOT_FOUND
    code = "pairing-not-found"


class PairingRefused(DomainError):
    """This code is wrong, used or too old. Ask for a new one on the page where workstations are paired."""

    refusal = Refusal.INVALID
    code = "pairing-refused"


class CardRefused(DomainError):
    """This card can’t be used to sign in. Try again, or sign in another way."""

    refusal = Refusal.FORBIDDEN
    code = "card-refused"


class CardNotAsked(CardRefused):
    """This answer of the card is not to the question that was asked, or comes too late. Start again."""

    code = "card-not-asked"


class CardSignatureWrong(CardRefused):
    """What the card answered can’t be checked with its certificate. Start again; if it happens again, tell your
    administrator."""

    code = "card-signature-wrong"


class CardOver(CardRefused):
    """This card is not valid now: it is over, or not yet begun. Sign in another way, and have it renewed."""

    code = "card-over"


class CardFromElsewhere(CardRefused):
    """This card was not issued by an authority that is trusted here. Insert your professional card."""

    code = "card-from-elsewhere"


class CardNotForSigningIn(CardRefused):
    """This certificate is not one with which people sign in. Insert your professional card."""

    code = "card-not-for-signing-in"


class CardRevoked(CardRefused):
    """This card was revoked. Sign in another way, and ask for another card."""

    code = "card-revoked"


class CardStatusUnknown(CardRefused):
    """Nobody can say now whether this card is still valid: its authority does not answer, and what it last said is too
    old. Sign in another way, or try again later."""

    refusal = Refusal.UNAVAILABLE
    code = "card-status-unknown"


class CardHolderUnknown(CardRefused):
    """Nobody here is known by this card. Sign in another way, and ask your administrator to write down your national
    identifier."""

    code = "card-holder-unknown"


class CardOfAnother(CardRefused):
    """This card is not yours. Insert yours."""

    code = "card-of-another"

"""How coming in is refused: ways, sessions, tokens, cards."""

from typing import ClassVar

from telesphore.kernel.errors import DomainError, Refusal


class NotAllowed(DomainError):
    """Your role does not allow this. If you need it, ask an administrator of your organisation."""

    refusal: ClassVar[Refusal] = Refusal.FORBIDDEN
    code: ClassVar[str] = "not-allowed"


class WayNotFound(DomainError):
    """There is no such way to sign in. It may have been removed in another window."""

    refusal = Refusal.NOT_FOUND
    code = "way-not-found"


class LastWay(DomainError):
    """Without it you could not come in any more. Add another way to sign in, then remove this one."""

    refusal = Refusal.CONFLICT
    code = "last-way"


class TooManyPasskeys(DomainError):
    """You have as many passkeys as one person may have. Remove one that you no longer use."""

    refusal = Refusal.CONFLICT
    code = "too-many-passkeys"


class SetUpLinkRefused(DomainError):
    """This link can’t be used: it is used, too old, or the code is wrong. Ask for another one."""

    refusal = Refusal.FORBIDDEN
    code = "set-up-link-refused"


class UnknownProfessional(DomainError):
    """Pro Santé Connect recognises you, but no account here carries your professional identity. Come in another way
    and link it from your security page, or ask an administrator of your organisation to invite you."""

    refusal: ClassVar[Refusal] = Refusal.FORBIDDEN
    code: ClassVar[str] = "unknown-professional"


class IdentityTaken(DomainError):
    """This professional identity is already linked to another account. Tell your administrator."""

    refusal: ClassVar[Refusal] = Refusal.CONFLICT
    code: ClassVar[str] = "identity-taken"


class IdentityDiffers(DomainError):
    """Your account already carries another professional identity. Ask your administrator to correct it."""

    refusal: ClassVar[Refusal] = Refusal.CONFLICT
    code: ClassVar[str] = "identity-differs"


class BackupOpen(DomainError):
    """The backup way is already open."""

    refusal: ClassVar[Refusal] = Refusal.CONFLICT
    code: ClassVar[str] = "backup-open"


class BackupNotFound(DomainError):
    """The backup way is not open."""

    refusal: ClassVar[Refusal] = Refusal.NOT_FOUND
    code: ClassVar[str] = "backup-not-found"


class BackupTooLong(DomainError):
    """The backup way opens for a whole number of hours, from 1 to 24, with a reason of at least 10 characters."""

    refusal: ClassVar[Refusal] = Refusal.INVALID
    code: ClassVar[str] = "backup-too-long"


class BackupCodeWrong(DomainError):
    """This code was not sent to this window, was used, is older than ten minutes, or was tried five times. Ask for
    another."""

    refusal: ClassVar[Refusal] = Refusal.FORBIDDEN
    code: ClassVar[str] = "backup-code-wrong"


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


class MemberNotFound(DomainError):
    """Nobody of this organisation is known under this address."""

    refusal = Refusal.NOT_FOUND
    code = "member-not-found"


class UnitNotFound(DomainError):
    """This unit does not exist, or it is closed."""

    refusal = Refusal.NOT_FOUND
    code = "unit-not-found"


class InvitationNotFound(DomainError):
    """This invitation does not exist, or it is not for you."""

    refusal = Refusal.NOT_FOUND
    code = "invitation-not-found"


class DelegationNotFound(DomainError):
    """This delegation does not exist, or it is not yours."""

    refusal = Refusal.NOT_FOUND
    code = "delegation-not-found"


class NotToYourself(DomainError):
    """Nobody changes their own rights: another administrator must do it."""

    refusal = Refusal.FORBIDDEN
    code = "not-to-yourself"


class AccountsApart(DomainError):
    """Who administers an organisation has no part in care with the same account. Use another account, with another
    e-mail address, for one of the two."""

    refusal = Refusal.CONFLICT
    code = "accounts-apart"


class LastAdministrator(DomainError):
    """The organisation would be left without an administrator. Name another one first."""

    refusal = Refusal.CONFLICT
    code = "last-administrator"


class EndsBeforeItStarts(DomainError):
    """The end must come after the beginning, and after now."""

    code = "ends-before-it-starts"


class NoRole(DomainError):
    """Choose at least one role."""

    code = "no-role"


class AlreadyMember(DomainError):
    """This person holds these roles already."""

    refusal = Refusal.CONFLICT
    code = "already-member"


class AlreadyInvited(DomainError):
    """An invitation to this address is open already. Send it again, or withdraw it."""

    refusal = Refusal.CONFLICT
    code = "already-invited"


class InvitationOver(DomainError):
    """This invitation was accepted or withdrawn, or its time has passed. Ask for another one."""

    refusal = Refusal.CONFLICT
    code = "invitation-over"


class SignInToAccept(DomainError):
    """You have an account already: sign in, and accept the invitation from your home page."""

    refusal = Refusal.CONFLICT
    code = "sign-in-to-accept"


class NumberTaken(DomainError):
    """This RPPS number belongs to another account. Check it, or use that account's e-mail address."""

    code = "number-taken"


class UnitNameTaken(DomainError):
    """An open unit has this name already."""

    code = "unit-name-taken"


class SiretOfAnother(DomainError):
    """A SIRET begins with the SIREN of the same organisation."""

    code = "siret-of-another"


class NothingDelegated(DomainError):
    """Choose what is delegated: these acts can't be."""

    code = "nothing-delegated"


class DelegateUnfit(DomainError):
    """Delegate to a colleague of this organisation who may do these acts themself."""

    code = "delegate-unfit"


class TooLong(DomainError):
    """A delegation lasts at most one year. Give another one when it ends."""

    code = "too-long"


class NotForYourBenefit(DomainError):
    """Who gives a delegation for somebody else can't receive it."""

    refusal = Refusal.FORBIDDEN
    code = "not-for-your-benefit"

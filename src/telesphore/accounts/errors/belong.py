"""How belonging to an organisation is refused: members, invitations, delegations, units."""

from telesphore.kernel.errors import DomainError, Refusal


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

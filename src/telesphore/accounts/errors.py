"""How this room refuses."""

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


class PasswordFirst(DomainError):
    """An application's code is asked beside a password. Choose a password first."""

    refusal = Refusal.CONFLICT
    code = "password-first"


class PersonNotFound(DomainError):
    """There is no such person in your organisation."""

    refusal = Refusal.NOT_FOUND
    code = "person-not-found"


class SetUpLinkRefused(DomainError):
    """This link can’t be used: it is used, too old, or the code is wrong. Ask for another one."""

    refusal = Refusal.FORBIDDEN
    code = "set-up-link-refused"

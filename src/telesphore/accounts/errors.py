"""How this room refuses."""

from typing import ClassVar

from telesphore.kernel.errors import DomainError, Refusal


class NotAllowed(DomainError):
    """Your role does not allow this. If you need it, ask an administrator of your organisation."""

    refusal: ClassVar[Refusal] = Refusal.FORBIDDEN
    code: ClassVar[str] = "not-allowed"


class WayNotFound(DomainError):
    """There is no such way to sign in. It may have been removed in another window."""

    refusal: ClassVar[Refusal] = Refusal.NOT_FOUND
    code: ClassVar[str] = "way-not-found"


class LastWay(DomainError):
    """Without it you could not come in any more. Add another way to sign in, then remove this one."""

    refusal: ClassVar[Refusal] = Refusal.CONFLICT
    code: ClassVar[str] = "last-way"


class TooManyPasskeys(DomainError):
    """You have as many passkeys as one person may have. Remove one that you no longer use."""

    refusal: ClassVar[Refusal] = Refusal.CONFLICT
    code: ClassVar[str] = "too-many-passkeys"


class PasswordFirst(DomainError):
    """An application's code is asked beside a password. Choose a password first."""

    refusal: ClassVar[Refusal] = Refusal.CONFLICT
    code: ClassVar[str] = "password-first"


class PersonNotFound(DomainError):
    """There is no such person in your organisation."""

    refusal: ClassVar[Refusal] = Refusal.NOT_FOUND
    code: ClassVar[str] = "person-not-found"


class SetUpLinkRefused(DomainError):
    """This link can’t be used: it is used, too old, or the code is wrong. Ask for another one."""

    refusal: ClassVar[Refusal] = Refusal.FORBIDDEN
    code: ClassVar[str] = "set-up-link-refused"

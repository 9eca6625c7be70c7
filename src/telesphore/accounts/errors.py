"""How this room refuses."""

from typing import ClassVar

from telesphore.kernel.errors import DomainError, Refusal


class SessionNotFound(DomainError):
    """This session has ended, or is not yours."""

    refusal: ClassVar[Refusal] = Refusal.NOT_FOUND
    code: ClassVar[str] = "session-not-found"


class NotAllowed(DomainError):
    """Your role does not allow this. If you need it, ask an administrator of your organisation."""

    refusal: ClassVar[Refusal] = Refusal.FORBIDDEN
    code: ClassVar[str] = "not-allowed"

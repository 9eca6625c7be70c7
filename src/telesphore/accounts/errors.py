"""How this room refuses."""

from typing import ClassVar

from telesphore.kernel.errors import DomainError, Refusal


class NotAllowed(DomainError):
    """Your role does not allow this. If you need it, ask an administrator of your organisation."""

    refusal: ClassVar[Refusal] = Refusal.FORBIDDEN
    code: ClassVar[str] = "not-allowed"

"""How the record refuses."""

from telesphore.kernel.errors import DomainError, Refusal


class RecordNotFound(DomainError):
    """This record does not exist, or it is not open to you."""

    refusal = Refusal.NOT_FOUND
    code = "record-not-found"


class DocumentNotFound(DomainError):
    """This document does not exist, or it is not open to you."""

    refusal = Refusal.NOT_FOUND
    code = "document-not-found"


class NotAllowed(DomainError):
    """Your role does not allow this. Ask the administrator of your organisation."""

    refusal = Refusal.FORBIDDEN
    code = "not-allowed"


class NotSigned(DomainError):
    """Only a signed document is printed with its proof. Have it signed first."""

    refusal = Refusal.CONFLICT
    code = "not-signed"


class AlreadyWithdrawn(DomainError):
    """This document was withdrawn: it no longer holds."""

    refusal = Refusal.CONFLICT
    code = "already-withdrawn"


class PrintNotFound(DomainError):
    """No print bears this code. Read it again on the paper; if it still leads here, do not rely on that print."""

    refusal = Refusal.NOT_FOUND
    code = "print-not-found"

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

"""How the vault refuses."""

from telesphore.kernel.errors import DomainError, Refusal


class BlobNotFound(DomainError):
    """This document is not in the vault."""

    refusal = Refusal.NOT_FOUND
    code = "blob-not-found"

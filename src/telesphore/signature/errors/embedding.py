"""How signing within another software's page is refused."""

from telesphore.kernel.errors import DomainError, Refusal


class NotAnOrigin(DomainError):
    """An origin is https:// and a name, such as https://dpi.example, without a path."""

    refusal = Refusal.INVALID
    code = "not-an-origin"


class OriginNotAllowed(DomainError):
    """Name the origin of the page, one that an administrator allowed."""

    refusal = Refusal.INVALID
    code = "origin-not-allowed"


class OriginNotFound(DomainError):
    """This origin is not allowed any more."""

    refusal = Refusal.NOT_FOUND
    code = "origin-not-found"


class TooManyOrigins(DomainError):
    """There are 20 origins already: remove one first."""

    refusal = Refusal.CONFLICT
    code = "too-many-origins"


class EmbeddedTooOften(DomainError):
    """This recipient was given ten ways in within an hour. Wait, or let them use the link that they received."""

    refusal = Refusal.TOO_MANY
    code = "embedded-too-often"

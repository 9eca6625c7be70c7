"""How a link refuses."""

from telesphore.kernel.errors import DomainError, Refusal


class LinkNotFound(DomainError):
    """This link does not exist. Check that you copied all of it, or ask its sender for another."""

    refusal = Refusal.NOT_FOUND
    code = "link-not-found"


class LinkExpired(DomainError):
    """This link is no longer valid: its time has passed. Ask its sender for another."""

    refusal = Refusal.CONFLICT
    code = "link-expired"


class LinkRevoked(DomainError):
    """This link was withdrawn by its sender. Nothing is asked of you with it."""

    refusal = Refusal.CONFLICT
    code = "link-revoked"


class LinkUsedUp(DomainError):
    """This link has done its work. If you still need the document, ask its sender for another link."""

    refusal = Refusal.CONFLICT
    code = "link-used-up"


class LinkBlocked(DomainError):
    """Five wrong codes were given, so this link is closed. Ask its sender for another; nothing was lost."""

    refusal = Refusal.TOO_MANY
    code = "link-blocked"


class WrongCode(DomainError):
    """This is not the code that we sent. %(tries_left)s tries are left."""

    refusal = Refusal.INVALID
    code = "wrong-code"


class CodeExpired(DomainError):
    """This code is no longer valid. Ask for another."""

    refusal = Refusal.INVALID
    code = "code-expired"


class CodeAskedTooSoon(DomainError):
    """A code was just sent. Wait half a minute before asking for another."""

    refusal = Refusal.TOO_MANY
    code = "code-asked-too-soon"


class TooManyCodes(DomainError):
    """Too many codes were sent for this link. Ask its sender for another link."""

    refusal = Refusal.TOO_MANY
    code = "too-many-codes"


class CodeIsSpoken(DomainError):
    """The code of this link is not sent: ask for it by phone, or in person, whoever invited you."""

    refusal = Refusal.CONFLICT
    code = "code-is-spoken"

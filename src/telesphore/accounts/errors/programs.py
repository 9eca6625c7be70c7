"""Refusals about sessions, programs' tokens and the organisation's own directory."""

from typing import ClassVar

from telesphore.kernel.errors import DomainError, Refusal


class EntryNotFound(DomainError):
    """The directory of your organisation holds no such entry."""

    refusal: ClassVar[Refusal] = Refusal.NOT_FOUND
    code: ClassVar[str] = "directory-entry-not-found"


class EntryTaken(DomainError):
    """Another entry of your directory has this user name or this identifier already."""

    refusal: ClassVar[Refusal] = Refusal.CONFLICT
    code: ClassVar[str] = "directory-entry-taken"


class NameNotYours(DomainError):
    """This person belongs to another organisation too: their user name is changed by themselves."""

    refusal: ClassVar[Refusal] = Refusal.CONFLICT
    code: ClassVar[str] = "user-name-not-yours"


class RoleNotByDirectory(DomainError):
    """A directory gives the roles of secretary, professional, data protection officer and auditor; administrators are
    named by an administrator, in person.
    """

    code: ClassVar[str] = "role-not-by-directory"


class ScopeNotHeld(DomainError):
    """Choose at least one permission, among those that you hold yourself."""

    code: ClassVar[str] = "scope-not-held"


class TokenLivesTooLong(DomainError):
    """A token ends within a year. Choose a day from tomorrow on, at most 365 days ahead."""

    code: ClassVar[str] = "token-lives-too-long"


class TokenTooMany(DomainError):
    """You hold as many tokens as one may. Revoke those that no program uses any more."""

    refusal: ClassVar[Refusal] = Refusal.CONFLICT
    code: ClassVar[str] = "token-too-many"


class TokenNotFound(DomainError):
    """This token was revoked, or is not yours."""

    refusal: ClassVar[Refusal] = Refusal.NOT_FOUND
    code: ClassVar[str] = "token-not-found"


class BadToken(DomainError):
    """This token opens nothing: it is unknown, revoked or over."""

    refusal: ClassVar[Refusal] = Refusal.FORBIDDEN
    code: ClassVar[str] = "bad-token"


class EntryChanged(DomainError):
    """This entry was changed since it was read. Read it again, then send what is to change."""

    refusal: ClassVar[Refusal] = Refusal.CONFLICT
    code: ClassVar[str] = "entry-changed"


class SessionNotFound(DomainError):
    """This session has ended, or is not yours."""

    refusal: ClassVar[Refusal] = Refusal.NOT_FOUND
    code: ClassVar[str] = "session-not-found"


class LimitsOutOfBounds(DomainError):
    """Sessions are locked and ended within these bounds: 1 to 30 idle minutes, 15 to 240 minutes in all."""

    code: ClassVar[str] = "limits-out-of-bounds"


class BeingAnswered(DomainError):
    """A request with this idempotency key is at work right now. Ask again in a moment."""

    refusal: ClassVar[Refusal] = Refusal.CONFLICT
    code: ClassVar[str] = "being-answered"


class OutcomeUnknown(DomainError):
    """A request with this idempotency key was interrupted, and may have been done. Look whether it was; then use
    another key."""

    refusal: ClassVar[Refusal] = Refusal.CONFLICT
    code: ClassVar[str] = "outcome-unknown"


class KeyOfAnother(DomainError):
    """This idempotency key was used for another request. Use another key."""

    refusal: ClassVar[Refusal] = Refusal.INVALID
    code: ClassVar[str] = "key-of-another-request"

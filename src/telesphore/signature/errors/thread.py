"""How the discussion of a document refuses."""

from telesphore.kernel.errors import DomainError, Refusal


class ThreadClosed(DomainError):
    """The discussion is closed: this document was completed, declined, withdrawn, or its time is over. What was written
    stays to be read."""

    refusal = Refusal.CONFLICT
    code = "thread-closed"


class ThreadFull(DomainError):
    """This discussion holds as many entries as it may. Go on by another way, or send the document again."""

    refusal = Refusal.CONFLICT
    code = "thread-full"


class EntryNotFound(DomainError):
    """This entry of the discussion does not exist, or it is not open to you."""

    refusal = Refusal.NOT_FOUND
    code = "entry-not-found"


class NothingWritten(DomainError):
    """Write something first, in at most 5,000 characters."""

    refusal = Refusal.INVALID
    code = "nothing-written"


class NotAQuestion(DomainError):
    """Only a question can be answered, and only once it was asked."""

    refusal = Refusal.INVALID
    code = "not-a-question"


class UnknownMention(DomainError):
    """Only professionals of this circuit can be mentioned."""

    refusal = Refusal.INVALID
    code = "unknown-mention"


class NoSuchPlace(DomainError):
    """A note is pinned to a place on a page of the document."""

    refusal = Refusal.INVALID
    code = "no-such-place"

"""Exit statuses: the same for every command; the table for operators is in `docs/operations.md`."""

from enum import IntEnum


class Status(IntEnum):
    """How a command ended, when it was not by 0: done, and all holds."""

    FAILED = 1
    """A check found something that does not hold, or the work failed."""
    USAGE = 2
    """The command line or a setting is wrong."""
    REFUSED = 3
    """Refused, or something that it needs is away: nothing was lost, and the sentence says what to do."""
    DATABASE_AWAY = 4
    """The database does not answer, or could not be started."""
    ALREADY_UP = 5
    """Another `telesphore up` runs this home."""

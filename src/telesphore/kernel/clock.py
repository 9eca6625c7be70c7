"""The clock, for the entries that nobody hands the time to: a door's request, a worker's job, a command."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place that reads the clock.

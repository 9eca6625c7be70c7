"""Instants that come from elsewhere."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime


def in_utc(given: datetime) -> datetime:
    """The same instant in UTC: RFC 3339 has offsets of up to 24 hours, PostgreSQL of 16.

    Raises:
        ValueError: it lies beyond the years 1 to 9999.
    """
    try:
        return given.astimezone(UTC)
    except OverflowError:
        raise ValueError("this lies beyond the years 1 to 9999") from None


Instant = Annotated[AwareDatetime, AfterValidator(in_utc)]
"""As a program gives one, with its offset; kept in UTC."""

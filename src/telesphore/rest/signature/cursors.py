"""Where the next page of a list begins: opaque, stable while rows come and go, and worth nothing to who forges one."""

import base64
import binascii
import json
from datetime import datetime
from uuid import UUID

from telesphore.kernel.errors import DomainError
from telesphore.kernel.instants import in_utc

LONGEST = 500


class CursorNotReadable(DomainError):
    """This cursor can't be read. Give back the one of the page before, as it was."""

    code = "cursor-not-readable"


def cursor_of(*parts: object) -> str:
    """A cursor of these parts: texts, instants and ids."""
    told = [part.isoformat() if isinstance(part, datetime) else str(part) for part in parts]
    return base64.urlsafe_b64encode(json.dumps(told, ensure_ascii=False).encode()).decode().rstrip("=")


def _parts(text: str, count: int) -> list[str]:
    try:
        found = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise CursorNotReadable from None
    if not isinstance(found, list) or len(found) != count or not all(isinstance(one, str) for one in found):
        raise CursorNotReadable
    if any("\0" in one for one in found):
        raise CursorNotReadable
    return found


def instant_and_id(text: str) -> tuple[datetime, UUID] | None:
    """The last row of the page before, by instant and id; None for the first page.

    Raises:
        CursorNotReadable
    """
    if not text:
        return None
    instant, identifier = _parts(text, 2)
    try:
        at = datetime.fromisoformat(instant)
        if at.tzinfo is None:
            raise CursorNotReadable
        return in_utc(at), UUID(identifier)
    except ValueError:
        raise CursorNotReadable from None


def names_and_id(text: str) -> tuple[str, str, UUID] | None:
    """The last row of the page before, by two names and id; None for the first page.

    Raises:
        CursorNotReadable
    """
    if not text:
        return None
    first, second, identifier = _parts(text, 3)
    try:
        return first, second, UUID(identifier)
    except ValueError:
        raise CursorNotReadable from None


def place(text: str) -> int:
    """The number of the last row of the page before, of a list that only grows; 0 for the first page.

    Raises:
        CursorNotReadable
    """
    if not text:
        return 0
    (number,) = _parts(text, 1)
    if not (number.isascii() and number.isdigit() and len(number) <= 9):
        raise CursorNotReadable
    return int(number)

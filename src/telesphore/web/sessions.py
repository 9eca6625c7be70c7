"""Sessions in the database, which say so when it goes away.

Django's own store takes every failure to save for a session that somebody deleted meanwhile, and answers 400: whoever
was reading while the database restarted would be told that their request was bad.
"""

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import InterfaceError, OperationalError


class SessionStore(DatabaseStore):
    """Django's store, with this one difference."""

    def save(self, must_create: bool = False) -> None:
        """Keep the session.

        Raises:
            UpdateError: it was deleted since it was read.
            OperationalError, InterfaceError: the database is away.
        """
        try:
            super().save(must_create)
        except UpdateError as error:
            cause = error.__context__
            if isinstance(cause, OperationalError | InterfaceError):
                raise cause from None
            raise

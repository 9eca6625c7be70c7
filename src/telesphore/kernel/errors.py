"""How we refuse: a sentence, a code and a kind; each door turns the kind into its protocol's answer."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _


class Refusal(StrEnum):
    """Kinds of refusal, the same for every door."""

    INVALID = "invalid"
    """What was given is wrong; the sentence says what to give instead."""
    NOT_FOUND = "not-found"
    """Not there, or not yours: nobody can tell which."""
    FORBIDDEN = "forbidden"
    """You may see it, but not do this to it."""
    CONFLICT = "conflict"
    """The state of things does not allow it now."""
    TOO_MANY = "too-many"
    """Too many tries, too fast."""
    UNAVAILABLE = "unavailable"
    """Something outside is away; trying again later can succeed."""
    DAMAGED = "damaged"
    """What we hold is not what we stored: an incident for the operator."""


class DomainError(Exception):
    """Something was refused.

    A subclass's docstring is its message, in English; the first paragraph is shown to people through gettext.
    `code` is stable and goes to APIs and logs; it never carries content. Parameters that are instants show as days.
    """

    refusal: ClassVar[Refusal] = Refusal.INVALID
    code: ClassVar[str] = "refused"

    @property
    def sentence(self) -> str:
        """The message in the reader's language."""
        source = " ".join((type(self).__doc__ or "").strip().split("\n\n")[0].split())
        shown = {
            name: date_format(localtime(value)) if isinstance(value, datetime) else value
            for name, value in self.params.items()
        }
        return _(source) % shown if shown else _(source)

    def __init__(self, **params: object) -> None:
        self.params = params
        super().__init__(self.code)

    def __str__(self) -> str:
        return self.sentence

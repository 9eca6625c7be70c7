"""The national numbers of organisations and professionals, parsed at the door.

Each is a text of digits (a FINESS number may hold letters); spaces typed between them are left out. Their last digit is
a key, after Luhn's formula (ISO/IEC 7812-1 annex B).
"""

import re
from dataclasses import dataclass
from typing import Self

LA_POSTE = "356000000"
"""The one organisation with too many sites for Luhn's key: its SIRET's digits add up to a multiple of five instead."""


class BadNumber(ValueError):
    """A number that can't be one; the door says which."""


def luhn(digits: str) -> bool:
    """Whether the last of these digits is the key of those before it."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _plain(text: str) -> str:
    return re.sub(r"[\s.\u00a0\u202f-]", "", text).upper()


@dataclass(frozen=True, slots=True)
class Finess:
    """Nine characters, letters too: 2A and 2B for Corsica, and elsewhere (the register's schema admits them)."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `BadNumber`. The key is asked of numbers of digits alone: with letters we know of none."""
        plain = _plain(text)
        if not re.fullmatch(r"[0-9A-Z]{9}", plain) or (plain.isdigit() and not luhn(plain)):
            raise BadNumber(text)
        return cls(plain)


@dataclass(frozen=True, slots=True)
class Siren:
    """Nine digits: a legal person."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `BadNumber`."""
        plain = _plain(text)
        if not re.fullmatch(r"[0-9]{9}", plain) or not luhn(plain):
            raise BadNumber(text)
        return cls(plain)


@dataclass(frozen=True, slots=True)
class Siret:
    """Fourteen digits: a site of a legal person, whose SIREN comes first."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `BadNumber`."""
        plain = _plain(text)
        if not re.fullmatch(r"[0-9]{14}", plain):
            raise BadNumber(text)
        of_la_poste = plain.startswith(LA_POSTE) and sum(map(int, plain)) % 5 == 0
        if not luhn(plain) and not of_la_poste:
            raise BadNumber(text)
        return cls(plain)

    @property
    def siren(self) -> str:
        """Of the legal person."""
        return self.text[:9]


@dataclass(frozen=True, slots=True)
class Rpps:
    """Eleven digits: a professional in the national directory."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `BadNumber`."""
        plain = _plain(text)
        if not re.fullmatch(r"[0-9]{11}", plain) or not luhn(plain):
            raise BadNumber(text)
        return cls(plain)

    @property
    def national_id(self) -> str:
        """As cards and Pro Santé Connect give it (IDNPS): the kind of number, then the number."""
        return f"8{self.text}"

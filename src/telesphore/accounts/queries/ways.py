"""By which ways a person can sign in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allauth.mfa.models import Authenticator

from telesphore.accounts.models import Person

Kind = Authenticator.Type


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey: the name that its person gave it, and when it served."""

    passkey_id: int
    name: str
    added_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ways:
    """What one person can sign in by, here; Pro Santé Connect and cards are known by who issues them.

    Attributes:
        totp_at: since when codes of an application are asked; None without.
        codes_left: recovery codes that still work; None when none were made.
        codes_kept: the person said that they keep them.
    """

    passkeys: tuple[Passkey, ...]
    password: bool
    totp_at: datetime | None
    totp_used_at: datetime | None
    codes_left: int | None
    codes_kept: bool

    @property
    def sufficient(self) -> bool:
        """Whether they can come in: a passkey, or a password with an application's code."""
        return bool(self.passkeys) or (self.password and self.totp_at is not None)


def ways_of(person_id: UUID) -> Ways:
    """A person's ways to sign in, in two queries."""
    rows = list(Authenticator.objects.filter(user_id=person_id).order_by("created_at", "id"))
    totp = next((row for row in rows if row.type == Kind.TOTP), None)
    codes = next((row for row in rows if row.type == Kind.RECOVERY_CODES), None)
    return Ways(
        passkeys=tuple(
            Passkey(row.pk, row.data["name"], row.created_at, row.last_used_at)
            for row in rows
            if row.type == Kind.WEBAUTHN
        ),
        password=Person.objects.get(id=person_id).has_usable_password(),
        totp_at=totp.created_at if totp else None,
        totp_used_at=totp.last_used_at if totp else None,
        codes_left=len(codes.data["hashes"]) if codes else None,
        codes_kept=bool(codes and codes.data.get("kept")),
    )

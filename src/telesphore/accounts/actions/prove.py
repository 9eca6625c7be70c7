"""Prove who one is by a code: an application's, or a recovery code. Each is good once, also given twice together."""

import hmac
from datetime import datetime
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import transaction

from telesphore.accounts.formats import codes
from telesphore.links import ports as links

Kind = Authenticator.Type


@transaction.atomic
def spend_code(*, person_id: UUID, code: str, at: datetime) -> int | None:
    """The id of the authenticator whose code this is, now used; None when it is nobody's, or was used.

    The sign-in that it leads to, or that it fails, leaves the trace.
    """
    for row in _locked(person_id, Kind.TOTP, Kind.RECOVERY_CODES):
        if _spend_totp(row, code, at) if row.type == Kind.TOTP else _spend_recovery(row, code):
            return int(row.pk)
    return None


@transaction.atomic
def spend_recovery_code(*, person_id: UUID, code: str) -> bool:
    """Whether this is a recovery code of a person who may come in; it is used now. Who has none costs the same work."""
    return any(_spend_recovery(row, code) for row in _locked(person_id, Kind.RECOVERY_CODES))


def _locked(person_id: UUID, *kinds: str) -> list[Authenticator]:
    """Of two who give the same code, the second waits, and finds it used."""
    rows = Authenticator.objects.select_for_update(of=("self",))
    return list(rows.filter(user_id=person_id, user__is_active=True, type__in=kinds).order_by("id"))


def _spend_totp(row: Authenticator, code: str, at: datetime) -> bool:
    secret = codes.unseal(row.data["sealed"], key=links.code_secret.get(), context=f"totp:{row.user_id}")
    step = codes.step_of(secret=secret, code=code, at=at, after=row.data["last"])
    if step is None:
        return False
    row.data["last"] = step
    row.save(update_fields=["data"])
    return True


def _spend_recovery(row: Authenticator, code: str) -> bool:
    given = codes.hash_of(code, key=links.code_secret.get(), context=f"recovery:{row.user_id}")
    left = [kept for kept in row.data["hashes"] if not hmac.compare_digest(kept, given)]
    if len(left) == len(row.data["hashes"]):
        return False
    row.data["hashes"] = left
    row.save(update_fields=["data"])
    return True

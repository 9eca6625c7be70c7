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
    # Locked: of two who give the same code, the second finds it used.
    rows = Authenticator.objects.select_for_update().filter(
        user_id=person_id, type__in=[Kind.TOTP, Kind.RECOVERY_CODES]
    )
    for row in rows.order_by("id"):
        if row.type == Kind.TOTP and _spend_totp(row, code, at):
            return int(row.pk)
        if row.type == Kind.RECOVERY_CODES and _spend_recovery(row, code):
            return int(row.pk)
    return None


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

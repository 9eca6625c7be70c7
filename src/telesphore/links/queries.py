"""What became of links."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from telesphore.links.models import Link, Receipt


def first_receipts(*, organisation_id: UUID, link_ids: Sequence[UUID]) -> dict[UUID, dict[str, datetime]]:
    """For each link, when it was first `opened` and first `revealed` (absent when never)."""
    found: dict[UUID, dict[str, datetime]] = {}
    rows = Receipt.objects.filter(organisation_id=organisation_id, link_id__in=link_ids).order_by("at")
    for receipt in rows:
        found.setdefault(receipt.link_id, {}).setdefault(receipt.kind, receipt.at)
    return found


def exists(*, organisation_id: UUID, subject_id: UUID, purpose: str) -> bool:
    """Whether a link for this purpose was ever made."""
    return Link.objects.filter(organisation_id=organisation_id, subject_id=subject_id, purpose=purpose).exists()


def phone_endings(*, organisation_id: UUID, link_ids: Sequence[UUID]) -> dict[UUID, str]:
    """For each link, the last two digits of the phone to which its codes went."""
    rows = Link.objects.filter(organisation_id=organisation_id, id__in=link_ids)
    return {link_id: phone[-2:] for link_id, phone in rows.values_list("id", "phone")}


def phone_of(*, organisation_id: UUID, link_id: UUID) -> str:
    """The phone to which a link's codes go; empty when they are given by voice."""
    return Link.objects.values_list("phone", flat=True).get(organisation_id=organisation_id, id=link_id)

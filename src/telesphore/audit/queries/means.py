"""How much was done by those who came in by one means."""

from datetime import datetime
from uuid import UUID

from django.db.models import Count

from telesphore.audit.models import Event


def acts_by_means(*, organisation_id: UUID, means: str, since: datetime, until: datetime) -> dict[UUID, int]:
    """For each person, how many events of an organisation they left by `means` between two instants, both included.

    Refusals count too. Events whose detail was erased name nobody, and don't.
    """
    rows = (
        Event.objects.filter(organisation_id=organisation_id, at__gte=since, at__lte=until, means=means)
        .exclude(person_id=None)
        .values("person_id")
        .annotate(number=Count("id"))
        .order_by("person_id")
    )
    return {row["person_id"]: row["number"] for row in rows if row["person_id"]}

"""Which of one's patients a line of a list is about."""

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from telesphore.kernel.actors import Actor
from telesphore.records.models import CareTeamMember, Patient


def of_my_patients(
    *,
    actor: Actor,
    at: datetime,
    patient_id: UUID | None = None,
    ins: str = "",
    birth_date: date | None = None,
    named: Callable[[str], bool] | None = None,
    given: Callable[[str], bool] | None = None,
) -> list[UUID]:
    """Those of the actor's patients whom this is true of: all that is given must hold, and something must be given.

    Args:
        named: of the birth name, or of the used name.
        given: of all the given names, or of the first.
    """
    mine = CareTeamMember.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=at),
        organisation_id=actor.organisation,
        person_id=actor.person,
        starts_at__lte=at,
    ).values("patient_id")
    rows = Patient.objects.filter(organisation_id=actor.organisation, id__in=mine)
    if patient_id is None and not ins and birth_date is None:
        return []
    if patient_id is not None:
        rows = rows.filter(id=patient_id)
    if ins:
        rows = rows.filter(ins=ins)
    if birth_date is not None:
        rows = rows.filter(birth_date=birth_date)
    return [
        row.id
        for row in rows
        if (named is None or named(row.birth_name) or named(row.used_name))
        and (given is None or given(row.given_names) or given(row.given_names.partition(" ")[0]))
    ]

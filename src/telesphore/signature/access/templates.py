"""Who sees a template, who manages it; whose a bulk sending is."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from telesphore.accounts import queries as accounts
from telesphore.accounts.access import may
from telesphore.kernel.actors import Actor
from telesphore.signature.errors import BulkNotFound, TemplateNotFound, TemplateNotYours
from telesphore.signature.models import BulkSend, Template
from telesphore.signature.states import TemplateScope


def templates_of(*, actor: Actor, at: datetime) -> QuerySet[Template]:
    """Those that the actor sees: the organisation's, their units' (an administrator: every unit's), their own."""
    rows = Template.objects.filter(organisation_id=actor.organisation)
    if not may(actor, "signature:template:see"):
        return rows.none()
    of_units = Q(scope=TemplateScope.UNIT)
    if "administrator" not in actor.roles:
        of_units &= Q(unit_id__in=_units(actor, at))
    return rows.filter(
        Q(scope=TemplateScope.ORGANISATION) | of_units | Q(scope=TemplateScope.PRIVATE, owner_id=actor.person)
    )


def template_of(*, actor: Actor, template_id: UUID, at: datetime, lock: bool = False) -> Template:
    """A template that the actor sees.

    Raises:
        TemplateNotFound
    """
    rows = templates_of(actor=actor, at=at)
    try:
        return (rows.select_for_update() if lock else rows).get(id=template_id)
    except Template.DoesNotExist:
        raise TemplateNotFound from None


def manages(actor: Actor, template: Template) -> bool:
    """Whether who sees this template may change it and put it away."""
    return template.scope == TemplateScope.PRIVATE or may(actor, "signature:template:manage")


def check_manages(actor: Actor, template: Template) -> None:
    """Whether who sees this template may change it.

    Raises:
        TemplateNotYours
    """
    if not manages(actor, template):
        raise TemplateNotYours


def check_scope(*, actor: Actor, scope: TemplateScope, unit_id: UUID | None, at: datetime) -> None:
    """Whether the actor may make a template of this scope.

    Raises:
        TemplateNotYours: it is not theirs to make, or the unit is not theirs.
    """
    if not may(actor, "signature:template:see"):
        raise TemplateNotYours
    if scope is TemplateScope.PRIVATE:
        return
    if not may(actor, "signature:template:manage"):
        raise TemplateNotYours
    if scope is TemplateScope.UNIT and unit_id not in units_for(actor=actor, at=at):
        raise TemplateNotYours


def units_for(*, actor: Actor, at: datetime) -> dict[UUID, str]:
    """The open units, by name, for which the actor may make a template: their own, or all for an administrator."""
    if not may(actor, "signature:template:manage"):
        return {}
    found = accounts.units(organisation_id=actor.organisation, at=at, open_only=True)
    mine = None if "administrator" in actor.roles else _units(actor, at)
    return {line.unit_id: line.name for line in found if mine is None or line.unit_id in mine}


def _units(actor: Actor, at: datetime) -> set[UUID]:
    return accounts.units_of(organisation_id=actor.organisation, person_id=actor.person, at=at)


def bulk_of(*, actor: Actor, bulk_id: UUID, lock: bool = False) -> BulkSend:
    """The actor's own bulk sending.

    Raises:
        BulkNotFound
    """
    if not may(actor, "signature:envelope:send"):
        raise BulkNotFound
    rows = BulkSend.objects.select_for_update() if lock else BulkSend.objects.all()
    try:
        return rows.get(organisation_id=actor.organisation, id=bulk_id, sender_id=actor.person)
    except BulkSend.DoesNotExist:
        raise BulkNotFound from None

"""Say what an organisation is: its numbers, its units."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from telesphore.accounts import access
from telesphore.accounts.errors import SiretOfAnother, UnitNameTaken, UnitNotFound
from telesphore.accounts.formats.numbers import Finess, Siren, Siret
from telesphore.accounts.models import Organisation, Unit
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor


@audit.act("accounts:organisation:change")
def change_organisation(
    *, name: str, city: str, finess: Finess | None, siren: Siren | None, siret: Siret | None, actor: Actor, at: datetime
) -> None:
    """Write an organisation's name, town and national numbers.

    Raises:
        NotAllowed
        SiretOfAnother: the SIRET is not of this SIREN.
    """
    access.check(actor, "accounts:organisation:manage")
    if siren and siret and siret.siren != siren.text:
        raise SiretOfAnother
    row = Organisation.objects.select_for_update().get(id=actor.organisation)
    values = {
        "name": name,
        "city": city,
        "finess": finess.text if finess else "",
        "siren": siren.text if siren else siret.siren if siret else "",
        "siret": siret.text if siret else "",
    }
    changed = [field for field, value in values.items() if getattr(row, field) != value]
    for field in changed:
        setattr(row, field, values[field])
    row.save(update_fields=changed)
    audit.record("accounts:organisation:change", actor=actor, subject=row.id, at=at, detail={"changed": changed})


@audit.act("accounts:unit:open")
def open_unit(*, name: str, actor: Actor, at: datetime) -> UUID:
    """Add a unit.

    Raises:
        NotAllowed, UnitNameTaken
    """
    access.check(actor, "accounts:organisation:manage")
    with _one_name():
        row = Unit.objects.create(organisation_id=actor.organisation, name=name)
    audit.record("accounts:unit:open", actor=actor, subject=row.id, at=at)
    return row.id


@audit.act("accounts:unit:rename")
def rename_unit(*, unit_id: UUID, name: str, actor: Actor, at: datetime) -> None:
    """Give a unit another name.

    Raises:
        NotAllowed, UnitNotFound, UnitNameTaken
    """
    access.check(actor, "accounts:organisation:manage")
    row = _open(unit_id, actor)
    row.name = name
    with _one_name():
        row.save(update_fields=["name"])
    audit.record("accounts:unit:rename", actor=actor, subject=row.id, at=at)


@audit.act("accounts:unit:close")
def close_unit(*, unit_id: UUID, actor: Actor, at: datetime) -> None:
    """Close a unit: nobody is added to it any more, and those who are in it stay.

    Raises:
        NotAllowed, UnitNotFound
    """
    access.check(actor, "accounts:organisation:manage")
    row = _open(unit_id, actor)
    row.closed_at = at
    row.save(update_fields=["closed_at"])
    audit.record("accounts:unit:close", actor=actor, subject=row.id, at=at)


def _open(unit_id: UUID, actor: Actor) -> Unit:
    try:
        return Unit.objects.select_for_update().get(organisation_id=actor.organisation, id=unit_id, closed_at=None)
    except Unit.DoesNotExist:
        raise UnitNotFound from None


@contextmanager
def _one_name() -> Iterator[None]:
    """A savepoint, in which a name that is in use is refused."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        raise UnitNameTaken from None

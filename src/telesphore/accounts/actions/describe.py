"""Write what a professional is, as the national directory says it."""

from datetime import datetime
from uuid import UUID

from telesphore.accounts import access, queries
from telesphore.accounts.errors import NumberNotProved, NumberTaken
from telesphore.accounts.formats.numbers import Rpps
from telesphore.accounts.models import Person
from telesphore.accounts.ports import card_authorities, identity_provider
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor


@audit.act("accounts:person:describe")
def describe_practitioner(
    *,
    person_id: UUID,
    title: str,
    profession: str,
    specialty_code: str,
    specialty: str,
    rpps: Rpps | None,
    actor: Actor,
    at: datetime,
) -> None:
    """Write a member's profession, specialty and number.

    A number by which its person has come in (card, Pro Santé Connect) is theirs: it is not changed here.

    Raises:
        NotAllowed, MemberNotFound, NotToYourself
        NumberTaken: by another account, or this one's own was proved to be another.
        NumberNotProved: its bearer would come into an account that is somebody's already.
    """
    access.check(actor, "accounts:members:manage")
    access.check_other(actor, person_id)
    access.check_member(actor.organisation, person_id)
    person = access.lock_person(person_id)
    national_id = rpps.national_id if rpps else ""
    if person.directory_checked_at is not None and national_id != person.national_id:
        raise NumberTaken
    if national_id and Person.objects.filter(national_id=national_id).exclude(id=person_id).exists():
        raise NumberTaken
    changed = (rpps.text if rpps else "") != person.rpps and national_id != person.national_id
    if changed and access.known_elsewhere(person_id, actor.organisation, at):
        raise NumberNotProved
    if changed and rpps and _opens_doors() and queries.has_way_in(person_id=person_id, apart_from=actor.organisation):
        raise NumberNotProved
    values = {
        "title": title,
        "profession": profession,
        "specialty_code": specialty_code,
        "specialty": specialty,
        "rpps": rpps.text if rpps else "",
        "national_id": national_id,
    }
    for field, value in values.items():
        setattr(person, field, value)
    person.save(update_fields=list(values))
    audit.record("accounts:person:describe", actor=actor, subject=person_id, at=at)


def _opens_doors() -> bool:
    """Whether anybody comes in by a national identifier here: by card, or by Pro Santé Connect."""
    return identity_provider.get() is not None or bool(card_authorities.get().anchors)

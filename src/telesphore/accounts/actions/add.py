"""Make a person known."""

from datetime import datetime
from uuid import UUID

from telesphore.accounts.models import Person
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor


@audit.act("accounts:person:add")
def add_person(
    *,
    email: str,
    password: str | None,
    family_name: str,
    given_name: str,
    title: str = "",
    specialty: str = "",
    rpps: str = "",
    language: str = "fr",
    actor: Actor,
    at: datetime,
) -> UUID:
    """Make a person known; without a password they can't sign in yet."""
    person = Person.objects.create_user(
        email,
        password,
        family_name=family_name,
        given_name=given_name,
        title=title,
        specialty=specialty,
        rpps=rpps,
        language=language,
    )
    audit.record("accounts:person:add", actor=actor, subject=person.id, at=at)
    return person.id

"""Members whom the cast does not hold: Claire administers the hospital; Nora, a nurse, is invited."""

from uuid import UUID

from telesphore.accounts import actions as accounts
from telesphore.accounts.states import Role
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.outbox import queries as outbox
from tests.cast import LONG_AGO, Cast

OPERATOR = Actor.system(client="tests")
NORA = accounts.Newcomer(
    email="nora.benali@montfaucy.example", given_name="Nora", family_name="Benali", profession="60"
)


def hired(organisation_id: UUID, given: str, *roles: Role) -> Actor:
    """Somebody with these roles, for a long time."""
    person_id = accounts.add_person(
        email=f"{given.lower()}@montfaucy.example", password=None, family_name="Moreau", given_name=given,
        actor=OPERATOR, at=LONG_AGO,
    )  # fmt: skip
    for role in roles:
        accounts.grant_role(
            person_id=person_id, organisation_id=organisation_id, role=role, actor=OPERATOR, at=LONG_AGO
        )
    return Actor(
        kind=ActorKind.PROFESSIONAL, organisation_id=organisation_id, person_id=person_id,
        roles=frozenset(role.value for role in roles), means="password",
    )  # fmt: skip


def claire(cast: Cast) -> Actor:
    """An administrator of the hospital."""
    return hired(cast.hospital, "Claire", Role.ADMINISTRATOR)


def invited(cast: Cast, by: Actor, newcomer: accounts.Newcomer = NORA, *roles: Role) -> accounts.Invited:
    """Invited as a nurse of the hospital, unless said otherwise."""
    return accounts.invite(newcomer=newcomer, roles=roles or [Role.PROFESSIONAL], actor=by, at=now())


def last_mail() -> str:
    """The last e-mail that left."""
    return [message.text for message in outbox.local_messages() if message.channel == "email"][-1]

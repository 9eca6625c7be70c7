"""Members: their roles begin and end, are suspended and lifted; administration and care stay apart."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from telesphore.accounts import actions as accounts
from telesphore.accounts import queries
from telesphore.accounts.errors import (
    AccountsApart,
    EndsBeforeItStarts,
    LastAdministrator,
    MemberNotFound,
    NotAllowed,
    NotToYourself,
    SiretOfAnother,
    UnitNameTaken,
    UnitNotFound,
)
from telesphore.accounts.formats.numbers import Siren, Siret
from telesphore.accounts.models import Delegation, Membership
from telesphore.accounts.states import Acr, MemberState, Role
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.kernel.identifiers import uuid7
from tests.accounts.members import OPERATOR, claire, hired
from tests.cast import LONG_AGO, NOBODY, Cast

DAY = timedelta(days=1)


def roles_of(cast: Cast, person: Actor) -> frozenset[Role]:
    return queries.roles_held(organisation_id=cast.hospital, person_id=person.person, at=now())


def membership(cast: Cast, person: Actor) -> Membership:
    return Membership.objects.get(organisation_id=cast.hospital, person_id=person.person)


def test_a_role_holds_between_its_dates(cast: Cast) -> None:
    administrator, at = claire(cast), now()
    accounts.grant_role(
        person_id=cast.lebrun.person, organisation_id=cast.hospital, role=Role.AUDITOR, starts_at=at + DAY,
        ends_at=at + 2 * DAY, actor=administrator, at=at,
    )  # fmt: skip
    assert roles_of(cast, cast.lebrun) == {Role.PROFESSIONAL}
    for later, held in ((DAY, True), (2 * DAY - timedelta(seconds=1), True), (2 * DAY, False)):
        roles = queries.roles_held(organisation_id=cast.hospital, person_id=cast.lebrun.person, at=at + later)
        assert (Role.AUDITOR in roles) is held


def test_a_role_given_twice_is_held_once(cast: Cast) -> None:
    administrator = claire(cast)
    for _ in range(2):
        accounts.grant_role(
            person_id=cast.lebrun.person, organisation_id=cast.hospital, role=Role.AUDITOR, actor=administrator,
            at=now(),
        )  # fmt: skip
    assert Membership.objects.filter(person_id=cast.lebrun.person, role=Role.AUDITOR).count() == 1


def test_a_role_ends_at_once_or_on_its_day_and_one_that_has_not_begun_is_taken_back(cast: Cast) -> None:
    administrator, at = claire(cast), now()
    row = membership(cast, cast.ricaud)
    accounts.end_role(membership_id=row.id, ends_at=at + DAY, actor=administrator, at=at)
    assert roles_of(cast, cast.ricaud)
    accounts.end_role(membership_id=row.id, ends_at=None, actor=administrator, at=at)
    assert not roles_of(cast, cast.ricaud)
    accounts.grant_role(
        person_id=cast.ricaud.person, organisation_id=cast.hospital, role=Role.AUDITOR, starts_at=at + DAY,
        actor=administrator, at=at,
    )  # fmt: skip
    coming = Membership.objects.get(person_id=cast.ricaud.person, role=Role.AUDITOR)
    accounts.end_role(membership_id=coming.id, ends_at=None, actor=administrator, at=at)
    assert not Membership.objects.filter(id=coming.id).exists()


@pytest.mark.parametrize("end", [-DAY, timedelta(0)])
def test_a_role_that_would_end_before_it_starts_is_refused(cast: Cast, end: timedelta) -> None:
    at = now()
    with pytest.raises(EndsBeforeItStarts):
        accounts.grant_role(
            person_id=cast.lebrun.person, organisation_id=cast.hospital, role=Role.AUDITOR, starts_at=at,
            ends_at=at + end, actor=claire(cast), at=at,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        (Role.ADMINISTRATOR, Role.PROFESSIONAL), (Role.ADMINISTRATOR, Role.SECRETARY),
        (Role.PROFESSIONAL, Role.ADMINISTRATOR), (Role.SECRETARY, Role.ADMINISTRATOR),
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", ["hospital", "elsewhere"])
def test_administration_and_care_are_apart_in_all_organisations_together(
    cast: Cast, held: Role, wanted: Role, where: str
) -> None:
    bea = hired(cast.hospital, "Bea", held)
    with pytest.raises(AccountsApart):
        accounts.grant_role(
            person_id=bea.person, organisation_id=getattr(cast, where), role=wanted, actor=OPERATOR, at=now()
        )


def test_a_suspended_role_still_keeps_administration_and_care_apart(cast: Cast) -> None:
    administrator = claire(cast)
    accounts.suspend(person_id=cast.lebrun.person, actor=administrator, at=now())
    with pytest.raises(AccountsApart):
        accounts.grant_role(
            person_id=cast.lebrun.person, organisation_id=cast.hospital, role=Role.ADMINISTRATOR, actor=administrator,
            at=now(),
        )  # fmt: skip


def test_a_role_that_is_over_leaves_the_other_free(cast: Cast) -> None:
    administrator = claire(cast)
    accounts.leave(person_id=cast.ricaud.person, actor=administrator, at=now())
    accounts.grant_role(
        person_id=cast.ricaud.person, organisation_id=cast.hospital, role=Role.ADMINISTRATOR, actor=administrator,
        at=now(),
    )  # fmt: skip
    assert roles_of(cast, cast.ricaud) == {Role.ADMINISTRATOR}


@pytest.mark.parametrize(("end", "sessions"), [(accounts.suspend, 1), (accounts.leave, 0)])
def test_whoever_is_suspended_or_leaves_loses_tokens_and_whoever_leaves_sessions_too(
    cast: Cast, end: Callable[..., None], sessions: int
) -> None:
    administrator, at = claire(cast), now()
    for actor in (cast.sylvie, cast.ricaud):
        accounts.open_session(person_id=actor.person, key=actor.person.hex, means="passkey", acr=Acr.PASSKEY,
            actor=NOBODY, at=at)  # fmt: skip
        accounts.issue_token(name="Logiciel", scopes=["records:document:read"], expires_at=at + DAY, actor=actor, at=at)
    end(person_id=cast.sylvie.person, actor=administrator, at=at)
    for actor, left, tokens in ((cast.sylvie, sessions, 0), (cast.ricaud, 1, 1)):
        assert len(queries.sessions_of(person_id=actor.person, at=at)) == left
        assert len(queries.tokens_of(actor=actor, at=at)) == tokens


def test_nobody_changes_their_own_rights(cast: Cast) -> None:
    administrator = claire(cast)
    for act in (accounts.suspend, accounts.lift):
        with pytest.raises(NotToYourself):
            act(person_id=administrator.person, actor=administrator, at=now())
    with pytest.raises(NotToYourself):
        accounts.grant_role(
            person_id=administrator.person, organisation_id=cast.hospital, role=Role.AUDITOR, actor=administrator,
            at=now(),
        )  # fmt: skip


def test_the_last_administrator_stays(cast: Cast) -> None:
    administrator = claire(cast)
    row = membership(cast, administrator)
    second = hired(cast.hospital, "Bea", Role.ADMINISTRATOR)
    accounts.suspend(person_id=second.person, actor=administrator, at=now())
    for refused in (
        lambda: accounts.end_role(membership_id=row.id, ends_at=None, actor=administrator, at=now()),
        lambda: accounts.end_role(membership_id=row.id, ends_at=now() + DAY, actor=administrator, at=now()),
        lambda: accounts.leave(person_id=administrator.person, actor=administrator, at=now()),
        lambda: accounts.suspend(person_id=administrator.person, actor=OPERATOR.within(cast.hospital), at=now()),
    ):
        with pytest.raises(LastAdministrator):
            refused()
    accounts.lift(person_id=second.person, actor=administrator, at=now())
    accounts.leave(person_id=administrator.person, actor=second, at=now())
    assert not roles_of(cast, administrator)


def test_a_suspension_takes_every_role_until_it_is_lifted(cast: Cast) -> None:
    administrator, at = claire(cast), now()
    accounts.suspend(person_id=cast.lebrun.person, actor=administrator, at=at)
    assert queries.memberships(person_id=cast.lebrun.person, at=now()) == []
    assert cast.lebrun.person not in {
        card.person_id for card in queries.professionals(organisation_id=cast.hospital, at=now())
    }
    assert [card.name for card in queries.suspensions(person_id=cast.lebrun.person, at=now())] == [
        "Centre hospitalier de Montfaucy"
    ]
    accounts.lift(person_id=cast.lebrun.person, actor=administrator, at=now())
    assert roles_of(cast, cast.lebrun) == {Role.PROFESSIONAL}
    told = Event.objects.filter(subject_id=cast.lebrun.person, action__startswith="accounts:member:").order_by("at")
    assert [event.action for event in told] == ["accounts:member:suspend", "accounts:member:lift"]
    assert {event.person_id for event in told} == {administrator.person}


def test_a_suspension_here_leaves_another_organisation_alone(cast: Cast) -> None:
    accounts.grant_role(
        person_id=cast.lebrun.person, organisation_id=cast.elsewhere, role=Role.PROFESSIONAL, actor=OPERATOR, at=now()
    )
    accounts.suspend(person_id=cast.lebrun.person, actor=claire(cast), at=now())
    found = queries.memberships(person_id=cast.lebrun.person, at=now())
    assert [card.organisation.organisation_id for card in found] == [cast.elsewhere]


def test_who_leaves_holds_nothing_any_more_and_their_delegations_end(cast: Cast) -> None:
    at = now()
    given = Delegation.objects.create(
        organisation_id=cast.hospital, delegator_id=cast.lebrun.person, delegate_id=cast.ricaud.person,
        permissions=["signature:recipient:sign"], starts_at=at, ends_at=at + DAY, given_by=cast.lebrun.person,
        given_at=at,
    )  # fmt: skip
    accounts.leave(person_id=cast.lebrun.person, actor=claire(cast), at=at)
    assert not roles_of(cast, cast.lebrun)
    given.refresh_from_db()
    assert given.withdrawn_at == at


STRANGERS = [lambda cast: cast.sylvie, lambda cast: cast.lebrun, lambda cast: NOBODY, lambda cast: cast.odile]


@pytest.mark.parametrize("who", STRANGERS, ids=["secretary", "doctor", "nobody", "patient"])
def test_only_an_administrator_changes_members_and_the_organisation(cast: Cast, who: object) -> None:
    assert callable(who)
    actor, row, at = who(cast), membership(cast, cast.ricaud), now()
    before = list(Membership.objects.order_by("id").values())
    for refused in (
        lambda: accounts.suspend(person_id=cast.ricaud.person, actor=actor, at=at),
        lambda: accounts.lift(person_id=cast.ricaud.person, actor=actor, at=at),
        lambda: accounts.leave(person_id=cast.ricaud.person, actor=actor, at=at),
        lambda: accounts.end_role(membership_id=row.id, ends_at=None, actor=actor, at=at),
        lambda: accounts.grant_role(
            person_id=cast.ricaud.person, organisation_id=cast.hospital, role=Role.AUDITOR, actor=actor, at=at
        ),
        lambda: accounts.open_unit(name="Radiologie", actor=actor, at=at),
        lambda: accounts.change_organisation(
            name="?", city="?", finess=None, siren=None, siret=None, actor=actor, at=at
        ),
    ):
        with pytest.raises(NotAllowed):
            refused()
    assert list(Membership.objects.order_by("id").values()) == before


def test_an_administrator_of_another_organisation_finds_nobody_here(cast: Cast) -> None:
    stranger = hired(cast.elsewhere, "Bea", Role.ADMINISTRATOR)
    row, at = membership(cast, cast.lebrun), now()
    for refused in (
        lambda: accounts.suspend(person_id=cast.lebrun.person, actor=stranger, at=at),
        lambda: accounts.leave(person_id=cast.lebrun.person, actor=stranger, at=at),
        lambda: accounts.end_role(membership_id=row.id, ends_at=None, actor=stranger, at=at),
        lambda: accounts.grant_role(
            person_id=cast.lebrun.person, organisation_id=cast.hospital, role=Role.AUDITOR, actor=stranger, at=at
        ),
        # Who never was a member is invited: nobody becomes one without knowing.
        lambda: accounts.grant_role(
            person_id=cast.lebrun.person, organisation_id=cast.elsewhere, role=Role.AUDITOR, actor=stranger, at=at
        ),
        lambda: queries.member(organisation_id=cast.elsewhere, person_id=cast.lebrun.person, at=at),
    ):
        with pytest.raises(MemberNotFound):
            refused()
    assert roles_of(cast, cast.lebrun)


def test_the_list_says_where_each_one_stands_and_is_searched(cast: Cast) -> None:
    administrator, at = claire(cast), now()
    accounts.suspend(person_id=cast.ricaud.person, actor=administrator, at=at)
    accounts.leave(person_id=cast.sylvie.person, actor=administrator, at=at)

    def found(**options: object) -> dict[str, MemberState]:
        lines = queries.members(organisation_id=cast.hospital, at=at, **options)  # type: ignore[arg-type]
        return {line.name: line.state for line in lines}

    assert found() == {
        "Sylvie Courtois": MemberState.LEFT, "Dr Anne Lebrun": MemberState.ACTIVE, "Claire Moreau": MemberState.ACTIVE,
        "Dr Thomas Ricaud": MemberState.SUSPENDED,
    }  # fmt: skip
    assert set(found(state=MemberState.SUSPENDED)) == {"Dr Thomas Ricaud"}
    assert set(found(search="anne leb")) == {"Dr Anne Lebrun"}
    assert set(found(role=Role.ADMINISTRATOR)) == {"Claire Moreau"}
    assert not found(search="cherif")
    assert not found(page=2)


def test_a_unit_is_opened_renamed_and_closed_and_its_name_is_used_once(cast: Cast) -> None:
    administrator, at = claire(cast), now()
    unit = accounts.open_unit(name="Pneumologie", actor=administrator, at=at)
    with pytest.raises(UnitNameTaken):
        accounts.open_unit(name="Pneumologie", actor=administrator, at=at)
    accounts.rename_unit(unit_id=unit, name="Pneumologie et allergologie", actor=administrator, at=at)
    accounts.grant_role(
        person_id=cast.lebrun.person, organisation_id=cast.hospital, role=Role.AUDITOR, unit_id=unit,
        actor=administrator, at=at,
    )  # fmt: skip
    (line,) = queries.units(organisation_id=cast.hospital, at=at)
    assert (line.name, line.members) == ("Pneumologie et allergologie", 1)
    accounts.close_unit(unit_id=unit, actor=administrator, at=at)
    refused: list[tuple[type[DomainError], object]] = [
        (UnitNotFound, lambda: accounts.rename_unit(unit_id=unit, name="?", actor=administrator, at=at)),
        (UnitNotFound, lambda: accounts.close_unit(unit_id=uuid7(), actor=administrator, at=at)),
        (UnitNotFound, lambda: accounts.grant_role(
            person_id=cast.ricaud.person, organisation_id=cast.hospital, role=Role.AUDITOR, unit_id=unit,
            actor=administrator, at=at)),
    ]  # fmt: skip
    for refusal, act in refused:
        assert callable(act)
        with pytest.raises(refusal):
            act()


def test_an_organisation_s_numbers_go_together(cast: Cast) -> None:
    administrator, siren = claire(cast), Siren.parse("732829320")
    with pytest.raises(SiretOfAnother):
        accounts.change_organisation(
            name="CH", city="M", finess=None, siren=siren, siret=Siret.parse("35600000000048"), actor=administrator,
            at=now(),
        )  # fmt: skip
    accounts.change_organisation(
        name="CH", city="M", finess=None, siren=None, siret=Siret.parse("73282932000074"), actor=administrator,
        at=now(),
    )  # fmt: skip
    assert queries.organisation_card(cast.hospital).siren == siren.text


def test_the_right_role_in_another_organisation_is_no_role_here(cast: Cast) -> None:
    administrator = claire(cast)
    with pytest.raises(NotAllowed):
        accounts.suspend(person_id=cast.lebrun.person, actor=replace(administrator, roles=frozenset()), at=LONG_AGO)

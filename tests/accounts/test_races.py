"""Two administrators at once: what neither may do alone, they can't do together."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from telesphore.accounts import access
from telesphore.accounts import actions as accounts
from telesphore.accounts.errors import AccountsApart, LastAdministrator
from telesphore.accounts.models import Membership
from telesphore.accounts.states import Role
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from tests.accounts.members import OPERATOR, hired
from tests.cast import Cast


def at_once(monkeypatch: pytest.MonkeyPatch, before: str, *acts: Any) -> list[Any]:
    """What each act came to, when all stand together right before `access.<before>`."""
    real, barrier = getattr(access, before), Barrier(len(acts), timeout=30)

    def meeting(*args: Any, **kwargs: Any) -> Any:
        barrier.wait()
        return real(*args, **kwargs)

    monkeypatch.setattr(access, before, meeting)

    def run(act: Any) -> Any:
        try:
            return act()
        except DomainError as refused:
            return type(refused)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_care_and_administration_given_at_once_are_not_both_given(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    paul = hired(committed_cast.hospital, "Paul")

    def give(organisation: Any, role: Role) -> Any:
        return lambda: accounts.grant_role(
            person_id=paul.person, organisation_id=organisation, role=role, actor=OPERATOR, at=now()
        )

    results = at_once(
        monkeypatch, "lock_person", give(committed_cast.hospital, Role.ADMINISTRATOR),
        give(committed_cast.elsewhere, Role.PROFESSIONAL),
    )  # fmt: skip
    assert sorted(map(str, results)) == sorted(map(str, [None, AccountsApart]))
    assert Membership.objects.filter(person_id=paul.person).count() == 1


def test_two_administrators_who_remove_each_other_leave_one(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = hired(committed_cast.hospital, "Paul", Role.ADMINISTRATOR)
    second = hired(committed_cast.hospital, "Bea", Role.ADMINISTRATOR)
    results = at_once(
        monkeypatch, "check_administrator_remains",
        lambda: accounts.leave(person_id=second.person, actor=first, at=now()),
        lambda: accounts.leave(person_id=first.person, actor=second, at=now()),
    )  # fmt: skip
    assert sorted(map(str, results)) == sorted(map(str, [None, LastAdministrator]))
    assert Membership.objects.filter(role=Role.ADMINISTRATOR, ends_at=None).count() == 1

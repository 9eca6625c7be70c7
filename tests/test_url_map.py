"""Every address states who may reach it, and refuses the others: the walk of the whole map.

One transaction serves a whole walk; each request is undone on its own. `test_matrix` has ids that are real.
"""

import itertools
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path, resolve

from telesphore.accounts import actions as accounts
from telesphore.accounts.states import PERMISSIONS, Role
from telesphore.config import routes
from telesphore.kernel.actors import Actor
from telesphore.web.access import FOREIGN, public
from tests.cast import LONG_AGO, Cast
from tests.endpoints import ENDPOINTS, KINDS, OF_RULE, Endpoint
from tests.entering import as_person, ask

METHODS = ("get", "post")


def unlike(endpoints: Iterable[Endpoint], client: Client, designed: Callable[[Any], bool]) -> list[str]:
    """The requests, by both methods, that are not answered as designed."""
    wrong = []
    for endpoint, method in itertools.product(endpoints, METHODS):
        answer = ask(client, method, endpoint.path())
        if not designed(answer):
            wrong.append(f"{method} {endpoint.pattern} [{endpoint.rule}]: {answer.status_code}")
    return wrong


def test_the_walk_found_the_map() -> None:
    assert {"home", "account_login", "records:record", "signature:sign", "patients:landing"} <= {
        endpoint.name for endpoint in ENDPOINTS
    }


def test_the_path_that_is_tried_leads_to_the_endpoint() -> None:
    # A path that leads nowhere would make every "not found" below true of anything.
    assert [endpoint.path() for endpoint in ENDPOINTS if resolve(endpoint.path()).func is not endpoint.view] == []


def test_every_endpoint_states_a_rule() -> None:
    assert [endpoint.pattern for endpoint in ENDPOINTS if not endpoint.rule] == []


def test_every_rule_is_of_a_known_kind() -> None:
    known = {endpoint.name for endpoints in OF_RULE.values() for endpoint in endpoints}
    assert [endpoint.rule for endpoint in ENDPOINTS if endpoint.name not in known] == [], KINDS


def test_a_public_endpoint_says_why() -> None:
    silent = {endpoint.name for endpoint in OF_RULE["public"] if not endpoint.rule.partition(": ")[2]}
    # Read by machines: their modules say why. The log is public by design; metrics ask for a token of their own.
    assert silent <= {"audit_log_checkpoint", "audit_log_tile", "health-live", "health-ready", "metrics"}


def test_a_librarys_rule_names_an_address_that_exists() -> None:
    assert set(FOREIGN) <= {endpoint.name for endpoint in ENDPOINTS}


def test_nobody_can_sign_up() -> None:
    assert [at.pattern for at in ENDPOINTS if "signup" in at.name or "sign-up" in at.pattern] == []


def test_a_stranger_is_sent_to_the_sign_in_page(cast: Cast) -> None:
    def sent_to_sign_in(answer: Any) -> bool:
        return answer.status_code == 302 and str(answer["Location"]).startswith(settings.LOGIN_URL)

    assert unlike(OF_RULE["signed in"] + OF_RULE["permission"] + OF_RULE["patient"], Client(), sent_to_sign_in) == []


def learns_nothing(answer: Any) -> bool:
    return answer.status_code in (404, 405)


def answers_a_get_or_a_post(client: Client, endpoint: Endpoint) -> bool:
    return any(ask(client, method, endpoint.path()).status_code == 404 for method in METHODS)


def test_a_stranger_without_a_link_learns_nothing(cast: Cast) -> None:
    assert unlike(OF_RULE["link and code"], Client(), learns_nothing) == []
    assert all(answers_a_get_or_a_post(Client(), endpoint) for endpoint in OF_RULE["link and code"])


def test_a_signed_in_member_has_no_way_into_a_patients_visit(cast: Cast) -> None:
    assert unlike(OF_RULE["link and code"], as_person(cast.lebrun.person_id), learns_nothing) == []


@pytest.mark.parametrize("who", ["nobody", "a member"])
def test_without_a_tablet_handed_over_nothing_is_at_the_bedside(cast: Cast, who: str) -> None:
    client = Client() if who == "nobody" else as_person(cast.lebrun.person_id)
    assert len(OF_RULE["bedside"]) == 6
    assert unlike(OF_RULE["bedside"], client, learns_nothing) == []


def newcomer(cast: Cast, role: Role) -> UUID:
    """A member who holds this role only."""
    person_id = accounts.add_person(
        email=f"nina.{role.value}@montfaucy.example", password=None, family_name="Roux", given_name="Nina",
        actor=Actor.system(), at=LONG_AGO,
    )  # fmt: skip
    accounts.grant_role(
        person_id=person_id, organisation_id=cast.hospital, role=role, actor=Actor.system(), at=LONG_AGO
    )
    return person_id


@pytest.mark.parametrize("role", Role)
def test_a_member_without_the_permission_is_refused(cast: Cast, role: Role) -> None:
    beyond = [
        endpoint
        for endpoint in OF_RULE["permission"]
        if role not in PERMISSIONS[endpoint.rule.removeprefix("permission: ")]
    ]
    assert beyond
    assert unlike(beyond, as_person(newcomer(cast, role)), lambda answer: answer.status_code == 403) == []


@override_settings(DEMONSTRATION=False)
def test_what_only_a_demonstration_has_does_not_exist_elsewhere(cast: Cast) -> None:
    assert unlike(OF_RULE["demonstration"], Client(), lambda answer: answer.status_code == 404) == []


def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse("reached")


class MapWithAHole:
    """Our addresses as they would be if someone forgot a rule."""

    urlpatterns = [*routes.urlpatterns, path("bare", bare), path("ruled", public("a test")(lambda _: bare(_)))]


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=MapWithAHole)
def test_an_endpoint_without_a_rule_is_reachable_by_nobody() -> None:
    client = Client()
    assert client.get("/ruled").content == b"reached"
    assert client.get("/bare").status_code == 403


def test_a_cookie_is_no_token(cast: Cast) -> None:
    def asks_for_a_token(answer: Any) -> bool:
        return answer.status_code == 401 and answer["WWW-Authenticate"] == 'Bearer realm="telesphore"'

    assert OF_RULE["token"]
    assert unlike(OF_RULE["token"], Client(), asks_for_a_token) == []
    assert unlike(OF_RULE["token"], as_person(cast.lebrun.person_id), asks_for_a_token) == []

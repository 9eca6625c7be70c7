"""Every address states who may reach it, and refuses the others: the walk of the whole map."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, path, resolve

from telesphore.accounts import actions as accounts
from telesphore.accounts.models import Person
from telesphore.accounts.states import CLINICAL_ROLES, PERMISSIONS, Role
from telesphore.config import routes
from telesphore.kernel.actors import Actor
from telesphore.web.access import FOREIGN, public, rule_of
from tests.cast import LONG_AGO, Cast

SAMPLES = {
    "uuid": "0197f3a0-0000-7000-8000-000000000000",
    "int": "1",
    "str": "a-token-that-was-never-given",
    "path": "0/000",
}


@dataclass(frozen=True)
class Endpoint:
    """One address of the map: its name, its view, and a path that leads to it."""

    name: str
    view: Any
    path: str


def walk(patterns: list[Any], prefix: str = "/", names: tuple[str, ...] = ()) -> Iterator[Endpoint]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = (*names, pattern.namespace) if pattern.namespace else names
            yield from walk(pattern.url_patterns, prefix + str(pattern.pattern), inner)
        else:
            assert isinstance(pattern, URLPattern)
            filled = re.sub(r"<(?:(\w+):)?\w+>", lambda found: SAMPLES[found[1] or "str"], str(pattern.pattern))
            yield Endpoint(":".join((*names, pattern.name or "")), pattern.callback, prefix + filled)


ENDPOINTS = list(walk(get_resolver(settings.ROOT_URLCONF).url_patterns))
OF_RULE = {
    kind: [endpoint for endpoint in ENDPOINTS if (rule_of(endpoint.view, endpoint.name) or "").startswith(kind)]
    for kind in ("public", "signed in", "permission", "patient", "link and code", "demonstration")
}


def named(endpoints: list[Endpoint]) -> list[Any]:
    return [pytest.param(endpoint, id=endpoint.name) for endpoint in endpoints]


@pytest.fixture
def anyone(cast: Cast) -> Client:
    """A client of nobody, beside a hospital that has people and patients."""
    return Client()


def come_in(client: Client, actor: Actor) -> None:
    client.force_login(Person.objects.get(id=actor.person_id))


def test_the_walk_found_the_map() -> None:
    assert {"home", "account_login", "records:record", "signature:sign", "patients:landing"} <= {
        endpoint.name for endpoint in ENDPOINTS
    }


@pytest.mark.parametrize("endpoint", named(ENDPOINTS))
def test_the_path_that_is_tried_leads_to_the_endpoint(endpoint: Endpoint) -> None:
    # A path that leads nowhere would make every "not found" below true of anything.
    assert resolve(endpoint.path).func is endpoint.view


@pytest.mark.parametrize("endpoint", named(ENDPOINTS))
def test_every_endpoint_states_a_rule(endpoint: Endpoint) -> None:
    assert rule_of(endpoint.view, endpoint.name), f"{endpoint.path} has no access rule"


def test_every_rule_is_of_a_known_kind() -> None:
    known = {endpoint.name for endpoints in OF_RULE.values() for endpoint in endpoints}
    assert known == {endpoint.name for endpoint in ENDPOINTS}


def test_a_public_endpoint_says_why() -> None:
    rules = {endpoint.name: rule_of(endpoint.view, endpoint.name) or "" for endpoint in OF_RULE["public"]}
    silent = {name for name, rule in rules.items() if not rule.partition(": ")[2]}
    # Read by machines: their modules say why. The log is public by design; metrics ask for a token of their own.
    assert silent <= {"audit_log_checkpoint", "audit_log_tile", "health-live", "health-ready", "metrics"}


def test_a_librarys_rule_names_an_address_that_exists() -> None:
    assert set(FOREIGN) <= {endpoint.name for endpoint in ENDPOINTS}


def test_nobody_can_sign_up() -> None:
    assert not [endpoint.path for endpoint in ENDPOINTS if "signup" in endpoint.name or "sign-up" in endpoint.path]


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("endpoint", named(OF_RULE["signed in"] + OF_RULE["permission"] + OF_RULE["patient"]))
def test_a_stranger_is_sent_to_the_sign_in_page(anyone: Client, endpoint: Endpoint, method: str) -> None:
    response = getattr(anyone, method)(endpoint.path)
    assert response.status_code == 302
    assert response["Location"].startswith(settings.LOGIN_URL)


@pytest.mark.parametrize("endpoint", named(OF_RULE["link and code"]))
def test_a_stranger_without_a_link_learns_nothing(anyone: Client, endpoint: Endpoint) -> None:
    answers = {anyone.get(endpoint.path).status_code, anyone.post(endpoint.path).status_code}
    assert answers <= {404, 405}
    assert 404 in answers


@pytest.mark.parametrize("endpoint", named(OF_RULE["link and code"]))
def test_a_signed_in_member_has_no_way_into_a_patients_visit(cast: Cast, anyone: Client, endpoint: Endpoint) -> None:
    come_in(anyone, cast.lebrun)
    answers = {anyone.get(endpoint.path).status_code, anyone.post(endpoint.path).status_code}
    assert answers <= {404, 405}


@pytest.mark.parametrize("endpoint", named(OF_RULE["patient"]))
def test_a_member_has_no_way_into_a_patients_record_by_an_account(
    cast: Cast, anyone: Client, endpoint: Endpoint
) -> None:
    come_in(anyone, cast.lebrun)
    assert {anyone.get(endpoint.path).status_code, anyone.post(endpoint.path).status_code} == {403}


@pytest.mark.parametrize("endpoint", named(OF_RULE["permission"]))
def test_a_member_without_the_permission_is_refused(cast: Cast, anyone: Client, endpoint: Endpoint) -> None:
    rule = rule_of(endpoint.view, endpoint.name) or ""
    wanted = PERMISSIONS[rule.removeprefix("permission: ")]
    others = frozenset(role for role in Role if role not in wanted)
    # Every role but the wanted ones, together: none of them, nor their sum, opens the door. Nobody administers and
    # cares with one account, so there are two such sums.
    answers = []
    for number, together in enumerate((others - CLINICAL_ROLES, others - {Role.ADMINISTRATOR})):
        if not together:
            continue
        newcomer = accounts.add_person(
            email=f"nina.roux{number}@montfaucy.example", password=None, family_name="Roux", given_name="Nina",
            actor=Actor.system(), at=LONG_AGO,
        )  # fmt: skip
        for role in together:
            accounts.grant_role(
                person_id=newcomer, organisation_id=cast.hospital, role=role, actor=Actor.system(), at=LONG_AGO
            )
        anyone.force_login(Person.objects.get(id=newcomer))
        answers += [anyone.get(endpoint.path).status_code, anyone.post(endpoint.path).status_code]
    if not others:
        return
    assert set(answers) <= {403, 405}
    assert 403 in answers


@pytest.mark.parametrize("endpoint", named(OF_RULE["demonstration"]))
@override_settings(DEMONSTRATION=False)
def test_what_only_a_demonstration_has_does_not_exist_elsewhere(anyone: Client, endpoint: Endpoint) -> None:
    assert anyone.get(endpoint.path).status_code == 404


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

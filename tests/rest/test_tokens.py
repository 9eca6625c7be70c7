"""API tokens: what they open, to whom, until when; what they never open."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from telesphore.accounts import actions, queries
from telesphore.accounts.errors import ScopeNotHeld, TokenLivesTooLong
from telesphore.accounts.models import ApiToken, Membership, Person
from telesphore.accounts.states import Role
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from tests.cast import LONG_AGO, Cast
from tests.web.test_pages import prove, signed_in

SCOPE = "accounts:directory:provision"
USERS = "/rest/scim/v2/Users"
DAY = timedelta(days=1)


@pytest.fixture
def mona(cast: Cast) -> Actor:
    """The hospital's administrator."""
    return administrator(cast.hospital, "mona.petit@montfaucy.example")


def administrator(organisation: Any, email: str) -> Actor:
    person_id = actions.add_person(
        email=email, password=None, family_name="Petit", given_name="Mona", actor=Actor.system(), at=LONG_AGO
    )
    actions.grant_role(
        person_id=person_id, organisation_id=organisation, role=Role.ADMINISTRATOR, actor=Actor.system(), at=LONG_AGO
    )
    return Actor(
        kind=ActorKind.PROFESSIONAL, organisation_id=organisation, person_id=person_id,
        roles=frozenset({Role.ADMINISTRATOR.value}),
    )  # fmt: skip


def issue(actor: Actor, *scopes: str) -> str:
    return actions.issue_token(
        name="RH", scopes=scopes or (SCOPE,), expires_at=now() + 30 * DAY, actor=actor, at=now()
    ).secret


def ask(secret: str, path: str = USERS, method: str = "get", **options: Any) -> Any:
    return getattr(Client(), method)(path, headers={"Authorization": f"Bearer {secret}"}, **options)


def test_a_token_opens_what_it_says(mona: Actor) -> None:
    answer = ask(issue(mona))
    assert answer.status_code == 200
    assert answer["RateLimit"].startswith('"token";r=')


def test_the_secret_is_nowhere_in_the_database(mona: Actor) -> None:
    secret = issue(mona)
    kept = ApiToken.objects.get()
    assert len(secret) == len("telesphore_") + 43
    assert secret not in str(ApiToken.objects.values())
    assert secret not in str(Event.objects.values())
    assert len(bytes(kept.secret_sha256)) == 32


@pytest.mark.parametrize(
    "change",
    [{"revoked_at": LONG_AGO}, {"expires_at": LONG_AGO}, {"scopes": ["audit:journal:see"]}],
    ids=["revoked", "over", "of another scope"],
)
def test_a_token_that_is_revoked_or_over_or_narrower_opens_nothing(mona: Actor, change: dict[str, Any]) -> None:
    secret = issue(mona)
    ApiToken.objects.update(**change)
    answer = ask(secret)
    scope = "scopes" in change
    assert answer.status_code == (403 if scope else 401)
    assert ("insufficient_scope" if scope else "invalid_token") in answer["WWW-Authenticate"]
    assert answer["Content-Type"] == "application/scim+json"


def test_a_token_does_no_more_than_its_person_may_now(mona: Actor) -> None:
    secret = issue(mona)
    Membership.objects.filter(person_id=mona.person_id).update(ends_at=now())
    assert ask(secret).status_code == 401


def test_a_closed_account_closes_its_tokens(mona: Actor) -> None:
    secret = issue(mona)
    Person.objects.filter(id=mona.person_id).update(is_active=False)
    assert ask(secret).status_code == 401


def test_a_refused_token_leaves_a_trace_without_its_secret(mona: Actor) -> None:
    secret = issue(mona)
    ApiToken.objects.update(revoked_at=LONG_AGO)
    ask(secret)
    event = Event.objects.get(action="accounts:token:refuse")
    assert (event.outcome, event.subject_id) == ("refused", ApiToken.objects.get().id)
    assert secret not in str(vars(event))


def test_what_was_never_a_token_is_refused_the_same(mona: Actor) -> None:
    answers = [ask("telesphore_" + "x" * 43), ask("x"), ask("telesphore_" + "é" * 20)]
    assert {answer.status_code for answer in answers} == {401}


def test_a_token_opens_no_page(mona: Actor) -> None:
    secret = issue(mona)
    for path in ("/", "/records/", "/security/tokens/", "/session/seen/"):
        assert ask(secret, path).status_code in (302, 405)


def test_a_token_in_the_address_is_no_token(mona: Actor) -> None:
    assert Client().get(USERS, {"access_token": issue(mona)}).status_code == 401


def test_the_last_use_is_known_to_within_a_minute(mona: Actor) -> None:
    secret = issue(mona)
    ask(secret)
    first = ApiToken.objects.get().last_used_at
    ask(secret)
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=now() - timedelta(seconds=61))
    ask(secret)
    used = ApiToken.objects.get().last_used_at
    assert used is not None
    assert now() - used < timedelta(seconds=30)


def test_each_act_by_a_token_says_so(mona: Actor) -> None:
    body = {"userName": "nina.roux@montfaucy.example"}
    ask(issue(mona), method="post", data=body, content_type="application/json")
    event = Event.objects.get(action="accounts:directory:add")
    assert (event.actor_kind, event.person_id, event.means) == ("software", mona.person_id, "token")
    assert event.session_id == ApiToken.objects.get().id


def test_too_many_uses_of_one_token_are_refused_and_told(mona: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telesphore.rest.rates.MOST", 2)
    secret = issue(mona)
    assert [ask(secret).status_code for _ in range(3)] == [200, 200, 429]
    assert int(ask(secret)["Retry-After"]) <= 60


# Making one


def test_a_scope_that_one_does_not_hold_is_not_given(cast: Cast) -> None:
    for scopes in ((SCOPE,), ("signature:recipient:sign", SCOPE), ()):
        with pytest.raises(ScopeNotHeld):
            actions.issue_token(name="x", scopes=scopes, expires_at=now() + DAY, actor=cast.lebrun, at=now())


@pytest.mark.parametrize("days", [0, 366])
def test_a_token_ends_within_a_year(mona: Actor, days: int) -> None:
    with pytest.raises(TokenLivesTooLong):
        actions.issue_token(name="x", scopes=[SCOPE], expires_at=now() + days * DAY, actor=mona, at=now())


def test_the_page_shows_the_token_once(mona: Actor) -> None:
    client = signed_in(mona)
    until = (now() + 30 * DAY).date().isoformat()
    answer = client.post("/security/tokens/", {"name": "Annuaire RH", "scopes": [SCOPE], "until": until})
    [secret] = {part.split('"')[0] for part in answer.content.decode().split('value="')[1:] if part.startswith("tele")}
    assert ask(secret).status_code == 200
    again = client.get("/security/tokens/").content.decode()
    assert "Annuaire RH" in again
    assert secret not in again


def test_the_page_asks_for_a_fresh_proof(mona: Actor) -> None:
    client = signed_in(mona)
    prove(client, mona, ago=301)
    assert client.get("/security/tokens/")["Location"].startswith("/sign-in/again/")


def test_only_its_holder_sees_and_revokes_a_token(cast: Cast, mona: Actor) -> None:
    secret = issue(mona)
    token_id = ApiToken.objects.get().id
    assert signed_in(cast.lebrun).post(f"/security/tokens/{token_id}/revoke/").status_code == 404
    assert queries.tokens_of(actor=cast.lebrun, at=now()) == []
    assert signed_in(mona).post(f"/security/tokens/{token_id}/revoke/").status_code == 302
    assert ask(secret).status_code == 401

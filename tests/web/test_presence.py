"""A session's life seen from the pages: locked, unlocked, ended, followed to a new key; what each refuses."""

import json
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client

from telesphore.accounts import actions, queries
from telesphore.accounts.errors import LimitsOutOfBounds, NotAllowed
from telesphore.accounts.models import Organisation, Person, Session
from telesphore.accounts.states import Acr, Role, SessionEnd
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from tests.cast import PASSWORD, Cast
from tests.web.test_pages import prove, signed_in
from tests.web.test_passkeys import just_came_in

MINUTE = timedelta(minutes=1)


def row(actor: Actor) -> Session:
    return Session.objects.get(person_id=actor.person_id, ended_at=None)


def leave_alone(actor: Actor, span: timedelta) -> None:
    """As if nobody had touched this person's sessions for so long."""
    Session.objects.filter(person_id=actor.person_id).update(seen_at=now() - span)


def state(client: Client) -> dict[str, object]:
    return dict(json.loads(client.get("/session/").content))


# Opening


def test_a_sign_in_opens_a_session_of_four_hours_that_locks_after_fifteen_minutes(cast: Cast) -> None:
    signed_in(cast.lebrun)
    session = row(cast.lebrun)
    assert (session.ends_at - session.opened_at, session.idle_minutes) == (timedelta(hours=4), 15)


def test_the_database_holds_nothing_that_opens_a_session(cast: Cast) -> None:
    client = signed_in(cast.lebrun)
    assert client.session.session_key.encode() not in bytes(row(cast.lebrun).key_sha256)
    assert len(bytes(row(cast.lebrun).key_sha256)) == 32


def test_an_organisation_that_is_stricter_is_obeyed(cast: Cast) -> None:
    Organisation.objects.filter(id=cast.hospital).update(idle_minutes=5, session_minutes=60)
    signed_in(cast.lebrun)
    session = row(cast.lebrun)
    assert (session.ends_at - session.opened_at, session.idle_minutes) == (timedelta(hours=1), 5)


def test_of_two_organisations_the_stricter_counts(cast: Cast) -> None:
    Organisation.objects.filter(id=cast.elsewhere).update(idle_minutes=3)
    actions.grant_role(
        person_id=cast.lebrun.person,
        organisation_id=cast.elsewhere,
        role=Role.PROFESSIONAL,
        actor=Actor.system(),
        at=now(),
    )
    assert queries.limits_of(person_id=cast.lebrun.person, at=now()).idle == 3 * MINUTE


def test_a_session_never_outlives_the_identity_providers(cast: Cast) -> None:
    until = now() + 20 * MINUTE
    found = actions.open_session(
        person_id=cast.lebrun.person, key="k" * 32, means="psc", acr=Acr.EIDAS1, until=until, actor=Actor.system(),
        at=now(),
    )  # fmt: skip
    assert found.ends_at == until


def test_a_shared_workstation_locks_after_five_minutes(cast: Cast) -> None:
    found = actions.open_session(
        person_id=cast.lebrun.person, key="k" * 32, means="card", acr=Acr.CARD, shared_workstation=True,
        actor=Actor.system(), at=now(),
    )  # fmt: skip
    assert found.idle == 5 * MINUTE


def test_the_cookie_goes_with_the_browser(cast: Cast) -> None:
    client = Client()
    client.post("/sign-in/", {"login": "anne.lebrun@montfaucy.example", "password": PASSWORD})
    assert client.cookies["sessionid"]["max-age"] == ""
    assert client.cookies["sessionid"]["httponly"]


def test_each_act_says_by_which_session_and_how_surely(cast: Cast) -> None:
    client = signed_in(cast.lebrun)
    session = row(cast.lebrun)
    client.get(f"/records/{cast.odile_id}/")
    event = Event.objects.filter(person_id=cast.lebrun.person_id, patient_id=cast.odile_id).latest("at")
    assert (event.session_id, event.acr, event.means) == (session.id, session.acr, session.means)


def administrator_of(organisation: UUID) -> Actor:
    person_id = actions.add_person(
        email="mona.petit@montfaucy.example", password=None, family_name="Petit", given_name="Mona",
        actor=Actor.system(), at=now(),
    )  # fmt: skip
    actions.grant_role(
        person_id=person_id, organisation_id=organisation, role=Role.ADMINISTRATOR, actor=Actor.system(), at=now()
    )
    return Actor(
        kind=ActorKind.PROFESSIONAL, organisation_id=organisation, person_id=person_id,
        roles=frozenset({Role.ADMINISTRATOR.value}),
    )  # fmt: skip


def test_an_administrator_chooses_the_limits_within_bounds_and_leaves_a_trace(cast: Cast) -> None:
    mona = administrator_of(cast.hospital)
    client = signed_in(mona)
    wanted = {"idle_minutes": "10", "session_minutes": "120"}
    assert client.post("/organisation/sessions/", wanted).status_code == 302
    assert queries.chosen_limits(organisation_id=cast.hospital) == (10, 120)
    assert queries.chosen_limits(organisation_id=cast.elsewhere) == (None, None)
    assert Event.objects.get(action="accounts:organisation:limit").detail == {"idle": 10, "session": 120}
    for idle, whole in ((0, 60), (31, 60), (10, 14), (10, 241)):
        answer = client.post("/organisation/sessions/", {"idle_minutes": str(idle), "session_minutes": str(whole)})
        assert answer.status_code == 422
        with pytest.raises(LimitsOutOfBounds):
            actions.limit_sessions(idle_minutes=idle, session_minutes=whole, actor=mona, at=now())
    prove(client, mona, ago=301)
    assert client.post("/organisation/sessions/", wanted)["Location"].startswith("/sign-in/again/")


def test_nobody_else_chooses_the_limits(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        actions.limit_sessions(idle_minutes=30, session_minutes=240, actor=cast.lebrun, at=now())


# Locking


def test_after_fifteen_idle_minutes_every_page_is_refused_and_nothing_is_done(cast: Cast) -> None:
    client = signed_in(cast.sylvie)
    leave_alone(cast.sylvie, 15 * MINUTE + timedelta(seconds=1))
    assert client.get("/").status_code == 423
    answer = client.post("/organisation/", {"organisation": cast.hospital.hex})
    assert answer.status_code == 423
    assert "organisation" not in client.session
    assert cast.odile_id.hex not in answer.content.decode()


def test_a_minute_before_nothing_is_locked_and_the_act_counts(cast: Cast) -> None:
    client = signed_in(cast.sylvie)
    leave_alone(cast.sylvie, 14 * MINUTE)
    assert client.get("/").status_code == 200
    assert now() - row(cast.sylvie).seen_at < MINUTE


def test_acts_of_the_same_minute_write_nothing(cast: Cast) -> None:
    client = signed_in(cast.sylvie)
    before = row(cast.sylvie).seen_at
    client.get("/")
    assert row(cast.sylvie).seen_at == before


def test_asking_for_the_state_keeps_no_session_awake(cast: Cast) -> None:
    client = signed_in(cast.sylvie)
    leave_alone(cast.sylvie, 14 * MINUTE)
    before = row(cast.sylvie).seen_at
    assert 0 < int(str(state(client)["idle_left"])) <= 60
    assert row(cast.sylvie).seen_at == before


def test_a_script_is_told_where_to_unlock_without_leaving_its_page(cast: Cast) -> None:
    client = signed_in(cast.sylvie)
    leave_alone(cast.sylvie, 16 * MINUTE)
    for headers in ({"HX-Request": "true"}, {"Sec-Fetch-Mode": "cors"}):
        answer = client.post("/organisation/", {"organisation": "x"}, headers=headers)
        assert (answer.status_code, answer["X-Telesphore-Locked"], answer.content) == (423, "/locked/", b"")


def test_the_right_password_unlocks_under_a_new_key_and_leads_back(cast: Cast) -> None:
    client = signed_in(cast.sylvie)
    leave_alone(cast.sylvie, 16 * MINUTE)
    old = client.session.session_key
    answer = client.post("/locked/", {"password": PASSWORD, "next": "/records/"})
    assert (answer.status_code, answer["Location"]) == (302, "/records/")
    assert client.get("/records/").status_code == 200
    assert client.session.session_key != old
    thief = Client()
    thief.cookies["sessionid"] = old
    assert thief.get("/records/").status_code == 302


def test_a_wrong_password_unlocks_nothing(cast: Cast) -> None:
    client = signed_in(cast.sylvie)
    leave_alone(cast.sylvie, 16 * MINUTE)
    assert client.post("/locked/", {"password": "un-autre-mot-de-passe"}).status_code == 422
    in_page = client.post(
        "/locked/", {"password": "x"}, headers={"Accept": "application/json", "Sec-Fetch-Mode": "cors"}
    )
    assert set(json.loads(in_page.content)) == {"problem"}
    assert client.get("/").status_code == 423


def test_unlocking_leads_nowhere_outside(cast: Cast) -> None:
    client = signed_in(cast.sylvie)
    leave_alone(cast.sylvie, 16 * MINUTE)
    answer = client.post("/locked/", {"password": PASSWORD, "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/"


def test_a_form_refused_while_locked_is_taken_once_unlocked(cast: Cast) -> None:
    client = signed_in(cast.sylvie)
    leave_alone(cast.sylvie, 16 * MINUTE)
    choice = {"organisation": cast.hospital.hex}
    assert client.post("/organisation/", choice).status_code == 423
    client.post("/locked/", {"password": PASSWORD})
    assert client.post("/organisation/", choice).status_code == 302


def test_a_person_may_lock_before_leaving_the_screen(cast: Cast) -> None:
    client = signed_in(cast.sylvie)
    assert client.post("/session/lock/")["Location"] == "/locked/"
    assert client.get("/").status_code == 423
    assert client.get("/locked/").status_code == 423
    assert Event.objects.filter(action="accounts:session:lock", subject_id=cast.sylvie.person_id).count() == 1


def test_locked_or_not_one_may_always_sign_out(cast: Cast) -> None:
    client = signed_in(cast.sylvie)
    leave_alone(cast.sylvie, 16 * MINUTE)
    client.post("/sign-out/")
    assert not Session.objects.filter(person_id=cast.sylvie.person_id, ended_at=None).exists()
    assert Session.objects.get(person_id=cast.sylvie.person_id).end == SessionEnd.SIGNED_OUT


# Ending


def test_four_hours_after_the_sign_in_it_is_over_whatever_was_done(cast: Cast) -> None:
    client = signed_in(cast.sylvie)
    Session.objects.filter(person_id=cast.sylvie.person_id).update(ends_at=now())
    assert client.get("/records/")["Location"].startswith("/sign-in/")
    session = Session.objects.get(person_id=cast.sylvie.person_id)
    assert (session.end, session.ended_at is not None) == (SessionEnd.LIMIT, True)
    assert client.get("/records/").status_code == 302


def test_a_closed_account_is_out_at_its_next_request(cast: Cast) -> None:
    client = signed_in(cast.sylvie)
    Person.objects.filter(id=cast.sylvie.person_id).update(is_active=False)
    assert client.get("/records/").status_code == 302


def test_ending_all_sessions_of_a_person_ends_those_of_nobody_else(cast: Cast) -> None:
    desk, phone, ricaud = signed_in(cast.lebrun), signed_in(cast.lebrun), signed_in(cast.ricaud)
    count = actions.end_sessions_of(
        person_id=cast.lebrun.person, why=SessionEnd.SUSPENDED, actor=Actor.system(), at=now()
    )
    assert count == 2
    assert [client.get("/records/").status_code for client in (desk, phone, ricaud)] == [302, 302, 200]


def test_only_sessions_of_one_means_may_be_ended(cast: Cast) -> None:
    client = signed_in(cast.lebrun)
    ended = actions.end_sessions_of(
        person_id=cast.lebrun.person, why=SessionEnd.BACKUP_OVER, means="backup", actor=Actor.system(), at=now()
    )
    assert (ended, client.get("/records/").status_code) == (0, 200)


def test_a_session_without_its_row_opens_nothing(cast: Cast) -> None:
    client = signed_in(cast.lebrun)
    Session.objects.all().delete()
    assert client.get("/records/").status_code == 302


def test_a_changed_password_ends_the_other_sessions(cast: Cast) -> None:
    here, elsewhere = just_came_in(cast.lebrun), signed_in(cast.lebrun)
    answer = here.post("/security/password/", {"password": "une-phrase-que-nul-ne-devine"})
    assert answer.status_code == 302
    assert [client.get("/records/").status_code for client in (here, elsewhere)] == [200, 302]
    assert Session.objects.get(end=SessionEnd.PASSWORD_CHANGED).person_id == cast.lebrun.person_id


# The list


def test_one_sees_ones_own_sessions_and_ends_another_of_them(cast: Cast) -> None:
    phone, desk = signed_in(cast.lebrun), signed_in(cast.lebrun)
    other = queries.presence(key=phone.session.session_key)
    assert other is not None
    assert str(other.session_id) in desk.get("/security/sessions/").content.decode()
    assert desk.post(f"/security/sessions/{other.session_id}/end/").status_code == 302
    assert [client.get("/records/").status_code for client in (phone, desk)] == [302, 200]


def test_somebody_elses_session_does_not_exist(cast: Cast) -> None:
    lebrun, ricaud = signed_in(cast.lebrun), signed_in(cast.ricaud)
    theirs = row(cast.lebrun).id
    assert ricaud.post(f"/security/sessions/{theirs}/end/").status_code == 404
    assert str(theirs) not in ricaud.get("/security/sessions/").content.decode()
    assert lebrun.get("/records/").status_code == 200


def test_all_the_others_or_all_of_them(cast: Cast) -> None:
    clients = [signed_in(cast.lebrun) for _ in range(3)]
    clients[0].post("/security/sessions/end/", {"which": "others"})
    assert [client.get("/records/").status_code for client in clients] == [200, 302, 302]
    clients[0].post("/security/sessions/end/", {"which": "all"})
    assert clients[0].get("/records/").status_code == 302
    assert not Session.objects.filter(ended_at=None).exists()


def test_the_list_tells_of_refused_sign_ins_to_their_person_only(cast: Cast) -> None:
    Client().post("/sign-in/", {"login": "anne.lebrun@montfaucy.example", "password": "faux"}, REMOTE_ADDR="192.0.2.77")
    assert "192.0.2.77" in signed_in(cast.lebrun).get("/security/sessions/").content.decode()
    assert "192.0.2.77" not in signed_in(cast.ricaud).get("/security/sessions/").content.decode()


# Fixation


def test_a_key_fixed_before_the_sign_in_is_worth_nothing_after(cast: Cast) -> None:
    victim = Client()
    victim.get("/sign-in/")
    session = victim.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    victim.post("/sign-in/", {"login": "anne.lebrun@montfaucy.example", "password": PASSWORD})
    assert victim.session.session_key != planted
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert thief.get("/records/").status_code == 302


def test_a_key_known_before_a_new_proof_is_worth_nothing_after(cast: Cast) -> None:
    client = signed_in(cast.lebrun)
    prove(client, cast.lebrun, ago=600)
    known = client.session.session_key
    assert client.post("/sign-in/again/", {"password": PASSWORD}).status_code == 302
    thief = Client()
    thief.cookies["sessionid"] = known
    assert [thief.get("/records/").status_code, client.get("/records/").status_code] == [302, 200]


def open_one(cast: Cast) -> object:
    return actions.open_session(
        person_id=cast.lebrun.person, key="k", means="passkey", acr=Acr.PASSKEY, actor=Actor.system(), at=now()
    )


def lock_one(cast: Cast) -> None:
    actions.lock(session_id=row(cast.lebrun).id, actor=Actor.system(), at=now())


def end_one(cast: Cast) -> None:
    actions.end_sessions_of(person_id=cast.lebrun.person, why=SessionEnd.SUSPENDED, actor=Actor.system(), at=now())


@pytest.mark.parametrize("act", [open_one, lock_one, end_one])
def test_a_sessions_act_and_its_trace_die_together(
    cast: Cast, act: Callable[[Cast], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(cast.lebrun)
    before = list(Session.objects.values())

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("telesphore.accounts.actions.keep_session.audit.record", fail)
    with pytest.raises(RuntimeError):
        act(cast)
    assert list(Session.objects.values()) == before

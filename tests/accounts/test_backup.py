"""The backup way in: opened by an administrator, narrow, marked, ended by itself."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache
from django.test import Client, override_settings

from telesphore.accounts import actions, queries
from telesphore.accounts.errors import BackupCodeWrong, BackupNotFound, BackupOpen, BackupTooLong, NotAllowed
from telesphore.accounts.models import BackupAccess, Person, Session
from telesphore.accounts.states import BACKUP_SCOPES, PERMISSIONS, Acr, Role
from telesphore.audit.models import Event
from telesphore.config import work
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from tests.cast import LONG_AGO, PASSWORD, Cast

pytestmark = pytest.mark.django_db

LEBRUN = "anne.lebrun@montfaucy.example"
CHERIF = "nadia.cherif@aulnes.example"
REASON = "Pro Santé Connect ne répond plus depuis 8 h"


@pytest.fixture
def claire(cast: Cast) -> Actor:
    """Administers the hospital."""
    person_id = actions.add_person(
        email="claire.moreau@montfaucy.example", password=PASSWORD, family_name="Moreau", given_name="Claire",
        actor=Actor.system(), at=LONG_AGO,
    )  # fmt: skip
    actions.grant_role(
        person_id=person_id, organisation_id=cast.hospital, role=Role.ADMINISTRATOR, actor=Actor.system(), at=LONG_AGO
    )
    return replace(cast.lebrun, person_id=person_id, roles=frozenset({"administrator"}), means="passkey")


@pytest.fixture(autouse=True)
def _rates() -> Iterator[None]:
    yield
    cache.clear()


def open_(claire: Actor, hours: int = 4, at: datetime | None = None) -> UUID:
    return actions.open_backup(reason=REASON, hours=hours, actor=claire, at=at or now())


def sent_code(monkeypatch: pytest.MonkeyPatch, email: str, at: datetime | None = None) -> tuple[Any, str]:
    """Ask for a code as the page does, and read it as the member would."""
    texts: list[str] = []
    monkeypatch.setattr(
        "telesphore.accounts.actions.back_up.outbox.send", lambda **said: texts.append(said["text"]), raising=True
    )
    sent = actions.send_backup_code(email=email, actor=Actor.system(), at=at or now())
    found = re.search(r"\b\d{8}\b", texts[-1]) if texts else None
    return sent, found.group() if found else ""


def come_in(client: Client, monkeypatch: pytest.MonkeyPatch, email: str = LEBRUN) -> Any:
    texts: list[str] = []
    monkeypatch.setattr("telesphore.accounts.actions.back_up.outbox.send", lambda **said: texts.append(said["text"]))
    assert client.post("/sign-in/backup/", {"email": email})["Location"] == "/sign-in/backup/code/"
    found = re.search(r"\b\d{8}\b", texts[-1]) if texts else None
    return client.post("/sign-in/backup/code/", {"code": found.group() if found else "00000000"})


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Moves the clock of the pages and of their sessions."""

    def move(by: timedelta) -> None:
        for module in ("requests", "backup", "presence", "accounts.backup", "shell", "entering", "access"):
            monkeypatch.setattr(f"telesphore.web.{module}.now", lambda: now() + by)

    return move


# Opened and closed


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_only_an_administrator_opens_and_closes_it(cast: Cast, claire: Actor, role: Role) -> None:
    other = replace(cast.lebrun, roles=frozenset({role.value}))
    with pytest.raises(NotAllowed):
        open_(other)
    open_(claire)
    with pytest.raises(NotAllowed):
        actions.close_backup(actor=other, at=now())
    assert queries.open_backup(organisation_id=cast.hospital, at=now()) is not None


@pytest.mark.parametrize(("hours", "reason"), [(0, REASON), (25, REASON), (-1, REASON), (4, "panne"), (4, " " * 50)])
def test_it_needs_a_reason_and_a_day_at_most(claire: Actor, hours: int, reason: str) -> None:
    with pytest.raises(BackupTooLong):
        actions.open_backup(reason=reason, hours=hours, actor=claire, at=now())


def test_it_is_open_once_in_one_organisation_only(cast: Cast, claire: Actor) -> None:
    open_(claire)
    with pytest.raises(BackupOpen):
        open_(claire)
    assert queries.open_backup(organisation_id=cast.elsewhere, at=now()) is None


def test_it_is_open_from_its_opening_to_its_end_and_not_a_moment_more(cast: Cast, claire: Actor) -> None:
    at = now()
    open_(claire, 24, at)

    def is_open(moment: datetime) -> bool:
        return queries.open_backup(organisation_id=cast.hospital, at=moment) is not None

    assert not is_open(at - timedelta(seconds=1))
    assert is_open(at)
    assert is_open(at + timedelta(hours=24) - timedelta(microseconds=1))
    assert not is_open(at + timedelta(hours=24))
    with pytest.raises(BackupNotFound):
        actions.close_backup(actor=claire, at=at + timedelta(hours=24))
    # It can be opened again though the job has not come by.
    open_(claire, 1, at + timedelta(hours=25))
    assert Event.objects.get(action="accounts:backup:end").actor_kind == "system"


def test_the_job_closes_it_at_its_own_time(cast: Cast, claire: Actor) -> None:
    at = now()
    open_(claire, 1, at)
    work._end_backups(at + timedelta(minutes=59))
    assert BackupAccess.objects.get().closed_at is None
    work._end_backups(at + timedelta(minutes=61))
    assert BackupAccess.objects.get().closed_at == at + timedelta(hours=1)
    work._end_backups(at + timedelta(minutes=62))
    assert Event.objects.filter(action="accounts:backup:end").count() == 1


@pytest.mark.parametrize("path", ["/organisation/backup/open", "/organisation/backup/close"])
def test_switching_it_asks_for_a_fresh_proof(claire: Actor, path: str) -> None:
    client = Client()
    client.post("/sign-in/", {"login": "claire.moreau@montfaucy.example", "password": PASSWORD})
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 301
    session.save()
    response = client.post(path, {"reason": REASON, "hours": "4"})
    assert response["Location"].startswith("/sign-in/again/")
    assert not BackupAccess.objects.exists()


def test_an_administrator_opens_it_reads_what_came_of_it_and_closes_it(
    cast: Cast, claire: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(headers={"Accept-Language": "en"})
    client.post("/sign-in/", {"login": "claire.moreau@montfaucy.example", "password": PASSWORD})
    assert client.post("/organisation/backup/open", {"reason": "x", "hours": "4"}).status_code == 422
    assert client.post("/organisation/backup/open", {"reason": REASON, "hours": "4"}).status_code == 302
    member = Client()
    come_in(member, monkeypatch)
    member.get(f"/records/{cast.odile_id}/")
    page = client.get("/organisation/backup/").content.decode()
    assert REASON in page
    assert "Dr Anne Lebrun" in page
    assert client.post("/organisation/backup/close").status_code == 302
    [card] = queries.backups(organisation_id=cast.hospital, at=now())
    [use] = queries.backup_report(organisation_id=cast.hospital, card=card, at=now())
    assert (use.person.email, use.entries) == (LEBRUN, 1)
    assert use.acts >= 2


# Coming in


def test_a_member_comes_in_by_a_code_and_every_act_is_marked(
    cast: Cast, claire: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    access_id = open_(claire)
    client = Client()
    assert come_in(client, monkeypatch)["Location"] == "/"
    row = Session.objects.get(person_id=cast.lebrun.person_id)
    assert (row.means, row.acr) == ("backup+email-code", Acr.ONE_FACTOR)
    assert row.ends_at <= BackupAccess.objects.get(id=access_id).ends_at
    assert client.get(f"/records/{cast.odile_id}/").status_code == 200
    opened = Event.objects.get(action="records:record:open", person_id=cast.lebrun.person_id)
    assert opened.means == "backup+email-code"
    assert opened.acr == Acr.ONE_FACTOR


@override_settings(DEMONSTRATION=False)
def test_outside_a_demonstration_its_one_factor_suffices_for_it_alone(
    cast: Cast, claire: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_(claire)
    client = Client()
    come_in(client, monkeypatch)
    assert client.get(f"/records/{cast.odile_id}/").status_code == 200
    by_password = Client()
    by_password.post("/sign-in/", {"login": LEBRUN, "password": PASSWORD})
    assert by_password.get(f"/records/{cast.odile_id}/").status_code == 302


def test_nothing_else_than_what_care_waits_for_is_open(
    cast: Cast, claire: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_(claire)
    client = Client()
    come_in(client, monkeypatch)
    for path in ("/", "/records/", "/book/"):
        assert client.get(path).status_code == 200, path
    for path in ("/security/", "/security/password/", "/organisation/", "/organisation/backup/"):
        assert client.get(path).status_code in (403, 404), path
    for path in ("/security/psc/", "/security/password/", "/organisation/backup/open"):
        assert client.post(path).status_code == 403, path
    refused = Event.objects.filter(action="web:page:open", outcome="refused", person_id=cast.lebrun.person_id)
    assert {event.means for event in refused} == {"backup+email-code"}


def test_its_scopes_sign_export_grant_and_erase_nothing() -> None:
    assert set(PERMISSIONS) >= BACKUP_SCOPES
    words = {"sign", "export", "print", "grant", "give", "manage", "switch", "void", "send", "withdraw", "erase"}
    assert not {name for name in BACKUP_SCOPES if name.rpartition(":")[2] in words}


def test_who_has_come_in_is_out_when_it_is_closed(cast: Cast, claire: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    open_(claire)
    client = Client()
    come_in(client, monkeypatch)
    usual = Client()
    usual.force_login(Person.objects.get(email=LEBRUN))
    actions.close_backup(actor=claire, at=now())
    assert Session.objects.get(means="backup+email-code").end == "backup-over"
    assert client.get("/records/")["Location"].startswith("/sign-in/")
    assert usual.get("/records/").status_code == 200


def test_who_has_come_in_is_out_when_its_time_is_over_though_no_job_came(
    cast: Cast, claire: Actor, monkeypatch: pytest.MonkeyPatch, later: Any
) -> None:
    open_(claire, 1)
    client = Client()
    come_in(client, monkeypatch)
    # Were the session's own end forgotten, the middleware would still see that the way is closed.
    Session.objects.update(ends_at=now() + timedelta(days=2), seen_at=now() + timedelta(minutes=59))
    later(timedelta(minutes=59))
    assert client.get("/records/").status_code == 200
    later(timedelta(minutes=61))
    assert client.get("/records/")["Location"].startswith("/sign-in/")
    assert "_auth_user_id" not in client.session


def test_another_organisation_stays_closed_to_who_belongs_to_both(
    cast: Cast, claire: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.grant_role(
        person_id=cast.lebrun.person, organisation_id=cast.elsewhere, role=Role.PROFESSIONAL, actor=Actor.system(),
        at=LONG_AGO,
    )  # fmt: skip
    open_(claire)
    client = Client()
    come_in(client, monkeypatch)
    session = client.session
    session["organisation"] = cast.elsewhere.hex
    session.save()
    client.get("/records/")
    page = client.get("/records/").content.decode()
    assert "Centre hospitalier de Montfaucy" in page
    assert "Imagerie des Aulnes" not in page


@pytest.mark.parametrize("email", [CHERIF, "nobody@nowhere.example"])
def test_whoever_is_no_member_gets_the_same_page_and_no_code(
    cast: Cast, claire: Actor, monkeypatch: pytest.MonkeyPatch, email: str
) -> None:
    open_(claire)
    _sent, code = sent_code(monkeypatch, email)
    assert code == ""
    response = come_in(Client(), monkeypatch, email)
    assert response.status_code == 422
    assert not Session.objects.exists()


def test_while_it_is_closed_nobody_comes_in(cast: Cast, claire: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Client().get("/sign-in/backup/").status_code == 404
    assert Client().post("/sign-in/backup/", {"email": LEBRUN}).status_code == 404
    open_(claire)
    sent, code = sent_code(monkeypatch, LEBRUN)
    actions.close_backup(actor=claire, at=now())
    with pytest.raises(BackupCodeWrong):
        actions.enter_by_backup(sent=sent, code=code, actor=Actor.system(), at=now())
    # A code of an earlier opening opens nothing in the next.
    open_(claire)
    with pytest.raises(BackupCodeWrong):
        actions.enter_by_backup(sent=sent, code=code, actor=Actor.system(), at=now())


def test_a_code_counts_once_for_ten_minutes_and_five_tries(
    cast: Cast, claire: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = now()
    open_(claire, 4, at)

    def enters(sent: Any, code: str, moment: datetime) -> bool:
        try:
            actions.enter_by_backup(sent=sent, code=code, actor=Actor.system(), at=moment)
        except BackupCodeWrong:
            return False
        return True

    sent, code = sent_code(monkeypatch, LEBRUN, at)
    other, _code = sent_code(monkeypatch, LEBRUN, at)
    assert not enters(other, code, at)
    assert not enters(sent, code, at + timedelta(minutes=10))
    assert enters(sent, code, at + timedelta(minutes=9))
    assert not enters(sent, code, at + timedelta(minutes=9))
    sent, code = sent_code(monkeypatch, LEBRUN, at)
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    assert [enters(sent, wrong, at) for _ in range(5)] == [False] * 5
    assert not enters(sent, code, at)


def test_a_stranger_who_asks_again_and_again_uses_up_nobodys_codes(
    cast: Cast, claire: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_(claire)
    stranger = Client(REMOTE_ADDR="198.51.100.7")
    answers = [stranger.post("/sign-in/backup/", {"email": LEBRUN}).status_code for _ in range(8)]
    assert answers == [302] * 5 + [429] * 3
    assert come_in(Client(REMOTE_ADDR="192.0.2.1"), monkeypatch)["Location"] == "/"


def test_the_code_really_leaves_by_e_mail(cast: Cast, claire: Actor) -> None:
    open_(claire)
    Client().post("/sign-in/backup/", {"email": LEBRUN})
    queued = Event.objects.get(action="outbox:notice:queue")
    assert queued.detail["kind"] == "accounts:backup-code"
    assert queued.organisation_id == cast.hospital


def test_the_banner_is_on_the_pages_of_that_organisation_only(cast: Cast, claire: Actor) -> None:
    client, elsewhere = Client(), Client()
    client.force_login(Person.objects.get(email=LEBRUN))
    elsewhere.force_login(Person.objects.get(email=CHERIF))
    assert b"t-backup" not in client.get("/records/").content
    open_(claire)
    assert b"t-backup" in client.get("/records/").content
    assert b"t-backup" not in elsewhere.get("/records/").content
    actions.close_backup(actor=claire, at=now())
    assert b"t-backup" not in client.get("/records/").content

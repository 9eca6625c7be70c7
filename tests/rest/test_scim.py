"""A directory makes its people known, and takes them away; it touches nobody else's."""

import json
from typing import Any

import pytest
from django.test import Client

from telesphore.accounts import actions, queries
from telesphore.accounts.models import ApiToken, DirectoryEntry, Membership, Person, Session
from telesphore.accounts.states import Role
from telesphore.audit.models import Event
from telesphore.kernel.actors import NIL, Actor
from telesphore.kernel.clock import now
from telesphore.rest.scim import views
from tests.cast import Cast
from tests.rest.test_tokens import USERS, administrator, issue, mona
from tests.web.test_pages import signed_in

__all__ = ["mona"]
EMAIL = "nina.roux@montfaucy.example"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Directory:
    """An organisation's directory, which speaks SCIM."""

    def __init__(self, secret: str) -> None:
        self.headers = {"Authorization": f"Bearer {secret}"}

    def ask(self, method: str, path: str = "", content: Any = None, status: int = 200) -> dict[str, Any]:
        body = content if isinstance(content, bytes | str) else json.dumps(content)
        address = path if path.startswith("/rest/") else USERS + path
        answer = Client().generic(
            method, address, body if content is not None else b"", content_type="application/scim+json",
            headers=self.headers,
        )  # fmt: skip
        assert answer.status_code == status, answer.content
        return dict(json.loads(answer.content)) if answer.content else {}

    def patch(self, entry: str, *operations: dict[str, Any], status: int = 200) -> dict[str, Any]:
        return self.ask("PATCH", f"/{entry}", {"schemas": [PATCH], "Operations": operations}, status)


@pytest.fixture
def directory(mona: Actor) -> Directory:
    return Directory(issue(mona))


def nina(**more: Any) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": EMAIL,
        "externalId": "RH-17",
        "name": {"givenName": "Nina", "familyName": "Roux"},
        "roles": [{"value": "professional"}],
        **more,
    }


def test_a_newcomer_is_a_member_at_once(cast: Cast, directory: Directory) -> None:
    made = directory.ask("POST", content=nina(), status=201)
    assert (made["userName"], made["externalId"], made["active"]) == (EMAIL, "RH-17", True)
    person = Person.objects.get(email=EMAIL)
    [card] = queries.memberships(person_id=person.id, at=now())
    assert (card.organisation.organisation_id, card.roles) == (cast.hospital, {"professional"})
    assert not person.has_usable_password()
    assert directory.ask("GET", f"/{made['id']}") == made


def test_a_leaver_is_out_at_the_next_request(cast: Cast, directory: Directory) -> None:
    made = directory.ask("POST", content={"userName": "anne.lebrun@montfaucy.example"}, status=201)
    client = signed_in(cast.lebrun)
    secret = issue(cast.lebrun, "records:document:read")
    gone = directory.patch(made["id"], {"op": "Replace", "path": "active", "value": "False"})
    assert gone["active"] is False
    assert client.get("/records/").status_code == 302
    assert Session.objects.get(person_id=cast.lebrun.person_id).end == "suspended"
    assert ApiToken.objects.get(person_id=cast.lebrun.person_id).revoked_at is not None
    assert secret
    assert queries.memberships(person_id=cast.lebrun.person, at=now()) == []
    directory.patch(made["id"], {"op": "replace", "value": {"active": True}})
    assert len(queries.memberships(person_id=cast.lebrun.person, at=now())) == 1


def test_who_is_deleted_leaves(cast: Cast, directory: Directory) -> None:
    made = directory.ask("POST", content={"userName": "anne.lebrun@montfaucy.example"}, status=201)
    client = signed_in(cast.lebrun)
    directory.ask("DELETE", f"/{made['id']}", status=204)
    assert client.get("/records/").status_code == 302
    assert not Membership.objects.filter(person_id=cast.lebrun.person_id, ends_at=None).exists()
    directory.ask("GET", f"/{made['id']}", status=404)
    assert Event.objects.filter(action="accounts:directory:remove", subject_id=cast.lebrun.person_id).exists()


def test_no_leaving_without_its_trace(cast: Cast, directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    made = directory.ask("POST", content={"userName": "anne.lebrun@montfaucy.example"}, status=201)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("telesphore.accounts.actions.provision.audit.record", fail)
    with pytest.raises(RuntimeError):
        directory.ask("DELETE", f"/{made['id']}", status=204)
    assert DirectoryEntry.objects.count() == 1
    assert Membership.objects.filter(person_id=cast.lebrun.person_id, ends_at=None).exists()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f'userName eq "{EMAIL}"', 1),
        (f'USERNAME Eq "{EMAIL.upper()}"', 1),
        ('externalId eq "RH-17"', 1),
        ('externalId eq "RH-18"', 0),
        ("active eq true", 1),
        ('externalId eq "RH-17" and active eq false', 0),
        ('emails.value eq "nobody@montfaucy.example"', 0),
        ('id eq "not-an-id"', 0),
    ],
)
def test_people_are_found(directory: Directory, text: str, found: int) -> None:
    directory.ask("POST", content=nina(), status=201)
    answer = Client().get(USERS, {"filter": text}, headers=directory.headers)
    assert json.loads(answer.content)["totalResults"] == found


@pytest.mark.parametrize(
    "text",
    ['userName co "a"', "userName", 'userName eq "a" or id eq "b"', 'password eq "x"', 'userName eq "\\x"', "x" * 501],
)
def test_another_filter_is_refused(directory: Directory, text: str) -> None:
    answer = Client().get(USERS, {"filter": text}, headers=directory.headers)
    assert (answer.status_code, json.loads(answer.content)["scimType"]) == (400, "invalidFilter")


def test_pages(directory: Directory) -> None:
    for number in range(5):
        directory.ask("POST", content={"userName": f"p{number}@montfaucy.example"}, status=201)
    page = directory.ask("GET", "?startIndex=4&count=3")
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (5, 4, 2)
    assert directory.ask("GET", "?count=0")["Resources"] == []
    directory.ask("GET", "?count=many", status=400)


def test_a_replacement_and_a_patch_change_names_and_roles(directory: Directory) -> None:
    made = directory.ask("POST", content=nina(), status=201)
    put = directory.ask("PUT", f"/{made['id']}", nina(name={"givenName": "Nina", "familyName": "Roux-Petit"}))
    assert put["name"]["familyName"] == Person.objects.get(email=EMAIL).family_name == "Roux-Petit"
    patched = directory.patch(
        made["id"],
        {"op": "replace", "path": "name.familyName", "value": "Petit"},
        {"op": "add", "path": "roles", "value": [{"value": "auditor"}]},
        {"op": "remove", "path": 'roles[value eq "professional"]'},
        {
            "op": "replace",
            "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            "value": "x",
        },
    )
    assert (patched["name"]["familyName"], patched["roles"]) == ("Petit", [{"value": "auditor"}])


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "move", "path": "active"},
        {"op": "remove"},
        {"op": "replace", "path": "name.middle", "value": "x"},
        {"op": "replace", "path": "active", "value": "perhaps"},
        {"op": "remove", "path": "userName"},
        {"op": "replace", "path": "roles", "value": [{"value": "king"}]},
        {"op": "replace", "path": "userName", "value": "not an address"},
        {"op": "replace", "path": "name", "value": {"familyName": "x" * 201}},
        {"op": "replace", "path": "1; drop", "value": 1},
        "a text",
    ],
)
def test_a_patch_that_makes_no_sense_changes_nothing(directory: Directory, operation: Any) -> None:
    made = directory.ask("POST", content=nina(), status=201)
    directory.patch(made["id"], {"op": "replace", "path": "externalId", "value": "other"}, operation, status=400)
    assert directory.ask("GET", f"/{made['id']}") == made


# What a directory must not do


def test_a_directory_names_no_administrator(directory: Directory) -> None:
    refused = directory.ask("POST", content=nina(roles=[{"value": "administrator"}]), status=400)
    assert refused["scimType"] == "invalidValue"
    assert not Person.objects.filter(email=EMAIL).exists()


def test_the_last_administrator_is_not_taken_away(mona: Actor, directory: Directory) -> None:
    made = directory.ask("POST", content={"userName": "mona.petit@montfaucy.example"}, status=201)
    directory.ask("DELETE", f"/{made['id']}", status=409)
    directory.patch(made["id"], {"op": "replace", "path": "active", "value": False}, status=409)
    assert Membership.objects.filter(person_id=mona.person_id, ends_at=None, suspended_at=None).exists()


def test_another_organisations_directory_sees_and_touches_nothing_of_ours(cast: Cast, directory: Directory) -> None:
    made = directory.ask("POST", content=nina(), status=201)
    theirs = Directory(issue(administrator(cast.elsewhere, "chef@aulnes.example")))
    assert theirs.ask("GET")["totalResults"] == 0
    there = theirs.ask("GET", f"/{made['id']}", status=404)
    nowhere = theirs.ask("GET", "/0197f3a0-0000-7000-8000-000000000000", status=404)
    assert there == nowhere
    for method in ("PUT", "DELETE"):
        theirs.ask(method, f"/{made['id']}", nina(), status=404)
    assert directory.ask("GET", f"/{made['id']}") == made


def test_a_person_of_two_organisations_keeps_their_own_name_and_address(cast: Cast, directory: Directory) -> None:
    """The other directory's words stay where they were said."""
    cherif = Person.objects.get(id=cast.cherif.person_id)
    made = directory.ask("POST", content=nina(userName=cherif.email), status=201)
    assert made["name"]["familyName"] == "Roux"
    directory.ask("PUT", f"/{made['id']}", nina(userName=cherif.email, name={"familyName": "Autre"}))
    directory.ask("PUT", f"/{made['id']}", nina(userName="voleur@montfaucy.example"), status=409)
    cherif.refresh_from_db()
    assert (cherif.family_name, cherif.email) == ("Cherif", "nadia.cherif@aulnes.example")
    directory.ask("DELETE", f"/{made['id']}", status=204)
    [left] = queries.memberships(person_id=cherif.id, at=now())
    assert left.organisation.organisation_id == cast.elsewhere


def test_an_address_or_an_identifier_is_taken_once(directory: Directory) -> None:
    directory.ask("POST", content=nina(), status=201)
    assert directory.ask("POST", content=nina(), status=409)["scimType"] == "uniqueness"
    assert directory.ask("POST", content=nina(userName="x@montfaucy.example"), status=409)["scimType"] == "uniqueness"
    assert not Person.objects.filter(email="x@montfaucy.example").exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 400), (b'{"userName": 7}', 400), (b"[" * 5000, 400), (b" " * 70_000, 413), (b"{}", 400)],
)
def test_a_body_that_is_broken_or_too_large_is_refused(directory: Directory, body: bytes, status: int) -> None:
    answer = directory.ask("POST", content=body, status=status)
    assert answer["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]


def test_a_deep_body_is_refused(directory: Directory) -> None:
    deep: Any = "x"
    for _ in range(20):
        deep = {"a": deep}
    directory.ask("POST", content={"userName": EMAIL, "more": deep}, status=400)


def test_a_role_is_a_group_whose_members_change(directory: Directory) -> None:
    made = directory.ask("POST", content=nina(), status=201)
    other = directory.ask("POST", content=nina(userName="b@montfaucy.example", externalId="RH-18"), status=201)
    member = [{"value": made["id"]}]

    def patch(*operations: Any, role: str = "auditor", status: int = 200) -> Any:
        content = {"schemas": [PATCH], "Operations": operations}
        return directory.ask("PATCH", f"/rest/scim/v2/Groups/{role}", content, status).get("members")

    assert patch({"op": "Add", "path": "members", "value": member}) == [{"value": made["id"], "type": "User"}]
    assert directory.ask("GET", f"/{made['id']}")["roles"] == [{"value": "auditor"}, {"value": "professional"}]
    assert patch({"op": "remove", "path": f'members[value eq "{made["id"]}"]'}) == []
    assert patch({"op": "replace", "value": {"displayName": "auditor", "members": member}}) != []
    patch({"op": "add", "path": "members", "value": [{"value": other["id"]}, {"value": str(NIL)}]}, status=404)
    assert directory.ask("GET", f"/{other['id']}")["roles"] == [{"value": "professional"}]
    assert patch({"op": "remove", "path": "members"}) == []
    for wrong in ({"op": "replace", "path": "displayName", "value": "x"}, {"op": "move", "path": "members"}, "x"):
        patch(wrong, status=400)
    patch({"op": "add", "path": "members", "value": [{"value": "x"}]}, status=400)
    patch({"op": "add", "path": "members", "value": member}, role="administrator", status=404)
    [trace] = Event.objects.filter(action="accounts:directory:group", outcome="refused")
    assert trace.detail is not None


def test_a_change_says_which_version_it_was_made_from(directory: Directory) -> None:
    """RFC 7644 §3.14: a directory that read an entry does not undo what another wrote since."""
    made = directory.ask("POST", content=nina(), status=201)
    old = made["meta"]["version"]
    path = f"{USERS}/{made['id']}"
    read = Client().get(path, headers=directory.headers)
    assert read["ETag"] == old
    assert Client().get(path, headers={**directory.headers, "If-None-Match": old}).status_code == 304
    new = directory.patch(made["id"], {"op": "replace", "path": "active", "value": False})["meta"]["version"]
    assert new != old
    stale, fresh = Directory(""), Directory("")
    stale.headers = {**directory.headers, "If-Match": old}
    fresh.headers = {**directory.headers, "If-Match": f'"other", {new}'}
    stale.ask("PUT", f"/{made['id']}", nina(), status=412)
    stale.patch(made["id"], {"op": "replace", "path": "active", "value": True}, status=412)
    stale.ask("DELETE", f"/{made['id']}", status=412)
    assert directory.ask("GET", f"/{made['id']}")["active"] is False
    assert fresh.ask("PUT", f"/{made['id']}", nina(active=False))["active"] is False
    stale.headers["If-Match"] = "*"
    stale.ask("DELETE", f"/{made['id']}", status=204)


def test_a_patch_does_not_bring_back_who_was_stopped_while_it_was_read(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = directory.ask("POST", content=nina(), status=201)
    told = views.told

    def meanwhile(resource: dict[str, Any]) -> Any:
        monkeypatch.setattr(views, "told", told)
        directory.ask("PUT", f"/{made['id']}", nina(active=False))
        return told(resource)

    monkeypatch.setattr(views, "told", meanwhile)
    directory.patch(made["id"], {"op": "replace", "path": "name.familyName", "value": "Petit"}, status=409)
    assert directory.ask("GET", f"/{made['id']}")["active"] is False


def test_roles_are_groups(directory: Directory) -> None:
    made = directory.ask("POST", content=nina(), status=201)
    answer = Client().get("/rest/scim/v2/Groups/professional", headers=directory.headers)
    assert json.loads(answer.content)["members"] == [{"value": made["id"], "type": "User"}]
    assert Client().get("/rest/scim/v2/Groups/administrator", headers=directory.headers).status_code == 404
    assert Client().put("/rest/scim/v2/Groups/professional", headers=directory.headers).status_code == 405


def test_a_role_that_allows_it_without_the_scope_does_not(mona: Actor) -> None:
    other = Directory(issue(mona, "accounts:members:see"))
    other.ask("GET", status=403)
    other.ask("POST", content=nina(), status=403)
    assert not DirectoryEntry.objects.exists()


def test_an_administrator_who_is_no_more_one_provisions_no_more(mona: Actor, directory: Directory) -> None:
    Membership.objects.filter(person_id=mona.person_id).update(role=Role.AUDITOR)
    directory.ask("GET", status=403)


def test_administration_and_care_stay_apart(mona: Actor, cast: Cast, directory: Directory) -> None:
    actions.grant_role(
        person_id=administrator(cast.hospital, "second@montfaucy.example").person,
        organisation_id=cast.hospital, role=Role.AUDITOR, actor=Actor.system(), at=now(),
    )  # fmt: skip
    directory.ask("POST", content=nina(userName="second@montfaucy.example"), status=409)

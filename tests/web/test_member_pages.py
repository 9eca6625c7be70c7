"""The pages of an organisation: who opens which, and what an administrator can never open."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils.timezone import localdate

from telesphore.accounts import actions as accounts
from telesphore.accounts import queries
from telesphore.accounts.models import Delegation, Invitation, Membership, Person, Session, Unit
from telesphore.accounts.states import Role
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.records import actions as records
from telesphore.signature.actions import send
from telesphore.signature.states import Purpose
from telesphore.web.accounts.member_forms import end
from tests.accounts.members import OPERATOR, claire, hired, invited
from tests.cast import PASSWORD, Cast
from tests.papers import one_page


def fresh(person_id: UUID) -> Client:
    """A browser in which this person has just signed in, by their password."""
    person = Person.objects.get(id=person_id)
    person.set_password(PASSWORD)
    person.save()
    client = Client()
    answer = client.post("/sign-in/", {"login": person.email, "password": PASSWORD})
    assert answer.status_code == 302, answer.content
    return client


def told(client: Client, path: str, language: str = "fr") -> str:
    client.cookies["django_language"] = language
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return re.sub(r"\s", " ", answer.content.decode())


@pytest.fixture
def here(cast: Cast) -> dict[str, object]:
    """What an organisation's pages show: its people, a unit, an invitation, a delegation."""
    administrator, at = claire(cast), now()
    unit = accounts.open_unit(name="Pneumologie", actor=administrator, at=at)
    delegation = accounts.give_delegation(
        delegator_id=cast.lebrun.person, delegate_id=cast.ricaud.person, permissions=["signature:recipient:sign"],
        document_types=[], starts_at=at, ends_at=at + timedelta(days=1), reason="congés", actor=cast.lebrun, at=at,
    )  # fmt: skip
    return {
        "claire": administrator, "person": cast.lebrun.person, "unit": unit, "delegation": delegation,
        "membership": Membership.objects.get(person_id=cast.lebrun.person).id,
        "invitation": invited(cast, administrator).invitation_id,
    }  # fmt: skip


PAGES = [
    "/organisation/settings/", "/organisation/units/{unit}/", "/organisation/permissions/", "/organisation/members/",
    "/organisation/members/?q=lebrun&role=professional&state=active&page=1", "/organisation/members/invite",
    "/organisation/members/{person}/", "/organisation/members/{person}/practitioner",
    "/organisation/members/{person}/leave", "/delegations/", "/delegations/give",
]  # fmt: skip


@pytest.mark.parametrize("language", ["fr", "en"])
def test_an_administrator_opens_every_page_of_the_organisation(
    cast: Cast, here: dict[str, object], language: str
) -> None:
    client = fresh(here["claire"].person)  # type: ignore[attr-defined]
    for path in PAGES:
        told(client, path.format(**here), language)


def test_a_colleague_sees_who_works_here_and_changes_nothing(cast: Cast, here: dict[str, object]) -> None:
    accounts.suspend(person_id=cast.sylvie.person, actor=here["claire"], at=now())  # type: ignore[arg-type]
    client = fresh(cast.ricaud.person)
    page = told(client, "/organisation/members/?state=suspended")
    assert "Dr Anne Lebrun" in page
    assert "Sylvie" not in page
    assert "nora.benali" not in page
    assert told(client, f"/organisation/members/{cast.lebrun.person}/").count("<form") == told(client, "/").count(
        "<form"
    )
    assert client.get(f"/organisation/members/{cast.sylvie.person}/").status_code == 404
    assert client.get(f"/organisation/members/{cast.cherif.person}/").status_code == 404


ACTS = [
    "/organisation/units/", "/organisation/units/{unit}/", "/organisation/members/invite",
    "/organisation/members/{person}/practitioner", "/organisation/members/{person}/roles",
    "/organisation/members/{person}/roles/{membership}/end", "/organisation/members/{person}/suspend",
    "/organisation/members/{person}/lift", "/organisation/members/{person}/leave",
    "/organisation/members/{person}/reset",
    "/organisation/invitations/{invitation}/resend", "/organisation/invitations/{invitation}/withdraw",
]  # fmt: skip


def rows() -> list[object]:
    return [
        list(model.objects.order_by("id").values())  # type: ignore[attr-defined]
        for model in (Membership, Invitation, Unit, Delegation)
    ]


@pytest.mark.parametrize("who", ["sylvie", "ricaud", "cherif"])
def test_who_does_not_administer_is_refused_every_act(cast: Cast, here: dict[str, object], who: str) -> None:
    client, before = fresh(getattr(cast, who).person), rows()
    for path in ACTS:
        assert client.post(path.format(**here), {"name": "?", "role": "auditor"}).status_code == 403
    assert rows() == before


def test_an_administrator_of_another_organisation_meets_what_does_not_exist(
    cast: Cast, here: dict[str, object]
) -> None:
    client, before = fresh(hired(cast.elsewhere, "Bea", Role.ADMINISTRATOR).person), rows()
    for path in [*ACTS, "/delegations/{delegation}/withdraw"]:
        if "{" not in path:
            continue
        nowhere = {name: uuid7() for name in here}
        form = {"name": "?", "role": "auditor", "successor": str(cast.cherif.person)}
        there, gone = (client.post(path.format(**names), form) for names in (here, nowhere))
        assert (there.status_code, gone.status_code) == (404, 404), path
    for path in PAGES:
        if "{" in path:
            assert client.get(path.format(**here)).status_code == 404, path
    assert rows()[0] == before[0]


@pytest.mark.parametrize("path", ["/invitations/{invitation}/accept", "/delegations/{delegation}/withdraw"])
@pytest.mark.parametrize("who", ["sylvie", "cherif"])
def test_what_is_another_s_to_accept_or_withdraw_is_not_there(
    cast: Cast, here: dict[str, object], path: str, who: str
) -> None:
    client, before = fresh(getattr(cast, who).person), rows()
    assert client.post(path.format(**here)).status_code == 404
    assert rows() == before


def test_an_administrator_opens_no_record_no_document_no_envelope_and_no_book(
    cast: Cast, here: dict[str, object]
) -> None:
    deposited = records.deposit(
        patient_id=cast.odile_id, title="Consentement", type_code="59284-0", class_code="52", content=one_page(),
        actor=cast.sylvie, at=now(),
    )  # fmt: skip
    steps = [[send.Signer(person_id=cast.lebrun.person_id, purpose=Purpose.VALIDATES)]]
    envelope = send.send(document_id=deposited.document_id, steps=steps, actor=cast.sylvie, at=now())
    client = fresh(here["claire"].person)  # type: ignore[attr-defined]
    for path in (
        "/records/", f"/records/{cast.odile_id}/", f"/documents/{deposited.document_id}/",
        f"/documents/{deposited.document_id}/file.pdf", f"/book/{envelope}/", f"/book/{envelope}/file.pdf", "/book/",
        "/circuits/", "/audit/",
    ):  # fmt: skip
        assert client.get(path).status_code == 403, path
    page = told(client, f"/organisation/members/{cast.lebrun.person}/leave", "en")
    assert "1 document to sign" in page
    for secret in ("Odile", "FERRAND", "Marchetti", "Consentement"):
        assert secret not in page


def test_there_is_no_django_admin(settings: object) -> None:
    assert not [app for app in settings.INSTALLED_APPS if "admin" in app]  # type: ignore[attr-defined]
    assert Client().get("/admin/").status_code == 404


def test_a_suspended_member_is_told_so_at_the_next_request(cast: Cast, here: dict[str, object]) -> None:
    client = fresh(cast.lebrun.person)
    client.cookies["django_language"] = "en"
    assert client.get("/book/").status_code == 200
    accounts.suspend(person_id=cast.lebrun.person, actor=here["claire"], at=now())  # type: ignore[arg-type]
    refused = client.get("/book/")
    assert refused.status_code == 403
    assert "is suspended" in refused.content.decode()
    assert "is suspended" in told(client, "/", "en")


def test_nothing_of_two_organisations_is_on_one_page(cast: Cast) -> None:
    """Dr Lebrun also works at the imaging centre; each page there shows what is there, and nothing else."""
    accounts.grant_role(
        person_id=cast.lebrun.person, organisation_id=cast.elsewhere, role=Role.PROFESSIONAL, actor=OPERATOR, at=now()
    )
    client = fresh(cast.lebrun.person)
    assert "change" in told(client, "/", "en")

    def act_in(organisation: UUID) -> dict[str, str]:
        assert client.post("/organisation/", {"organisation": organisation.hex}).status_code == 302
        return {
            path: told(client, path) for path in ("/", "/records/", "/book/", "/circuits/", "/organisation/members/")
        }

    there, here = act_in(cast.elsewhere), act_in(cast.hospital)
    assert "FERRAND" in here["/records/"]
    assert "Thomas Ricaud" in here["/organisation/members/"]
    for page in there.values():
        assert "Imagerie des Aulnes" in page
        for foreign in ("FERRAND", "Thomas Ricaud", "Montfaucy</"):
            assert foreign not in page
    assert "Nadia Cherif" in there["/organisation/members/"]
    assert "Nadia Cherif" not in here["/organisation/members/"]
    stranger = uuid7().hex
    client.post("/organisation/", {"organisation": stranger})
    assert "Centre hospitalier de Montfaucy" in told(client, "/")


def test_a_newcomer_comes_in_by_link_and_code_and_may_only_set_up_a_way_in(
    cast: Cast, here: dict[str, object], settings: object
) -> None:
    from telesphore.links.access import token_hash
    from telesphore.links.models import Link

    settings.DEMONSTRATION = False  # type: ignore[attr-defined]
    invitation, token = Invitation.objects.get(id=here["invitation"]), "t" * 43
    code = accounts.resend(invitation_id=invitation.id, actor=here["claire"], at=now()).code  # type: ignore[arg-type]
    invitation.refresh_from_db()
    Link.objects.filter(id=invitation.link_id).update(token_hash=token_hash(token))
    client = Client()
    assert client.get("/join/").status_code == 404
    landing = told(client, f"/join/{token}")
    assert "Centre hospitalier de Montfaucy" in landing
    assert "Benali" not in landing
    assert client.post(f"/join/{token}/open", {"code": "000000" if code != "000000" else "1"}).status_code == 422
    assert client.post(f"/join/{token}/open", {"code": code}).status_code == 302
    assert "Benali" in told(client, "/join/")
    name = {"given_name": "Nora", "family_name": "Benali-Roux", "title": ""}
    came = client.post("/join/", name)
    assert (came.status_code, came["Location"]) == (302, "/security/")
    assert Session.objects.latest("opened_at").acr == "urn:telesphore:acr:link-and-code"
    for path in ("/", "/records/", "/book/", "/organisation/members/"):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/security/")
    assert queries.roles_held(organisation_id=cast.hospital, person_id=invitation.person_id, at=now())
    assert Client().post(f"/join/{token}/open", {"code": code}).status_code == 409


def test_a_patient_s_link_opens_no_invitation(cast: Cast) -> None:
    from telesphore.links import actions as links

    made = links.create(
        organisation_id=cast.hospital, purpose="signature:sign", subject_id=uuid7(), patient_id=cast.odile_id,
        phone="+33639980147", language="fr", expires_at=now() + timedelta(days=1), actor=cast.sylvie, at=now(),
    )  # fmt: skip
    token = made.url.rpartition("/")[2]
    assert Client().get(f"/join/{token}").status_code == 404
    assert Client().post(f"/join/{token}/code").status_code == 404


def test_an_administrator_invites_gives_a_dated_role_and_sees_the_spoken_code_once(
    cast: Cast, here: dict[str, object]
) -> None:
    client = fresh(here["claire"].person)  # type: ignore[attr-defined]
    form = {
        "email": "zoe.petit@montfaucy.example", "given_name": "Zoé", "family_name": "Petit", "roles": ["professional"],
        "profession": "60", "unit": str(here["unit"]), "rpps": "10000005479",
    }  # fmt: skip
    answer = client.post("/organisation/members/invite", form)
    assert re.search(r"<b[^>]*>\d{6}</b>", answer.content.decode())
    assert Person.objects.get(email=form["email"]).specialty == "infirmier"
    assert client.post("/organisation/members/invite", {**form, "rpps": "10000005478"}).status_code == 422
    until = (now().date() + timedelta(days=3)).isoformat()
    given = client.post(f"/organisation/members/{cast.ricaud.person}/roles", {"role": "auditor", "ends_on": until})
    assert given.status_code == 302
    assert Membership.objects.get(person_id=cast.ricaud.person, role="auditor").ends_at is not None
    refused = client.post(f"/organisation/members/{cast.ricaud.person}/roles", {"role": "administrator"})
    assert refused.status_code == 422
    assert "autre compte" in refused.content.decode() or "another account" in refused.content.decode()


def test_an_administrator_gives_a_way_in_again_and_sees_its_code_once(cast: Cast, here: dict[str, object]) -> None:
    client, page = fresh(here["claire"].person), f"/organisation/members/{cast.lebrun.person}/"  # type: ignore[attr-defined]
    assert f"{page}reset" in told(client, page)
    before = Person.objects.get(id=cast.lebrun.person).password
    assert "<form" in told(client, f"{page}reset", "en")
    assert Person.objects.get(id=cast.lebrun.person).password == before, "looking changes nothing"
    shown = client.post(f"{page}reset").content.decode()
    assert re.search(r"<b class=\"t-num t-lead\">[a-z0-9]{5}-[a-z0-9]{5}</b>", shown)
    assert not Person.objects.get(id=cast.lebrun.person).has_usable_password()
    own = f"/organisation/members/{here['claire'].person}/"  # type: ignore[attr-defined]
    assert f"{own}reset" not in told(client, own)
    assert client.post(f"{own}reset").status_code == 403


def test_the_other_ways_to_prove_again_lead_back_to_the_page_asked_for(cast: Cast, settings: Any) -> None:
    settings.WAYS = [*settings.WAYS, "psc", "card"]
    client = fresh(cast.lebrun.person)
    page = told(client, "/sign-in/again/?next=/book/", "en")
    assert '<form method="post" action="/sign-in/again/psc/">' in page
    assert page.count('name="next" value="/book/"') >= 2
    assert "/sign-in/card/?next=/book/" in page
    assert 'name="next" value="/"' in told(client, "/sign-in/again/?next=https://elsewhere.example/", "en")
    Session.objects.filter(person_id=cast.lebrun.person).update(locked_at=now())
    locked = client.get("/locked/?next=/book/").content.decode()
    assert "/sign-in/again/psc/" in locked
    assert "/sign-in/card/?next=/book/" in locked


def test_the_word_for_a_role_is_not_that_of_a_signer_s_capacity(here: dict[str, object], cast: Cast) -> None:
    client = fresh(here["claire"].person)  # type: ignore[attr-defined]
    page = told(client, f"/organisation/members/{cast.lebrun.person}/", "fr")
    assert "Rôle" in page
    assert "Qualité" not in page


def test_a_delegation_s_last_day_is_the_one_chosen(cast: Cast) -> None:
    start = now()
    accounts.give_delegation(
        delegator_id=cast.lebrun.person, delegate_id=cast.ricaud.person, permissions=["signature:recipient:sign"],
        document_types=[], starts_at=start, ends_at=end(localdate(start) + timedelta(days=6)), reason="congés",
        actor=cast.lebrun, at=start,
    )  # fmt: skip
    assert "à 23 h 59" in told(fresh(cast.ricaud.person), "/")
    assert "à 23 h 59" in told(fresh(cast.lebrun.person), "/delegations/")

"""Every page, rendered for who may see it, and refused to who may not."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLResolver, get_resolver

from telesphore.accounts import actions as accounts
from telesphore.accounts.models import Person
from telesphore.accounts.states import Acr
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.records import actions as records
from telesphore.records.models import Document
from telesphore.signature.actions import send
from telesphore.signature.models import Envelope
from telesphore.signature.states import Purpose
from telesphore.web.access import rule_of
from tests.cast import Cast
from tests.papers import one_page


def signed_in(actor: Actor) -> Client:
    """A browser in which this person has signed in."""
    client = Client()
    client.force_login(Person.objects.get(id=actor.person_id), "allauth.account.auth_backends.AuthenticationBackend")
    prove(client, actor)
    return client


def prove(client: Client, actor: Actor, ago: float = 0) -> None:
    """Let this person have proved who they are so many seconds ago, and not since."""
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - ago}]
    session["account_authentication_methods_user"] = str(actor.person_id)
    session.save()


@pytest.fixture
def envelope(cast: Cast) -> dict[str, object]:
    """A document of Odile's, sent by Sylvie to Dr Lebrun."""
    deposited = records.deposit(
        patient_id=cast.odile_id, title="Consentement", type_code="59284-0", class_code="52", content=one_page(),
        actor=cast.sylvie, at=now(),
    )  # fmt: skip
    steps = [[send.Signer(person_id=cast.lebrun.person_id, purpose=Purpose.VALIDATES)]]
    envelope_id = send.send(document_id=deposited.document_id, steps=steps, actor=cast.sylvie, at=now())
    opened = accounts.open_session(
        person_id=cast.lebrun.person, key="lebrun", means="passkey", acr=Acr.PASSKEY, actor=Actor.system(), at=now()
    )
    return {
        "document": deposited.document_id,
        "envelope": envelope_id,
        "patient": cast.odile_id,
        "session": opened.session_id,
    }


PAGES = {
    "/": "lebrun",
    "/book/": "lebrun",
    "/book/?tab=signed": "lebrun",
    "/circuits/": "sylvie",
    "/circuits/?tab=all": "sylvie",
    "/records/": "lebrun",
    "/records/?q=ferr": "lebrun",
    "/records/new": "sylvie",
    "/records/{patient}/": "lebrun",
    "/records/{patient}/deposit": "sylvie",
    "/records/{patient}/team": "sylvie",
    "/documents/{document}/": "lebrun",
    "/documents/{document}/file.pdf": "lebrun",
    "/documents/{document}/send": "sylvie",
    "/documents/{document}/withdraw": "sylvie",
    "/book/{envelope}/": "lebrun",
    "/book/{envelope}/file.pdf": "lebrun",
    "/book/{envelope}/decline": "lebrun",
    "/book/{envelope}/void": "sylvie",
    "/security/": "lebrun",
    "/organisation/": "lebrun",
    "/security/sessions/": "lebrun",
    "/security/totp/": "lebrun",
    "/security/password/": "lebrun",
    "/sign-out/": "lebrun",
}


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_for_who_may_see_it(cast: Cast, envelope: dict[str, object], path: str, language: str) -> None:
    client = signed_in(getattr(cast, PAGES[path]))
    client.cookies["django_language"] = language
    answer = client.get(path.format(**envelope), follow=True)
    assert answer.status_code == 200, answer.content.decode(errors="replace")[:2000]
    assert answer["Cache-Control"].count("no-store")


MEMBERS = {"person", "membership", "unit", "invitation", "delegation"}
"""Objects of an organisation's own pages: `test_member_pages.py` tries them."""


def objects() -> list[str]:
    """Every address of the map that names an object and is not open to all, with the object's name to be filled in."""
    filled = (re.sub(r"<uuid:(\w+)_id>", r"{\1}", prefix) for prefix in addresses(get_resolver().url_patterns))
    return sorted({path for path in filled if "{" in path})


def of_care() -> list[str]:
    """Those of them that name something of a patient's."""
    return [path for path in objects() if not any(f"{{{name}}}" in path for name in MEMBERS)]


def addresses(patterns: list[Any], prefix: str = "/") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, prefix + str(pattern.pattern))
        elif not (rule_of(pattern.callback, pattern.name or "") or "").startswith("public"):
            yield prefix + str(pattern.pattern)


def test_the_objects_of_the_map_are_those_that_the_tests_make() -> None:
    named = set(re.findall(r"{(\w+)}", " ".join(objects())))
    assert named == {"patient", "document", "envelope", "session"} | MEMBERS


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("path", of_care())
@pytest.mark.parametrize("who", ["ricaud", "cherif"])
def test_the_right_role_on_the_wrong_patient_gets_what_does_not_exist(
    cast: Cast, envelope: dict[str, object], path: str, who: str, method: str
) -> None:
    client = signed_in(getattr(cast, who))
    form = {"pin": "0000", "reason": "?", "professional": str(cast.lebrun.person_id), "title": "?"}
    there = getattr(client, method)(path.format(**envelope), form)
    nowhere = getattr(client, method)(path.format(**dict.fromkeys(envelope, uuid7())), form)
    assert there.status_code == nowhere.status_code
    assert there.status_code in (404, 405) or (method, there.status_code) == ("get", 302)
    assert strip_tokens(there) == strip_tokens(nowhere)


def test_what_a_stranger_tried_changed_nothing(cast: Cast, envelope: dict[str, object]) -> None:
    before = list(Envelope.objects.values()), list(Document.objects.values())
    for path in of_care():
        signed_in(cast.ricaud).post(path.format(**envelope), {"pin": "0000", "reason": "?"})
    assert (list(Envelope.objects.values()), list(Document.objects.values())) == before


def strip_tokens(answer: HttpResponse) -> str:
    """An answer without what differs at each rendering, or repeats the address that was asked."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", answer.content.decode())
    text += answer.get("Location", "")
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21,22}", "ID", text)


@pytest.mark.parametrize("path", PAGES)
def test_nobody_is_sent_to_sign_in(cast: Cast, envelope: dict[str, object], path: str) -> None:
    answer = Client().get(path.format(**envelope))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")


def test_a_colleague_added_to_the_team_opens_the_record_and_one_of_another_organisation_is_refused(
    cast: Cast, envelope: dict[str, object]
) -> None:
    sylvie, team = signed_in(cast.sylvie), f"/records/{cast.odile_id}/team"
    refused = sylvie.post(team, {"professional": str(cast.cherif.person_id)})
    assert refused.status_code == 422
    assert signed_in(cast.ricaud).get(f"/records/{cast.odile_id}/").status_code == 404
    assert sylvie.post(team, {"professional": str(cast.ricaud.person_id)}).status_code == 302
    assert signed_in(cast.ricaud).get(f"/records/{cast.odile_id}/").status_code == 200
    assert signed_in(cast.cherif).get(f"/records/{cast.odile_id}/").status_code == 404

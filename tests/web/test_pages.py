"""Every page, rendered for who may see it, and refused to who may not."""

import pytest
from django.test import Client

from telesphore.accounts.models import Person
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.records import actions as records
from telesphore.signature.actions import send
from telesphore.signature.states import Purpose
from tests.cast import Cast
from tests.papers import one_page


def signed_in(actor: Actor) -> Client:
    """A browser in which this person has signed in."""
    client = Client()
    client.force_login(Person.objects.get(id=actor.person_id), "allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def envelope(cast: Cast) -> dict[str, object]:
    """A document of Odile's, sent by Sylvie to Dr Lebrun."""
    deposited = records.deposit(
        patient_id=cast.odile_id, title="Consentement", type_code="59284-0", class_code="52", content=one_page(),
        actor=cast.sylvie, at=now(),
    )  # fmt: skip
    steps = [[send.Signer(person_id=cast.lebrun.person_id, purpose=Purpose.VALIDATES)]]
    envelope_id = send.send(document_id=deposited.document_id, steps=steps, actor=cast.sylvie, at=now())
    return {"document": deposited.document_id, "envelope": envelope_id, "patient": cast.odile_id}


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
    "/documents/{document}/": "lebrun",
    "/documents/{document}/file.pdf": "lebrun",
    "/documents/{document}/send": "sylvie",
    "/book/{envelope}/": "lebrun",
    "/book/{envelope}/file.pdf": "lebrun",
    "/book/{envelope}/decline": "lebrun",
    "/book/{envelope}/void": "sylvie",
    "/security/": "lebrun",
    "/organisation/": "lebrun",
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


@pytest.mark.parametrize("path", [path for path in PAGES if "{" in path])
@pytest.mark.parametrize("who", ["ricaud", "cherif"])
def test_the_right_role_on_the_wrong_patient_gets_what_does_not_exist(
    cast: Cast, envelope: dict[str, object], path: str, who: str
) -> None:
    client = signed_in(getattr(cast, who))
    there = client.get(path.format(**envelope))
    nowhere = client.get(path.format(**dict.fromkeys(envelope, uuid7())))
    assert there.status_code == nowhere.status_code == 404
    assert strip_tokens(there.content) == strip_tokens(nowhere.content)


def strip_tokens(content: bytes) -> str:
    """A page without what differs at each rendering, or repeats the address that was asked."""
    import re

    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", content.decode())
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21,22}", "ID", text)


@pytest.mark.parametrize("path", PAGES)
def test_nobody_is_sent_to_sign_in(cast: Cast, envelope: dict[str, object], path: str) -> None:
    answer = Client().get(path.format(**envelope))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")

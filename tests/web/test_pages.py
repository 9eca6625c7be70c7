"""Every page, rendered for who may see it, and refused to who may not."""

import time

import pytest
from django.test import Client

from telesphore.accounts import actions as accounts
from telesphore.accounts.models import Person
from telesphore.accounts.states import Acr
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.records import actions as records
from telesphore.signature.actions import compose, send
from telesphore.signature.actions.compose import Composition, Part, Party, StepPlan
from telesphore.signature.states import PartyRole, Purpose
from tests.cast import Cast
from tests.papers import one_page
from tests.records.test_accounts import INES, basis


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
    lebrun = Party(role=PartyRole.PROFESSIONAL, person_id=cast.lebrun.person_id, purpose=Purpose.VALIDATES)
    composed = Composition(documents=(Part(document_id=deposited.document_id),), steps=(StepPlan(parties=(lebrun,)),))
    return {
        "draft": compose.begin(patient_id=cast.odile_id, composition=composed, actor=cast.sylvie, at=now()),
        "document": deposited.document_id,
        "envelope": envelope_id,
        "patient": cast.odile_id,
        "session": opened.session_id,
        "representation": records.record_representation(
            patient_id=cast.odile_id, who=INES, basis=basis(), actor=cast.sylvie, at=now()
        ),
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
    "/records/{patient}/accounts": "sylvie",
    "/records/{patient}/representatives/new": "sylvie",
    "/records/{patient}/representatives/{representation}/end": "sylvie",
    "/documents/{document}/": "lebrun",
    "/documents/{document}/file.pdf": "lebrun",
    "/drafts/": "sylvie",
    "/drafts/{draft}/": "sylvie",
    "/drafts/{draft}/send": "sylvie",
    "/drafts/{draft}/upload": "sylvie",
    "/drafts/{draft}/discard": "sylvie",
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

"""Sensitive acts ask for a proof that is at most five minutes old."""

import pytest
from django.conf import settings

from telesphore.accounts.models import Session
from telesphore.accounts.states import Acr
from telesphore.signature.models import Recipient
from telesphore.web.access import rule_of
from tests.cast import PASSWORD, Cast
from tests.test_url_map import ENDPOINTS
from tests.web.test_pages import envelope, prove, signed_in

__all__ = ["envelope"]

SENSITIVE = {
    "signature:sign", "signature:kit", "invite", "resend-invitation", "grant-role", "end-role", "practitioner",
    "lift-suspension", "leave", "reset-ways", "organisation-settings", "add-unit", "unit", "session_limits", "delegate",
    "backup_open", "backup_close", "tokens", "passkey-add", "account_change_password", "password-remove", "psc_link",
    "mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes", "workstation_pair", "workstation_revoke",
}  # fmt: skip


def test_the_endpoints_that_ask_for_a_fresh_proof_are_these() -> None:
    asking = {endpoint.name for endpoint in ENDPOINTS if getattr(endpoint.view, "asks_freshness", False)}
    assert SENSITIVE - asking == set()
    assert all(rule_of(endpoint.view, endpoint.name) for endpoint in ENDPOINTS if endpoint.name in asking)


def test_five_minutes_and_a_second_after_the_proof_nobody_signs(cast: Cast, envelope: dict[str, object]) -> None:
    client = signed_in(cast.lebrun)
    page = f"/book/{envelope['envelope']}/"
    prove(client, cast.lebrun, ago=301)
    referer = {"Referer": f"http://testserver{page}"}
    answer = client.post(f"{page}sign", {"pin": "0000"}, headers=referer)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/again/?")
    assert Recipient.objects.get(envelope_id=envelope["envelope"]).signed_at is None

    # The proof leads back to the page, with a sentence; the PIN was never kept.
    back = client.post(answer["Location"], {"password": PASSWORD}, follow=True)
    assert back.redirect_chain == [(page, 302)]
    assert "0000" not in back.content.decode()
    assert client.post(f"{page}sign", {"pin": "0000"}, headers=referer).status_code == 422


def test_within_five_minutes_the_door_is_open(cast: Cast, envelope: dict[str, object]) -> None:
    client = signed_in(cast.lebrun)
    prove(client, cast.lebrun, ago=290)
    assert client.post(f"/book/{envelope['envelope']}/sign", {"pin": "0000"}).status_code == 422


def test_a_wrong_password_is_no_proof(cast: Cast, envelope: dict[str, object]) -> None:
    client = signed_in(cast.lebrun)
    prove(client, cast.lebrun, ago=301)
    assert client.post("/sign-in/again/", {"password": "un-autre-mot-de-passe"}).status_code == 422
    assert client.post(f"/book/{envelope['envelope']}/sign", {"pin": "0000"}).status_code == 302


@pytest.mark.parametrize("page", ["/sign-in/again/", "/locked/"])
def test_who_came_in_by_a_passkey_proves_nothing_again_by_a_password_alone(
    cast: Cast, envelope: dict[str, object], page: str
) -> None:
    client = signed_in(cast.lebrun)
    Session.objects.filter(person_id=cast.lebrun.person_id).update(acr=Acr.PASSKEY, means="passkey")
    prove(client, cast.lebrun, ago=301)
    assert client.post(page, {"password": PASSWORD}).status_code == 422
    assert client.post(f"/book/{envelope['envelope']}/sign", {"pin": "0000"}).status_code == 302


def test_a_new_proof_leads_nowhere_outside(cast: Cast) -> None:
    client = signed_in(cast.lebrun)
    answer = client.post("/sign-in/again/?next=https://elsewhere.example/", {"password": PASSWORD})
    assert answer["Location"] == settings.LOGIN_REDIRECT_URL

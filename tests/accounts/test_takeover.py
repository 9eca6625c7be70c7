"""A dishonest organisation, or its directory, comes into nobody's account that others know."""

import json
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from telesphore.accounts import actions, queries
from telesphore.accounts.actions import Told
from telesphore.accounts.errors import InvitationNotProved, KnownElsewhere, NameNotYours, NumberNotProved
from telesphore.accounts.formats.numbers import Rpps
from telesphore.accounts.models import Invitation, Person, Session
from telesphore.accounts.states import Role
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.records.models import PatientAccount
from tests.accounts.members import hired, invited
from tests.accounts.peer import Cards
from tests.cast import LONG_AGO, Cast
from tests.rest.test_tokens import issue
from tests.web.test_pages import signed_in
from tests.web.test_patient_accounts import with_account

NUMBER = Rpps.parse("10000005479")


def mallory(cast: Cast) -> Actor:
    """The administrator of the other organisation."""
    return hired(cast.elsewhere, "Mallory", Role.ADMINISTRATOR)


def told(email: str, **more: Any) -> Told:
    return Told(**{"user_name": email, "roles": [Role.PROFESSIONAL], **more})


def email_of(actor: Actor) -> str:
    return Person.objects.get(id=actor.person_id).email


def also_at_the_aulnes(actor: Actor, cast: Cast) -> None:
    actions.grant_role(
        person_id=actor.person,
        organisation_id=cast.elsewhere,
        role=Role.PROFESSIONAL,
        actor=Actor.system(),
        at=LONG_AGO,
    )


def describe(person_id: UUID, rpps: Rpps | None, actor: Actor) -> None:
    actions.describe_practitioner(
        person_id=person_id, title="Dr", profession="10", specialty_code="", specialty="", rpps=rpps, actor=actor,
        at=now(),
    )  # fmt: skip


def test_a_directory_makes_nobody_a_member_whom_others_know(cast: Cast) -> None:
    """They are offered to join, and nothing of theirs is touched before they do."""
    by = mallory(cast)
    browser = signed_in(cast.lebrun)
    entry_id = actions.add_entry(told=told(email_of(cast.lebrun)), actor=by, at=now())
    assert not queries.roles_held(organisation_id=cast.elsewhere, person_id=cast.lebrun.person, at=now())
    actions.change_entry(entry_id=entry_id, told=told(email_of(cast.lebrun)), actor=by, at=now())
    assert not queries.roles_held(organisation_id=cast.elsewhere, person_id=cast.lebrun.person, at=now())
    [(card, line)] = queries.invitations_to(person_id=cast.lebrun.person, at=now())
    assert (card.organisation_id, line.roles) == (cast.elsewhere, (Role.PROFESSIONAL,))
    actions.change_entry(entry_id=entry_id, told=told(email_of(cast.lebrun), active=False), actor=by, at=now())
    actions.remove_entry(entry_id=entry_id, actor=by, at=now())
    assert browser.get("/records/").status_code == 200
    assert not Session.objects.exclude(ended_at=None).exists()


def test_a_directory_renames_no_patient_s_account(cast: Cast) -> None:
    with_account(cast)
    odile = Person.objects.get(id=PatientAccount.objects.get().person_id)
    by, seen = mallory(cast), odile.email
    status = []
    for name in (seen, "mallory.bis@aulnes.example"):
        content = {"userName": name, "roles": [{"value": "auditor"}]}
        address = "/rest/scim/v2/Users" + (f"/{status[0]['id']}" if status else "")
        answer = Client().generic(
            "PUT" if status else "POST", address, json.dumps(content), content_type="application/scim+json",
            headers={"Authorization": f"Bearer {issue(by)}"},
        )  # fmt: skip
        status.append(json.loads(answer.content))
    assert status[1]["status"] == "409"
    odile.refresh_from_db()
    assert odile.email == seen


def test_a_directory_renames_nobody_whom_another_organisation_invites(cast: Cast) -> None:
    """Else the invitation would be the directory's to accept."""
    administrator = hired(cast.hospital, "Claire", Role.ADMINISTRATOR)
    invitation = invited(cast, administrator)
    nora = Invitation.objects.get(id=invitation.invitation_id).person
    by = mallory(cast)
    entry_id = actions.add_entry(told=told(nora.email), actor=by, at=now())
    with pytest.raises(NameNotYours):
        actions.change_entry(entry_id=entry_id, told=told("mallory.bis@aulnes.example"), actor=by, at=now())
    nora.refresh_from_db()
    assert nora.email == "nora.benali@montfaucy.example"


def test_a_directory_does_not_lift_what_an_administrator_suspended(cast: Cast) -> None:
    administrator = hired(cast.hospital, "Claire", Role.ADMINISTRATOR)
    actions.suspend(person_id=cast.ricaud.person, actor=administrator, at=now())
    entry_id = actions.add_entry(told=told(email_of(cast.ricaud), roles=None), actor=administrator, at=now())
    actions.change_entry(entry_id=entry_id, told=told(email_of(cast.ricaud), roles=None), actor=administrator, at=now())
    assert not queries.roles_held(organisation_id=cast.hospital, person_id=cast.ricaud.person, at=now())


def test_an_administrator_writes_no_number_that_opens_somebody_s_account(cast: Cast, cards: Cards) -> None:
    """The number is that of the administrator's own card, or of an accomplice's."""
    administrator = hired(cast.hospital, "Claire", Role.ADMINISTRATOR)
    with pytest.raises(NumberNotProved):
        describe(cast.ricaud.person, NUMBER, administrator)
    ricaud = Person.objects.get(id=cast.ricaud.person_id)
    assert (ricaud.national_id, ricaud.rpps) == ("", "")
    describe(cast.ricaud.person, None, administrator)


def test_who_has_come_in_by_nothing_yet_is_given_their_number(cast: Cast, cards: Cards) -> None:
    administrator = hired(cast.hospital, "Claire", Role.ADMINISTRATOR)
    entry_id = actions.add_entry(told=told("nina.roux@montfaucy.example"), actor=administrator, at=now())
    nina = queries.entry(organisation_id=cast.hospital, entry_id=entry_id, at=now()).person_id
    describe(nina, NUMBER, administrator)
    assert Person.objects.get(id=nina).national_id == NUMBER.national_id


def test_an_administrator_resets_nobody_who_belongs_elsewhere_too(cast: Cast) -> None:
    """The mailbox may be the organisation's own: it would come into the other's records."""
    by = mallory(cast)
    also_at_the_aulnes(cast.lebrun, cast)
    before = Person.objects.get(id=cast.lebrun.person_id).password
    with pytest.raises(KnownElsewhere):
        actions.reset_ways(person_id=cast.lebrun.person, actor=by, at=now())
    assert Person.objects.get(id=cast.lebrun.person_id).password == before


def test_an_account_alone_accepts_no_invitation_without_its_code(cast: Cast) -> None:
    """The account may have been made by whoever reads that mailbox: the code says that it is who was meant."""
    by = mallory(cast)
    invitation = actions.invite(
        newcomer=actions.Newcomer(email=email_of(cast.lebrun), given_name="Anne", family_name="Lebrun"),
        roles=[Role.PROFESSIONAL], actor=by, at=now(),
    )  # fmt: skip
    with pytest.raises(InvitationNotProved):
        actions.join(invitation_id=invitation.invitation_id, actor=cast.lebrun, at=now())
    assert signed_in(cast.lebrun).post(f"/invitations/{invitation.invitation_id}/accept").status_code == 403
    actions.note_code_given(invitation_id=invitation.invitation_id, actor=Actor.system(cast.elsewhere), at=now())
    assert actions.join(invitation_id=invitation.invitation_id, actor=cast.lebrun, at=now()) == cast.elsewhere


def test_who_left_finds_no_token_alive_when_they_come_back(cast: Cast) -> None:
    secret = issue(cast.ricaud, "records:document:read")
    administrator = hired(cast.hospital, "Claire", Role.ADMINISTRATOR)
    actions.leave(person_id=cast.ricaud.person, actor=administrator, at=now())
    actions.grant_role(
        person_id=cast.ricaud.person, organisation_id=cast.hospital, role=Role.PROFESSIONAL, actor=Actor.system(),
        at=now(),
    )  # fmt: skip
    assert queries.actor_by_token(secret=secret, at=now(), source_address=None, client="") is None

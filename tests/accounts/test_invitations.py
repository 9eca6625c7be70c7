"""Invitations: a link by e-mail and a code by another way; what an account is given by neither alone."""

from datetime import timedelta

import pytest

from telesphore.accounts import actions as accounts
from telesphore.accounts import queries
from telesphore.accounts.errors import (
    AccountsApart,
    AlreadyInvited,
    AlreadyMember,
    InvitationNotFound,
    InvitationOver,
    NoRole,
    NotAllowed,
    NotToYourself,
    NumberTaken,
    SignInToAccept,
)
from telesphore.accounts.formats.numbers import Rpps
from telesphore.accounts.models import Invitation, Person
from telesphore.accounts.states import MemberState, Role
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.links import actions as links
from telesphore.links.errors import CodeIsSpoken, LinkRevoked, LinkUsedUp
from telesphore.outbox.models import Notice
from tests.accounts.members import NORA, claire, hired, invited
from tests.cast import NOBODY, Cast

NUMBER = Rpps.parse("10000005479")


def newcomer(email: str, **options: object) -> accounts.Newcomer:
    return accounts.Newcomer(email=email, given_name="Nora", family_name="Benali", **options)  # type: ignore[arg-type]


def joined(cast: Cast, invitation: accounts.Invited) -> Actor:
    """Accepted by link and code, under the name that its person writes."""
    person_id = accounts.join_by_link(
        invitation_id=invitation.invitation_id, given_name="Nora", family_name="Benali-Roux", title="",
        actor=NOBODY.within(cast.hospital), at=now(),
    )  # fmt: skip
    return Actor(kind=cast.lebrun.kind, organisation_id=cast.hospital, person_id=person_id)


def test_nothing_is_given_before_the_invitation_is_accepted(cast: Cast) -> None:
    invitation = invited(cast, claire(cast))
    nora = Invitation.objects.get(id=invitation.invitation_id).person
    assert not nora.has_usable_password()
    assert not queries.memberships(person_id=nora.id, at=now())
    joined(cast, invitation)
    assert queries.roles_held(organisation_id=cast.hospital, person_id=nora.id, at=now()) == {Role.PROFESSIONAL}
    assert queries.person_card(nora.id).display_name == "Nora Benali-Roux"


def test_without_a_phone_the_code_is_for_the_administrator_s_voice_and_is_never_sent(cast: Cast) -> None:
    invitation = invited(cast, claire(cast))
    assert len(invitation.code) == 6
    row = Invitation.objects.get(id=invitation.invitation_id)
    assert row.link_id is not None
    assert list(Notice.objects.filter(about=row.id).values_list("channel", flat=True)) == ["email"]
    token = "x" * 43
    from telesphore.links.access import token_hash
    from telesphore.links.models import Link

    Link.objects.filter(id=row.link_id).update(token_hash=token_hash(token))
    with pytest.raises(CodeIsSpoken):
        links.send_code(token=token, actor=NOBODY, at=now())
    revealed = links.reveal(token=token, code=invitation.code, actor=NOBODY, at=now() + timedelta(days=6, hours=23))
    assert (revealed.subject_id, revealed.patient_id) == (row.id, None)


def test_with_a_phone_the_administrator_learns_no_code(cast: Cast) -> None:
    assert invited(cast, claire(cast), newcomer("n@b.example", phone="+33639980161")).code == ""


def test_an_invitation_is_accepted_once_and_within_seven_days(cast: Cast) -> None:
    administrator = claire(cast)
    invitation = invited(cast, administrator)
    with pytest.raises(InvitationOver):
        accounts.join_by_link(
            invitation_id=invitation.invitation_id, given_name="N", family_name="B", title="",
            actor=NOBODY.within(cast.hospital), at=now() + timedelta(days=7),
        )  # fmt: skip
    joined(cast, invitation)
    with pytest.raises(InvitationOver):
        joined(cast, invitation)
    for over in (accounts.resend, accounts.withdraw_invitation):
        with pytest.raises(InvitationOver):
            over(invitation_id=invitation.invitation_id, actor=administrator, at=now())


def test_sent_again_the_link_before_leads_nowhere_and_seven_days_begin_anew(cast: Cast) -> None:
    from telesphore.links.models import Link

    administrator = claire(cast)
    invitation = invited(cast, administrator)
    first = Invitation.objects.get(id=invitation.invitation_id)
    later = now() + timedelta(days=8)
    again = accounts.resend(invitation_id=invitation.invitation_id, actor=administrator, at=later)
    row = Invitation.objects.get(id=invitation.invitation_id)
    assert again.code
    assert row.link_id != first.link_id
    assert row.expires_at == later + timedelta(days=7)
    assert Link.objects.get(id=first.link_id).revoked_at == later


def test_a_withdrawn_invitation_leads_nowhere_and_its_number_is_free_again(cast: Cast) -> None:
    administrator = claire(cast)
    wrong = invited(cast, administrator, newcomer("wrong@montfaucy.example", rpps=NUMBER))
    with pytest.raises(NumberTaken):
        invited(cast, administrator, newcomer("right@montfaucy.example", rpps=NUMBER))
    accounts.withdraw_invitation(invitation_id=wrong.invitation_id, actor=administrator, at=now())
    with pytest.raises(InvitationOver):
        joined(cast, wrong)
    invited(cast, administrator, newcomer("right@montfaucy.example", rpps=NUMBER))
    assert Person.objects.get(national_id="810000005479").email == "right@montfaucy.example"


@pytest.mark.parametrize("way", ["password", "passkey", "card", "another organisation"])
def test_who_has_a_way_in_accepts_by_signing_in_and_by_no_link(cast: Cast, way: str) -> None:
    invitation = invited(cast, claire(cast), newcomer("n@b.example"))
    person = Invitation.objects.get(id=invitation.invitation_id).person
    if way == "password":
        person.set_password("le-parapheur-de-montfaucy")
        person.save()
    elif way == "passkey":
        person.authenticator_set.create(type="webauthn", data={})
    elif way == "card":
        Person.objects.filter(id=person.id).update(directory_checked_at=now())
    else:
        accounts.grant_role(
            person_id=person.id, organisation_id=cast.elsewhere, role=Role.AUDITOR, actor=Actor.system(), at=now()
        )
    with pytest.raises(SignInToAccept):
        joined(cast, invitation)
    for stranger in (cast.lebrun, cast.cherif, NOBODY):
        with pytest.raises(InvitationNotFound):
            accounts.join(invitation_id=invitation.invitation_id, actor=stranger, at=now())
    nora = Actor(kind=cast.lebrun.kind, person_id=person.id)
    accounts.note_code_given(invitation_id=invitation.invitation_id, actor=NOBODY.within(cast.hospital), at=now())
    assert accounts.join(invitation_id=invitation.invitation_id, actor=nora, at=now()) == cast.hospital


def test_who_joined_without_setting_a_way_in_up_can_be_invited_again(cast: Cast) -> None:
    administrator = claire(cast)
    nora = joined(cast, invited(cast, administrator))
    again = invited(cast, administrator, NORA, Role.AUDITOR)
    assert joined(cast, again).person_id == nora.person_id


def test_an_invitation_never_tells_what_its_address_is_elsewhere(cast: Cast) -> None:
    """Dr Cherif works elsewhere: invited to administer, only she learns that the accounts must be apart."""
    administrator = claire(cast)
    invitation = accounts.invite(
        newcomer=newcomer("nadia.cherif@aulnes.example"), roles=[Role.ADMINISTRATOR], actor=administrator, at=now()
    )
    (line,) = queries.members(organisation_id=cast.hospital, at=now(), state=MemberState.INVITED)
    assert (line.name, line.specialty) == ("nadia.cherif@aulnes.example", "")
    seen = queries.member(organisation_id=cast.hospital, person_id=cast.cherif.person, at=now())
    assert (seen.given_name, seen.family_name, seen.rpps) == ("", "", "")
    Person.objects.filter(id=cast.cherif.person).update(given_name="Zineb")
    assert not queries.members(organisation_id=cast.hospital, at=now(), search="Zineb")
    accounts.note_code_given(invitation_id=invitation.invitation_id, actor=NOBODY.within(cast.hospital), at=now())
    with pytest.raises(AccountsApart):
        accounts.join(invitation_id=invitation.invitation_id, actor=cast.cherif, at=now())
    assert queries.person_card(cast.cherif.person).given_name == "Zineb"


def test_what_can_not_be_invited(cast: Cast) -> None:
    administrator = claire(cast)
    for refusal, roles, email in (
        (NoRole, [], "a@b.example"),
        (AccountsApart, [Role.ADMINISTRATOR, Role.SECRETARY], "a@b.example"),
        (AccountsApart, [Role.ADMINISTRATOR], "anne.lebrun@montfaucy.example"),
        (AlreadyMember, [Role.PROFESSIONAL], "anne.lebrun@montfaucy.example"),
        (NotToYourself, [Role.AUDITOR], "claire@montfaucy.example"),
    ):
        with pytest.raises(refusal):
            accounts.invite(newcomer=newcomer(email), roles=roles, actor=administrator, at=now())
    invited(cast, administrator)
    with pytest.raises(AlreadyInvited):
        invited(cast, administrator)


def test_only_an_administrator_of_the_organisation_handles_its_invitations(cast: Cast) -> None:
    invitation = invited(cast, claire(cast))
    elsewhere = hired(cast.elsewhere, "Bea", Role.ADMINISTRATOR)
    for act in (accounts.resend, accounts.withdraw_invitation):
        for actor in (cast.sylvie, cast.lebrun, NOBODY, cast.odile):
            with pytest.raises(NotAllowed):
                act(invitation_id=invitation.invitation_id, actor=actor, at=now())
        with pytest.raises(InvitationNotFound):
            act(invitation_id=invitation.invitation_id, actor=elsewhere, at=now())
    with pytest.raises(NotAllowed):
        accounts.invite(newcomer=NORA, roles=[Role.SECRETARY], actor=cast.sylvie, at=now())
    with pytest.raises(InvitationNotFound):
        accounts.join(invitation_id=uuid7(), actor=cast.lebrun, at=now())


def test_the_link_ends_with_its_invitation(cast: Cast) -> None:
    """Used up by the acceptance; revoked by the withdrawal: whoever stands inside is out."""
    from telesphore.links import access
    from telesphore.links.models import Link

    administrator = claire(cast)
    invitation = invited(cast, administrator)
    joined(cast, invitation)
    row = Invitation.objects.get(id=invitation.invitation_id)
    with pytest.raises(LinkUsedUp):
        access.check_alive(Link.objects.get(id=row.link_id), now())
    other = invited(cast, administrator, newcomer("b@b.example"))
    accounts.withdraw_invitation(invitation_id=other.invitation_id, actor=administrator, at=now())
    row = Invitation.objects.get(id=other.invitation_id)
    with pytest.raises(LinkRevoked):
        access.check_alive(Link.objects.get(id=row.link_id), now())

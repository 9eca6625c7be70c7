"""An administrator invites a nurse; she comes in, is suspended, and is refused at her next page."""

import re
from collections.abc import Callable

from telesphore.accounts import actions as accounts
from telesphore.accounts import queries
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from tests.browser.screens import Screen
from tests.browser.site import Site

Turn = Callable[..., Screen]


def test_a_nurse_is_invited_comes_in_is_suspended_and_refused(site: Site, screen: Turn) -> None:
    claire = screen("claire")
    claire.open("/organisation/members/")
    claire.look("members")
    claire.follow("Inviter")
    claire.look("invite")
    for label, text in (
        ("Adresse électronique", "nora.benali@montfaucy.example"), ("Prénom", "Nora"), ("Nom de famille", "Benali"),
    ):  # fmt: skip
        claire.fill(label, text)
    claire.page.get_by_label("professionnel de santé", exact=True).check()
    claire.page.get_by_label("Profession", exact=True).select_option("60")
    claire.press("Inviter")
    claire.look("spoken-code")
    code = claire.page.locator("b.t-num").inner_text()
    site.work()
    found = re.search(r"https?://\S+/join/[A-Za-z0-9_-]{43}", site.last("email"))
    assert found is not None
    nora = screen(phone=True)
    nora.open(found.group())
    nora.look("invitation")
    nora.page.locator("input[name=code]").fill(code)
    nora.press("Continuer")
    nora.look("join")
    nora.press("C’est moi, continuer")
    nora.open("/organisation/members/")
    nora.says("Nora Benali")
    nora.look("members-phone")
    person_id = queries.person_of("nora.benali@montfaucy.example")
    assert person_id is not None
    claire.open(f"/organisation/members/{person_id}/")
    claire.look("member")
    claire.press("Suspendre aussitôt")
    claire.says("suspendu")
    nora.open("/book/")
    nora.says("suspendu")
    nora.look("suspended")


def test_the_pages_of_the_organisation_stand(site: Site, screen: Turn) -> None:
    cast = site.cast
    accounts.give_delegation(
        delegator_id=cast.lebrun.person, delegate_id=cast.ricaud.person, permissions=["signature:recipient:sign"],
        document_types=["59284-0"], starts_at=now(), ends_at=now().replace(year=now().year + 1, month=1, day=5),
        reason="congés", actor=Actor(
            kind=ActorKind.PROFESSIONAL, organisation_id=cast.hospital, person_id=cast.lebrun.person,
            roles=frozenset({"professional"}),
        ), at=now(),
    )  # fmt: skip
    envelope = site.send(patient_signs=False)
    claire = screen("claire", phone=True, language="en", dark=True)
    for name, path in (
        ("settings", "/organisation/settings/"), ("permissions", "/organisation/permissions/"),
        ("delegate", "/delegations/give"), ("delegations", "/delegations/"),
        ("leave", f"/organisation/members/{cast.lebrun.person}/leave"),
    ):  # fmt: skip
        claire.open(path)
        claire.look(name)
    ricaud = screen("ricaud")
    for name, path in (("book-for", "/book/"), ("envelope-for", f"/book/{envelope}/"), ("home-for", "/")):
        ricaud.open(path)
        ricaud.look(name)

"""The signature book in a browser: by keyboard alone, on a phone, and many signed with one PIN."""

import re

from playwright.sync_api import expect

from telesphore.kernel.clock import now
from telesphore.signature.actions import send
from telesphore.signature.models import Envelope, Recipient
from tests.browser.screens import MANY, Screen
from tests.browser.site import PIN, Site
from tests.browser.test_cards import ScreenOf, forgive
from tests.signature.circuits import by
from tests.web.test_choosing import fill_with_people


def wait_for(site: Site, count: int, title: str = "Compte rendu") -> list[str]:
    """So many of one document, which await Dr Lebrun; in the order of the book."""
    document_id = site.deposit(title)
    made = [
        send.send(document_id=document_id, steps=[[by(site.cast.lebrun)]], actor=site.cast.sylvie, at=now())
        for _ in range(count)
    ]
    return [str(one) for one in made]


def shown(screen: Screen) -> str:
    """The envelope that stands beside the list, once its pages are there."""
    screen.page.locator("[data-pane] [data-viewer][aria-busy=false]").wait_for()
    line = screen.page.locator(".b-row.is-open")
    return line.get_attribute("data-line") or ""


def test_the_book_is_gone_through_by_keyboard_alone(site: Site, screen: ScreenOf) -> None:
    site.provision("lebrun")
    made = wait_for(site, 4)
    lebrun = screen("lebrun")
    lebrun.open("/book/")
    page = lebrun.page
    lebrun.look("book-list")
    expect(page).to_have_title(re.compile(r"^\(4\) "))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    assert shown(lebrun) == made[0]
    lebrun.look("book-preview")
    page.keyboard.press("j")
    expect(page.locator(".b-row.is-open")).to_have_attribute("data-line", made[1])
    assert shown(lebrun) == made[1]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(page.locator("[data-picked]")).to_have_text("2")
    page.keyboard.press("?")
    expect(page.locator("dialog[data-keys]")).to_be_visible()
    lebrun.look("book-keys")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator(".is-previewing")).to_have_count(0)
    page.keyboard.press("s")
    page.wait_for_url("**/book/agree/")
    lebrun.look("book-agree")
    assert {box.get_attribute("value") for box in page.locator("[data-pick]").all()} == set(made[1:3])
    page.locator("[name=pin]").focus()
    page.keyboard.type(PIN)
    page.keyboard.press("Enter")
    page.wait_for_url("**/book/?tab=done")
    lebrun.look("book-done")
    assert Recipient.objects.filter(state="signed").count() == 2
    lebrun.open("/book/")
    page.keyboard.press("j")
    page.keyboard.press("r")
    page.wait_for_url(f"**/book/{made[0]}/decline?*")
    page.get_by_role("link", name="Revenir").click()
    page.wait_for_url("**/book/#e-*")

    # Among many colleagues one types part of a name, and takes who is found.
    fill_with_people(site.cast)
    lebrun.open(f"/book/{made[0]}/hand-over")
    page.locator("[type=search]").focus()
    page.keyboard.type("ner")
    expect(page.locator("[type=radio]")).to_have_count(12)
    lebrun.look("hand-over-many")
    page.keyboard.press("Control+a")
    page.keyboard.type("ricau")
    expect(page.locator("[type=radio]")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("radio", name="Thomas Ricaud")).to_be_checked()
    lebrun.look("hand-over-found")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "hand-over" not in address)
    assert Recipient.objects.get(envelope_id=made[0]).person_id == site.cast.ricaud.person


def test_many_are_signed_with_one_pin_and_two_that_fail_stay(site: Site, screen: ScreenOf) -> None:
    count = 300 if MANY else 40
    site.provision("lebrun")
    made = wait_for(site, count)
    lebrun = screen("lebrun")
    lebrun.open("/book/")
    page = lebrun.page
    if MANY:
        lebrun.press("Cocher les 300…")
    else:
        page.locator("[data-pick-all]").check()
        expect(page.locator("[data-picked]")).to_have_text("40")
        page.locator("[data-sign]").click()
    page.wait_for_url("**/book/agree/")
    expect(page.locator("[data-agreed] > li")).to_have_count(count)
    Envelope.objects.filter(id__in=made[10:12]).update(expires_at=now())
    page.locator("[name=pin]").fill("0000")
    page.locator("[data-go]").click()
    expect(page.locator("[data-state][data-s=no]")).to_be_visible()
    assert Recipient.objects.filter(state="signed").count() == 0
    page.locator("[name=pin]").fill(PIN)
    page.locator("[data-go]").click()
    expect(page.locator("[data-state][data-s=no]")).to_contain_text(str(count - 2), timeout=60_000)
    assert page.locator("[data-failed] li").count() == 2
    expect(page.locator("[data-agreed] > li:visible")).to_have_count(2)
    assert page.locator("[name=pin]").input_value() == ""
    lebrun.look("book-report")
    lebrun.open("/book/")
    assert page.locator("[data-line]").count() == 2
    assert Recipient.objects.filter(state="signed").count() == count - 2
    forgive(lebrun, "422")


def test_on_a_phone_the_list_and_the_document_are_two_screens(site: Site, screen: ScreenOf) -> None:
    made = wait_for(site, 3)
    lebrun = screen("lebrun", phone=True, language="en")
    lebrun.open("/book/")
    page = lebrun.page
    lebrun.look("book-list")
    page.locator("[data-preview]").first.click()
    assert shown(lebrun) == made[0]
    expect(page.locator("[data-lines]")).to_be_hidden()
    lebrun.look("book-preview")
    page.go_back()
    expect(page.locator("[data-lines]")).to_be_visible()
    page.locator("[data-preview]").nth(1).click()
    assert shown(lebrun) == made[1]
    page.locator("[data-close]").click()
    expect(page.locator("[data-lines]")).to_be_visible()
    page.locator("[data-filters] summary").click()
    page.get_by_label("Name of the patient").fill("nobody")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("[data-line]")).to_have_count(0)
    lebrun.look("book-filtered")
    fill_with_people(site.cast)
    lebrun.open(f"/book/{made[2]}/hand-over")
    page.locator("[type=search]").tap()
    page.keyboard.type("nobody")
    lebrun.says("Nobody found.")
    lebrun.look("hand-over-none")
    page.locator("[type=search]").fill("ricau")
    page.get_by_text("Thomas Ricaud").tap()
    lebrun.look("hand-over-found")
    lebrun.press("Hand it over")
    page.wait_for_url(lambda address: "hand-over" not in address)
    assert Recipient.objects.get(envelope_id=made[2]).person_id == site.cast.ricaud.person


def test_the_sender_sees_who_is_late(site: Site, screen: ScreenOf) -> None:
    (made,) = wait_for(site, 1)
    Envelope.objects.filter(id=made).update(due_at=now())
    sylvie = screen("sylvie", phone=True)
    sylvie.open("/circuits/")
    sylvie.says("Dr Anne Lebrun")
    sylvie.look("circuits-late")

"""The patient's screens: a document read aloud, resumed on another phone, signed by a typed name, and withdrawn."""

from collections.abc import Callable
from datetime import timedelta

from telesphore.kernel.clock import now
from telesphore.links.models import Code
from telesphore.signature.actions.send import send_composition
from telesphore.signature.models import Composition, Envelope, Part, Party, PlacedField, Recipient, StepPlan
from telesphore.signature.states import EnvelopeState, FieldKind, PartyRole, Purpose
from tests.browser.screens import Screen
from tests.browser.site import Site

STUB = """window.said = [];
Object.defineProperty(window, 'speechSynthesis', { value: { speak: (one) => said.push(one.text), cancel() {} } });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };"""


def come_in(screen: Screen, link: str, receive: str, proceed: str) -> None:
    screen.open(link)
    screen.press(receive)
    screen.page.locator("#code").fill(screen.site.code())
    screen.press(proceed)
    screen.settle()


def sent(site: Site, party: Party) -> None:
    composition = Composition(
        documents=(Part(document_id=site.deposit()),), steps=(StepPlan(parties=(party,)),),
        message="Appelez-moi si besoin.", easy_text="On regarde dans les poumons.\n\nCela dure dix minutes.",
    )  # fmt: skip
    send_composition(composition=composition, actor=site.cast.sylvie, at=now())
    site.work()


def test_odile_listens_loses_her_phone_signs_by_typing_on_another_and_withdraws_her_consent(
    site: Site, screen: Callable[..., Screen]
) -> None:
    sent(site, Party(role=PartyRole.PATIENT, purpose=Purpose.CONSENTS, language="en"))
    link = site.link()
    first = screen(phone=True)
    first.page.set_viewport_size({"width": 360, "height": 740})
    first.page.add_init_script(STUB)
    come_in(first, link, "Receive the code", "Continue")
    first.says("Appelez-moi si besoin.")
    first.press("Listen")
    assert first.page.evaluate("said") == ["On regarde dans les poumons.", "Cela dure dix minutes."]
    first.look("patient-easy")
    first.press("Page 2")
    first.settle()

    # Half a minute later: codes are not sent in a row.
    Code.objects.update(sent_at=now() - timedelta(minutes=1))
    second = screen(phone=True, dark=True)
    come_in(second, link, "Receive the code", "Continue")
    second.says("Page 2 of 3")
    second.press("Page 3")
    second.settle()
    second.press("I have read it all")
    second.look("patient-decide-easy")
    second.follow("I agree")
    second.page.locator("#typed").fill("Odile Ferrand")
    second.look("patient-sign-typed")
    second.press("Sign it")
    second.says("It is signed")
    assert Recipient.objects.get(role=PartyRole.PATIENT).pages_read == 3

    # She changes her mind, by the link to her copy: the team reads it at once.
    site.work()
    Code.objects.update(sent_at=now() - timedelta(minutes=1))
    come_in(second, site.link(), "Receive the code", "Continue")
    second.look("patient-copy")
    second.follow("Withdraw my consent")
    second.page.get_by_label("What would you like to say about it?").fill("I would rather wait.")
    second.look("patient-withdraw")
    second.press("Sign the withdrawal")
    second.says("Your consent is withdrawn")
    second.look("patient-withdrawn")
    site.work()
    sylvie = screen("sylvie")
    consent = Envelope.objects.get(withdraws_id=None)
    sylvie.open(f"/book/{consent.id}/")
    sylvie.says("Consentement retiré par FERRAND Odile")
    sylvie.look("envelope-withdrawn")
    withdrawal = Envelope.objects.get(withdraws_id=consent.id)
    assert withdrawal.state == EnvelopeState.COMPLETED


def test_a_lost_connection_says_so_and_loses_nothing(site: Site, screen: Callable[..., Screen]) -> None:
    sent(site, Party(role=PartyRole.PATIENT, purpose=Purpose.CONSENTS))
    odile = screen(phone=True)
    come_in(odile, site.link(), "Recevoir le code", "Continuer")
    odile.page.context.set_offline(True)
    odile.press("Page 2")
    odile.says("Connexion perdue.")
    odile.says("Page 1 sur 3")
    odile.page.context.set_offline(False)
    odile.press("Page 2")
    odile.says("Page 2 sur 3")
    odile.settle()


def test_fields_are_filled_without_scripts(site: Site, screen: Callable[..., Screen]) -> None:
    allergies = PlacedField(kind=FieldKind.TEXT, page=1, box=(60, 400, 300, 420), label="Allergies connues")
    sent(site, Party(role=PartyRole.PATIENT, purpose=Purpose.CONSENTS, fields=(allergies,)))
    odile = screen(phone=True, scripts=False)
    come_in(odile, site.link(), "Recevoir le code", "Continuer")
    for name in ("Page 2", "Page 3", "J’ai tout lu"):
        odile.press(name)
    odile.follow("J’accepte")
    odile.page.get_by_label("Allergies connues").fill("Iode")
    odile.press("Signer")
    odile.says("C’est signé")
    assert Recipient.objects.get(role=PartyRole.PATIENT).state == "signed"

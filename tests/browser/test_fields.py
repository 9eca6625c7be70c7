"""Fields, as people place and fill them: by mouse, finger and keyboard, and without scripts where patients are."""

from collections.abc import Callable
from uuid import UUID

from telesphore.kernel.clock import now
from telesphore.signature import queries
from telesphore.signature.actions import compose, send
from telesphore.signature.actions.compose import Composition, Part, Party, PlacedField, StepPlan
from telesphore.signature.models import Field
from telesphore.signature.states import FieldKind, PartyRole, Purpose
from tests.browser.screens import Screen
from tests.browser.site import PIN, Site

Turn = Callable[..., Screen]
ALLERGIES = PlacedField(kind=FieldKind.TEXT, page=1, box=(60, 400, 300, 420), label="Allergies connues")
AGREES = PlacedField(kind=FieldKind.CHECKBOX, page=1, box=(60, 370, 74, 384), label="J’accepte l’anesthésie locale")
TRANSPORT = PlacedField(
    kind=FieldKind.CHOICE, page=1, box=(60, 330, 230, 350), label="Transport", options=("Taxi", "Ambulance"),
    required=False,
)  # fmt: skip
DOSE = PlacedField(kind=FieldKind.TEXT, page=1, box=(320, 400, 520, 420), label="Dose prescrite")


def composed(site: Site, *, fields: bool) -> Composition:
    """Odile signs, then Dr Lebrun."""
    odile = Party(
        role=PartyRole.PATIENT, purpose=Purpose.CONSENTS, fields=(ALLERGIES, AGREES, TRANSPORT) if fields else ()
    )
    lebrun = Party(
        role=PartyRole.PROFESSIONAL, person_id=site.cast.lebrun.person_id, purpose=Purpose.VALIDATES,
        fields=(DOSE,) if fields else (),
    )  # fmt: skip
    steps = (StepPlan(parties=(odile,)), StepPlan(parties=(lebrun,)))
    return Composition(documents=(Part(document_id=site.deposit()),), steps=steps)


def draft(site: Site) -> UUID:
    return compose.begin(
        patient_id=site.cast.odile_id, composition=composed(site, fields=False), actor=site.cast.sylvie, at=now()
    )


def kept(site: Site, draft_id: UUID) -> list[tuple[PlacedField, ...]]:
    return [one.fields for one in queries.draft(draft_id=draft_id, actor=site.cast.sylvie).composition.parties]


def open_editor(screen: Screen, draft_id: UUID) -> None:
    screen.open(f"/drafts/{draft_id}/fields")
    screen.page.locator(".f-layer").wait_for()


def middle(screen: Screen) -> tuple[float, float]:
    """Of the page as it stands in the window."""
    box = screen.page.locator(".f-layer").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 3


def test_sylvie_places_fields_with_the_mouse_and_takes_one_back(site: Site, screen: Turn) -> None:
    draft_id = draft(site)
    sylvie = screen("sylvie")
    open_editor(sylvie, draft_id)
    mouse, page = sylvie.page.mouse, sylvie.page
    x, y = middle(sylvie)
    mouse.click(x, y)
    page.locator(".f-box").wait_for()
    page.get_by_label("Qui le remplit").first.select_option("Dr Anne Lebrun")
    page.get_by_label("Genre de champ").first.select_option("Texte")
    # Almost below the first: it takes its left edge.
    mouse.click(x + 20, y + 120)
    first, second = page.locator(".f-box").all()
    box = second.bounding_box()
    assert box is not None
    mouse.move(box["x"] + 10, box["y"] + 5)
    mouse.down()
    mouse.move(box["x"] + 60, box["y"] + 45, steps=4)
    mouse.up()
    moved = second.bounding_box()
    assert moved is not None
    assert moved["x"] > box["x"] + 30
    assert moved["y"] > box["y"] + 25
    sylvie.press("Annuler")
    back = second.bounding_box()
    assert back is not None
    assert abs(back["x"] - box["x"]) < 1
    sylvie.look("fields-editor")
    grip = first.locator(".f-grip").bounding_box()
    assert grip is not None
    mouse.move(grip["x"] + 5, grip["y"] + 5)
    mouse.down()
    mouse.move(grip["x"] + 65, grip["y"] + 35, steps=4)
    mouse.up()
    sylvie.press("Garder les champs")
    sylvie.says("Les champs sont gardés.")
    odiles, lebruns = kept(site, draft_id)
    assert [one.kind for one in odiles] == [FieldKind.SIGNATURE]
    assert [one.kind for one in lebruns] == [FieldKind.TEXT]
    left, bottom, right, top = odiles[0].box
    assert right - left > 200
    assert top - bottom > 60
    # On the grid.
    assert left % 4 == 0


def test_sylvie_places_fields_by_keyboard_alone(site: Site, screen: Turn) -> None:
    draft_id = draft(site)
    sylvie = screen("sylvie", language="en")
    open_editor(sylvie, draft_id)
    page = sylvie.page
    page.get_by_role("button", name="Put it on this page").press("Enter")
    box = page.locator(".f-box:focus")
    box.wait_for()
    before = box.bounding_box()
    assert before is not None
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "+", "Shift+ArrowRight"):
        page.keyboard.press(key)
    after = box.bounding_box()
    assert after is not None
    assert after["x"] < before["x"]
    assert after["width"] > before["width"]
    page.get_by_role("button", name="Put it on this page").press("Enter")
    assert page.locator(".f-box").count() == 2
    page.keyboard.press("Delete")
    assert page.locator(".f-box").count() == 1
    page.keyboard.press("Control+z")
    assert page.locator(".f-box").count() == 2
    page.locator(".f-box").first.press("Enter")
    page.keyboard.type("Signature of the patient")
    sylvie.look("fields-editor-keyboard")
    page.get_by_role("button", name="Keep the fields").press("Enter")
    sylvie.says("The fields are kept.")
    odiles, _lebruns = kept(site, draft_id)
    assert [one.label for one in odiles] == ["Signature of the patient", ""]


def test_sylvie_places_a_field_with_a_finger(site: Site, screen: Turn) -> None:
    draft_id = draft(site)
    sylvie = screen("sylvie", phone=True)
    open_editor(sylvie, draft_id)
    page = sylvie.page
    page.get_by_label("Genre de champ").first.select_option("Case à cocher")
    page.locator(".f-layer").scroll_into_view_if_needed()
    page.locator(".f-layer").tap(position={"x": 80, "y": 90})
    page.locator(".f-box").wait_for()
    sylvie.look("fields-editor-touch")
    sylvie.press("Garder les champs")
    sylvie.says("Les champs sont gardés.")
    assert [one.kind for one in kept(site, draft_id)[0]] == [FieldKind.CHECKBOX]


def test_without_scripts_the_list_serves_alone(site: Site, screen: Turn) -> None:
    draft_id = draft(site)
    sylvie = screen("sylvie", scripts=False)
    sylvie.open(f"/drafts/{draft_id}/fields")
    sylvie.press("Ajouter un champ")
    row = sylvie.page.locator("[data-row]")
    row.locator("summary").click()
    row.get_by_label("Genre de champ").select_option("Date")
    row.get_by_label("Page").fill("2")
    sylvie.press("Garder les champs")
    sylvie.says("Les champs sont gardés.")
    (placed,) = kept(site, draft_id)[0]
    assert (placed.kind, placed.page, placed.box) == (FieldKind.DATE, 1, (60, 60, 240, 108))


def test_odile_and_her_doctor_fill_in_what_is_asked(site: Site, screen: Turn) -> None:
    site.provision("lebrun")
    envelope_id = send.send_composition(composition=composed(site, fields=True), actor=site.cast.sylvie, at=now())
    site.work()
    odile = screen(phone=True)
    odile.open(site.link())
    odile.press("Recevoir le code")
    odile.page.locator("#code").fill(site.code())
    odile.press("Continuer")
    odile.settle()
    for number in (2, 3):
        odile.press(f"Page {number}")
        odile.settle()
    odile.press("J’ai tout lu")
    odile.follow("J’accepte")
    odile.look("patient-sign-fields")
    odile.fill("Allergies connues", "Pénicilline")
    odile.page.get_by_label("Transport").select_option("Ambulance")
    # Without the box that must be ticked: the browser holds it back, without scripts too.
    odile.press("Signer")
    assert odile.page.locator("input:invalid").count() == 1
    odile.page.get_by_label("J’accepte l’anesthésie locale").check()
    odile.press("Signer")
    odile.says("C’est signé")
    site.work()
    lebrun = screen("lebrun")
    lebrun.open(f"/book/{envelope_id}/")
    lebrun.look("envelope-fields")
    lebrun.fill("Code PIN de votre carte", PIN)
    lebrun.press("Signer")
    lebrun.says("Ce champ est obligatoire.")
    lebrun.look("envelope-fields-missing")
    lebrun.fill("Dose prescrite", "500 mg")
    lebrun.fill("Code PIN de votre carte", PIN)
    lebrun.press("Signer")
    lebrun.says("C’est signé.")
    assert not Field.objects.filter(envelope_id=envelope_id, value_sealed=None).exists()

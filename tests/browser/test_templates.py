"""Templates and lists sent to many, as a secretary meets them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from telesphore.cli.demonstration.consent import consent_form
from telesphore.signature.models import BulkRow, Envelope
from telesphore.signature.states import RowState
from tests.browser.screens import MANY, Screen
from tests.browser.site import Site
from tests.signature.templates import given, made, patients, used

Turn = Callable[..., Screen]
EITHER = pytest.mark.parametrize(
    "device",
    [{"phone": False, "language": "fr"}, {"phone": True, "language": "en", "dark": True}],
    ids=["desk-french-light", "phone-english-dark"],
)


def test_a_template_is_made_used_and_sent_to_a_list_with_bad_rows(screen: Turn, site: Site, tmp_path: Path) -> None:
    form, listed = tmp_path / "form.pdf", tmp_path / "list.csv"
    form.write_bytes(consent_form().pdf)
    good, bad = (195, 5) if MANY else (3, 2)
    known = [str(one) for one in patients(site.cast.sylvie, good)]
    strangers = [f"Inconnu {number}" for number in range(bad)]
    step = good // (bad - 1)
    rows = [row for n, one in enumerate(strangers) for row in (one, *known[n * step : (n + 1) * step])]
    listed.write_text("\n".join(["patient", *rows, *known[bad * step :]]))
    lebrun = screen("lebrun")
    lebrun.open("/circuits/templates/")
    lebrun.look("templates-none")
    lebrun.follow("Nouveau modèle")
    lebrun.fill("Nom du modèle", "Consentement à l’endoscopie")
    lebrun.page.get_by_label("Qui s’en sert").select_option("organisation")
    lebrun.page.get_by_label("Formulaire vierge").set_input_files(form)
    lebrun.fill("Titre du document", "Consentement de {{patient.name}}")
    lebrun.page.get_by_label("Puis signe").select_option("chosen")
    lebrun.press("Garder le modèle")
    lebrun.says("Le modèle est prêt.")
    lebrun.settle()
    lebrun.look("template")

    sylvie = screen("sylvie", phone=True)
    sylvie.open("/circuits/")
    sylvie.follow("Modèles")
    sylvie.follow("Consentement à l’endoscopie")
    sylvie.settle()
    sylvie.follow("Utiliser pour un patient")
    sylvie.follow("FERRAND Odile")
    sylvie.page.get_by_label("Professionnel").select_option(str(site.cast.lebrun.person_id))
    sylvie.look("template-use")
    sylvie.press("Envoyer")
    sylvie.says("C’est parti.")
    assert Envelope.objects.count() == 1

    sylvie.open("/circuits/templates/")
    sylvie.follow("Consentement à l’endoscopie")
    sylvie.settle()
    sylvie.follow("Envoyer à plusieurs patients")
    sylvie.page.get_by_label("Professionnel").select_option(str(site.cast.lebrun.person_id))
    sylvie.page.get_by_label("Liste (CSV)").set_input_files(listed)
    sylvie.press("Vérifier la liste")
    sylvie.look("bulk-checking")
    site.work()
    # The page asks by itself.
    sylvie.says(f"{good} enveloppes seront envoyées.")
    sylvie.says(f"{bad} lignes ne le seront pas : la liste dit pourquoi.")
    sylvie.look("bulk-ready")
    sylvie.press(f"Envoyer {good} enveloppes")
    sylvie.says(f"0 sur {good}")
    sylvie.look("bulk-sending")
    site.work()
    sylvie.says(f"{good} enveloppes envoyées.")
    sylvie.look("bulk-done")
    sent = Envelope.objects.exclude(patient_id=site.cast.odile_id).values_list("patient_id", flat=True)
    assert sorted(map(str, sent)) == sorted(known)
    assert BulkRow.objects.filter(state=RowState.BAD).count() == bad


@EITHER
def test_pages_of_templates(screen: Turn, site: Site, device: dict[str, Any]) -> None:
    cast = site.cast
    template_id = made(cast)
    draft_id = used(cast, template_id)
    bulk_id = given(cast, template_id, f"patient\nInconnu\n{cast.odile_id}")
    lebrun, sylvie = screen("lebrun", **device), screen("sylvie", **device)
    for name, path in {
        "templates": "", "template-new": "new", "template": f"{template_id}/",
        "template-change": f"{template_id}/change", "template-put-away": f"{template_id}/put-away",
    }.items():  # fmt: skip
        lebrun.open(f"/circuits/templates/{path}")
        lebrun.look(name)
    for name, path in {
        "template-patients": f"/circuits/templates/{template_id}/use/",
        "bulk-new": f"/circuits/templates/{template_id}/many",
        "template-use": f"/circuits/templates/{template_id}/use/{cast.odile_id}", "bulks": "/circuits/bulk/",
        "bulk": f"/circuits/bulk/{bulk_id}/", "template-from-draft": f"/drafts/{draft_id}/template",
        "templates-for-patient": f"/records/{cast.odile_id}/templates",
        "record-with-templates": f"/records/{cast.odile_id}/", "circuits": "/circuits/",
    }.items():  # fmt: skip
        sylvie.open(path)
        sylvie.look(name)


def test_a_list_is_followed_without_javascript(screen: Turn, site: Site) -> None:
    cast = site.cast
    bulk_id = given(cast, made(cast), f"patient\nInconnu\n{cast.odile_id}")
    sylvie = screen("sylvie", scripts=False)
    sylvie.open(f"/circuits/bulk/{bulk_id}/")
    sylvie.press("Envoyer 1 enveloppe")
    sylvie.says("0 sur 1")
    site.work()
    sylvie.open(f"/circuits/bulk/{bulk_id}/")
    sylvie.says("1 enveloppe envoyée.")

"""How long proofs last, as an administrator and an auditor see it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.signature.actions import renew
from telesphore.signature.models import Proof
from tests.browser.screens import Screen
from tests.browser.site import Site
from tests.signature.guard import Clockwork, completed, guarded

Turn = Callable[..., Screen]
EITHER = pytest.mark.parametrize(
    "device",
    [{"phone": False, "language": "fr"}, {"phone": True, "language": "en", "dark": True}],
    ids=["desk-french-light", "phone-english-dark"],
)


@EITHER
def test_an_organisation_without_signed_documents(site: Site, screen: Turn, device: dict[str, Any]) -> None:
    claire = screen("claire", **device)
    claire.open("/retention/")
    claire.says({"fr": "Aucun document n’est encore veillé.", "en": "No document is watched yet."}[device["language"]])
    claire.look("retention-empty")


@EITHER
def test_the_years_to_come_and_what_hangs_on_each_authority(site: Site, screen: Turn, device: dict[str, Any]) -> None:
    clockwork = Clockwork()
    guardian = Actor.system(client="the guardian")
    with guarded(clockwork):
        for _ in range(3):
            completed(site.cast)
        renew.renew_due(actor=guardian, at=now())
        completed(site.cast)
        clockwork.away = True
        renew.renew_due(actor=guardian, at=now() + timedelta(minutes=5))
    # As if one had been stamped two years ago.
    first = Proof.objects.filter(timestamped=True).first()
    assert first is not None
    Proof.objects.filter(id=first.id).update(
        due_at=first.due_at + timedelta(days=700), weakens_at=first.weakens_at + timedelta(days=700)
    )

    hugo = screen("hugo", **device)
    hugo.open("/retention/")
    hugo.says({"fr": "Si une autorité s’arrêtait demain", "en": "If an authority stopped tomorrow"}[device["language"]])
    hugo.says("Autorité du temps")
    hugo.look("retention")

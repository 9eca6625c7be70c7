"""Choosing a professional among many: by part of a name, a unit or a number; never who does not work here."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from telesphore.accounts import actions as accounts
from telesphore.accounts import queries
from telesphore.accounts.models import Membership, Person, Unit
from telesphore.accounts.states import Role
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.signature.models import Recipient
from telesphore.web.choosing import FEW, SHOWN
from tests.accounts.members import claire, hired
from tests.cast import LONG_AGO, Cast
from tests.entering import as_person
from tests.signature.circuits import by, sent
from tests.web.test_compose_pages import begun, deposited, kept, plan, press

ASKED = "colleague"


def fill_with_people(cast: Cast) -> None:
    """More professionals than a list shows come to work at the hospital."""
    people = Person.objects.bulk_create(
        Person(
            id=uuid7(), email=f"n{n}@montfaucy.example", given_name="Noémie", family_name=f"Nérac{n:02}", password="!"
        )
        for n in range(FEW + 1)
    )
    Membership.objects.bulk_create(
        Membership(organisation_id=cast.hospital, person_id=one.id, role=Role.PROFESSIONAL, starts_at=LONG_AGO)
        for one in people
    )


@pytest.fixture
def crowd(cast: Cast) -> Cast:
    """A hospital where more professionals work than a list shows."""
    fill_with_people(cast)
    return cast


def found(cast: Cast, words: str, **how: object) -> list[str]:
    lines = queries.find_professionals(
        organisation_id=cast.hospital,
        at=now(),
        words=words,
        **{"most": SHOWN, **how},  # type: ignore[arg-type]
    )
    return [line.display_name for line in lines]


def test_they_are_found_by_name_without_accents_by_unit_and_by_number(crowd: Cast) -> None:
    Person.objects.filter(id=crowd.lebrun.person).update(rpps="10005172665")
    person = Person.objects.get(id=crowd.lebrun.person)
    unit = Unit.objects.create(organisation_id=crowd.hospital, name="Réanimation").id
    Membership.objects.filter(person_id=person.id).update(unit_id=unit)
    for words in ("lebrun", "LEB", f"{person.given_name[:2]} lebr", "reani", person.rpps[:6], "réanimation lebrun"):
        assert found(crowd, words) == [person.display_name], words
    for words in ("brun", "%", "_", "lebrun nerac", "x" * 200, "-"):
        assert person.display_name not in found(crowd, words, apart=[person.id] if words == "-" else []), words
    assert len(found(crowd, "nerac")) == SHOWN
    line = queries.find_professionals(organisation_id=crowd.hospital, at=now(), words="lebrun", most=1)[0]
    assert (line.units, line.rpps) == (("Réanimation",), person.rpps)


def test_who_left_is_suspended_works_elsewhere_or_does_not_practise_is_never_found(crowd: Cast) -> None:
    administrator = claire(crowd)
    gone, held = (hired(crowd.hospital, name, Role.PROFESSIONAL) for name in ("Ursule", "Vianney"))
    assert [*found(crowd, "ursule"), *found(crowd, "vianney")] == ["Ursule Moreau", "Vianney Moreau"]
    accounts.leave(person_id=gone.person, actor=administrator, at=now())
    accounts.suspend(person_id=held.person, actor=administrator, at=now())
    elsewhere = Person.objects.get(id=crowd.cherif.person)
    secretary = Person.objects.get(id=crowd.sylvie.person)
    for words in ("ursule", "vianney", elsewhere.family_name, secretary.family_name, "claire"):
        assert found(crowd, words) == [], words


def test_the_search_is_a_part_of_a_page_for_those_who_choose(crowd: Cast) -> None:
    where = f"/colleagues?for={ASKED}&{ASKED}-q=lebrun"
    sylvie = as_person(crowd.sylvie.person_id)
    page = sylvie.get(where).content.decode()
    assert re.findall(r'name="(.*?)" value="(.*?)"', page) == [(f"{ASKED}-found", str(crowd.lebrun.person))]
    assert 'type="radio"' not in as_person(crowd.cherif.person_id).get(where).content.decode()
    auditor = hired(crowd.hospital, "Audrey", Role.AUDITOR)
    assert as_person(auditor.person_id).get(where).status_code == 403
    assert sylvie.get('/colleagues?for="><script>&"><script>-q=lebrun\x00').content.decode().count("<script") == 0
    with CaptureQueriesContext(connection) as few:
        sylvie.get(where)
    with CaptureQueriesContext(connection) as many:
        sylvie.get(f"/colleagues?for={ASKED}&{ASKED}-q=nerac")
    assert len(few) == len(many)


def test_a_place_is_handed_over_to_somebody_searched_without_a_script(crowd: Cast) -> None:
    envelope_id = sent(crowd, [by(crowd.lebrun)])
    client, place = as_person(crowd.lebrun.person_id), f"/book/{envelope_id}/hand-over"
    page = client.get(place).content.decode()
    assert "Ricaud" not in page
    assert "<select" not in page.split("<main")[1].split("</main")[0]
    answers = [
        ({"q": "ricaud"}, str(crowd.ricaud.person), 422),
        ({"q": "personne"}, None, 422),
        ({"q": "lebrun"}, None, 422),
        ({"q": "nerac", "found": str(crowd.ricaud.person)}, None, 422),
        ({"q": "ricaud", "found": str(crowd.cherif.person)}, str(crowd.ricaud.person), 422),
        ({"found": str(crowd.cherif.person)}, None, 422),
        ({"found": "x"}, None, 422),
    ]
    for typed, offered, status in answers:
        answer = client.post(place, {f"{ASKED}-{name}": value for name, value in typed.items()})
        assert answer.status_code == status, typed
        choices = re.findall(r'type="radio" name="colleague-found" value="(.*?)"', answer.content.decode())
        assert (offered in choices) if offered else (str(crowd.ricaud.person) not in choices), typed
    done = client.post(place, {f"{ASKED}-q": "ricaud", f"{ASKED}-found": str(crowd.ricaud.person)})
    assert done.status_code == 302
    assert Recipient.objects.get(envelope_id=envelope_id).person_id == crowd.ricaud.person


def test_a_circuit_is_composed_of_people_searched_and_nothing_typed_is_lost(crowd: Cast) -> None:
    draft_id = begun(crowd, plan(crowd, deposited(crowd, "Lettre", 1)))
    sylvie, before = as_person(crowd.sylvie.person_id), kept(crowd, draft_id)
    for act in ("add-party:0", "enter"):
        page = press(sylvie, crowd, draft_id, act, title="Le titre", **{"add-0-q": "ricaud"})
        assert (page.status_code, kept(crowd, draft_id)) == (422 if act != "enter" else page.status_code, before)
        text = page.content.decode()
        assert str(crowd.ricaud.person) in text
        assert 'value="Le titre"' in text
    press(sylvie, crowd, draft_id, "add-party:0", **{"add-0-q": "ricaud", "add-0-found": str(crowd.ricaud.person)})
    assert kept(crowd, draft_id).steps[0].parties[-1].person_id == crowd.ricaud.person
    press(sylvie, crowd, draft_id, "watch", **{"watcher-q": "nerac", "watcher-found": str(_nerac())})
    assert kept(crowd, draft_id).watchers == (_nerac(),)
    page = sylvie.get(f"/drafts/{draft_id}/").content.decode()
    assert set(re.findall(r"Nérac\d+", page)) == {"Nérac01"}, "the page names who was chosen, and nobody else"


def _nerac() -> object:
    return Person.objects.get(family_name="Nérac01").id

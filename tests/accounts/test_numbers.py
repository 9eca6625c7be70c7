"""National numbers: what is one, and what can't be."""

import pytest

from telesphore.accounts.formats.nomenclatures import PROFESSIONS, SPECIALTIES
from telesphore.accounts.formats.numbers import BadNumber, Finess, Rpps, Siren, Siret


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        (Finess, "590064036", "590064036"),
        (Finess, "75 071 218 4", "750712184"),
        (Finess, "2a0000014", "2A0000014"),
        (Siren, "732 829 320", "732829320"),
        (Siret, "732 829 320 00074", "73282932000074"),
        # Head office of La Poste, then a post office, whose digits only add up to a multiple of five.
        (Siret, "35600000000048", "35600000000048"),
        (Siret, "35600000049837", "35600000049837"),
        (Rpps, "10000005479", "10000005479"),
    ],
)
def test_a_number_that_holds_is_kept_without_its_spaces(kind: type[Rpps], typed: str, kept: str) -> None:
    assert kind.parse(typed).text == kept


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        (Finess, "590064037"), (Finess, "59006403"), (Finess, "59006403É"), (Finess, ""),
        (Siren, "732829321"), (Siren, "73282932A"), (Siren, "7328293200"),
        (Siret, "73282932000075"), (Siret, "35600000049838"), (Siret, "73282932"),
        (Rpps, "10000005478"), (Rpps, "1000000547"), (Rpps, "٣٠٠٠٠٠٠٥٤٧٩"),
    ],
)  # fmt: skip
def test_a_number_that_can_not_be_is_refused(kind: type[Rpps], typed: str) -> None:
    with pytest.raises(BadNumber):
        kind.parse(typed)


def test_every_single_wrong_digit_of_an_rpps_is_seen() -> None:
    good = "10000005479"
    for place in range(len(good)):
        for digit in set("0123456789") - {good[place]}:
            with pytest.raises(BadNumber):
                Rpps.parse(good[:place] + digit + good[place + 1 :])


def test_the_national_identifier_is_the_number_after_its_kind() -> None:
    assert Rpps.parse("10000005479").national_id == "810000005479"


def test_a_specialty_is_of_a_profession_that_is_known_and_has_a_label_in_each_language() -> None:
    assert PROFESSIONS["60"].label("fr") == "Infirmier"
    assert SPECIALTIES["SM41"].label("en-gb") == "pulmonology"
    assert SPECIALTIES["SM41"].label("fr-fr") == "Pneumologie"
    for term in SPECIALTIES.values():
        assert term.profession in PROFESSIONS
        assert term.french
        assert term.english

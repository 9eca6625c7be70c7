"""Lists as spreadsheets write them, read as they come and given back safe."""

import csv
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as any_

from telesphore.signature.formats import rows

LIST = "Nom;Prénom;Date de naissance\nBérénice;Zoé;01/02/1960\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_list_is_read_however_a_spreadsheet_saved_it(encoding: str, delimiter: str) -> None:
    table = rows.parse(LIST.replace(";", delimiter).replace("\n", "\r\n").encode(encoding))

    assert table == rows.Table(("name", "given_name", "birth_date"), (("Bérénice", "Zoé", "01/02/1960"),))


def test_short_rows_are_filled_and_empty_ones_left_out() -> None:
    assert rows.parse(b"patient;salle\n\na\n;\nb;4\n").rows == (("a", ""), ("b", "4"))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"patient\n", b"patient;\x00\nx;y", b"patient;patient\nx;y", b"patient;INS;matricule ins\nx;y;z",
        b"patient\nx;y", b"patient;;salle\nx;y;z", b'patient\n"x', b"patient\n" + b"x" * 501,
        b"patient\n" + b"x\n" * 2001,
        b"patient\n" + b"x" * (2 * 2**20),
        ";".join(f"c{n}" for n in range(41)).encode() + b"\nx",
    ],
)  # fmt: skip
def test_what_is_no_list_or_too_large_is_refused(content: bytes) -> None:
    with pytest.raises(rows.Unreadable):
        rows.parse(content)


@pytest.mark.parametrize("cell", ["=1+1", "+33639980147", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1"])
def test_nothing_in_a_list_given_back_runs_in_a_spreadsheet(cell: str) -> None:
    written = rows.write([("patient",), (cell,)]).decode("utf-8-sig")

    (_, (found,)) = list(csv.reader(io.StringIO(written, newline=""), delimiter=";"))
    assert found == f"'{cell}"


def test_a_list_given_back_is_read_again_as_it_was() -> None:
    table = rows.parse(rows.write([("patient", "salle"), ("+33639980147", "4")]))

    assert table.rows == (("+33639980147", "4"),)


@given(any_.binary(max_size=300))
def test_any_bytes_are_a_list_or_refused(content: bytes) -> None:
    try:
        table = rows.parse(content)
    except rows.Unreadable:
        return
    assert all(len(row) == len(table.header) for row in table.rows)


def test_days_are_read_as_they_are_written_here() -> None:
    assert rows.day("31/12/2026") == rows.day("2026-12-31") == date(2026, 12, 31)
    with pytest.raises(ValueError, match=r"^$"):
        rows.day("12/31/2026")


def test_names_are_the_same_but_for_case_accents_and_hyphens() -> None:
    assert rows.same_name("LE GOFF-Hélène", "Le Goff Helene")
    assert not rows.same_name("Martin", "Martine")
    assert not rows.same_name("", "")

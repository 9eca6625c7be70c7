"""Lists of patients: CSV as spreadsheets write it, on the way in and on the way back."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

MEGABYTE = 2**20
LARGEST = 2 * MEGABYTE
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 2000, 40, 500

INS, PATIENT, NAME, GIVEN, BORN, DUE, PROFESSIONAL = (
    "ins", "patient", "name", "given_name", "birth_date", "due", "professional"
)  # fmt: skip
_WORDS = {
    INS: ("ins", "matricule_ins", "nir"),
    PATIENT: ("patient", "patient_id", "id", "identifiant"),
    NAME: ("name", "birth_name", "family_name", "nom", "nom_de_naissance", "nom_naissance"),
    GIVEN: ("given_name", "given_names", "first_name", "prenom", "prenoms"),
    BORN: ("birth_date", "born", "date_de_naissance", "date_naissance", "ne_le"),
    DUE: ("due", "due_date", "echeance", "avant_le"),
    PROFESSIONAL: ("professional", "rpps", "professionnel", "medecin", "courriel_professionnel"),
}
_MEANINGS = {word: meaning for meaning, words in _WORDS.items() for word in words}


class Unreadable(ValueError):
    """Not a list that we read: too large, too many rows or columns, no header, not text."""


@dataclass(frozen=True, slots=True)
class Table:
    """A list, parsed.

    Attributes:
        header: what each column means: one of ours, or a merge field's name.
        rows: as many cells as the header has.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def parse(content: bytes) -> Table:
    """Read a CSV: UTF-8 with or without BOM, UTF-16 with BOM, else Windows-1252; separated by `;`, `,` or tabs, told by
    the header.

    Raises:
        Unreadable
    """
    if len(content) > LARGEST:
        raise Unreadable
    text = _decode(content)
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(";,\t", key=first.count)
    header: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = _header(cells)
                continue
            if len(rows) == MOST_ROWS or len(cells) > len(header) or any(len(cell) > LONGEST_CELL for cell in cells):
                raise Unreadable
            filled = [*cells, *[""] * (len(header) - len(cells))]
            rows.append(tuple(_told(cell) for cell in filled))
    except csv.Error:
        raise Unreadable from None
    if not rows:
        raise Unreadable
    return Table(header, tuple(rows))


def table(given: Sequence[Mapping[str, str]]) -> Table:
    """A list that comes as objects, whose keys are column names; a cell that is not given is empty.

    Raises:
        Unreadable
    """
    names = list(dict.fromkeys(name for line in given for name in line))
    if not 1 <= len(given) <= MOST_ROWS or any(len(cell) > LONGEST_CELL for line in given for cell in line.values()):
        raise Unreadable
    if not all(name.strip() for name in names):
        raise Unreadable
    header = _header(names)
    return Table(header, tuple(tuple(line.get(name, "").strip() for name in names) for line in given))


def _decode(content: bytes) -> str:
    try:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            text = content.decode("utf-16")
        else:
            text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Latin-1, which every byte fits; what Windows puts in its gap is told rightly.
        text = content.decode("cp1252", "replace")
    if "\0" in text:
        raise Unreadable
    return text


def _header(cells: Sequence[str]) -> tuple[str, ...]:
    names = [_name(cell) for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names or len(names) > MOST_COLUMNS or not all(names) or len(set(names)) != len(names):
        raise Unreadable
    return tuple(names)


def _name(cell: str) -> str:
    plain = unicodedata.normalize("NFKD", cell.strip().casefold())
    word = re.sub(r"[^a-z0-9.]+", "_", "".join(char for char in plain if not unicodedata.combining(char))).strip("_")
    return _MEANINGS.get(word, word[:40])


def _told(cell: str) -> str:
    """What a cell says: a quote that we or a spreadsheet put before what looks like a formula is taken away."""
    text = cell.strip()
    return text[1:] if text.startswith("'") and text[1:2] in _FORMULA else text


_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(lines: Iterable[Sequence[object]]) -> bytes:
    """A CSV that spreadsheets open as it is (UTF-8 with BOM, `;`), and that runs nothing there: what would be a formula
    is quoted."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    for line in lines:
        writer.writerow([_safe(str(cell)) for cell in line])
    return ("\ufeff" + out.getvalue()).encode()


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.lstrip().startswith(_FORMULA) or cell.startswith(_FORMULA) else cell


def day(text: str) -> date:
    """A day as ISO 8601 or as the French write it.

    Raises:
        ValueError
    """
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone.
        except ValueError:
            continue
    raise ValueError


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for case, accents and what joins their parts."""
    return _name_key(one) == _name_key(other) != ""


def _name_key(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"[^\W\d_]+", "".join(char for char in plain if not unicodedata.combining(char))))

"""Professionals found among many, by what one knows of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.db.models.expressions import Func, Value
from django.db.models.fields import TextField
from django.db.models.functions import Concat, Lower

from telesphore.accounts.models import Person
from telesphore.accounts.queries.people import live
from telesphore.accounts.states import Role

MOST_WORDS = 5
# As many letters on both sides; what the French write with an accent is often typed without.
_ACCENTED, _PLAIN = "àâäáçéèêëîïíôöóùûüúÿñ-’'", "aaaaceeeeiiiooouuuuyn   "


@dataclass(frozen=True, slots=True)
class ProfessionalLine:
    """What tells one professional from another of the same name.

    Attributes:
        profession: TRE_G15 code.
        units: where they work in the organisation, by name.
        rpps: 11 digits; empty when they have none.
    """

    person_id: UUID
    display_name: str
    specialty: str
    profession: str
    units: tuple[str, ...]
    rpps: str


def find_professionals(
    *,
    organisation_id: UUID,
    at: datetime,
    most: int,
    words: str = "",
    among: Iterable[UUID] | None = None,
    apart: Iterable[UUID] = (),
) -> list[ProfessionalLine]:
    """The organisation's professionals at `at`, at most `most`, by family name, in two queries.

    Args:
        words: each begins a word of their names, their specialty or the name of their unit, whatever the accents; or
            begins their RPPS number. The first `MOST_WORDS` count.
        among: none but these.
        apart: none of these.
    """
    held = live(at).filter(organisation_id=organisation_id, role=Role.PROFESSIONAL)
    theirs = held.filter(person_id=OuterRef("id"))
    rows = Person.objects.exclude(id__in=set(apart)).filter(Exists(theirs))
    if among is not None:
        rows = rows.filter(id__in=set(among))
    if words.strip():
        known = Concat(
            Value(" "), "given_name", Value(" "), "family_name", Value(" "), "specialty", output_field=TextField()
        )
        rows = rows.annotate(known_as=_plain(known))
    for word in words.split()[:MOST_WORDS]:
        begins = " " + word.lower().translate(str.maketrans(_ACCENTED, _PLAIN)).strip()
        in_unit = theirs.annotate(ward=_plain(Concat(Value(" "), "of_unit__name", output_field=TextField()))).filter(
            ward__contains=begins
        )
        rows = rows.filter(Q(known_as__contains=begins) | Q(rpps__startswith=word) | Exists(in_unit))
    people = list(rows.order_by("family_name", "given_name", "id")[:most])
    units: dict[UUID, set[str]] = {}
    for row in held.filter(person_id__in=[person.id for person in people]).select_related("of_unit"):
        units.setdefault(row.person_id, set()).add(row.of_unit.name if row.of_unit else row.unit)
    return [
        ProfessionalLine(
            person.id,
            person.display_name,
            person.specialty,
            person.profession,
            tuple(sorted(units.get(person.id, set()) - {""})),
            person.rpps,
        )
        for person in people
    ]


def _plain(text: Concat) -> Func:
    return Func(Lower(text), Value(_ACCENTED), Value(_PLAIN), function="translate", output_field=TextField())

"""What userinfo says of a professional: the directory's own fields, most of them empty, none of them promised."""

import re
from collections.abc import Mapping
from typing import Any

from telesphore.accounts.ports import Activity, AnswerNotTrusted

MOST_ACTIVITIES = 40
LONGEST = 200
"""Characters of a field that are kept."""

_NATIONAL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9/._-]{2,63}")
_CODE = re.compile(r"[A-Za-z0-9]{1,16}")


def national_id(userinfo: Mapping[str, Any]) -> str:
    """`SubjectNameID`: 8 + RPPS, 0 + ADELI, or the establishment's own form, e.g. `30B0168811/CPET00001`.

    Raises:
        AnswerNotTrusted: there is none.
    """
    value = userinfo.get("SubjectNameID")
    if not isinstance(value, str) or not _NATIONAL_ID.fullmatch(value):
        raise AnswerNotTrusted(why="SubjectNameID")
    return value


def activities(userinfo: Mapping[str, Any]) -> tuple[Activity, ...]:
    """Of all exercises (`SubjectRefPro.exercices[].activities[]`), without repetition, the first `MOST_ACTIVITIES`."""
    reference = userinfo.get("SubjectRefPro")
    found: dict[Activity, None] = {}
    for exercise in _tables(reference, "exercices"):
        for one in _tables(exercise, "activities"):
            activity = Activity(
                profession=_code(exercise, "codeProfession"),
                specialty=_code(exercise, "codeSavoirFaire"),
                sector=_code(one, "codeSecteurDactivite"),
                structure=text(one, "raisonSocialeSite") or text(one, "enseigneCommercialeSite"),
                postcode=_code(one, "codePostal"),
                finess=_code(one, "numeroFinessSite"),
                legal_finess=_code(one, "numeroFinessetablissementJuridique"),
                siret=_code(one, "numeroSiretSite"),
            )
            found[activity] = None
            if len(found) == MOST_ACTIVITIES:
                return tuple(found)
    return tuple(found)


def text(table: Mapping[str, Any], name: str) -> str:
    """A field as it may be shown; empty when it is missing or no text."""
    value = table.get(name)
    if not isinstance(value, str):
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in value[:LONGEST]).split())


def _code(table: Mapping[str, Any], name: str) -> str:
    value = table.get(name)
    return value if isinstance(value, str) and _CODE.fullmatch(value) else ""


def _tables(table: Any, name: str) -> list[Mapping[str, Any]]:
    value = table.get(name) if isinstance(table, dict) else None
    return [one for one in value[:MOST_ACTIVITIES] if isinstance(one, dict)] if isinstance(value, list) else []

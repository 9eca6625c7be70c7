"""Rid a composition of its patient, so that it may become a template."""

import re

from telesphore.records.models import Patient
from telesphore.signature.formats import merge
from telesphore.signature.models import Composition, Party
from telesphore.signature.states import GUESTS


def without_patient(composition: Composition, patient: Patient) -> Composition:
    """A composition as a template may hold it: nothing of its patient, no professional yet."""

    def party(one: Party) -> Party:
        guest = one.role in GUESTS
        fields = tuple(
            field.model_copy(
                update={
                    "label": unnamed(field.label, patient),
                    # What the sender wrote there, they wrote for this patient; merge fields they wrote for all.
                    "value": field.value if merge.marks([field.value]) else "",
                }
            )
            for field in one.fields
        )
        gone = {"name": "", "email": "", "phone": ""} if guest else {}
        return one.model_copy(update={"person_id": None, "fields": fields, **gone})

    return composition.model_copy(
        update={
            "title": unnamed(composition.title, patient),
            "message": unnamed(composition.message, patient),
            "easy_text": unnamed(composition.easy_text, patient),
            "documents": (),
            "steps": tuple(
                step.model_copy(update={"parties": tuple(party(one) for one in step.parties)})
                for step in composition.steps
            ),
            "due_at": None,
            "act_on": None,
        }
    )


def names(text: str, patient: Patient) -> bool:
    """Whether a text says who this patient is: given and family name side by side, family name and birth date, INS."""
    if patient.ins and patient.ins[:13] in re.sub(r"\s", "", text):
        return True
    families = [re.escape(name) for name in (patient.birth_name, patient.used_name) if name]
    given = re.escape(patient.given_names.split()[0])
    family = "|".join(families)
    if re.search(rf"\b(?:{family})\W+{given}\b|\b{given}\W+(?:{family})\b", text, re.IGNORECASE):
        return True
    born = patient.birth_date
    dated = f"{born:%d/%m/%Y}" in text or born.isoformat() in text
    return dated and re.search(rf"\b(?:{family})\b", text, re.IGNORECASE) is not None


def unnamed(text: str, patient: Patient) -> str:
    """The text with merge fields where it says the patient's name and birth date."""
    given = patient.given_names.split()[0]
    for family in {patient.used_name, patient.birth_name} - {""}:
        for written in (f"{family} {given}", f"{given} {family}"):
            text = re.sub(rf"\b{re.escape(written)}\b", "{{patient.name}}", text, flags=re.IGNORECASE)
    for written in (f"{patient.birth_date:%d/%m/%Y}", patient.birth_date.isoformat()):
        text = text.replace(written, "{{patient.birth_date}}")
    return text

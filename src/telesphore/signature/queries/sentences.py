"""What is signed, in words: one sentence, by what the signature means and by who gives it."""

from dataclasses import dataclass

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from telesphore.records.states import Language
from telesphore.signature.states import PartyRole, Purpose


@dataclass(frozen=True, slots=True)
class Spoken:
    """Who says it, of what.

    Attributes:
        name: the signer's.
        quality: a guest's, such as "interprète en LSF"; empty for none.
        patient: whose document it is.
        represents: whether the signer stands for the patient.
        pages: of all the documents together.
        language: what the patient speaks (ISO 639-1), for whom it is translated; empty for what the pages speak.
    """

    name: str
    patient: str
    title: str
    sender: str
    pages: int
    role: str = PartyRole.PATIENT
    purpose: str = Purpose.CONSENTS
    represents: bool = False
    quality: str = ""
    language: str = ""


def sentence(spoken: Spoken, language: str) -> str:
    """The sentence, in French or English."""
    with translation.override(language):
        who = f"{spoken.name} ({spoken.quality})" if spoken.quality else spoken.name
        values = {
            "name": who,
            "representative": spoken.name,
            "patient": spoken.patient,
            "title": spoken.title,
            "sender": spoken.sender,
            "pages": spoken.pages,
            "language": _named(spoken.language, language),
        }
        return _template(spoken) % values


def _named(spoken: str, language: str) -> str:
    """A language by its name, in this one; empty for one without a name here."""
    if spoken not in Language:
        return ""
    name = str(Language(spoken).label)
    # French writes the names of languages small, within a sentence.
    return name.lower() if language == "fr" else name


def _template(spoken: Spoken) -> str:
    pages = spoken.pages
    if spoken.role == PartyRole.INTERPRETER and spoken.language in Language:
        return ngettext(
            "I, %(name)s, have translated the page of “%(title)s” into %(language)s for %(patient)s, faithfully and in"
            " full.",
            "I, %(name)s, have translated the %(pages)s pages of “%(title)s” into %(language)s for %(patient)s,"
            " faithfully and in full.",
            pages,
        )
    if spoken.role == PartyRole.INTERPRETER:
        return ngettext(
            "I, %(name)s, have translated the page of “%(title)s” for %(patient)s, faithfully and in full.",
            "I, %(name)s, have translated the %(pages)s pages of “%(title)s” for %(patient)s, faithfully and in full.",
            pages,
        )
    if spoken.role == PartyRole.WITNESS:
        return _("I, %(name)s, bear witness that “%(title)s”, sent by %(sender)s, was explained to %(patient)s.")
    if spoken.represents:
        return {
            Purpose.ACKNOWLEDGES: ngettext(
                "I, %(representative)s, who represent %(patient)s, have read the page of “%(title)s” sent by"
                " %(sender)s, and I have taken note of it for %(patient)s.",
                "I, %(representative)s, who represent %(patient)s, have read the %(pages)s pages of “%(title)s” sent by"
                " %(sender)s, and I have taken note of it for %(patient)s.",
                pages,
            ),
            Purpose.VALIDATES: ngettext(
                "I, %(representative)s, who represent %(patient)s, have read the page of “%(title)s” sent by"
                " %(sender)s, and I confirm for %(patient)s that it is right.",
                "I, %(representative)s, who represent %(patient)s, have read the %(pages)s pages of “%(title)s” sent by"
                " %(sender)s, and I confirm for %(patient)s that it is right.",
                pages,
            ),
        }.get(
            Purpose(spoken.purpose),
            ngettext(
                "I, %(representative)s, who represent %(patient)s, have read the page of “%(title)s” sent by"
                " %(sender)s, and I agree to it for %(patient)s.",
                "I, %(representative)s, who represent %(patient)s, have read the %(pages)s pages of “%(title)s” sent by"
                " %(sender)s, and I agree to it for %(patient)s.",
                pages,
            ),
        )
    return {
        Purpose.ACKNOWLEDGES: ngettext(
            "I, %(name)s, have read the page of “%(title)s” sent by %(sender)s, and I have taken note of it.",
            "I, %(name)s, have read the %(pages)s pages of “%(title)s” sent by %(sender)s, and I have taken note of"
            " it.",
            pages,
        ),
        Purpose.VALIDATES: ngettext(
            "I, %(name)s, have read the page of “%(title)s” sent by %(sender)s, and I confirm that it is right.",
            "I, %(name)s, have read the %(pages)s pages of “%(title)s” sent by %(sender)s, and I confirm that it is"
            " right.",
            pages,
        ),
    }.get(
        Purpose(spoken.purpose),
        ngettext(
            "I, %(name)s, have read the page of “%(title)s” sent by %(sender)s, and I agree to it.",
            "I, %(name)s, have read the %(pages)s pages of “%(title)s” sent by %(sender)s, and I agree to it.",
            pages,
        ),
    )

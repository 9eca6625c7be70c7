"""The words of the record: sex, how far an identity was checked, types of documents, who acts for a patient."""

from django.db import models
from django.utils.translation import gettext_lazy as _lazy


class Sex(models.TextChoices):
    """Administrative sex, as INS writes it."""

    FEMALE = "F", _lazy("female")
    MALE = "M", _lazy("male")
    INDETERMINATE = "I", _lazy("indeterminate")


class Language(models.TextChoices):
    """What a patient speaks best (ISO 639-1): those that hospitals in France ask interpreters for most."""

    FRENCH = "fr", _lazy("French")
    ENGLISH = "en", _lazy("English")
    ALBANIAN = "sq", _lazy("Albanian")
    ARABIC = "ar", _lazy("Arabic")
    ARMENIAN = "hy", _lazy("Armenian")
    BENGALI = "bn", _lazy("Bengali")
    CHINESE = "zh", _lazy("Chinese")
    GEORGIAN = "ka", _lazy("Georgian")
    GERMAN = "de", _lazy("German")
    ITALIAN = "it", _lazy("Italian")
    PASHTO = "ps", _lazy("Pashto")
    PERSIAN = "fa", _lazy("Persian, Dari")
    POLISH = "pl", _lazy("Polish")
    PORTUGUESE = "pt", _lazy("Portuguese")
    ROMANIAN = "ro", _lazy("Romanian")
    RUSSIAN = "ru", _lazy("Russian")
    SOMALI = "so", _lazy("Somali")
    SPANISH = "es", _lazy("Spanish")
    TAMIL = "ta", _lazy("Tamil")
    TURKISH = "tr", _lazy("Turkish")
    UKRAINIAN = "uk", _lazy("Ukrainian")
    VIETNAMESE = "vi", _lazy("Vietnamese")


PAGES = frozenset({Language.FRENCH, Language.ENGLISH})
"""In which a patient reads the pages; who speaks another reads them in French, with an interpreter."""


class IdentityStatus(models.TextChoices):
    """How far an identity was checked (RNIV)."""

    PROVISIONAL = "provisional", _lazy("provisional identity")
    VALIDATED = "validated", _lazy("validated identity")
    QUALIFIED = "qualified", _lazy("qualified identity")


class DocumentType(models.TextChoices):
    """Types of documents: LOINC codes of the French value set JDV_J07."""

    CONSENT = "59284-0", _lazy("Consent")
    CONSULTATION_NOTE = "11488-4", _lazy("Consultation note")
    DISCHARGE_SUMMARY = "11490-0", _lazy("Discharge letter")
    LABORATORY_REPORT = "11502-2", _lazy("Laboratory report")
    IMAGING_REPORT = "18748-4", _lazy("Imaging report")
    PRESCRIPTION = "57833-6", _lazy("Prescription")

    @property
    def class_code(self) -> str:
        """The data category of this type: class code of TRE_A03."""
        return _CLASSES[self]


_CLASSES = {
    DocumentType.CONSENT: "52",
    DocumentType.CONSULTATION_NOTE: "10",
    DocumentType.DISCHARGE_SUMMARY: "10",
    DocumentType.LABORATORY_REPORT: "10",
    DocumentType.IMAGING_REPORT: "31",
    DocumentType.PRESCRIPTION: "42",
}


SIGNED_PART = "signed"
"""The part of an envelope's results that is the signed document itself."""


class Standing(models.TextChoices):
    """Whether a document holds: derived, never stored."""

    STANDS = "stands", _lazy("stands")
    REPLACED = "replaced", _lazy("replaced")
    WITHDRAWN = "withdrawn", _lazy("withdrawn")


class Measure(models.TextChoices):
    """On what ground one person acts for another in France: Code civil, book I, titles IX to XII.

    A trusted person (personne de confiance, CSP L.1111-6) is consulted; they represent nobody, and are none of these.
    """

    PARENTAL_AUTHORITY = "parental-authority", _lazy("parental authority")
    GUARDIANSHIP = "guardianship", _lazy("guardianship (tutelle)")
    ASSISTANCE = "assistance", _lazy("assistance (curatelle)")
    FAMILY_EMPOWERMENT = "family-empowerment", _lazy("family empowerment (habilitation familiale)")
    FUTURE_PROTECTION = "future-protection", _lazy("future protection mandate")


REPRESENTING = frozenset(Measure) - {Measure.ASSISTANCE}
"""Measures by which somebody acts in the patient's place.

Who assists (curatelle) stands beside a person who decides and signs alone for their own care (Code civil, art. 459;
CSP L.1111-2): the record says who they are, and opens nothing to them.
"""

"""The declaration by which a patient withdraws a consent: a page that names what it withdraws, to be signed."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from telesphore.paper.typesetting import typeset

TEMPLATE = Path(__file__).with_name("withdrawal.typ")
TITLES = {"fr": "Retrait : {}", "en": "Withdrawal: {}"}


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the page says. Times are aware; they show in the zone that they are given in.

    Attributes:
        by: who declares: the patient's own name, or that of who represents them.
        envelope_id: of the consent withdrawn; `sha256` (hexadecimal) of its sealed file.
        reason: in the patient's own words; empty for none.
    """

    organisation: str
    title: str
    patient: str
    by: str
    envelope_id: UUID
    sha256: str
    signed_at: datetime
    completed_at: datetime
    reason: str
    at: datetime


def declaration_pdf(declaration: Declaration, language: str) -> bytes:
    """The page as a PDF/A, in French or English (French for any other language).

    Raises:
        TypesettingFailed
    """
    return typeset(TEMPLATE, {**asdict(declaration), "language": _known(language)})


def declaration_title(title: str, language: str) -> str:
    """The title under which the withdrawal is filed."""
    return TITLES[_known(language)].format(title)


def _known(language: str) -> str:
    return language[:2] if language[:2] in TITLES else "fr"

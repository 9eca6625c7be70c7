"""The evidence page: who signed what, when, and how each signer was known; for a reader without the platform."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from telesphore.paper.typesetting import typeset

TEMPLATE = Path(__file__).with_name("evidence.typ")
LANGUAGES = ("fr", "en")
TITLES = {"fr": "Preuve : {}", "en": "Evidence: {}"}
"""Words of the page live in its template, in both languages: a page is proof-read as a whole."""


@dataclass(frozen=True, slots=True)
class RevisionEvidence:
    """One state of the file.

    Attributes:
        sha256: of the whole file, in hexadecimal.
        kind: `shown` (what was read before the first signature), `signed`, or `sealed`.
        by: the signer's name, when it is `signed`.
        level: what the signature that it added reached at once, `B-B` to `B-LTA`; empty for none, or unknown.
    """

    number: int
    kind: str
    by: str
    sha256: str
    at: datetime
    level: str = ""


@dataclass(frozen=True, slots=True)
class SignerEvidence:
    """One signature.

    Attributes:
        role: specialty of a professional; empty for the patient.
        on_behalf_of: in whose place a delegate signed, or who represents the patient; empty for one's own.
        purpose: `consents`, `validates` or `acknowledges`.
        means: how they came in: `link+code`, `password`, `password+totp`…
        phone_ending: last two digits of the phone that got the code; empty without code.
        is_patient: signed with a certificate issued for this one signature; others with a token of theirs.
        shown_sha256: of the file that they were shown.
        thread_head: of the discussion as it stood then, which the signature is bound to, in hexadecimal; empty for
            signatures of before there was one.
    """

    step: int
    name: str
    role: str
    purpose: str
    is_patient: bool
    means: str
    phone_ending: str
    asked_at: datetime | None
    opened_at: datetime | None
    revealed_at: datetime | None
    signed_at: datetime
    source_address: str
    client: str
    shown_sha256: str
    certificate_sha256: str
    on_behalf_of: str = ""
    thread_head: str = ""


@dataclass(frozen=True, slots=True)
class EventEvidence:
    """One event of the audit trail about the envelope; its id finds it there."""

    at: datetime
    action: str
    who: str
    event_id: UUID


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the page says. Times are aware; they show in the zone that they are given in.

    Attributes:
        thread_entries: how many entries the discussion beside the document has.
        thread_head: the hash of the last one, in hexadecimal (`formats.thread`); empty says nothing of it.
    """

    organisation: str
    title: str
    patient: str
    envelope_id: UUID
    pages: int
    sender: str
    sent_at: datetime
    completed_at: datetime
    revisions: tuple[RevisionEvidence, ...]
    signers: tuple[SignerEvidence, ...]
    events: tuple[EventEvidence, ...]
    thread_entries: int = 0
    thread_head: str = ""


def evidence_pdf(evidence: Evidence, language: str) -> bytes:
    """The evidence as a PDF/A, in French or English (French for any other language); same bytes for same evidence.

    Raises:
        TypesettingFailed
    """
    return typeset(
        TEMPLATE, {**asdict(evidence), "at": evidence.completed_at, "language": _known(language), "version": 1}
    )


def evidence_title(title: str, language: str) -> str:
    """The title under which the page is filed."""
    return TITLES[_known(language)].format(title)


def _known(language: str) -> str:
    return language[:2] if language[:2] in LANGUAGES else LANGUAGES[0]

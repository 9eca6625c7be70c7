"""The evidence page: who signed what, when, and how each signer was known; for a reader without the platform."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import segno

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
class DocumentEvidence:
    """One document of the file; its pages, counted from 1."""

    title: str
    first_page: int
    last_page: int


@dataclass(frozen=True, slots=True)
class StepEvidence:
    """One step: `review`, `sign`, `seal` or `opinion`; `needed` of `asked` people had to act (0 of a seal)."""

    number: int
    kind: str
    needed: int
    asked: int
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class FieldEvidence:
    """What was filled in beside a signature. `label` is empty when only its place tells; `kind` is a `FieldKind`."""

    kind: str
    label: str
    value: str
    page: int


@dataclass(frozen=True, slots=True)
class SeenEvidence:
    """How a patient was recognised at the bedside.

    Attributes:
        by: who saw them.
        document: which identity document was looked at (`IdentityDocument`); empty for none.
        code: whether a code sent to their phone was given back; the phone's ending is the signer's.
    """

    by: str
    document: str
    bracelet: bool
    code: bool


@dataclass(frozen=True, slots=True)
class SignerEvidence:
    """One who acted: signed, approved, gave an opinion or declined.

    Attributes:
        role: specialty of a professional, quality of a guest; empty for others.
        party: as who: `patient`, `professional`, `interpreter`, `witness`, `representative` or `delegate`.
        act: a `RecipientState`: `signed`, `approved`, `advised` or `declined`.
        opinion: `favourable`, `reserved`, `unfavourable` or `abstained`; empty without one.
        on_behalf_of: in whose place a delegate acted, or who represents the patient; empty for one's own.
        purpose: `consents`, `validates` or `acknowledges`; empty when it is no signature.
        means: how they came in: `link+code`, `password`, `password+totp`, `bedside:passport`…
        phone_ending: last two digits of the phone that got the code; empty without code.
        is_patient: signed with a certificate issued for this one signature; others with a token of theirs.
        signed_at: when they acted, whatever they did.
        read_at: when the document was first shown to them; None when the trail has not kept it.
        level: what the signature was found to be as it was taken: `simple`, `advanced`, `qualified`; empty when it was
            not told then: nothing is said of it.
        sentence: the exact words that were signed; empty when none were kept.
        shown_sha256: of the file that they were shown; when they did not sign, as it stood when they acted.
        certificate_sha256: empty when they did not sign.
        thread_head: of the discussion as it stood then, which the signature is bound to, in hexadecimal; empty for
            signatures of before there was one.
        thread_entries: how many entries it had then; None when that is not known.
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
    party: str = "professional"
    act: str = "signed"
    opinion: str = ""
    level: str = ""
    sentence: str = ""
    read_at: datetime | None = None
    thread_entries: int | None = None
    seen: SeenEvidence | None = None
    fields: tuple[FieldEvidence, ...] = ()


@dataclass(frozen=True, slots=True)
class TakenBackEvidence:
    """An act that its author took back before anybody acted after it: `signed`, `approved`, `advised`."""

    at: datetime
    who: str
    act: str


@dataclass(frozen=True, slots=True)
class VerdictEvidence:
    """What our own validation found of the sealed file: a `Conclusion`, such as `valid`.

    Attributes:
        said: the gravest finding, as a sentence in the page's language; empty when there is nothing to say.
    """

    conclusion: str
    said: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RelationEvidence:
    """Another envelope: the one that this `follows` (its second round) or `withdraws`; or when this one was
    `withdrawn` (no envelope is named)."""

    kind: str
    envelope_id: UUID | None
    at: datetime | None


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
        signers: all who acted, in the order of the circuit; not only those who signed.
        verdict: None when it was not asked for.
        verify_address: of the public page where anyone verifies the signed file; it opens nothing. Empty for no code.
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
    documents: tuple[DocumentEvidence, ...] = ()
    steps: tuple[StepEvidence, ...] = ()
    taken_back: tuple[TakenBackEvidence, ...] = ()
    relations: tuple[RelationEvidence, ...] = ()
    verdict: VerdictEvidence | None = None
    verify_address: str = ""


def evidence_pdf(evidence: Evidence, language: str) -> bytes:
    """The evidence as a PDF/A, in French or English (French for any other language); same bytes for same evidence.

    Raises:
        TypesettingFailed
    """
    code = ""
    if evidence.verify_address:
        code = segno.make(evidence.verify_address, error="m", micro=False).svg_inline(border=0)
    given = {"at": evidence.completed_at, "language": spoken(language), "code": code, "version": 2}
    return typeset(TEMPLATE, asdict(evidence) | given)


def evidence_title(title: str, language: str) -> str:
    """The title under which the page is filed."""
    return TITLES[spoken(language)].format(title)


def spoken(language: str) -> str:
    """The language in which the page is written for who speaks this one."""
    return language[:2] if language[:2] in LANGUAGES else LANGUAGES[0]

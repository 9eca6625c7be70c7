"""A verdict told to a judge and to a patient: the bottom line, who signed, what changed, what to do next.

One telling serves the page and the PDF. Its words are handed to `say`, which translates; names and dates fill them
afterwards. What a certificate or a file says of itself is only ever filled in, never a sentence.
"""

from dataclasses import dataclass

from telesphore.ades.verdict.reasons import Effect, Reason
from telesphore.ades.verdict.reports.levels import missing
from telesphore.ades.verdict.reports.reader import Reader, elided, listed, moment, precise, sentence_of
from telesphore.ades.verdict.result import (
    ChangeKind,
    Conclusion,
    Finding,
    Indication,
    Level,
    Qualification,
    RevisionFacts,
    SignatureFacts,
    TimestampFacts,
    Verdict,
)

SHAPES = {
    Conclusion.VALID: "done", Conclusion.WARNING: "late", Conclusion.INVALID: "no", Conclusion.UNKNOWN: "unknown",
}  # fmt: skip
NOT_OF_CHANGES = frozenset(
    {
        Reason.NOT_READABLE, Reason.NOT_SIGNED, Reason.TOO_LARGE, Reason.TIMESTAMP_BROKEN, Reason.TIMESTAMP_NOT_VALID,
        Reason.PAGE_DIFFERS, Reason.PAGE_GONE, Reason.PAGE_ADDED, Reason.PLACE_COVERED, Reason.PAGES_NOT_COMPARED,
    }
)  # fmt: skip
CODES = frozenset(reason.code for reason in Reason)
_EFFECTS = {Effect.INVALID: "no", Effect.UNKNOWN: "unknown", Effect.WARNING: "late", Effect.NONE: "done"}
_GRAVEST = ("no", "unknown", "late", "done")


@dataclass(frozen=True, slots=True)
class Passage:
    """What one place of a page shows now, and what it showed when it was signed (a few words; empty for none).

    Attributes:
        box: (left, bottom, right, top) in points.
        expected: a later signature or form field explains it.
    """

    page: int
    box: tuple[float, float, float, float]
    now: str
    signed: str
    expected: bool


@dataclass(frozen=True, slots=True)
class Check:
    """One of the three independent looks. `shape` is `done`, `late`, `no` or `unknown`."""

    shape: str
    name: str
    about: str
    says: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A fact beside its name."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class SignerTold:
    """Who signed, and what it is worth."""

    shape: str
    name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Telling:
    """All that a page says, in order."""

    shape: str
    title: str
    lead: str
    others: tuple[str, ...]
    """The other reasons, the gravest first."""
    changes_title: str
    changes: tuple[str, ...]
    """Numbered from 1, as the passages drawn on the pages."""
    checks_title: str
    checks_about: str
    checks: tuple[Check, ...]
    """One only, of a detached signature: it has neither revisions nor pages."""
    signers: tuple[SignerTold, ...]
    history: tuple[Row, ...]
    """The file's revisions."""
    facts: tuple[Row, ...]
    steps: tuple[str, ...]
    """How to check without us."""


def tell(verdict: Verdict, reader: Reader, *, name: str = "", passages: tuple[Passage, ...] = ()) -> Telling:
    """What a page says of this verdict.

    Args:
        name: of the file, as it was given; empty when nobody knows.
        passages: what differs on the pages, in the order in which it is numbered.
    """
    _ = reader.say
    shape = SHAPES[verdict.conclusion]
    titles = {
        Conclusion.VALID: _("This document is valid"),
        Conclusion.WARNING: _("Valid, with a reservation"),
        Conclusion.INVALID: _("Do not rely on this document"),
        Conclusion.UNKNOWN: _("It can’t be known whether this document is valid"),
    }
    headline = verdict.headline
    alone = bool(verdict.signatures) and not verdict.revisions
    simply = headline is None or verdict.conclusion is Conclusion.VALID
    lead = _valid(verdict, reader) if simply or headline is None else sentence_of(headline, reader)
    rest = verdict.findings if simply else verdict.findings[1:]
    return Telling(
        shape=shape,
        title=titles[verdict.conclusion],
        lead=lead,
        others=tuple(dict.fromkeys(sentence_of(one, reader) for one in rest)),
        changes_title=_("What changed") if shape == "no" else _("What was added"),
        changes=tuple(_passage(one, reader) for one in passages),
        checks_title=_("What was checked") if alone else _("Three independent checks"),
        checks_about="" if alone or not verdict.signatures else _("One that fails is enough to say no."),
        checks=(_signature_check(verdict, reader),)
        if alone
        else (_signature_check(verdict, reader), _changes_check(verdict, reader), _pages_check(verdict, reader)),
        signers=tuple(_signer(one, reader) for one in verdict.signatures),
        history=tuple(_revision(one, verdict, reader) for one in verdict.revisions),
        facts=_facts(verdict, reader, name),
        steps=_steps(verdict, reader),
    )


def _valid(verdict: Verdict, reader: Reader) -> str:
    _ = reader.say
    dated = [at for one in verdict.signatures if (at := one.proved_at or one.claimed_at)]
    names = listed((one.signer.name for one in verdict.signatures), reader)
    if not names or not dated:
        return _("It is identical to what was signed.")
    when = moment(max(dated), reader)
    if len({one.signer.name for one in verdict.signatures}) == 1:
        told = _("It is identical to the one that {name} signed on {when}.").format(name=names, when=when)
    else:
        told = _("It is identical to the one that {names} signed, the last on {when}.").format(names=names, when=when)
    return elided(told, reader)


def _signature_check(verdict: Verdict, reader: Reader) -> Check:
    _ = reader.say
    name, about = _("The signature"), _("The computation, the certificate and its date")
    if not verdict.signatures:
        return Check("unknown", name, about, (_("None was found in this file."),))
    elsewhere = _of_changes(verdict)
    found = [one for signature in verdict.signatures for one in signature.findings if one not in elsewhere]
    shapes = [_EFFECTS[one.reason.effect] for one in found] + [_shape_of(one) for one in verdict.signatures]
    worst = min(shapes, key=_GRAVEST.index)
    if worst == "done":
        names = listed((one.signer.name for one in verdict.signatures), reader)
        right = _("Right. The certificate is that of {name}, and was valid then.").format(name=names)
        if len({one.signer.name for one in verdict.signatures}) > 1:
            right = _("Right. The certificates are those of {names}, and were valid then.").format(names=names)
        says = [elided(right, reader)]
    else:
        grave = [one for one in found if _EFFECTS[one.reason.effect] == worst]
        says = list(dict.fromkeys(sentence_of(one, reader) for one in grave)) or [_failed(worst, reader)]
    if any(one.qualification is Qualification.LOCAL for one in verdict.signatures):
        says.append(_("Not qualified: this platform’s own authority issued the certificate."))
    return Check(worst, name, about, tuple(says))


def _failed(shape: str, reader: Reader) -> str:
    _ = reader.say
    if shape == "no":
        return _("It does not cover this file: it was changed afterwards.")
    return _("Something that would prove it is missing.")


def _shape_of(facts: SignatureFacts | TimestampFacts) -> str:
    shapes = {Indication.TOTAL_PASSED: "done", Indication.TOTAL_FAILED: "no", Indication.INDETERMINATE: "unknown"}
    return shapes[facts.indication]


def _changes_check(verdict: Verdict, reader: Reader) -> Check:
    _ = reader.say
    name, about = _("The changes"), _("What was added to the file since it was first signed")
    changes = [
        (change, revision)
        for revision in verdict.revisions[1:]
        for change in revision.changes
        if change.kind not in (ChangeKind.SIGNATURE, ChangeKind.TIMESTAMP, ChangeKind.VALIDATION_DATA)
    ]
    found = _of_changes(verdict)
    shapes = [_EFFECTS[one.reason.effect] for one in found]
    shapes += ["no" for change, _revision in changes if not change.allowed]
    worst = min(shapes, key=_GRAVEST.index, default="done")
    if not verdict.signatures:
        return Check("unknown", name, about, (_("There is no signature to compare with."),))
    if found and worst != "done":
        grave = [sentence_of(one, reader) for one in found if _EFFECTS[one.reason.effect] == worst]
        return Check(worst, name, about, tuple(dict.fromkeys(grave)))
    if not changes:
        return Check("done", name, about, (_("None, but for what signing itself adds."),))
    told = listed((_change(change.kind, change.what, reader) for change, _revision in changes), reader)
    if worst == "no":
        return Check("no", name, about, (_("Nothing allows these: {what}.").format(what=told),))
    return Check(worst, name, about, (_("Allowed by who signed: {what}.").format(what=told),))


def _of_changes(verdict: Verdict) -> list[Finding]:
    """The findings of the difference policy: those of no signature, timestamp, page, nor of the file as a whole."""
    others = [one for facts in verdict.signatures for one in facts.findings]
    others += [one for facts in verdict.timestamps for one in facts.findings]
    others += [one for facts in verdict.signatures for stamp in facts.timestamps for one in stamp.findings]
    return [one for one in verdict.findings if one not in others and one.reason not in NOT_OF_CHANGES]


def _change(kind: ChangeKind, what: str, reader: Reader) -> str:
    _ = reader.say
    words = {
        ChangeKind.SIGNATURE: _("signature"),
        ChangeKind.TIMESTAMP: _("time-stamp"),
        ChangeKind.VALIDATION_DATA: _("proofs for later validation"),
        ChangeKind.FORM_FILLED: _("form filled"),
        ChangeKind.FIELD_ADDED: _("field added"),
        ChangeKind.ANNOTATION: _("annotation"),
        ChangeKind.METADATA: _("description of the file"),
        ChangeKind.CONTENT: _("content"),
    }
    if what.isdecimal():
        what = _("page {page}").format(page=what)
    # A code says no more than the reason that stands beside it.
    return f"{words[kind]} ({what})" if what and what not in CODES else words[kind]


def _pages_check(verdict: Verdict, reader: Reader) -> Check:
    _ = reader.say
    name, about = _("The appearance"), _("Each page, compared with what was shown when it was signed")
    if not verdict.pages_compared:
        return Check("unknown", name, about, (_("The pages could not be compared."),))
    differing = [page for page in verdict.pages if not page.same]
    if differing:
        count = sum(max(1, len(set(page.boxes) - set(page.expected))) for page in differing)
        sentence = _("1 difference, page {pages}.") if count == 1 else _("{count} differences, page {pages}.")
        pages = ", ".join(str(page.page) for page in differing[:20])
        return Check("no", name, about, (sentence.format(count=count, pages=pages),))
    added = sum(len(page.expected) for page in verdict.pages)
    count = len(verdict.pages)
    if added:
        where = ", ".join(str(page.page) for page in verdict.pages if page.expected)
        shape = "late" if verdict.conclusion is Conclusion.WARNING else "done"
        says = _("Only what a later signature or a field explains, page {pages}. What was signed has not moved.")
        return Check(shape, name, about, (says.format(pages=where),))
    says = _("No difference on 1 page.") if count == 1 else _("No difference on {count} pages.")
    return Check("done", name, about, (says.format(count=count),))


def _passage(passage: Passage, reader: Reader) -> str:
    _ = reader.say
    if passage.now == passage.signed:
        sentence = _("Page {page}: the drawing changed here.")
        if passage.expected:
            sentence = _("Page {page}, after the signature: something was drawn here.")
    elif passage.expected or not passage.signed:
        sentence = _("Page {page}, added: “{now}”")
        if passage.expected:
            sentence = _("Page {page}, after the signature: “{now}”")
    elif not passage.now:
        sentence = _("Page {page}, taken away: “{signed}”")
    else:
        sentence = _("Page {page}: “{signed}” has become “{now}”")
    return sentence.format(page=passage.page, now=passage.now, signed=passage.signed)


def _signer(signature: SignatureFacts, reader: Reader) -> SignerTold:
    _ = reader.say
    signer = signature.signer
    rows = []

    def row(name: str, value: str) -> None:
        if value:
            rows.append(Row(name, value))

    row(_("Role"), signer.role)
    row(_("Number"), signer.identifier)
    row(_("Organisation"), signer.organisation)
    if signature.claimed_at is not None:
        row(_("Signed"), _("{when}, by what the signer says").format(when=moment(signature.claimed_at, reader)))
    proof = _("No time-stamp proves when.")
    if signature.proved_at is not None:
        proof = _("The signature existed on {when}.").format(when=moment(signature.proved_at, reader))
    row(_("Proved"), proof)
    row(_("Level"), _level(signature, reader))
    row(_("Worth"), _worth(signature.qualification, reader))
    row(_("Certificate"), _("issued by {issuer}").format(issuer=signer.issuer))
    row(_("Reason given"), signature.reason)
    return SignerTold(_shape_of(signature), signer.name, tuple(rows))


def _level(signature: SignatureFacts, reader: Reader) -> str:
    _ = reader.say
    reached = {
        Level.NONE: _("below the first level of the standard"),
        Level.B: _("signed (level B-B)"),
        Level.T: _("signed, and dated by an authority (level B-T)"),
        Level.LT: _("with what proves that the certificates held (level B-LT)"),
        Level.LTA: _("proved for the long term (level B-LTA)"),
    }[signature.level]
    why = missing(signature.next_level_missing, _)
    return f"{reached}. {why}" if why else reached


def _worth(qualification: Qualification, reader: Reader) -> str:
    _ = reader.say
    return {
        Qualification.NOT_ASSESSED: _("Not assessed: no European trusted list was at hand."),
        Qualification.LOCAL: _("Not qualified: advanced signature, by a certificate of this platform’s own authority."),
        Qualification.ADVANCED: _("Not qualified: advanced signature."),
        Qualification.ADVANCED_QUALIFIED_CERTIFICATE: _("Advanced signature, by a qualified certificate."),
        Qualification.QUALIFIED: _("Qualified: worth a handwritten signature throughout the European Union."),
    }[qualification]


def _revision(revision: RevisionFacts, verdict: Verdict, reader: Reader) -> Row:
    _ = reader.say
    name = _("State {number}").format(number=revision.index + 1)
    signers = [one.signer.name for one in verdict.signatures if one.field_name == revision.signed_by]
    stamps = [one.authority for one in verdict.timestamps if one.field_name and one.field_name == revision.signed_by]
    parts = []
    if revision.index == 0 and not revision.changes:
        parts.append(_("the document as it was first written"))
    if revision.signed_by and signers:
        parts.append(_("signed by {name}").format(name=signers[0]))
    elif stamps:
        parts.append(_("time-stamped by {name}").format(name=stamps[0]))
    for change in revision.changes:
        if change.kind in (ChangeKind.SIGNATURE, ChangeKind.TIMESTAMP) and change.what == revision.signed_by:
            continue
        told = _change(change.kind, change.what, reader)
        parts.append(told if change.allowed else _("not allowed: {what}").format(what=told))
    return Row(name, "; ".join(parts) or _("nothing that shows"))


def _facts(verdict: Verdict, reader: Reader, name: str) -> tuple[Row, ...]:
    _ = reader.say
    rows = []
    if name:
        rows.append(Row(_("File"), name))
    size = f"{verdict.file_size:,}".replace(",", "\u202f")
    rows.append(Row(_("Size"), _("{count} bytes").format(count=size)))
    rows.append(Row(_("Fingerprint (SHA-256)"), verdict.file_sha256))
    rows += [
        Row(
            _("Time-stamp"),
            _("{when}, by {authority}").format(
                when=precise(stamp.time, reader) if stamp.time else _("not readable"), authority=stamp.authority
            ),
        )
        for stamp in (*(one for signature in verdict.signatures for one in signature.timestamps), *verdict.timestamps)
    ]
    for signature in verdict.signatures:
        what = (
            f"{signature.indication.value}{f' / {signature.sub_indication.value}' if signature.sub_indication else ''}"
        )
        rows.append(Row(signature.field_name or _("Signature"), f"{what}, {signature.algorithm}, {signature.digest}"))
        rows.append(Row(_("Certificate (SHA-256)"), signature.signer.certificate_sha256))
    rows.append(Row(_("Judged"), precise(verdict.validated_at, reader)))
    rows.append(Row(_("Policy"), verdict.policy))
    return tuple(rows)


def _steps(verdict: Verdict, reader: Reader) -> tuple[str, ...]:
    _ = reader.say
    steps = [
        _("Keep the file itself: a print, or a copy made by printing, bears no signature."),
        _(
            "Compute the fingerprint of your file (sha256sum on Linux, shasum -a 256 on macOS, certutil -hashfile on "
            "Windows): it must be the one in this report, or it is another file."
        ),
    ]
    if verdict.signatures:
        steps.append(
            _(
                "Open the file with a PDF reader that knows signatures, or with a validator that you run yourself. It "
                "may not know the authority: compare the certificate’s fingerprint with the one in this report."
            )
        )
        steps.append(_("Do not give a health document to a public validation service: it would be read there."))
    return tuple(steps)

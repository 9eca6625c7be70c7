"""What was done to a file after it was signed, revision by revision: an allow-list, and what is odd in its structure.

Only changes after the first signature are judged, each once, by what all signatures before it allow; so the cost grows
with the file and with what was changed, not with their product.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from telesphore.ades.errors import FileBeyondLimits, UnreadableFile
from telesphore.ades.pdf.anomalies import Anomaly, Oddity
from telesphore.ades.pdf.objects import Reference, Stream, Value
from telesphore.ades.pdf.reader import Document
from telesphore.ades.pdf.sections import OBJECT, Placed
from telesphore.ades.verdict.changes import Judge
from telesphore.ades.verdict.graph import Graph, Look, Shown, entries, number_of
from telesphore.ades.verdict.ledger import Place, Rules
from telesphore.ades.verdict.permissions import Field, fields_below
from telesphore.ades.verdict.reasons import Effect, Reason
from telesphore.ades.verdict.result import Finding, RevisionFacts

_UNLISTED = frozenset({
    Oddity.UNLISTED_OBJECT, Oddity.NO_END, Oddity.START_ELSEWHERE, Oddity.SEVERAL_ENDS, Oddity.FORWARD_PREV,
    Oddity.ENTRY_OUTSIDE, Oddity.ENTRY_ASTRAY, Oddity.STREAM_MISSING,
})  # fmt: skip
"""After a signature, these give programs that mend files another file to show."""
_TWICE = frozenset({Oddity.LISTED_TWICE, Oddity.SHARED_PLACE, Oddity.PACK_REDEFINED, Oddity.REPEATED_KEY})
_SEVERAL = _TWICE | {Oddity.ENTRY_ASTRAY, Oddity.FORWARD_PREV}
_SYNTAX = re.compile(rb"\bobj\b|startxref|\bxref\b|\btrailer\b|/Root\b")
_WHITE = b"\0\t\n\f\r "


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found.

    Attributes:
        findings: all those of the revisions, and those of the whole file.
        places: where allowed changes may show, for the comparison of pixels.
        signed_end: the byte after what the first signature signed; None without a signature.
        heeded: signature fields whose signatures the revisions were judged by.
    """

    revisions: tuple[RevisionFacts, ...]
    findings: tuple[Finding, ...]
    places: tuple[Place, ...] = ()
    signed_end: int | None = None
    heeded: frozenset[str] = frozenset()


def examine(document: Document, signers: Mapping[str, str] | None = None, *, known: int | None = None) -> Examination:
    """Judge every revision after the first signature.

    Args:
        signers: signature field → name of who signed there, for the findings.
        known: index of a revision that a signature is known to end.

    Raises:
        UnreadableFile, FileBeyondLimits
    """
    signers = signers or {}
    content, revisions = document.content, document.revisions
    last = len(revisions) - 1
    first = min((one for one in (_first_signed(document), known) if one is not None), default=None)
    if first is None:
        none = tuple(RevisionFacts(one.index, one.end, "", (), ()) for one in revisions)
        return Examination(none, ())
    if first == last:
        # Nothing follows the signature: nothing to judge, and no need to read every object.
        look: Look = Shown(document)
        names = _signed_in(look, _fields(look, document))
    else:
        look = graph = Graph(document, first)
        judge = Judge(graph)
        names = _signed_in(graph, judge.form.fields)
        while not names and first < last:
            # What looked like a signature was none of this file's: of one inside it, say.
            first += 1
            graph.advance(first)
            judge = Judge(graph)
            names = _signed_in(graph, judge.form.fields)
    rules = Rules()
    for name, signature in names:
        rules.heed(look, signature, signers.get(name, name))
    heeded = {name for name, _ in names}
    facts = [RevisionFacts(one.index, one.end, "", (), ()) for one in revisions[:first]]
    facts.append(RevisionFacts(first, revisions[first].end, _ends(names, content, revisions[first].end), (), ()))
    findings = [*(_odd(document, first, rules.signer) if names else ()), *_bypassed(document)]
    places: list[Place] = []
    for revision in revisions[first + 1 :]:
        graph.advance(revision.index)
        ledger = judge.judge(rules)
        signed_by = _ends(ledger.signed.items(), content, revision.end)
        changes, found = tuple(ledger.changes), tuple(_readable(document, ledger.findings, rules))
        facts.append(RevisionFacts(revision.index, revision.end, signed_by, changes, found))
        findings.extend(found)
        places.extend(ledger.places)
        for name, signature in ledger.signed.items():
            rules.heed(graph, signature, signers.get(name, name))
            heeded.add(name)
        document_ends_unsigned = bool(changes) and not signed_by
        if revision.index == len(revisions) - 1 and document_ends_unsigned:
            refused = any(one.reason.effect in (Effect.INVALID, Effect.UNKNOWN) for one in found)
            findings.extend(() if refused else (Finding(Reason.ENDS_UNSIGNED),))
    return Examination(tuple(facts), tuple(findings), tuple(places), revisions[first].end, frozenset(heeded))


def _readable(document: Document, findings: list[Finding], rules: Rules) -> list[Finding]:
    """What is certain: the same text encrypted twice is not the same bytes."""
    if not document.encrypted or not any(one.reason.effect is Effect.INVALID for one in findings):
        return findings
    certain = [
        one
        for one in findings
        if one.reason.effect is not Effect.INVALID or one.reason in (Reason.ENCRYPTED_LATER, Reason.PAGES_CHANGED)
    ]
    return [*certain, Finding(Reason.ENCRYPTED_FILE, {"signer": rules.signer})]


def _first_signed(document: Document) -> int | None:
    """The revision that the oldest signature may be in."""
    place = document.content.find(b"/ByteRange")
    if place < 0:
        look = Shown(document)
        return 0 if _signed_in(look, _fields(look, document)) else None
    return next((one.index for one in document.revisions if place < one.end), None)


def _fields(look: Look, document: Document) -> dict[Reference, Field]:
    form = entries(look.now(entries(look.now(document.catalog_reference)).get("AcroForm")))
    return fields_below(look, look.now(form.get("Fields")))


def _signed_in(graph: Look, fields: Mapping[Reference, Field]) -> list[tuple[str, Mapping[str, Value]]]:
    """Names and signatures; a widget may bear its field's, and two fields one name."""
    found = []
    for reference, known in fields.items():
        if known.kind == "Sig":
            signature = entries(graph.now(entries(graph.now(reference)).get("V")))
            if signature:
                found.append((known.name, signature))
    return found


def _ends(signed: Iterable[tuple[str, Mapping[str, Value]]], content: bytes, end: int) -> str:
    """Which of these signatures ends the revision: white space may follow it."""
    for name, signature in signed:
        span = signature.get("ByteRange")
        if isinstance(span, list) and len(span) == 4 and all(type(one) is int for one in span):
            signed_end = number_of(span[2]) + number_of(span[3])
            if 0 <= end - signed_end <= 2 and not content[signed_end:end].strip(_WHITE):
                return name
    return ""


def _bypassed(document: Document) -> list[Finding]:
    """Signatures whose bytes are there, and whose revision is not part of the file."""
    content = document.content
    for revision in document.revisions:
        listed = {entry.offset for entry in revision.objects.values() if isinstance(entry, Placed)}
        place = content.find(b"/ByteRange", revision.start, revision.end)
        while place >= 0:
            holder = max((offset for offset in listed if offset <= place), default=-1)
            if holder < 0 or not _holds_signature(document, revision.index, holder, place):
                return [Finding(Reason.REVISION_BYPASSED)]
            place = content.find(b"/ByteRange", place + 1, revision.end)
    return []


def _holds_signature(document: Document, index: int, offset: int, place: int) -> bool:
    """Whether the object at `offset` reaches as far as `place`: it is a signature's, or a stream that holds another
    file."""
    header = OBJECT.match(document.content, offset)
    if header is None:
        return False
    try:
        value = document.at(index).get(Reference(int(header[1]), int(header[2])))
    except UnreadableFile:
        return False
    if isinstance(value, Stream):
        return place < offset + len(value.raw) + 4096 and b"/ByteRange" in bytes(value.raw)
    return isinstance(value, dict) and "ByteRange" in value


def _odd(document: Document, first: int, signer: str) -> list[Finding]:
    """What the structure says of what came after the signature, and before."""
    found: list[Finding] = []
    details = {"signer": signer}
    for anomaly in document.anomalies:
        later = anomaly.revision > first
        if anomaly.oddity is Oddity.BYTES_AFTER_END:
            reason = Reason.TRAILING_BYTES
            if _SYNTAX.search(document.content, anomaly.offset):
                reason = Reason.UNLISTED_OBJECTS
            found.append(Finding(reason, details if reason is Reason.UNLISTED_OBJECTS else {}))
        elif anomaly.oddity is Oddity.ROOT_CHANGED and later:
            found.append(Finding(Reason.CATALOG_CHANGED, {**details, "what": "/Root"}))
        elif later and anomaly.oddity in _UNLISTED and not _inside_listed(document, anomaly):
            found.append(Finding(Reason.UNLISTED_OBJECTS, details))
        elif later and anomaly.oddity in _TWICE:
            found.append(Finding(Reason.DEFINED_TWICE, details))
        elif not later and anomaly.oddity in _SEVERAL:
            found.append(Finding(Reason.SEVERAL_READINGS))
    return found


def _inside_listed(document: Document, anomaly: Anomaly) -> bool:
    """Whether it stands in the bytes of a listed object's stream: a file inside the file."""
    if anomaly.oddity not in (Oddity.UNLISTED_OBJECT, Oddity.SEVERAL_ENDS):
        return False
    revision = document.revisions[anomaly.revision]
    then = document.at(anomaly.revision)
    for number, entry in revision.objects.items():
        if isinstance(entry, Placed) and entry.offset < anomaly.offset:
            try:
                value = then.get(Reference(number, entry.generation))
            except FileBeyondLimits:
                raise
            except UnreadableFile:
                continue
            if isinstance(value, Stream):
                start = document.content.find(b"stream", entry.offset)
                if start < anomaly.offset < start + len(value.raw):
                    return True
    return False

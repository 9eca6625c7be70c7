"""One revision judged by what the signatures before it allow: an allow-list.

Every reference to a changed object must be one that a rule followed from an allowed place (`_free`), or lead to an
object whose every entry was compared (`_judged`). So an object that an allowed place and a page share is caught by
the page's reference, and one that a page had been waiting for (a reference to nothing) too.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from telesphore.ades.errors import FileBeyondLimits
from telesphore.ades.pdf.objects import Reference, Stream, Value
from telesphore.ades.verdict.graph import (
    TRAILER,
    Graph,
    Look,
    Node,
    entries,
    items,
    missing,
    number_of,
    references,
    same,
)
from telesphore.ades.verdict.permissions import Field, Lock, fields_below, locks_of, permission_of
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import Change, ChangeKind, Finding

Box = tuple[float, float, float, float]
MOST_PAGES = 100_000
_ACTIONS = frozenset({"AA", "A", "JS", "JavaScript", "OpenAction", "PA"})
_ATTACHMENTS = frozenset({"EF", "AF", "RF", "RichMediaContent", "EmbeddedFiles"})
_CATALOG_FREE = frozenset({"Version", "Extensions"})
_WIDGET_OF_SIGNATURE = frozenset({"V", "AP", "F", "Ff", "P", "M", "DA", "MK", "AS"})
_FILLING = frozenset({"V", "AP", "AS", "I", "RV", "M"})
_PRINT, _LOCKED, _READ_ONLY = 4, 128, 1
_NOTES = frozenset({"Text", "Popup", "Link", "Highlight", "Underline", "Squiggly", "StrikeOut"})
"""Annotations that remark on what is there; others may be laid over it."""
_MARKS = frozenset({"Highlight", "Underline", "Squiggly", "StrikeOut"})
_DSS = frozenset({"Type", "VRI", "Certs", "OCSPs", "CRLs"})
_VRI = frozenset({"Type", "Cert", "OCSP", "CRL", "TS", "TU"})
_DSS_STREAM = frozenset({"Length", "Filter", "DecodeParms"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where an allowed change may show.

    Attributes:
        page: counted from 1.
        box: left, bottom, right, top, in points.
        agreed: the place was there when the document was first signed.
        marks: it is an annotation made to mark the text below it.
    """

    page: int
    box: Box
    kind: ChangeKind
    agreed: bool
    marks: bool = False


@dataclass(slots=True)
class Rules:
    """What the signatures so far allow.

    Attributes:
        permission: the strictest DocMDP P; None when nobody certified.
        signer: who signed last.
        certifier: whose permission it is.
    """

    permission: int | None = None
    certifier: str = ""
    locks: list[Lock] = field(default_factory=list)
    signer: str = ""

    def heed(self, graph: Graph, signature: Mapping[str, Value], signer: str) -> None:
        """One more signature."""
        permission = permission_of(graph, signature)
        if permission is not None and (self.permission is None or permission < self.permission):
            self.permission, self.certifier = permission, signer
        self.locks.extend(locks_of(graph, signature, signer))
        self.signer = signer


class Judge:
    """Follows a file from revision to revision; knows its pages, its annotations and its form.

    Attributes:
        changes, findings, places: of the last revision judged.
        signed: field name → signature dictionary, of those that the last revision signed.
    """

    def __init__(self, graph: Graph) -> None:
        """
        Raises:
            FileBeyondLimits
        """
        self._graph = graph
        self._root = next(iter(references(graph.trailer.get("Root"))), TRAILER)
        self.encryption = graph.now(graph.trailer.get("Encrypt"))
        self._pages: dict[Reference, int] = {}
        self._tree: set[Reference] = set()
        self._walk_pages()
        self._annotations: dict[Reference, Reference] = {}
        self._arrays: dict[Reference, Reference] = {}
        for page in self._pages:
            self._learn_annotations(page)
        catalog = entries(graph.now(self._root))
        self._form = catalog.get("AcroForm")
        self.fields = fields_below(graph, graph.now(entries(graph.now(self._form)).get("Fields")))
        self._at_first = {one: box_of(graph, entries(graph.now(one))) for one in self.fields}
        self._reset()

    def _reset(self) -> None:
        self.changes: list[Change] = []
        self.findings: list[Finding] = []
        self.places: list[Place] = []
        self.signed: dict[str, Mapping[str, Value]] = {}
        self._explained: Counter[tuple[Reference, Reference]] = Counter()
        self._judged: set[Reference] = set()
        self._freed_into: set[Reference] = set()
        self._news: dict[Reference, Field] = {}

    # ── what the file is made of ──────────────────────────────────────────────────────────────────────────────────────

    def _walk_pages(self) -> None:
        waiting: list[Value] = [entries(self._graph.now(self._root)).get("Pages")]
        while waiting:
            node = waiting.pop()
            if not isinstance(node, Reference) or node in self._tree or node in self._pages:
                continue
            if len(self._tree) + len(self._pages) > MOST_PAGES:
                raise FileBeyondLimits(why="pages")
            value = entries(self._graph.now(node))
            if "Kids" in value:
                self._tree.add(node)
                kids = value["Kids"]
                if isinstance(kids, Reference):
                    self._tree.add(kids)
                waiting.extend(reversed(items(self._graph.now(kids))))
            else:
                self._pages[node] = len(self._pages) + 1

    def _learn_annotations(self, page: Reference) -> None:
        annots = entries(self._graph.now(page)).get("Annots")
        if isinstance(annots, Reference):
            self._arrays[annots] = page
        for one in items(self._graph.now(annots)):
            if isinstance(one, Reference):
                self._annotations[one] = page

    # ── judging ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def judge(self, rules: Rules) -> None:
        """What the graph's last step did.

        Raises:
            FileBeyondLimits
        """
        self._reset()
        self._rules = rules
        graph = self._graph
        if not graph.changed:
            return
        touched = self._touched()
        self._judge_trailer()
        self._judge_catalog()
        self._judge_form(touched)
        for page in self._pages:
            if page in graph.changed:
                self._judge_page(page)
        for array in graph.changed.keys() & self._arrays.keys():
            self._judge_annotations(self._arrays[array])
        for annotation in touched & (self._annotations.keys() - self.fields.keys()):
            self._judge_annotation(annotation)
        for node in graph.changed.keys() & self._tree:
            self._judged.add(node)
            self._refuse(Reason.PAGES_CHANGED)
        self._judge_the_rest()
        self.changes = list(dict.fromkeys(self.changes))
        self.findings = list({(one.reason, *sorted(one.details.items())): one for one in self.findings}.values())

    def _touched(self) -> set[Reference]:
        """Fields and annotations that changed, or that lead within three steps to something that did."""
        graph, known = self._graph, self.fields.keys() | self._annotations.keys()
        found: set[Reference] = set()
        for changed in graph.changed:
            near = {changed}
            for _ in range(4):
                found |= near & known
                near = {
                    source
                    for one in near - known
                    if len(graph.incoming.get(one, ())) < 64
                    for source in graph.incoming.get(one, ())
                }
        return found

    def _note(self, kind: ChangeKind, what: str, *, allowed: bool = True) -> None:
        self.changes.append(Change(kind, what, allowed))

    def _tell(self, reason: Reason, **details: str) -> None:
        self.findings.append(Finding(reason, {"signer": self._rules.signer, **details}))

    def _refuse(
        self, reason: Reason, *, kind: ChangeKind = ChangeKind.CONTENT, signer: str = "", **details: str
    ) -> None:
        self._note(kind, details.get("what") or details.get("page") or reason.code, allowed=False)
        self._tell(reason, **details, **({"signer": signer} if signer else {}))

    def _free(self, source: Reference, value: Node, *, acts: bool = False) -> None:
        """All that is reached from here may be as it is; what acts by itself may not, unless `acts`."""
        waiting: list[tuple[Reference, Node]] = [(source, value)]
        while waiting:
            source, value = waiting.pop()
            if not acts:
                self._look_for_actions(value)
            for target in references(value):
                if target not in self._graph.changed:
                    continue
                self._explained[source, target] += 1
                # Pages, fields and the catalog have rules of their own.
                if target in self._freed_into or self._has_a_role(target):
                    continue
                self._freed_into.add(target)
                waiting.append((target, self._graph.now(target)))

    def _has_a_role(self, reference: Reference) -> bool:
        return (
            reference == self._root
            or reference in self._pages
            or reference in self._tree
            or reference in self.fields
            or reference in self._news
            or reference in self._annotations
            or reference in self._arrays
        )

    def _look_for_actions(self, value: Node) -> None:
        waiting: list[Node] = [value]
        while waiting:
            one = waiting.pop()
            if isinstance(one, list):
                waiting.extend(one)
                continue
            inside = entries(one)
            for key, below in inside.items():
                if key in _ACTIONS and not (key == "A" and self._harmless(below)):
                    self._refuse(Reason.ACTION_ADDED, what=f"/{key}")
                elif key in _ATTACHMENTS:
                    self._refuse(Reason.ATTACHMENT_ADDED)
                elif isinstance(below, list | dict | Stream):
                    waiting.append(below)

    def _harmless(self, action: Value) -> bool:
        """A link to a page of this file or of the web (§12.6.4)."""
        inside = entries(self._graph.now(action))
        return self._graph.now(inside.get("S")) in ("URI", "GoTo") and "Next" not in inside

    # ── trailer and catalog ───────────────────────────────────────────────────────────────────────────────────────────

    def _judge_trailer(self) -> None:
        trailer = self._graph.trailer
        for target in references([value for key, value in trailer.items() if key not in ("Root", "Encrypt")]):
            if target in self._graph.changed:
                self._explained[TRAILER, target] += 1
        info = trailer.get("Info")
        if isinstance(info, Reference) and info in self._graph.changed:
            self._free(info, self._graph.now(info))
            self._note(ChangeKind.METADATA, "/Info")

    def _judge_catalog(self) -> None:
        graph, root = self._graph, self._root
        old, new = entries(graph.then(root)), entries(graph.now(root))
        if root in graph.changed:
            self._judged.add(root)
            for key in sorted(old.keys() | new.keys()):
                if not same(old.get(key), new.get(key)):
                    self._judge_catalog_entry(key, old, new)
        self._judge_validation_data(old.get("DSS"), new.get("DSS"))
        metadata = new.get("Metadata")
        if isinstance(metadata, Reference) and metadata in graph.changed:
            self._judge_metadata(metadata)

    def _judge_catalog_entry(self, key: str, old: Mapping[str, Value], new: Mapping[str, Value]) -> None:
        if key in ("AcroForm", "DSS", "Metadata"):
            return
        value = new.get(key)
        if key in _CATALOG_FREE:
            self._free(self._root, value)
            self._note(ChangeKind.METADATA, f"/{key}")
            return
        for reason in self._reasons_of(key, value):
            self._refuse(reason, what=f"/{key}")
        # Told of already: what it leads to need not be told again.
        self._free(self._root, value, acts=True)

    def _reasons_of(self, key: str, value: Value) -> Iterator[Reason]:
        if key == "Perms":
            yield Reason.CERTIFICATION_CHANGED
        elif key == "OCProperties":
            yield Reason.LAYERS_CHANGED
        elif key in _ACTIONS:
            yield Reason.ACTION_ADDED
        elif key == "Pages":
            yield Reason.PAGES_CHANGED
        elif key == "StructTreeRoot":
            yield Reason.STRUCTURE_CHANGED
        elif key == "Names":
            inside = entries(self._graph.now(value))
            if "JavaScript" in inside:
                yield Reason.ACTION_ADDED
            if "EmbeddedFiles" in inside:
                yield Reason.ATTACHMENT_ADDED
            if not inside.keys() & {"JavaScript", "EmbeddedFiles"}:
                yield Reason.CATALOG_CHANGED
        elif key == "AF":
            yield Reason.ATTACHMENT_ADDED
        else:
            yield Reason.CATALOG_CHANGED

    def _judge_metadata(self, reference: Reference) -> None:
        value = self._graph.now(reference)
        if value is None or (isinstance(value, Stream) and self._graph.now(entries(value).get("Type")) == "Metadata"):
            self._free(self._root, reference)
            self._note(ChangeKind.METADATA, "/Metadata")

    def _judge_validation_data(self, old: Value, new: Value) -> None:
        """EN 319 142-1 §5.4.2: streams of DER, and no other shape."""
        graph = self._graph
        if same(old, new) and not self._leads_to_change(new, 4):
            return
        shaped, leaves = True, set()
        self._allow(self._root, new)
        holder = new if isinstance(new, Reference) else self._root
        top = entries(graph.now(new))
        lists: list[tuple[Reference, Value]] = []
        shaped &= top.keys() <= _DSS
        lists.extend((holder, top[key]) for key in ("Certs", "OCSPs", "CRLs") if key in top)
        self._allow(holder, top.get("VRI"))
        vri_holder = self._holder(holder, top.get("VRI"))
        for value in entries(graph.now(top.get("VRI"))).values():
            self._allow(vri_holder, value)
            below = entries(graph.now(value))
            shaped &= below.keys() <= _VRI
            deeper = self._holder(vri_holder, value)
            lists.extend((deeper, below[key]) for key in ("Cert", "OCSP", "CRL") if key in below)
            if "TS" in below:
                lists.append((deeper, [below["TS"]]))
        for holder, listed in lists:
            self._allow(holder, listed)
            inner = self._holder(holder, listed)
            for one in items(graph.now(listed)):
                self._allow(inner, one)
                leaf = graph.now(one)
                if isinstance(one, Reference) and isinstance(leaf, Stream):
                    leaves.add(bytes(leaf.raw))
                    shaped &= one not in graph.changed or leaf.dictionary.keys() <= _DSS_STREAM
                else:
                    shaped &= one not in graph.changed if isinstance(one, Reference) else False
        if not shaped:
            self._refuse(Reason.FORBIDDEN_CHANGE, what="/DSS")
        self._note(ChangeKind.VALIDATION_DATA, "/DSS", allowed=shaped)
        if self._leaves_then(old) - leaves:
            self._tell(Reason.VALIDATION_DATA_REMOVED)

    def _leaves_then(self, dss: Value) -> set[bytes]:
        top = entries(self._graph.then(dss))
        found = set()
        for key in ("Certs", "OCSPs", "CRLs"):
            for one in items(self._graph.then(top.get(key))):
                value = self._graph.then(one)
                if isinstance(value, Stream):
                    found.add(bytes(value.raw))
        return found

    def _allow(self, source: Reference, value: Value) -> None:
        if isinstance(value, Reference) and value in self._graph.changed:
            self._explained[source, value] += 1

    def _holder(self, holder: Reference, value: Value) -> Reference:
        return value if isinstance(value, Reference) else holder

    def _leads_to_change(self, value: Node, depth: int) -> bool:
        near: list[Node] = [value]
        for _ in range(depth + 1):
            targets = [target for one in near for target in references(one)]
            if any(target in self._graph.changed for target in targets):
                return True
            near = [self._graph.now(target) for target in targets if not self._has_a_role(target)]
        return False

    # ── the form ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _judge_form(self, touched: set[Reference]) -> None:
        graph, root = self._graph, self._root
        was, now = self._form, entries(graph.now(root)).get("AcroForm")
        old, new = entries(graph.then(was)), entries(graph.now(now))
        self._allow(root, now)
        holder = self._holder(root, now)
        if isinstance(now, Reference):
            self._judged.add(now)
        for key in sorted(old.keys() | new.keys()):
            self._judge_form_entry(key, old.get(key), new.get(key), holder)
        self._judge_list(holder, old.get("Fields"), new.get("Fields"), None)
        self._form = now
        for reference in [one for one in touched if one in self.fields]:
            self._judge_field(self.fields[reference])
        for reference, added in list(self._news.items()):
            self._judge_new_field(reference, added)
        self.fields |= self._news

    def _judge_form_entry(self, key: str, old: Value, new: Value, holder: Reference) -> None:
        graph = self._graph
        if key == "Fields" or (same(old, new) and not (key in ("DR", "XFA") and self._leads_to_change(new, 2))):
            return
        if key == "SigFlags":
            before, after = number_of(graph.then(old)), number_of(graph.now(new))
            fine = before & ~after == 0 and after in (0, 1, 2, 3)
        elif key in ("DA", "Q"):
            fine = old is None
        elif key == "NeedAppearances":
            fine = graph.now(new) is not True
        elif key == "DR":
            fine = self._only_adds(graph.then(old), graph.now(new))
            if fine:
                self._allow(holder, new)
                for category in entries(graph.now(new)).values():
                    self._allow(self._holder(holder, new), category)
                    added = entries(graph.now(category))
                    self._free_new(self._holder(self._holder(holder, new), category), added)
        else:
            fine = False
        if not fine:
            self._refuse(Reason.FORM_CHANGED, what=f"/{key}")
            self._free(holder, new)

    def _free_new(self, source: Reference, added: Mapping[str, Value]) -> None:
        for value in added.values():
            if not (isinstance(value, Reference) and self._graph.existed(value)):
                self._free(source, value)

    def _only_adds(self, old: Node, new: Node) -> bool:
        """Resources (§7.8.3): what had a name still has it."""
        before, after = entries(old), entries(new)
        for key, value in before.items():
            names, then = entries(self._graph.then(value)), entries(self._graph.now(after.get(key)))
            if not names:
                if not same(value, after.get(key)):
                    return False
                continue
            if any(not same(one, then.get(name)) for name, one in names.items()):
                return False
        return True

    def _judge_list(self, holder: Reference, old: Value, new: Value, parent: Field | None) -> None:
        """/Fields or /Kids: only more of them."""
        graph = self._graph
        if same(old, new) and not (isinstance(new, Reference) and new in graph.changed):
            return
        self._allow(holder, new)
        before, after = items(graph.then(old)), items(graph.now(new))
        for one in missing(before, after):
            known = self.fields.get(one) if isinstance(one, Reference) else None
            self._refuse(Reason.FORM_CHANGED, what=known.name if known else "/Fields")
        source = self._holder(holder, new)
        for one in after:
            self._allow(source, one)
        self._news |= fields_below(graph, missing(after, before), parent, self.fields)

    def _judge_field(self, known: Field) -> None:
        """One that was there before."""
        graph, reference = self._graph, known.reference
        old, new = entries(graph.then(reference)), entries(graph.now(reference))
        if graph.now(reference) is None:
            self._judged.add(reference)
            self._refuse(Reason.FORM_CHANGED, what=known.name)
            return
        self._judge_list(reference, old.get("Kids"), new.get("Kids"), known)
        changed = {
            key
            for key in old.keys() | new.keys()
            if not same(old.get(key), new.get(key)) or (key in ("V", "AP", "RV", "I") and self._deeply(new.get(key)))
        } - {"Kids"}
        self._judged.add(reference)
        if not changed:
            return
        if known.kind == "Sig":
            self._judge_signature_field(known, changed, old, new)
        else:
            self._judge_filling(known, changed, old, new)

    def _deeply(self, value: Value) -> bool:
        return any(True for _ in references(value)) and self._leads_to_change(value, 2)

    def _value(self, known: Field, *, now: bool) -> Value:
        look = self._graph.now if now else self._graph.then
        return entries(look(known.terminal)).get("V")

    def _judge_signature_field(
        self, known: Field, changed: set[str], old: Mapping[str, Value], new: Mapping[str, Value]
    ) -> None:
        before, after = self._value(known, now=False), self._value(known, now=True)
        if self._graph.then(before) is not None:
            self._refuse(Reason.SIGNATURE_CHANGED, kind=ChangeKind.SIGNATURE, what=known.name)
            return
        if self._graph.now(after) is None:
            # Nothing may make an unsigned place look otherwise.
            if changed - {"Ff", "F", "M", "P", "Lock"} or not self._flags_fine(old, new):
                self._refuse(Reason.FORM_CHANGED, what=known.name)
            return
        self._judge_signing(known, new)
        if changed - _WIDGET_OF_SIGNATURE or not self._flags_fine(old, new):
            self._look_for_actions(dict.fromkeys(changed - _WIDGET_OF_SIGNATURE))  # type: ignore[arg-type]  # Keys only.
            self._refuse(Reason.FORM_CHANGED, what=known.name)
        for key in changed & _WIDGET_OF_SIGNATURE:
            self._free(known.reference, new.get(key))
        self._show(known, new, ChangeKind.SIGNATURE)

    def _judge_signing(self, known: Field, new: Mapping[str, Value]) -> None:
        """A field that this revision signs."""
        if known.reference != known.terminal and known.terminal in self.fields.keys() | self._news.keys():
            new = entries(self._graph.now(known.terminal))
        signature = entries(self._graph.now(new.get("V")))
        kind = ChangeKind.TIMESTAMP if is_timestamp(self._graph, signature) else ChangeKind.SIGNATURE
        if known.name in self.signed:
            return
        self.signed[known.name] = signature
        if kind is ChangeKind.SIGNATURE:
            if self._rules.permission == 1:
                self._refuse(
                    Reason.FIELD_ADDED, kind=kind, what=known.name, signer=self._rules.certifier
                )  # fmt: skip
            for lock in self._rules.locks:
                if lock.holds(known.name):
                    self._refuse(Reason.FORM_FILLED_AGAINST, kind=kind, what=known.name, signer=lock.signer)
            if permission_of(self._graph, signature) is not None:
                self._refuse(Reason.CERTIFICATION_CHANGED, kind=kind, what=known.name)
        self._note(kind, known.name)

    def _flags_fine(self, old: Mapping[str, Value], new: Mapping[str, Value]) -> bool:
        """Annotation flags that show or hide nothing; a field may become read-only."""
        shown = number_of(self._graph.then(old.get("F"))) ^ number_of(self._graph.now(new.get("F")))
        field_flags = number_of(self._graph.then(old.get("Ff"))) ^ number_of(self._graph.now(new.get("Ff")))
        unlocked = number_of(self._graph.then(old.get("Ff"))) & ~number_of(self._graph.now(new.get("Ff"))) & _READ_ONLY
        return not shown & ~(_PRINT | _LOCKED) and not field_flags & ~_READ_ONLY and not unlocked

    def _judge_filling(
        self, known: Field, changed: set[str], old: Mapping[str, Value], new: Mapping[str, Value]
    ) -> None:
        graph, rules = self._graph, self._rules
        before, after = self._value(known, now=False), self._value(known, now=True)
        if changed <= {"Ff", "F"} and self._flags_fine(old, new):
            return
        filled = not self._deeply_same(before, after)
        if changed - _FILLING - {"Ff", "F"} or not self._flags_fine(old, new) or not filled:
            self._look_for_actions({key: new[key] for key in changed - _FILLING if key in new})  # type: ignore[misc]  # Keys of a PDF dictionary.
            self._refuse(Reason.FORM_CHANGED, what=known.name)
        for key in changed & _FILLING:
            self._free(known.reference, new.get(key))
        if not filled:
            return
        against = [lock.signer for lock in rules.locks if lock.holds(known.name)]
        if rules.permission == 1:
            against.append(rules.certifier)
        if known.flags & _READ_ONLY:
            against.append(rules.signer)
        if against:
            self._refuse(Reason.FORM_FILLED_AGAINST, kind=ChangeKind.FORM_FILLED, what=known.name, signer=against[0])
            return
        self._note(ChangeKind.FORM_FILLED, known.name)
        if rules.permission is None:
            self._tell(Reason.FILLED_UNASKED, what=known.name)
        elif graph.then(before) not in (None, b"", "Off", []):
            self._tell(Reason.VALUE_REPLACED, what=known.name)
        self._show(known, new, ChangeKind.FORM_FILLED)

    def _deeply_same(self, old: Value, new: Value) -> bool:
        return same(self._graph.then(old), self._graph.now(new))

    def _judge_new_field(self, reference: Reference, added: Field) -> None:
        graph, rules = self._graph, self._rules
        value = entries(graph.now(reference))
        self._judged.add(reference)
        for one in items(graph.now(value.get("Kids"))):
            self._allow(self._holder(reference, value.get("Kids")), one)
        self._allow(reference, value.get("Kids"))
        if graph.existed(reference):
            # It stood somewhere else, and was made a field.
            self._refuse(Reason.FIELD_ADDED, kind=ChangeKind.FIELD_ADDED, what=added.name)
            return
        box = box_of(graph, value)
        if added.kind != "Sig":
            self._refuse(Reason.FIELD_ADDED, kind=ChangeKind.FIELD_ADDED, what=added.name)
            self._free(reference, dict(value), acts=True)  # type: ignore[arg-type]  # Told of already.
            return
        self._free(reference, dict(value))  # type: ignore[arg-type]  # A PDF dictionary.
        terminal = entries(graph.now(added.terminal))
        signature = graph.now(terminal.get("V"))
        if signature is not None:
            if rules.permission == 1 and is_timestamp(graph, entries(signature)) and box is not None:
                self._refuse(Reason.FIELD_ADDED, kind=ChangeKind.FIELD_ADDED, what=added.name, signer=rules.certifier)
            self._judge_signing(added, terminal)
            self._show(added, value, ChangeKind.SIGNATURE)
            return
        if rules.permission == 1:
            self._refuse(Reason.FIELD_ADDED, kind=ChangeKind.FIELD_ADDED, what=added.name, signer=rules.certifier)
        elif "AP" in value and box is not None and self._draws(value["AP"]):
            self._refuse(Reason.FORM_CHANGED, what=added.name)
        else:
            self._note(ChangeKind.FIELD_ADDED, added.name)

    def _draws(self, appearance: Value) -> bool:
        looks = entries(self._graph.now(appearance)).values()
        return any(isinstance(look := self._graph.now(one), Stream) and bytes(look.raw).strip() for one in looks)

    def _show(self, known: Field, value: Mapping[str, Value], kind: ChangeKind) -> None:
        for reference in (known.reference, *(one for one in references(value.get("Kids")))):
            box = box_of(self._graph, entries(self._graph.now(reference)))
            page = self._annotations.get(reference) or self._page_of(reference)
            if box is not None and page in self._pages:
                agreed = self._at_first.get(reference) == box
                self.places.append(Place(self._pages[page], box, kind, agreed))

    def _page_of(self, reference: Reference) -> Reference:
        said = entries(self._graph.now(reference)).get("P")
        return said if isinstance(said, Reference) else TRAILER

    # ── pages and annotations ─────────────────────────────────────────────────────────────────────────────────────────

    def _judge_page(self, page: Reference) -> None:
        old, new = entries(self._graph.then(page)), entries(self._graph.now(page))
        self._judged.add(page)
        changed = {key for key in old.keys() | new.keys() if not same(old.get(key), new.get(key))}
        if "AA" in changed:
            self._refuse(Reason.ACTION_ADDED, what="/AA")
        if changed - {"Annots", "AA", "Tabs", "LastModified"}:
            self._refuse(Reason.PAGE_CHANGED, page=str(self._pages[page]))
            for key in changed - {"Annots"}:
                self._free(page, new.get(key), acts=True)
        if "Annots" in changed:
            self._judge_annotations(page)

    def _judge_annotations(self, page: Reference) -> None:
        graph = self._graph
        was, now = entries(graph.then(page)).get("Annots"), entries(graph.now(page)).get("Annots")
        if isinstance(now, Reference) and now in self._freed_into:
            return
        self._allow(page, now)
        if isinstance(now, Reference):
            self._freed_into.add(now)
        source = self._holder(page, now)
        before, after = items(graph.then(was)), items(graph.now(now))
        new = missing(after, before)
        lost = missing(before, after)
        kept = after if not new else [one for one in after if one not in new]
        if not same(kept, before):
            widgets = any(isinstance(one, Reference) and one in self.fields for one in lost)
            if widgets or not lost:
                self._refuse(Reason.FORM_CHANGED, what=f"/Annots {self._pages[page]}")
            else:
                self._judge_annotating(page, "")
        for one in after:
            self._allow(source, one)
        for one in new:
            self._judge_added_annotation(page, one)
        self._learn_annotations(page)

    def _judge_added_annotation(self, page: Reference, one: Value) -> None:
        value = entries(self._graph.now(one))
        if isinstance(one, Reference) and one in self._news:
            return
        if isinstance(one, Reference) and one in self.fields:
            # A field that no page bore till now; it may only if it shows nothing.
            if box_of(self._graph, value) is not None:
                self._refuse(Reason.FORM_CHANGED, what=self.fields[one].name)
            return
        kind = str(self._graph.now(value.get("Subtype")))
        if kind == "Widget" or (isinstance(one, Reference) and self._graph.existed(one)):
            self._refuse(Reason.ANNOTATION_FORBIDDEN, kind=ChangeKind.ANNOTATION, page=str(self._pages[page]))
        else:
            self._judge_annotating(page, kind)
            self._place(page, value)
        if isinstance(one, Reference):
            self._judged.add(one)
            self._free(one, dict(value))  # type: ignore[arg-type]  # A PDF dictionary.
        else:
            self._free(page, one)

    def _judge_annotation(self, reference: Reference) -> None:
        """One that was there before, and isn't a field."""
        page = self._annotations[reference]
        value = self._graph.now(reference)
        self._judged.add(reference)
        self._judge_annotating(page, "")
        self._free(reference, value)
        self._place(page, entries(value))
        self._place(page, entries(self._graph.then(reference)))

    def _judge_annotating(self, page: Reference, kind: str) -> None:
        rules, number = self._rules, str(self._pages[page])
        if rules.permission == 3 or (rules.permission is None and kind in _NOTES):
            self._note(ChangeKind.ANNOTATION, number)
            self._tell(Reason.ANNOTATED, page=number)
        else:
            signer = rules.certifier or rules.signer
            self._refuse(Reason.ANNOTATION_FORBIDDEN, kind=ChangeKind.ANNOTATION, page=number, signer=signer)

    def _place(self, page: Reference, value: Mapping[str, Value]) -> None:
        box = box_of(self._graph, value)
        if box is not None:
            marks = self._graph.now(value.get("Subtype")) in _MARKS
            self.places.append(Place(self._pages[page], box, ChangeKind.ANNOTATION, agreed=False, marks=marks))

    # ── whatever is left ──────────────────────────────────────────────────────────────────────────────────────────────

    def _judge_the_rest(self) -> None:
        graph = self._graph
        for target in graph.changed:
            for source, times in graph.incoming.get(target, {}).items():
                if target in self._judged and (graph.existed(target) or source in graph.changed):
                    continue
                if times <= self._explained[source, target] or not (source == TRAILER or graph.reachable(source)):
                    continue
                if source == TRAILER and target == self._root:
                    continue
                self._refuse_unexplained(source, target)

    def _refuse_unexplained(self, source: Reference, target: Reference) -> None:
        """Something changed in a place that no rule admits: say where it shows."""
        graph = self._graph
        seen, near = {target}, [(source, target)]
        keys: set[str] = set()
        while near and len(seen) < 10_000:
            one, below = near.pop(0)
            if one in self._pages:
                self._refuse(Reason.PAGE_CHANGED, page=str(self._pages[one]))
                return
            if one == self._root:
                catalog = entries(graph.now(one))
                keys |= {key for key, value in catalog.items() if below in set(references(value))}
            elif one in self.fields and self.fields[one].kind == "Sig":
                self._refuse(Reason.SIGNATURE_CHANGED, kind=ChangeKind.SIGNATURE, what=self.fields[one].name)
                return
            elif one not in seen:
                seen.add(one)
                near.extend((above, one) for above in graph.incoming.get(one, ()))
        if keys == {"StructTreeRoot"}:
            self._note(ChangeKind.METADATA, "/StructTreeRoot")
            self._tell(Reason.STRUCTURE_CHANGED)
        elif keys:
            for key in sorted(keys):
                for reason in self._reasons_of(key, entries(graph.now(self._root))[key]):
                    self._refuse(reason, what=f"/{key}")
        else:
            self._refuse(Reason.FORBIDDEN_CHANGE, what=f"{target.number} {target.generation} R")


def is_timestamp(graph: Look, signature: Mapping[str, Value]) -> bool:
    """A document timestamp's dictionary (§12.8.5)."""
    return graph.now(signature.get("Type")) == "DocTimeStamp" or graph.now(signature.get("SubFilter")) == "ETSI.RFC3161"


def box_of(graph: Look, annotation: Mapping[str, Value]) -> Box | None:
    """Where it shows; None when it has no surface."""
    edges = [graph.now(one) for one in items(graph.now(annotation.get("Rect")))]
    numbers = [float(one) for one in edges if isinstance(one, int | float)]
    if len(numbers) != 4:
        return None
    left, right = sorted((numbers[0], numbers[2]))
    bottom, top = sorted((numbers[1], numbers[3]))
    return (left, bottom, right, top) if right > left and top > bottom else None

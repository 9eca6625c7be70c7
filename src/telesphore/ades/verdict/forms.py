"""Changes to a form: fields filled, signed, added (ISO 32000-2 §12.7)."""

from collections.abc import Callable, Mapping

from telesphore.ades.pdf.objects import Reference, Stream, Value
from telesphore.ades.verdict.graph import Graph, Look, Node, entries, items, missing, number_of, references, same
from telesphore.ades.verdict.ledger import Ledger, Place, box_of
from telesphore.ades.verdict.permissions import Field, fields_below, permission_of
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import ChangeKind

_SIGNING = frozenset({"V", "AP", "F", "Ff", "P", "M", "DA", "MK", "AS"})
"""What signing a field may set in it."""
_FILLING = frozenset({"V", "AP", "AS", "I", "RV", "M"})
_FLAGS = frozenset({"F", "Ff"})
_PRINT, _LOCKED, _READ_ONLY = 4, 128, 1
_EMPTY: tuple[object, ...] = (None, b"", "Off", [])

PageOf = Callable[[Reference], int | None]
"""Number of the page that an annotation is on."""


class Form:
    """The fields of a file, followed from revision to revision.

    Attributes:
        fields: all of them and their widgets, by object.
        added: those of the last revision.
    """

    def __init__(self, graph: Graph, root: Reference) -> None:
        """
        Raises:
            FileBeyondLimits
        """
        self._graph = graph
        self._root = root
        self._form = entries(graph.now(root)).get("AcroForm")
        self.fields = fields_below(graph, graph.now(entries(graph.now(self._form)).get("Fields")))
        self.added: dict[Reference, Field] = {}
        self._at_first = {one: box_of(graph, entries(graph.now(one))) for one in self.fields}

    def judge(self, ledger: Ledger, touched: set[Reference], page_of: PageOf) -> None:
        """The last revision.

        Raises:
            FileBeyondLimits
        """
        graph = self._graph
        self.added = {}
        self._page_of = page_of
        was, now = self._form, entries(graph.now(self._root)).get("AcroForm")
        old, new = entries(graph.then(was)), entries(graph.now(now))
        holder = ledger.allow(self._root, now)
        ledger.judged.add(holder)
        for key in sorted((old.keys() | new.keys()) - {"Fields"}):
            self._judge_entry(ledger, key, old.get(key), new.get(key), holder)
        self._judge_list(ledger, holder, old.get("Fields"), new.get("Fields"), None)
        self._form = now
        for reference in touched & self.fields.keys():
            self._judge_field(ledger, self.fields[reference])
        ledger.kept_apart |= self.added.keys()
        for reference, known in self.added.items():
            self._judge_new(ledger, reference, known)
        self.fields |= self.added

    def _judge_entry(self, ledger: Ledger, key: str, old: Value, new: Value, holder: Reference) -> None:
        graph = self._graph
        if same(old, new) and not (key in ("DR", "XFA") and ledger.leads_to_change(new, 2)):
            return
        if key == "SigFlags":
            before, after = number_of(graph.then(old)), number_of(graph.now(new))
            fine = not before & ~after and after in range(4)
        elif key in ("DA", "Q"):
            fine = old is None
        elif key == "NeedAppearances":
            fine = graph.now(new) is not True
        elif key == "DR":
            fine = self._only_adds(graph.then(old), graph.now(new))
        else:
            fine = False
        if not fine:
            ledger.refuse(Reason.FORM_CHANGED, what=f"/{key}")
            ledger.free(holder, new)
        elif key == "DR":
            self._allow_resources(ledger, holder, new)

    def _allow_resources(self, ledger: Ledger, holder: Reference, new: Value) -> None:
        holder = ledger.allow(holder, new)
        for category in entries(self._graph.now(new)).values():
            inner = ledger.allow(holder, category)
            for value in entries(self._graph.now(category)).values():
                if not (isinstance(value, Reference) and self._graph.existed(value)):
                    ledger.free(inner, value)

    def _only_adds(self, old: Node, new: Node) -> bool:
        """Resources (§7.8.3): what had a name still has it."""
        after = entries(new)
        for key, value in entries(old).items():
            names, then = entries(self._graph.then(value)), entries(self._graph.now(after.get(key)))
            if not names and not same(value, after.get(key)):
                return False
            if any(not same(one, then.get(name)) for name, one in names.items()):
                return False
        return True

    def _judge_list(self, ledger: Ledger, holder: Reference, old: Value, new: Value, parent: Field | None) -> None:
        """/Fields or /Kids: only more of them."""
        graph = self._graph
        if same(old, new) and not (isinstance(new, Reference) and new in graph.changed):
            return
        holder = ledger.allow(holder, new)
        before, after = items(graph.then(old)), items(graph.now(new))
        for one in missing(before, after):
            known = self.fields.get(one) if isinstance(one, Reference) else None
            ledger.refuse(Reason.FORM_CHANGED, what=known.name if known else "/Fields")
        for one in after:
            ledger.allow(holder, one)
        for one in missing(after, before):
            # A field has one place in the tree: a second one gives it another name and another look.
            if not isinstance(one, Reference) or one in self.fields:
                ledger.refuse(Reason.FORM_CHANGED, what=parent.name if parent else "/Fields")
        self.added |= fields_below(graph, missing(after, before), parent, self.fields)

    def _judge_field(self, ledger: Ledger, known: Field) -> None:
        """One that was there before."""
        graph, reference = self._graph, known.reference
        before, after = graph.then(reference), graph.now(reference)
        ledger.judged.add(reference)
        if not isinstance(after, dict) or not isinstance(before, dict):
            if reference in graph.changed:
                ledger.refuse(Reason.FORM_CHANGED, what=known.name)
            return
        old, new = entries(before), entries(after)
        self._judge_list(ledger, reference, old.get("Kids"), new.get("Kids"), known)
        changed = ledger.differing(old, new) - {"Kids"}
        changed |= {key for key in ("V", "AP", "RV", "I") if self._changed_below(ledger, new.get(key))}
        if not changed:
            return
        ledger.refuse_actions({key: new[key] for key in changed if key in new})
        if known.kind == "Sig":
            self._judge_signature_field(ledger, known, changed, old, new)
        else:
            self._judge_filling(ledger, known, changed, old, new)

    def _changed_below(self, ledger: Ledger, value: Value) -> bool:
        return isinstance(value, Reference | dict | list) and ledger.leads_to_change(value, 2)

    def _judge_signature_field(
        self, ledger: Ledger, known: Field, changed: set[str], old: Mapping[str, Value], new: Mapping[str, Value]
    ) -> None:
        graph = self._graph
        terminal = known.terminal
        if graph.then(entries(graph.then(terminal)).get("V")) is not None:
            ledger.refuse(Reason.SIGNATURE_CHANGED, kind=ChangeKind.SIGNATURE, what=known.name)
            return
        if graph.now(entries(graph.now(terminal)).get("V")) is None:
            # Nothing may make an unsigned place look otherwise.
            if changed - {"Ff", "F", "M", "P", "Lock"} or not self._flags_fine(old, new):
                ledger.refuse(Reason.FORM_CHANGED, what=known.name)
                ledger.free(known.reference, [new.get(key) for key in changed])
            return
        self._judge_signing(ledger, known)
        if changed - _SIGNING or not self._flags_fine(old, new):
            ledger.refuse(Reason.FORM_CHANGED, what=known.name)
        ledger.free(known.reference, [new.get(key) for key in changed & _SIGNING])
        self._show(ledger, known, ChangeKind.SIGNATURE)

    def _judge_signing(self, ledger: Ledger, known: Field) -> None:
        """A field that this revision signs."""
        graph, rules = self._graph, ledger.rules
        if known.name in ledger.signed:
            return
        place = entries(graph.now(known.terminal)).get("V")
        signature = entries(graph.now(place))
        ledger.signed[known.name] = signature
        kind = ChangeKind.TIMESTAMP if is_timestamp(graph, signature) else ChangeKind.SIGNATURE
        if isinstance(place, Reference) and graph.existed(place):
            # Another's signature, shown in this place.
            ledger.refuse(Reason.SIGNATURE_CHANGED, kind=kind, what=known.name)
        if kind is ChangeKind.SIGNATURE:
            if rules.permission == 1:
                ledger.refuse(Reason.FIELD_ADDED, kind=kind, what=known.name, signer=rules.certifier)
            for lock in rules.locks:
                if lock.holds(known.name):
                    ledger.refuse(Reason.FORM_FILLED_AGAINST, kind=kind, what=known.name, signer=lock.signer)
            if permission_of(graph, signature) is not None:
                ledger.refuse(Reason.CERTIFICATION_CHANGED, kind=kind, what=known.name)
        ledger.note(kind, known.name)

    def _flags_fine(self, old: Mapping[str, Value], new: Mapping[str, Value]) -> bool:
        """Annotation flags that show or hide nothing; a field may become read-only."""
        then, now = self._graph.then, self._graph.now
        shown = number_of(then(old.get("F"))) ^ number_of(now(new.get("F")))
        before, after = number_of(then(old.get("Ff"))), number_of(now(new.get("Ff")))
        return not shown & ~(_PRINT | _LOCKED) and after in (before, before | _READ_ONLY)

    def _judge_filling(
        self, ledger: Ledger, known: Field, changed: set[str], old: Mapping[str, Value], new: Mapping[str, Value]
    ) -> None:
        graph, rules = self._graph, ledger.rules
        if changed <= _FLAGS and self._flags_fine(old, new):
            return
        before, after = entries(graph.then(known.terminal)).get("V"), entries(graph.now(known.terminal)).get("V")
        filled = not same(graph.then(before), graph.now(after))
        if changed - _FILLING - _FLAGS or not self._flags_fine(old, new) or not filled:
            ledger.refuse(Reason.FORM_CHANGED, what=known.name)
        ledger.free(known.reference, [new.get(key) for key in changed & _FILLING])
        if not filled:
            return
        against = [lock.signer for lock in rules.locks if lock.holds(known.name)]
        if rules.permission == 1:
            against.append(rules.certifier)
        if known.flags & _READ_ONLY:
            against.append(rules.signer)
        if against:
            ledger.refuse(Reason.FORM_FILLED_AGAINST, kind=ChangeKind.FORM_FILLED, what=known.name, signer=against[0])
            return
        ledger.note(ChangeKind.FORM_FILLED, known.name)
        replaces = graph.then(before) not in _EMPTY
        if rules.permission is None:
            ledger.tell(Reason.FILLED_UNASKED, what=known.name)
        elif replaces:
            ledger.tell(Reason.VALUE_REPLACED, what=known.name)
        self._show(ledger, known, ChangeKind.FORM_FILLED, replaces=replaces)

    def _judge_new(self, ledger: Ledger, reference: Reference, known: Field) -> None:
        graph, rules = self._graph, ledger.rules
        node = graph.now(reference)
        value = entries(node)
        ledger.judged.add(reference)
        holder = ledger.allow(reference, value.get("Kids"))
        for one in items(graph.now(value.get("Kids"))):
            ledger.allow(holder, one)
        if graph.existed(reference) or not isinstance(node, dict) or known.kind != "Sig":
            # Something else that was made a field, or a field to fill.
            ledger.refuse(Reason.FIELD_ADDED, kind=ChangeKind.FIELD_ADDED, what=known.name)
            ledger.free(reference, node)
            return
        ledger.refuse_actions(value)
        ledger.free(reference, node)
        shown = box_of(graph, value) is not None
        if graph.now(entries(graph.now(known.terminal)).get("V")) is not None:
            self._judge_signing(ledger, known)
            if rules.permission == 1 and shown:
                ledger.refuse(Reason.FIELD_ADDED, kind=ChangeKind.FIELD_ADDED, what=known.name, signer=rules.certifier)
            elif rules.permission is not None and shown:
                ledger.tell(Reason.PLACE_ADDED, what=known.name, signer=rules.certifier)
            self._show(ledger, known, ChangeKind.SIGNATURE)
        elif rules.permission == 1:
            ledger.refuse(Reason.FIELD_ADDED, kind=ChangeKind.FIELD_ADDED, what=known.name, signer=rules.certifier)
        elif shown and self._draws(value.get("AP")):
            ledger.refuse(Reason.FORM_CHANGED, what=known.name)
        else:
            ledger.note(ChangeKind.FIELD_ADDED, known.name)

    def _draws(self, appearance: Value) -> bool:
        looks = [self._graph.now(one) for one in entries(self._graph.now(appearance)).values()]
        return any(isinstance(look, Stream) and bytes(look.raw).strip() for look in looks)

    def _show(self, ledger: Ledger, known: Field, kind: ChangeKind, *, replaces: bool = False) -> None:
        """Say where this field's widgets are."""
        kids = entries(self._graph.now(known.reference)).get("Kids")
        for reference in (known.reference, *references(self._graph.now(kids))):
            box = box_of(self._graph, entries(self._graph.now(reference)))
            page = self._page_of(reference)
            if box is not None and page is not None:
                agreed = self._at_first.get(reference) == box
                ledger.places.append(Place(page, box, kind, agreed, replaces=replaces))


def is_timestamp(look: Look, signature: Mapping[str, Value]) -> bool:
    """A document timestamp's dictionary (§12.8.5)."""
    return look.now(signature.get("Type")) == "DocTimeStamp" or look.now(signature.get("SubFilter")) == "ETSI.RFC3161"

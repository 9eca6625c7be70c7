"""One revision judged by what the signatures before it allow: an allow-list, from the trailer down."""

from collections.abc import Iterator, Mapping

from telesphore.ades.pdf.objects import Reference, Stream, Value
from telesphore.ades.verdict.forms import Form
from telesphore.ades.verdict.graph import TRAILER, Graph, Node, entries, items, references, same
from telesphore.ades.verdict.leaves import Leaves
from telesphore.ades.verdict.ledger import Ledger, Rules
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import ChangeKind

_CATALOG_FREE = frozenset({"Version", "Extensions"})
_CATALOG_RULED = frozenset({"AcroForm", "DSS", "Metadata"})
_DSS = frozenset({"Type", "VRI", "Certs", "OCSPs", "CRLs"})
_VRI = frozenset({"Type", "Cert", "OCSP", "CRL", "TS", "TU"})
_DSS_STREAM = frozenset({"Length", "Filter", "DecodeParms"})
_FARTHEST = 10_000
"""Objects looked at to say where a change shows."""


class Judge:
    """Follows a file from revision to revision."""

    def __init__(self, graph: Graph) -> None:
        """
        Raises:
            FileBeyondLimits
        """
        self._graph = graph
        self._root = next(references(graph.trailer.get("Root")), TRAILER)
        self._encryption = graph.now(graph.trailer.get("Encrypt"))
        self._leaves = Leaves(graph, self._root)
        self.form = Form(graph, self._root)

    def judge(self, rules: Rules) -> Ledger:
        """What the graph's last step did.

        Raises:
            FileBeyondLimits
        """
        graph, leaves, form = self._graph, self._leaves, self.form
        ledger = Ledger(graph, rules)
        if not same(graph.now(graph.trailer.get("Encrypt")), self._encryption):
            ledger.refuse(Reason.ENCRYPTED_LATER)
        if not graph.changed:
            return ledger
        ledger.kept_apart = {
            self._root, *leaves.pages, *leaves.tree, *leaves.annotations, *leaves.arrays, *form.fields,
        }  # fmt: skip
        touched = self._touched()
        self._judge_trailer(ledger)
        self._judge_catalog(ledger)
        form.judge(ledger, touched, leaves.page_of)
        leaves.judge(ledger, touched, form.fields, form.added)
        for source, target in ledger.unexplained(self._root):
            self._refuse_unexplained(ledger, source, target)
        return ledger

    def _touched(self) -> set[Reference]:
        """Fields and annotations that changed, or that lead within three steps to something that did."""
        graph, known = self._graph, self.form.fields.keys() | self._leaves.annotations.keys()
        found: set[Reference] = set()
        for changed in graph.changed:
            near = {changed}
            for _ in range(4):
                found |= near & known
                near = {source for one in near - known for source in graph.incoming.get(one, ())}
                if len(near) > 64:
                    break
        return found

    def _judge_trailer(self, ledger: Ledger) -> None:
        trailer, graph = self._graph.trailer, self._graph
        for target in references([value for key, value in trailer.items() if key not in ("Root", "Encrypt")]):
            ledger.allow(TRAILER, target)
        info = trailer.get("Info")
        if isinstance(info, Reference) and info in graph.changed:
            ledger.free(info, graph.now(info))
            ledger.note(ChangeKind.METADATA, "/Info")

    def _judge_catalog(self, ledger: Ledger) -> None:
        graph, root = self._graph, self._root
        old, new = entries(graph.then(root)), entries(graph.now(root))
        ledger.judged.add(root)
        for key in sorted(ledger.differing(old, new) - _CATALOG_RULED):
            if key in _CATALOG_FREE:
                ledger.note(ChangeKind.METADATA, f"/{key}")
            else:
                for reason in self._reasons_of(key, new.get(key)):
                    ledger.refuse(reason, what=f"/{key}")
            # If refused, what it leads to need not be told too.
            ledger.free(root, new.get(key))
        self._judge_stored(ledger, old.get("DSS"), new.get("DSS"))
        metadata = new.get("Metadata")
        if isinstance(metadata, Reference) and metadata in graph.changed:
            value = graph.now(metadata)
            if value is None or (isinstance(value, Stream) and graph.now(entries(value).get("Type")) == "Metadata"):
                ledger.free(root, metadata)
                ledger.note(ChangeKind.METADATA, "/Metadata")

    def _reasons_of(self, key: str, value: Value) -> Iterator[Reason]:
        """What a change under this key of the catalog is (§7.7.2)."""
        if key == "Names":
            inside = entries(self._graph.now(value))
            if "JavaScript" in inside:
                yield Reason.ACTION_ADDED
            if "EmbeddedFiles" in inside:
                yield Reason.ATTACHMENT_ADDED
            if not inside.keys() & {"JavaScript", "EmbeddedFiles"}:
                yield Reason.CATALOG_CHANGED
            return
        yield {
            "Perms": Reason.CERTIFICATION_CHANGED,
            "OCProperties": Reason.LAYERS_CHANGED,
            "OpenAction": Reason.ACTION_ADDED,
            "AA": Reason.ACTION_ADDED,
            "AF": Reason.ATTACHMENT_ADDED,
            "Pages": Reason.PAGES_CHANGED,
            "AcroForm": Reason.FORM_CHANGED,
            "StructTreeRoot": Reason.STRUCTURE_CHANGED,
            "MarkInfo": Reason.STRUCTURE_CHANGED,
        }.get(key, Reason.CATALOG_CHANGED)

    def _judge_stored(self, ledger: Ledger, old: Value, new: Value) -> None:
        """Validation data (EN 319 142-1 §5.4.2): streams of DER, and no other shape."""
        graph = self._graph
        if same(old, new) and not ledger.leads_to_change(new, 4):
            return
        holder = ledger.allow(self._root, new)
        top = entries(graph.now(new))
        shaped = isinstance(graph.now(new), dict | None) and top.keys() <= _DSS
        lists = [(holder, top.get(key)) for key in ("Certs", "OCSPs", "CRLs")]
        holder = ledger.allow(holder, top.get("VRI"))
        for value in entries(graph.now(top.get("VRI"))).values():
            inner = ledger.allow(holder, value)
            below = entries(graph.now(value))
            shaped &= below.keys() <= _VRI
            lists.extend((inner, below.get(key)) for key in ("Cert", "OCSP", "CRL"))
            lists.append((inner, [below["TS"]] if "TS" in below else None))
        kept: set[bytes] = set()
        for source, listed in lists:
            inner = ledger.allow(source, listed)
            for one in items(graph.now(listed)):
                ledger.allow(inner, one)
                leaf = graph.now(one)
                if isinstance(leaf, Stream):
                    kept.add(bytes(leaf.raw))
                    plain = leaf.dictionary.keys() <= _DSS_STREAM
                    shaped &= plain or (isinstance(one, Reference) and one not in graph.changed)
                else:
                    shaped = False
        if not shaped:
            ledger.refuse(Reason.FORBIDDEN_CHANGE, what="/DSS")
        ledger.note(ChangeKind.VALIDATION_DATA, "/DSS", allowed=shaped)
        if self._stored_then(old) - kept:
            ledger.tell(Reason.VALIDATION_DATA_REMOVED)

    def _stored_then(self, dss: Value) -> set[bytes]:
        then = self._graph.then
        lists = [then(entries(then(dss)).get(key)) for key in ("Certs", "OCSPs", "CRLs")]
        leaves: list[Node] = [then(one) for listed in lists for one in items(listed)]
        return {bytes(leaf.raw) for leaf in leaves if isinstance(leaf, Stream)}

    def _refuse_unexplained(self, ledger: Ledger, source: Reference, target: Reference) -> None:
        """Something changed in a place that no rule admits: say where it shows."""
        graph, fields = self._graph, self.form.fields
        near = [(source, target)]
        seen: set[Reference] = set()
        keys: set[str] = set()
        for one, below in near:
            if one in self._leaves.pages:
                ledger.refuse(Reason.PAGE_CHANGED, page=str(self._leaves.pages[one]))
                return
            if one == self._root:
                catalog: Mapping[str, Value] = entries(graph.now(one))
                keys |= {key for key, value in catalog.items() if below in set(references(value))}
            elif one in fields:
                reason = Reason.SIGNATURE_CHANGED if fields[one].kind == "Sig" else Reason.FORM_CHANGED
                ledger.refuse(reason, what=fields[one].name)
                return
            elif one not in seen:
                seen.add(one)
                near.extend((above, one) for above in graph.incoming.get(one, ()))
            if len(near) > _FARTHEST:
                # Who knows where it leads: a page may be the next.
                keys.clear()
                break
        if keys == {"StructTreeRoot"}:
            ledger.note(ChangeKind.METADATA, "/StructTreeRoot")
            ledger.tell(Reason.STRUCTURE_CHANGED)
        elif keys:
            for key in sorted(keys):
                for reason in self._reasons_of(key, entries(graph.now(self._root))[key]):
                    ledger.refuse(reason, what=f"/{key}")
        else:
            ledger.refuse(Reason.FORBIDDEN_CHANGE, what=f"{target.number} {target.generation} R")

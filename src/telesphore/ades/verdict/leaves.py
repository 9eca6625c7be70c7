"""Changes to pages and to the annotations on them (ISO 32000-2 §7.7.3, §12.5)."""

from collections.abc import Mapping

from telesphore.ades.errors import FileBeyondLimits
from telesphore.ades.pdf.objects import Reference, Value
from telesphore.ades.verdict.graph import Graph, entries, items, missing, same
from telesphore.ades.verdict.ledger import Ledger, Place, box_of
from telesphore.ades.verdict.permissions import Field
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import ChangeKind

Fields = Mapping[Reference, Field]
MOST_PAGES = 100_000
_MARKS = frozenset({"Highlight", "Underline", "Squiggly", "StrikeOut"})
_NOTES = _MARKS | {"Text", "Popup", "Link"}
"""Annotations that remark on what is there; others may be laid over it."""


class Leaves:
    """The pages of a file and their annotations, followed from revision to revision.

    Attributes:
        pages: object → number, from 1.
        tree: the nodes above them, and arrays of kids.
        annotations: object → its page; widgets of fields are among them.
        arrays: arrays of annotations that are objects of their own → their page.
    """

    def __init__(self, graph: Graph, root: Reference) -> None:
        """
        Raises:
            FileBeyondLimits
        """
        self._graph = graph
        self.pages: dict[Reference, int] = {}
        self.tree: set[Reference] = set()
        self.annotations: dict[Reference, Reference] = {}
        self.arrays: dict[Reference, Reference] = {}
        waiting: list[Value] = [entries(graph.now(root)).get("Pages")]
        while waiting:
            node = waiting.pop()
            if not isinstance(node, Reference) or node in self.tree or node in self.pages:
                continue
            if len(self.tree) + len(self.pages) > MOST_PAGES:
                raise FileBeyondLimits(why="pages")
            value = entries(graph.now(node))
            if "Kids" in value:
                kids = value["Kids"]
                self.tree |= {node, *((kids,) if isinstance(kids, Reference) else ())}
                waiting.extend(reversed(items(graph.now(kids))))
            else:
                self.pages[node] = len(self.pages) + 1
        for page in self.pages:
            self._learn(page)

    def _learn(self, page: Reference) -> None:
        annots = entries(self._graph.now(page)).get("Annots")
        if isinstance(annots, Reference):
            self.arrays[annots] = page
        for one in items(self._graph.now(annots)):
            if isinstance(one, Reference):
                self.annotations[one] = page

    def page_of(self, annotation: Reference) -> int | None:
        """Number of the page that it is on, or says to be on."""
        page = self.annotations.get(annotation) or entries(self._graph.now(annotation)).get("P")
        return self.pages.get(page) if isinstance(page, Reference) else None

    def judge(
        self,
        ledger: Ledger,
        touched: set[Reference],
        fields: Mapping[Reference, Field],
        added: Mapping[Reference, Field],
    ) -> None:
        """The last revision. `fields` holds those `added` too."""
        changed = self._graph.changed.keys()
        for page in [page for page in self.pages if page in changed]:
            self._judge_page(ledger, page, fields, added)
        for array in changed & self.arrays.keys():
            if self._current(array):
                self._judge_annotations(ledger, self.arrays[array], fields, added)
        for annotation in touched & (self.annotations.keys() - fields.keys()):
            self._judge_annotation(ledger, annotation)
        for node in changed & self.tree:
            ledger.judged.add(node)
            ledger.refuse(Reason.PAGES_CHANGED)

    def _current(self, array: Reference) -> bool:
        """Its page is not judged already, since it is as it was."""
        return self.arrays[array] not in self._graph.changed

    def _judge_page(self, ledger: Ledger, page: Reference, fields: Fields, added: Fields) -> None:
        old, new = entries(self._graph.then(page)), entries(self._graph.now(page))
        ledger.judged.add(page)
        changed = ledger.differing(old, new)
        if "AA" in changed:
            ledger.refuse(Reason.ACTION_ADDED, what="/AA")
        if changed - {"Annots", "AA", "Tabs", "LastModified"}:
            ledger.refuse(Reason.PAGE_CHANGED, page=str(self.pages[page]))
            ledger.free(page, [new.get(key) for key in changed - {"Annots"}])
        for key in sorted(changed & {"Tabs", "LastModified"}):
            ledger.note(ChangeKind.METADATA, f"/{key}")
        annots = new.get("Annots")
        if "Annots" in changed or (isinstance(annots, Reference) and annots in self._graph.changed):
            self._judge_annotations(ledger, page, fields, added)

    def _judge_annotations(self, ledger: Ledger, page: Reference, fields: Fields, added: Fields) -> None:
        graph = self._graph
        was, now = entries(graph.then(page)).get("Annots"), entries(graph.now(page)).get("Annots")
        before, after = items(graph.then(was)), items(graph.now(now))
        holder = ledger.allow(page, now)
        new, lost = missing(after, before), missing(before, after)
        if any(isinstance(one, Reference) and one in fields for one in lost):
            ledger.refuse(Reason.FORM_CHANGED, what=f"/Annots {self.pages[page]}")
        elif lost:
            self._judge_annotating(ledger, page, "")
        elif not same([one for one in after if one not in new], before):
            # What is on top is another one (§12.5.2).
            ledger.refuse(Reason.FORM_CHANGED, what=f"/Annots {self.pages[page]}")
        for one in after:
            ledger.allow(holder, one)
        for one in new:
            if not (isinstance(one, Reference) and one in added):
                self._judge_added(ledger, page, one, fields)
        self._learn(page)

    def _judge_added(self, ledger: Ledger, page: Reference, one: Value, fields: Mapping[Reference, Field]) -> None:
        graph = self._graph
        value = entries(graph.now(one))
        if isinstance(one, Reference) and one in fields:
            # A field that no page bore till now; it may only if it shows nothing.
            if box_of(graph, value) is not None:
                ledger.refuse(Reason.FORM_CHANGED, what=fields[one].name)
            return
        kind = str(graph.now(value.get("Subtype")))
        if kind == "Widget" or (isinstance(one, Reference) and graph.existed(one)):
            ledger.refuse(Reason.ANNOTATION_FORBIDDEN, kind=ChangeKind.ANNOTATION, page=str(self.pages[page]))
        else:
            self._judge_annotating(ledger, page, kind)
        self._place(ledger, page, value)
        ledger.refuse_actions(value)
        if isinstance(one, Reference):
            self._allow_referrers(ledger, one)
            ledger.free(one, graph.now(one))
        else:
            ledger.free(page, one)

    def _judge_annotation(self, ledger: Ledger, reference: Reference) -> None:
        """One that was there before, and isn't a field."""
        page, graph = self.annotations[reference], self._graph
        old, new = entries(graph.then(reference)), entries(graph.now(reference))
        self._judge_annotating(ledger, page, "")
        ledger.refuse_actions({key: new[key] for key in ledger.differing(old, new) if key in new})
        self._allow_referrers(ledger, reference)
        ledger.free(reference, graph.now(reference))
        self._place(ledger, page, new)
        self._place(ledger, page, old)

    def _allow_referrers(self, ledger: Ledger, annotation: Reference) -> None:
        """Annotations refer to one another, and their page lists them; nobody else has reason to."""
        graph = self._graph
        for source, times in graph.incoming.get(annotation, {}).items():
            if source in self.annotations or source in self.arrays or self._is_annotation(source):
                ledger.explained[source, annotation] = times
            elif source in self.pages:
                listed = items(graph.now(entries(graph.now(source)).get("Annots")))
                if not isinstance(entries(graph.now(source)).get("Annots"), Reference):
                    ledger.explained[source, annotation] = listed.count(annotation)

    def _is_annotation(self, source: Reference) -> bool:
        """A popup, or an answer to another, that this revision added."""
        return (
            source in self._graph.changed and self._graph.now(entries(self._graph.now(source)).get("Type")) == "Annot"
        )

    def _judge_annotating(self, ledger: Ledger, page: Reference, kind: str) -> None:
        rules, number = ledger.rules, str(self.pages[page])
        if rules.permission == 3 or (rules.permission is None and kind in _NOTES):
            ledger.note(ChangeKind.ANNOTATION, number)
            ledger.tell(Reason.ANNOTATED, page=number)
        else:
            signer = rules.certifier or rules.signer
            ledger.refuse(Reason.ANNOTATION_FORBIDDEN, kind=ChangeKind.ANNOTATION, page=number, signer=signer)

    def _place(self, ledger: Ledger, page: Reference, value: Mapping[str, Value]) -> None:
        box = box_of(self._graph, value)
        if box is not None:
            marks = self._graph.now(value.get("Subtype")) in _MARKS
            ledger.places.append(Place(self.pages[page], box, ChangeKind.ANNOTATION, agreed=False, marks=marks))

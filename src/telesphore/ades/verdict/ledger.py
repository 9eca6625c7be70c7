"""What a revision changed, what of it is explained, and what is found against it.

Every reference to a changed object must be one that a rule followed from an allowed place (`allow`, `free`), or lead to
a dictionary whose every entry was compared (`judged`). So an object that an allowed place and a page share is caught by
the page's reference, and one that a page had been waiting for (a reference to nothing) too.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from telesphore.ades.pdf.objects import Reference, Value
from telesphore.ades.verdict.graph import TRAILER, Graph, Look, Node, entries, items, references, same
from telesphore.ades.verdict.permissions import Lock, locks_of, permission_of
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import Change, ChangeKind, Finding

Box = tuple[float, float, float, float]
_ACTS = frozenset({"AA", "A", "PA", "JS"})
_PLAYS = frozenset({"Screen", "Movie", "Sound", "3D", "RichMedia"})
"""Annotations that act (§12.5.6)."""
_LINKS = ("URI", "GoTo")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an allowed change may show.

    Attributes:
        page: counted from 1.
        box: left, bottom, right, top, in points.
        agreed: the place was there when the document was first signed.
        marks: it is an annotation made to mark the text below it.
        replaces: it showed something of its own, which is known to have changed.
    """

    page: int
    box: Box
    kind: ChangeKind
    agreed: bool
    marks: bool = False
    replaces: bool = False


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

    def heed(self, look: Look, signature: Mapping[str, Value], signer: str) -> None:
        """One more signature."""
        permission = permission_of(look, signature)
        if permission is not None and (self.permission is None or permission < self.permission):
            self.permission, self.certifier = permission, signer
        self.locks.extend(locks_of(look, signature, signer))
        self.signer = signer


class Ledger:
    """One revision's account.

    Attributes:
        explained: how often a reference from one object to another was followed by a rule.
        judged: objects whose change was compared entry by entry: whoever refers to them does no harm.
        kept_apart: objects with rules of their own, at which `free` stops.
        signed: field name → signature dictionary, of those that this revision signed.
    """

    def __init__(self, graph: Graph, rules: Rules) -> None:
        self.graph = graph
        self.rules = rules
        self.changes: list[Change] = []
        self.findings: list[Finding] = []
        self.places: list[Place] = []
        self.signed: dict[str, Mapping[str, Value]] = {}
        self.explained: Counter[tuple[Reference, Reference]] = Counter()
        self.judged: set[Reference] = set()
        self.kept_apart: set[Reference] = set()
        self._freed: set[Reference] = set()

    def note(self, kind: ChangeKind, what: str, *, allowed: bool = True) -> None:
        """One change, for people."""
        change = Change(kind, what, allowed)
        if change not in self.changes:
            self.changes.append(change)

    def tell(self, reason: Reason, **details: str) -> None:
        """Something that a reader must know."""
        finding = Finding(reason, {"signer": self.rules.signer, **details})
        if finding not in self.findings:
            self.findings.append(finding)

    def refuse(self, reason: Reason, *, kind: ChangeKind = ChangeKind.CONTENT, **details: str) -> None:
        """A change that nothing admits."""
        self.note(kind, details.get("what") or details.get("page") or reason.code, allowed=False)
        self.tell(reason, **details)

    def allow(self, source: Reference, value: Value) -> Reference:
        """`source` may refer to this, changed or not; what then holds the value: itself or the object referred to."""
        if not isinstance(value, Reference):
            return source
        if value in self.graph.changed:
            self.explained[source, value] += 1
        return value

    def free(self, source: Reference, value: Node) -> None:
        """All that is reached from here may be as it is."""
        waiting: list[tuple[Reference, Node]] = [(source, value)]
        while waiting:
            holder, one = waiting.pop()
            for target in references(one):
                if target not in self.graph.changed:
                    continue
                self.explained[holder, target] += 1
                if target not in self._freed and target not in self.kept_apart:
                    self._freed.add(target)
                    waiting.append((target, self.graph.now(target)))

    def refuse_actions(self, value: Mapping[str, Value]) -> None:
        """An annotation, a field or a page must do nothing by itself (§12.6)."""
        for key in sorted(value.keys() & _ACTS):
            action = entries(self.graph.now(value[key]))
            harmless = key == "A" and self.graph.now(action.get("S")) in _LINKS and "Next" not in action
            if not harmless:
                self.refuse(Reason.ACTION_ADDED, what=f"/{key}")
        kind = self.graph.now(value.get("Subtype"))
        if kind in _PLAYS:
            self.refuse(Reason.ACTION_ADDED, what=f"/{kind}")

    def leads_to_change(self, value: Node, depth: int) -> bool:
        """Whether something within so many steps is not what it was."""
        near: list[Node] = [value]
        for _ in range(depth + 1):
            # What has rules of its own is judged there: a signature that locks fields refers to the catalog (/Data).
            targets = [target for one in near for target in references(one) if target not in self.kept_apart]
            if any(target in self.graph.changed for target in targets):
                return True
            near = [self.graph.now(target) for target in targets]
        return False

    def differing(self, old: Mapping[str, Value], new: Mapping[str, Value]) -> set[str]:
        """Keys whose values, references as they are written, are not the same."""
        return {key for key in old.keys() | new.keys() if not same(old.get(key), new.get(key))}

    def unexplained(self, root: Reference) -> list[tuple[Reference, Reference]]:
        """References to changed objects that no rule followed."""
        graph = self.graph
        found = []
        for target in graph.changed:
            harmless = target in self.judged and isinstance(graph.now(target), dict | None)
            for source, times in graph.incoming.get(target, {}).items():
                if harmless and (graph.existed(target) or source in graph.changed):
                    continue
                if times <= self.explained[source, target] or (source == TRAILER and target == root):
                    continue
                if source == TRAILER or graph.reachable(source):
                    found.append((source, target))
        return found


def box_of(look: Look, annotation: Mapping[str, Value]) -> Box | None:
    """Where it shows; None when it has no surface."""
    edges = [look.now(one) for one in items(look.now(annotation.get("Rect")))]
    numbers = [float(one) for one in edges if isinstance(one, int | float)]
    if len(numbers) != 4:
        return None
    left, right = sorted((numbers[0], numbers[2]))
    bottom, top = sorted((numbers[1], numbers[3]))
    return (left, bottom, right, top) if right > left and top > bottom else None

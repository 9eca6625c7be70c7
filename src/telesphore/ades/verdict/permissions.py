"""What signatures allow to be changed after them: DocMDP and FieldMDP (ISO 32000-2 §12.8.2), and the form's fields."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from telesphore.ades.errors import FileBeyondLimits
from telesphore.ades.pdf.objects import Reference, Value, read_text
from telesphore.ades.verdict.graph import Look, Node, entries, items, number_of, text_of

MOST_FIELDS = 50_000
DEEPEST = 32


@dataclass(frozen=True, slots=True)
class Field:
    """A form field or one of its widgets, by its place in the tree.

    Attributes:
        name: partial names joined by dots.
        kind: /FT: `Tx`, `Btn`, `Ch`, `Sig`; empty when none is said.
        terminal: the field that a widget belongs to; the field itself otherwise.
    """

    reference: Reference
    name: str
    kind: str
    flags: int
    terminal: Reference


@dataclass(frozen=True, slots=True)
class Lock:
    """Fields that a signature locks, as FieldMDP says."""

    action: str
    names: frozenset[str]
    signer: str

    def holds(self, name: str) -> bool:
        """Whether this field, or one that it is part of, is locked."""
        listed = any(name == one or name.startswith(one + ".") for one in self.names)
        return (
            self.action == "All" or (self.action == "Include" and listed) or (self.action == "Exclude" and not listed)
        )


def permission_of(graph: Look, signature: Mapping[str, Value]) -> int | None:
    """DocMDP's P; None when the signature certifies nothing. Without P it is 2."""
    for parameters in _transforms(graph, signature, "DocMDP"):
        level = graph.now(parameters.get("P", 2))
        return level if type(level) is int and level in (1, 2, 3) else 1
    return None


def locks_of(graph: Look, signature: Mapping[str, Value], signer: str) -> Iterator[Lock]:
    """Its FieldMDP."""
    for parameters in _transforms(graph, signature, "FieldMDP"):
        names = frozenset(read_text(text_of(graph.now(one))) for one in items(graph.now(parameters.get("Fields"))))
        action = graph.now(parameters.get("Action"))
        # What is not understood locks everything.
        yield Lock(str(action) if action in ("Include", "Exclude") else "All", names, signer)


def _transforms(graph: Look, signature: Mapping[str, Value], method: str) -> Iterator[Mapping[str, Value]]:
    for one in items(graph.now(signature.get("Reference"))):
        reference = entries(graph.now(one))
        if graph.now(reference.get("TransformMethod")) == method:
            yield entries(graph.now(reference.get("TransformParams")))


def fields_below(
    graph: Look, kids: Node, parent: Field | None = None, known: dict[Reference, Field] | None = None
) -> dict[Reference, Field]:
    """Fields and widgets in a list of /Fields or /Kids, those in `known` left out.

    Raises:
        FileBeyondLimits
    """
    known = {} if known is None else known
    found: dict[Reference, Field] = {}
    waiting: list[tuple[Value, Field | None, int]] = [(kid, parent, 0) for kid in items(kids)]
    while waiting:
        reference, above, depth = waiting.pop()
        if not isinstance(reference, Reference) or reference in known or reference in found:
            continue
        value = entries(graph.now(reference))
        if depth > DEEPEST or len(found) > MOST_FIELDS:
            raise FileBeyondLimits(why="fields")
        partial = graph.now(value.get("T"))
        if above is not None and not isinstance(partial, bytes):
            field = Field(reference, above.name, above.kind, above.flags, above.terminal)
        else:
            name = read_text(text_of(partial))
            kind = graph.now(value.get("FT"))
            field = Field(
                reference,
                f"{above.name}.{name}" if above else name,
                str(kind) if kind is not None else above.kind if above else "",
                number_of(graph.now(value["Ff"])) if "Ff" in value else above.flags if above else 0,
                reference,
            )
        found[reference] = field
        waiting.extend((kid, field, depth + 1) for kid in items(graph.now(value.get("Kids"))))
    return found

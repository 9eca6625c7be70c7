"""Which codes a problem can have: those of the refusals that the code behind an endpoint names."""

import dis
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

from telesphore.kernel.errors import DomainError
from telesphore.rest import access
from telesphore.rest.signature import face, problems

OTHER_STATUSES = {
    "bad-token": (401,), "method-not-offered": (405,), "body-too-large": (413,), "not-well-formed": (400, 422),
}  # fmt: skip
"""Those that are answered with another status than their kind's."""


def refusals(endpoint: Callable[..., Any]) -> dict[str, type[DomainError]]:
    """Each refusal that an endpoint may give, by its code, in its order.

    Followed from the endpoint and from what guards all of them, to the functions and classes that they name, and so
    on. It is rather too much than too little: what is named may be caught, or be for other doors.
    """
    found: dict[str, type[DomainError]] = {}
    seen: set[int] = set()
    waiting: list[object] = [endpoint, access.token, face._guarded, *face.HANDLERS.values()]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, type) and issubclass(value, DomainError):
            found[value.code] = value
        else:
            waiting += _named(value)
    found.pop(DomainError.code, None)
    return dict(sorted(found.items()))


def statuses_of(refusal: type[DomainError]) -> tuple[int, ...]:
    """The HTTP statuses that it is answered with."""
    return OTHER_STATUSES.get(refusal.code, (problems.STATUS[refusal.refusal],))


def _named(value: object) -> Iterator[object]:
    if isinstance(value, FunctionType):
        if not value.__module__.startswith("telesphore."):
            return
        yield inspect.unwrap(value)
        yield from (cell.cell_contents for cell in value.__closure__ or () if _filled(cell))
        yield from _spoken_by(value)
    elif isinstance(value, type):
        if not value.__module__.startswith("telesphore."):
            return
        yield from value.__bases__
        for part in vars(value).values():
            yield from (part.fget, part.fset) if isinstance(part, property) else [getattr(part, "__func__", part)]
        if value.__module__.endswith(".ports"):
            # What stands behind a port refuses in the port's words.
            yield from (one for one in vars(sys.modules[value.__module__]).values() if isinstance(one, type))
    elif isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        yield from value
    elif type(value).__module__.startswith("telesphore."):
        yield type(value)


@cache
def _spoken_by(function: FunctionType) -> tuple[object, ...]:
    return tuple(_spoken_of(function.__code__, function.__globals__))


def _spoken_of(code: CodeType, known: Mapping[str, Any]) -> Iterator[object]:
    """What a function's code names: a name of its module, or of a module by that module's name."""
    module: ModuleType | None = None
    for step in dis.get_instructions(code):
        if step.opname == "LOAD_GLOBAL":
            value = known.get(step.argval)
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD") and module is not None:
            value = vars(module).get(step.argval)
        else:
            value = None
        module = value if isinstance(value, ModuleType) and value.__name__.startswith("telesphore.") else None
        if module is None:
            yield value
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _spoken_of(inner, known)


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False

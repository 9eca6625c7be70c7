"""The rules of the house, each a function that returns what breaks it; `test_architecture.py` applies them."""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.db import models

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN_DRAWERS = frozenset({"utils", "util", "common", "core", "services", "helpers", "managers", "misc", "lib"})
DRAWERS = frozenset(
    {"actions", "queries", "access", "models", "states", "facts", "errors", "ports", "formats", "migrations", "apps"}
)
LONGEST = 400

MIGRATION = re.compile(r"(0001_initial|\d{4}_(pre|fill|post)_[a-z0-9_]+)")


def floors(pyproject: Path = ROOT / "pyproject.toml") -> dict[str, int]:
    """Each room with its floor: the higher, the greater."""
    contracts = tomllib.loads(pyproject.read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["name"].startswith("The floors"))
    return {
        room.strip(" ()"): height for height, layer in enumerate(reversed(layers)) for room in layer.split("|")
    }  # fmt: skip


def _room(model: type[models.Model], package: str) -> str | None:
    """The room of a model, or None when the model is not ours."""
    root, _, rest = model.__module__.partition(".")
    return rest.split(".")[0] if root == package else None


def relations_between_rooms(
    all_models: Iterable[type[models.Model]], heights: dict[str, int], package: str = "telesphore"
) -> Iterator[str]:
    """Relations that point upward or sideways, or that the room below can see."""
    for model in all_models:
        room = _room(model, package)
        if room is None:
            continue
        for field in [*model._meta.local_fields, *model._meta.local_many_to_many, *model._meta.private_fields]:
            target: Any = getattr(field, "remote_field", None) and field.related_model
            other = _room(target, package) if isinstance(target, type) else None
            if other is None or other == room:
                continue
            name = f"{model.__module__}.{model.__qualname__}.{field.name}"
            if heights[other] >= heights[room]:
                yield f"{name} points up to {other}"
            elif not field.remote_field.hidden:  # type: ignore[attr-defined]  # A relation has one.
                yield f'{name} is visible from {other}: related_name="+"'


def drawer_names(package: Path, rooms: Iterable[str]) -> Iterator[str]:
    """Modules with a name that says nothing, anywhere; drawers of a room under other names than everywhere."""
    for path in sorted(package.rglob("*.py")):
        if path.stem in FORBIDDEN_DRAWERS or any(part in FORBIDDEN_DRAWERS for part in path.relative_to(package).parts):
            yield f"{path.relative_to(package)}: this name says nothing"
    for room in rooms:
        for path in sorted((package / room).iterdir()) if (package / room).is_dir() else []:
            if path.name in ("__init__.py", "__pycache__", "locale", "py.typed"):
                continue
            if path.stem not in DRAWERS and (path.suffix == ".py" or (path / "__init__.py").exists()):
                yield f"{path.relative_to(package)}: no drawer has this name"


def long_files(package: Path, tables: frozenset[str] = frozenset()) -> Iterator[str]:
    """Python files longer than `LONGEST` lines, those that are one `table` apart."""
    for path in sorted(package.rglob("*.py")):
        length = len(path.read_text().splitlines())
        name = str(path.relative_to(package))
        if "migrations" not in path.parts and name not in tables and length > LONGEST:
            yield f"{name}: {length} lines; make it a folder whose files bear verbs"


def empty_plates(package: Path) -> Iterator[str]:
    """`__init__.py` files of rooms that hold no docstring, or more than one."""
    for path in sorted(package.glob("*/__init__.py")):
        body = ast.parse(path.read_text()).body
        if not (body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)):
            yield f"{path.relative_to(package)}: no docstring says what lives here"


def loose_actions(package: Path, rooms: Iterable[str], exceptions: frozenset[str]) -> Iterator[str]:
    """Public functions of a room's actions that are not keyword-only with `actor` and `at`.

    A job is given identifiers only: it acts as the system, at the time when it runs.
    """
    for room in rooms:
        files = [package / room / "actions.py", *sorted((package / room / "actions").glob("*.py"))]
        for path in files:
            if not path.exists():
                continue
            for node in ast.parse(path.read_text()).body:
                if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                    continue
                name = f"{room}.{node.name}"
                if name in exceptions:
                    continue
                needed = set() if _is_job(node) else {"actor", "at"}
                keywords = {argument.arg for argument in node.args.kwonlyargs}
                if node.args.args or node.args.posonlyargs or node.args.vararg or not needed <= keywords:
                    yield f"{name}: keyword-only, given actor and at"


def _is_job(node: ast.FunctionDef) -> bool:
    """Whether it is decorated with `jobs.job(…)`."""
    return any(
        isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "jobs.job"
        for decorator in node.decorator_list
    )


def odd_migrations(package: Path) -> Iterator[str]:
    """Migrations whose name does not say when they run."""
    for path in sorted(package.glob("*/migrations/*.py")):
        if path.stem != "__init__" and not MIGRATION.fullmatch(path.stem):
            yield f"{path.relative_to(package)}: NNNN_pre_…, NNNN_fill_… or NNNN_post_…"

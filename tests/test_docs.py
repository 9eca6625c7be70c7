"""The documentation tells the truth of the code as it stands, as far as a machine can tell."""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from telesphore.accounts.states import PERMISSIONS
from telesphore.cli import main
from telesphore.cli.statuses import Status
from telesphore.config import command
from telesphore.config.catalogue import OPTIONS
from telesphore.web.accounts.words import PERMISSION_WORDS, ROOMS

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
sys.path.insert(0, str(ROOT / "scripts"))

import access_rules  # noqa: E402 - the scripts are no package.
import permissions_table  # noqa: E402
import problem_codes  # noqa: E402
import state_diagrams  # noqa: E402

CODE = re.compile(r"^```\w*\n(.*?)^```|`([^`\n]+)`", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"(?<![\w-])telesphore((?: [a-z][a-z-]*)+)((?:[^\n]*? --[a-z-]+)*)")


def code_in(text: str) -> str:
    """All that a page sets as code, a piece a line."""
    return "\n".join(block or span for block, span in CODE.findall(text))


def unknown_commands(text: str) -> Iterator[str]:
    """Commands and options that `telesphore --help` does not know."""
    instance = typer.Typer()
    for function in command.INSTANCE:
        instance.command(function.__name__)(function)
    known = {**get_command(instance).commands, **get_command(main.app).commands}  # type: ignore[attr-defined]  # Groups.
    for words, options in COMMAND.findall(code_in(text)):
        name, *rest = words.split()
        found = known.get(name)
        if getattr(found, "commands", None) and rest:
            name, found = f"{name} {rest[0]}", found.commands.get(rest[0])
        if found is None:
            yield f"telesphore {name}"
            continue
        accepted = {option for parameter in found.params for option in parameter.opts} | {"--help"}
        yield from (
            f"telesphore {name} {option}" for option in re.findall(r"--[a-z-]+", options) if option not in accepted
        )


def unknown_targets(text: str) -> Iterator[str]:
    """What `make` is said to make, and does not."""
    known = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    yield from (name for name in re.findall(r"^make ([a-z]+)", code_in(text), re.MULTILINE) if name not in known)


def unknown_settings(text: str) -> Iterator[str]:
    """Settings that no option has, in the environment's spelling or in a block of TOML."""
    known = {option.name for option in OPTIONS}
    for name in re.findall(r"TELESPHORE_([A-Z0-9_]+)", text):
        if name.lower() not in known:
            yield f"TELESPHORE_{name}"
    for block in re.findall(r"^```toml\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield from (name for name in tomllib.loads(block) if name not in known)


def broken_links(text: str, folder: Path) -> Iterator[str]:
    """Relative links and pictures that lead nowhere."""
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:|#", target) and not (folder / target.partition("#")[0]).exists():
            yield target


def unknown_files(text: str) -> Iterator[str]:
    """Python files and tests that are named and do not exist."""
    for name in re.findall(r"[\w./-]*\w+\.py\b", code_in(text)):
        if not any((place / name).exists() for place in (ROOT, ROOT / "src" / "telesphore", ROOT / "tests")):
            yield name
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    for name in re.findall(r"\btest_\w+\b(?!\.py)", code_in(text)):
        if f"def {name}(" not in tests:
            yield name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_only_what_there_is(page: Path) -> None:
    text = page.read_text()
    assert list(unknown_commands(text)) == []
    assert list(unknown_targets(text)) == []
    assert list(unknown_settings(text)) == []
    assert list(broken_links(text, page.parent)) == []
    assert list(unknown_files(text)) == []


def test_the_diagrams_are_those_of_the_tables() -> None:
    assert state_diagrams.PAGE.read_text() == state_diagrams.page(), "run `make docs`"


def test_the_rules_are_those_of_the_addresses() -> None:
    assert access_rules.PAGE.read_text() == access_rules.page(), "run `make docs`"


def test_the_table_of_permissions_is_of_today_and_each_has_its_sentence() -> None:
    assert set(PERMISSION_WORDS) == set(PERMISSIONS), "add a sentence to web/accounts/words.py"
    assert {name.partition(":")[0] for name in PERMISSIONS} == set(ROOMS)
    assert permissions_table.PAGE.read_text() == permissions_table.page(), "run `make docs`"


def test_the_codes_of_problems_are_those_of_today() -> None:
    assert problem_codes.PAGE.read_text() == problem_codes.page(), "run `make docs`"


def test_every_exit_status_is_explained_to_operators() -> None:
    table = (ROOT / "docs" / "operations.md").read_text().partition("## Exit statuses")[2].partition("\n## ")[0]
    assert re.findall(r"^\| (\d) \|", table, re.MULTILINE) == ["0", *(str(status.value) for status in Status)]


def test_every_room_is_on_the_map() -> None:
    page = (ROOT / "docs" / "map.md").read_text()
    rooms = [path.parent.name for path in (ROOT / "src" / "telesphore").glob("*/__init__.py")]
    assert [room for room in rooms if f"`{room}/`" not in page] == []


def test_every_decision_is_numbered_once() -> None:
    numbers = [path.name[:4] for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


# Each check, given something wrong


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("`telesphore fly`", ["telesphore fly"]),
        ("`telesphore audit fly`", ["telesphore audit fly"]),
        ("```\ntelesphore vault verify --fast\n```", ["telesphore vault verify --fast"]),
        ("`telesphore up`, `telesphore vault rotate --retire`, telesphore flies", []),
    ],
)
def test_a_command_that_does_not_exist_is_caught(text: str, found: list[str]) -> None:
    assert list(unknown_commands(text)) == found


def test_a_target_that_does_not_exist_is_caught() -> None:
    assert list(unknown_targets("`make demo SERVE=no` `make coffee`\n```\nmake tea\n```\n")) == ["coffee", "tea"]


def test_a_setting_that_does_not_exist_is_caught() -> None:
    text = '`TELESPHORE_HOME`, `TELESPHORE_COLOUR`\n```toml\nlisten = "a"\nshade = "b"\n```\n'
    assert list(unknown_settings(text)) == ["TELESPHORE_COLOUR", "shade"]


def test_a_link_that_leads_nowhere_is_caught() -> None:
    text = "[a](operations.md#keys) [b](gone.md) [c](https://example.org) ![d](pictures/gone.png)"
    assert list(broken_links(text, ROOT / "docs")) == ["gone.md", "pictures/gone.png"]


def test_a_file_or_a_test_that_does_not_exist_is_caught() -> None:
    text = (
        "`kernel/rows.py` `tests/test_docs.py` `test_docs.py` `web/gone.py` `test_every_room_is_on_the_map` `test_gone`"
    )
    assert list(unknown_files(text)) == ["web/gone.py", "test_gone"]

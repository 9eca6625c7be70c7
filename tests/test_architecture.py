"""The house as `docs/map.md` draws it: each rule holds here, and each catches a house built to break it."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models
from django.test.utils import isolate_apps

from telesphore.kernel.rows import Owned, belongs_to
from tests import architecture

PACKAGE = architecture.ROOT / "src" / "telesphore"
FLOORS = architecture.floors()
NOT_ROOMS = frozenset({"config", "web", "fhir", "rest", "cli", "connectors", "reactions", "kernel", "ades", "paper"})
ROOMS = sorted(set(FLOORS) - NOT_ROOMS)

# Functions of an actions drawer that are no acts: each with the reason.
NOT_ACTS = frozenset(
    {
        # Called inside an act, in its transaction; the act has the actor and the time, and leaves the trace.
        "audit.record",
        "audit.record_many",
        "audit.write",
        "audit.concerning",
        "audit.act",
        "audit.staged",
        "jobs.job",
        "jobs.every",
        "jobs.enqueue",
        "jobs.reacts_to",
        "jobs.announce",
        "accounts.lock",
        "accounts.moment",
        "accounts.note",
        "accounts.write_to",
        # Within a sign-in, which leaves the trace, done or refused; the last one only looks.
        "accounts.spend_code",
        "accounts.spend_recovery_code",
        "accounts.asks_code",
        # Called inside an act too.
        "accounts.end_at",
        # Keep a door's answer, or let go of its key: what was asked left its own trace.
        "accounts.keep_answer",
        "accounts.let_go",
        "signature.lock",
        "signature.add_revision",
        "signature.write_fields",
        "signature.write_values",
        "signature.take_signature",
        "signature.advance",
        "signature.answer",
        "signature.await_recipient",
        "signature.call",
        "signature.complete_step",
        "signature.dismiss",
        "signature.drop_prepared",
        "signature.end",
        "signature.seal_comment",
        "signature.tell_sender",
        # Stages before an act, which is given the actor and the time; nothing of theirs shows until it commits.
        "signature.usual_places",
        "signature.place_signers",
        "signature.page_of",
        "signature.with_fields",
        "signature.deposited",
        "signature.filled",
        "signature.names",
        "signature.referring_doctor",
        "signature.unnamed",
        "signature.without_patient",
        "signature.make_ready",
        "signature.ready_pages",
        "signature.fills_of",
        "signature.fills_for",
        "signature.check_asked",
        "signature.initials",
        "signature.place_anchors",
        "signature.with_fields_of",
        "signature.appearance_of",
        "signature.read_revision",
        "signature.time_of_signature",
        "signature.make_last",
        "signature.level_of",
        "signature.verdict_of",
        "signature.verdict_on",
        # Of a list sent to many: what its rows say, and who gave it; the acts are the checking and each row's sending.
        "signature.check_list",
        "signature.choices_of",
        "signature.patient_of",
        "signature.professionals_of",
        "signature.send_row",
        "signature.sender_of",
        "signature.table_of",
        # Opens what an act signs with; the seal leaves its trace with the act.
        "signature.open_seal",
        "signature.evidence_about",
        "signature.events_about",
        "vault.deposit",
        "vault.deposit_many",
        "vault.prepare_keyset",
        "vault.seal_text",
        # Stages that complete: given the stage before, then the actor and the time by name.
        "vault.keep",
        "vault.keep_many",
        # The platform's own upkeep: no person is behind it, and no row of a person is touched.
        "audit.seal_once",
        "audit.log_key",
        "audit.public_key",
        "audit.read_key",
        "audit.digest_of",
        "jobs.note_outcome",
        "jobs.start_due_periods",
        "jobs.rescue_stalled",
    }
)


def lint_imports(folder: Path, source: Path) -> "subprocess.CompletedProcess[str]":
    program = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(source)},
    )  # fmt: skip


def test_imports_go_down() -> None:
    result = lint_imports(architecture.ROOT, architecture.ROOT / "src")
    assert result.returncode == 0, result.stdout


def test_no_relation_points_up_or_is_seen_from_below() -> None:
    assert list(architecture.relations_between_rooms(apps.get_models(), FLOORS)) == []


def test_drawers_bear_the_same_names_everywhere() -> None:
    assert list(architecture.drawer_names(PACKAGE, ROOMS)) == []


def test_a_long_drawer_becomes_a_folder() -> None:
    whole = frozenset(
        {
            # The settings are one table, read from top to bottom.
            "config/catalogue.py",
            # Whoever holds a dispute kit reads this one file, and runs it alone.
            "signature/formats/kit_verify.py",
        }
    )
    assert list(architecture.long_files(PACKAGE, whole)) == []


def test_every_room_says_what_lives_in_it() -> None:
    assert list(architecture.empty_plates(PACKAGE)) == []


def test_every_act_is_given_its_actor_and_its_time_by_name() -> None:
    assert list(architecture.loose_actions(PACKAGE, ROOMS, NOT_ACTS)) == []


def test_every_exception_to_the_rule_on_acts_still_exists() -> None:
    for name in NOT_ACTS:
        room, _, function = name.partition(".")
        files = [PACKAGE / room / "actions.py", *(PACKAGE / room).glob("actions/*.py")]
        assert any(f"\ndef {function}(" in path.read_text() for path in files if path.exists()), name


def test_every_migration_says_when_it_runs() -> None:
    assert list(architecture.odd_migrations(PACKAGE)) == []


# Each rule, broken on purpose

TWO_FLOORS = """
    [tool.importlinter]
    root_package = "house"
    include_external_packages = true
    [[tool.importlinter.contracts]]
    name = "The floors: imports go down"
    type = "layers"
    containers = ["house"]
    exhaustive = true
    layers = ["upstairs | (loft)", "downstairs"]
"""


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Path]:
    """Builds a small house from its files' texts."""

    def house(**files: str) -> Path:
        package = tmp_path / "src" / "house"
        for name, text in {"__init__": "", "upstairs/__init__": '"""Up."""', "downstairs/__init__": '"""Down."""',
                           **{name.replace("__", "/", 1): text for name, text in files.items()}}.items():  # fmt: skip
            path = package / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            (path.parent / "__init__.py").touch()
            path.write_text(textwrap.dedent(text))
        (tmp_path / "pyproject.toml").write_text(textwrap.dedent(TWO_FLOORS))
        return package

    return house


def test_the_floors_are_read_from_the_projects_file() -> None:
    assert FLOORS["kernel"] < FLOORS["audit"] == FLOORS["jobs"] < FLOORS["records"] < FLOORS["signature"]
    assert FLOORS["signature"] == FLOORS["messaging"] < FLOORS["web"] < FLOORS["config"]


@pytest.mark.parametrize(
    ("files", "holds"),
    [
        ({"upstairs__actions": "import house.downstairs"}, True),
        ({"downstairs__actions": "import house.upstairs"}, False),
        ({"garage__actions": ""}, False),
    ],
)
def test_an_import_upward_or_a_room_without_a_floor_is_caught(
    build: Callable[..., Path], files: dict[str, str], holds: bool
) -> None:
    package = build(**files)
    result = lint_imports(package.parent.parent, package.parent)
    assert (result.returncode == 0) is holds, result.stdout


@isolate_apps("telesphore.accounts", "telesphore.records")
def test_a_relation_that_points_up_is_caught() -> None:
    class Above(models.Model):
        class Meta:
            app_label = "records"

    class Below(models.Model):
        above = models.ForeignKey(Above, models.PROTECT, related_name="+")

        class Meta:
            app_label = "accounts"

    Above.__module__, Below.__module__ = "telesphore.records.models", "telesphore.accounts.models"
    [broken] = architecture.relations_between_rooms([Above, Below], FLOORS)
    assert "Below.above points up to records" in broken


@isolate_apps("telesphore.accounts", "telesphore.records")
def test_a_relation_seen_from_the_room_below_is_caught() -> None:
    class Below(Owned):
        class Meta:
            app_label = "accounts"

    class Above(Owned):
        below_id = models.UUIDField()
        seen = belongs_to(Below, "below_id", related_name="aboves")
        hidden = belongs_to(Below, "below_id")
        many = models.ManyToManyField("accounts.Plain")

        class Meta:
            app_label = "records"

    class Plain(models.Model):
        above = models.ForeignKey("self", models.PROTECT, related_name="children")

        class Meta:
            app_label = "accounts"

    for model, room in ((Below, "accounts"), (Above, "records"), (Plain, "accounts")):
        model.__module__ = f"telesphore.{room}.models"
    broken = list(architecture.relations_between_rooms([Below, Above, Plain], FLOORS))
    assert sorted(line.split()[0].rpartition(".")[2] for line in broken) == ["many", "seen"]
    assert all("is visible from accounts" in line for line in broken)


@pytest.mark.parametrize("name", ["upstairs__utils", "upstairs__helpers/dates", "upstairs__managers"])
def test_a_name_that_says_nothing_is_caught(build: Callable[..., Path], name: str) -> None:
    assert any("says nothing" in line for line in architecture.drawer_names(build(**{name: ""}), []))


def test_a_drawer_of_another_name_is_caught(build: Callable[..., Path]) -> None:
    package = build(upstairs__actions="", **{"upstairs__actions/send": ""}, upstairs__logic="", upstairs__tasks="")
    found = list(architecture.drawer_names(package, ["upstairs", "downstairs"]))
    assert [line.split(":")[0] for line in found] == ["upstairs/logic.py", "upstairs/tasks.py"]


def test_a_file_of_401_lines_is_caught(build: Callable[..., Path]) -> None:
    package = build(upstairs__actions="x = 1\n" * 400, downstairs__actions="x = 1\n" * 401)
    [line] = architecture.long_files(package)
    assert line.startswith("downstairs/actions.py: 401 lines")


def test_a_room_without_its_plate_is_caught(build: Callable[..., Path]) -> None:
    package = build(upstairs____init__="x = 1")
    assert [line.split(":")[0] for line in architecture.empty_plates(package)] == ["upstairs/__init__.py"]


def test_an_act_without_its_actor_or_its_time_is_caught(build: Callable[..., Path]) -> None:
    package = build(
        upstairs__actions="""
            def good(*, thing, actor, at): ...
            def _private(x): ...
            def excused(x): ...
            def positional(thing, *, actor, at): ...
            def timeless(*, actor): ...
            def nobodys(*, at): ...
            @jobs.job("upstairs:thing:do")
            def work(*, thing_id): ...
            @jobs.job("upstairs:thing:undo")
            def loose_work(thing_id): ...
        """,
        **{"downstairs__actions/send": "def send(actor, at): ..."},
    )
    found = architecture.loose_actions(package, ["upstairs", "downstairs"], frozenset({"upstairs.excused"}))
    assert [line.split(":")[0] for line in found] == [
        "upstairs.positional", "upstairs.timeless", "upstairs.nobodys", "upstairs.loose_work", "downstairs.send",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "caught"),
    [
        ("0001_initial", False), ("0002_pre_add_scope", False), ("0003_fill_scope", False),
        ("0004_post_require_scope", False), ("0002_auto_20261122", True), ("0002_scope", True), ("0001_pre", True),
    ],
)  # fmt: skip
def test_a_migration_that_does_not_say_when_it_runs_is_caught(
    build: Callable[..., Path], name: str, caught: bool
) -> None:
    package = build(**{f"upstairs__migrations/{name}": ""})
    assert bool(list(architecture.odd_migrations(package))) is caught

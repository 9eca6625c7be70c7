"""The table of benchmarks: shows every aim, and what broke, without stopping."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

GOOD = """
import json, sys
aims = [{"name": "speed", "value": 3.14159, "unit": "m/s", "aim": 3, "direction": ">=", "holds": True},
        {"name": "delay", "value": 9, "unit": "ms", "aim": 5, "direction": "<=", "holds": False}]
print(json.dumps({"bench": "good", "machine": {}, "results": sys.argv[1:], "aims": aims}))
"""


def table(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(ROOT / "bench" / "table.py"), "--folder", str(folder), *arguments],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_the_table_shows_each_aim_and_whether_it_holds(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "frame.py").write_text("raise SystemExit(1)")
    result = table(tmp_path)
    assert result.returncode == 0
    assert [line.split() for line in result.stdout.splitlines()[2:]] == [
        ["good", "speed", "3.142", "m/s", ">=", "3", "holds"],
        ["good", "delay", "9", "ms", "<=", "5", "does", "not", "hold"],
    ]


def test_a_benchmark_that_breaks_or_hangs_is_shown_and_the_others_still_run(tmp_path: Path) -> None:
    (tmp_path / "a_hangs.py").write_text("import time; time.sleep(600)")
    (tmp_path / "b_breaks.py").write_text("raise ValueError('why')")
    (tmp_path / "c_babbles.py").write_text("print('hello')")
    (tmp_path / "good.py").write_text(GOOD)
    result = table(tmp_path, "--timeout", "1")
    assert result.returncode == 1
    assert "a_hangs    took more than 1 s" in result.stdout
    assert "b_breaks   ended with status 1: ValueError: why" in result.stdout
    assert "c_babbles  did not print one JSON object" in result.stdout
    assert "speed" in result.stdout


def test_short_forms_are_asked_for_unless_full_ones_are_wanted(tmp_path: Path) -> None:
    for arguments, short in (([], True), (["--full"], False)):
        (tmp_path / "good.py").write_text(GOOD + f"assert ('--short' in sys.argv) is {short}\n")
        assert table(tmp_path, *arguments).returncode == 0

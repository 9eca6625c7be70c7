"""Runs every benchmark (its short form unless `--full`) in a process of its own, and prints one table of aims.

Exits 0 whether or not the aims hold; 1 when a benchmark broke, or ran out of time.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
NOT_BENCHMARKS = {"frame.py", "journey.py", "table.py", "world.py"}
TIMEOUT = {"short": 300, "full": 4 * 3600}
"""Seconds that one benchmark may take."""


def run(path: Path, form: str, seconds: float) -> dict[str, Any]:
    """What the benchmark printed, or `{"broken": why}`."""
    command = [sys.executable, str(path), *(["--short"] if form == "short" else [])]
    # A session of its own: what a benchmark started goes with it.
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=FOLDER.parent, start_new_session=True
    ) as process:
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return {"broken": f"took more than {seconds:g} s"}
    if process.returncode:
        return {"broken": f"ended with status {process.returncode}: {(err.strip().splitlines() or [''])[-1]}"}
    try:
        printed = json.loads(out)
    except json.JSONDecodeError:
        return {"broken": "did not print one JSON object"}
    return printed if isinstance(printed, dict) and "aims" in printed else {"broken": "printed no aims"}


def rows(name: str, printed: dict[str, Any]) -> list[tuple[str, ...]]:
    """One row per aim."""
    if "broken" in printed:
        return [(name, printed["broken"], "", "", "broken")]
    return [
        (
            printed["bench"],
            aim["name"],
            f"{aim['value']:.4g} {aim['unit']}",
            f"{aim['direction']} {aim['aim']:g}",
            "holds" if aim["holds"] else "does not hold",
        )
        for aim in printed["aims"]
    ]


def table(lines: list[tuple[str, ...]]) -> str:
    """Aligned columns."""
    head = ("bench", "aim", "measured", "aimed at", "")
    widths = [max(len(line[column]) for line in [head, *lines]) for column in range(len(head))]
    ruler = tuple("-" * width for width in widths)
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [head, ruler, *lines]
    )


def main() -> int:
    """Run them all, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the long forms")
    parser.add_argument("--timeout", type=float, help="seconds for each benchmark")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("names", nargs="*", help="benchmarks to run; all when none is named")
    options = parser.parse_args()
    form = "full" if options.full else "short"
    found = sorted(path for path in options.folder.glob("*.py") if path.name not in NOT_BENCHMARKS)
    lines: list[tuple[str, ...]] = []
    for path in [path for path in found if not options.names or path.stem in options.names]:
        print(f"… {path.stem}", file=sys.stderr, flush=True)
        lines += rows(path.stem, run(path, form, options.timeout or TIMEOUT[form]))
    print(table(lines))
    return 1 if any(line[-1] == "broken" for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())

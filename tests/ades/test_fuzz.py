"""A few seconds of the fuzzing campaign (`bench/fuzz.py`), never the same twice; what it finds says its seed."""

import json
import secrets
import subprocess
import sys
from pathlib import Path

CAMPAIGN = Path(__file__).parents[2] / "bench" / "fuzz.py"


def test_foreign_bytes_break_nothing() -> None:
    seed = secrets.randbelow(2**31)
    done = subprocess.run(
        [sys.executable, CAMPAIGN, "--seconds", "6", "--seed", str(seed)], capture_output=True, text=True, check=True
    )
    results = json.loads(done.stdout)["results"]
    found = {name: target["found"] for name, target in results["targets"].items() if target["found"]}
    assert not found, f"--seed {seed} --keep FOLDER shows it again"
    assert all(target["runs"] for target in results["targets"].values())

"""The crash campaign in small: twenty kills under the main job; nothing that was acknowledged is lost."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CAMPAIGN = Path(__file__).parents[1] / "bench" / "crash.py"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_programs_killed_at_work_lose_nothing_that_was_acknowledged() -> None:
    done = subprocess.run(
        [sys.executable, str(CAMPAIGN), "--short"], capture_output=True, text=True, check=False, timeout=870
    )
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout)
    assert [aim["name"] for aim in told["aims"] if not aim["holds"]] == [], json.dumps(told["results"], indent=1)
    assert sum(told["results"]["killed"].values()) >= 20
    # A campaign in which people get nothing done would show nothing.
    for act in ("deposit", "send", "patient's sign", "doctor's sign", "completion", "copy"):
        assert told["results"]["acknowledged"].get(act, 0) > 0, f"{act}: {told['results']}"
    assert told["results"]["found"]["signatures"] > 0

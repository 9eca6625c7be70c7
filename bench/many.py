"""The journeys over long lists, in a browser, with lists as long as their users have them.

    python bench/many.py [--short]

Sylvie sends a template to a list of two hundred patients of which five can't be; Dr Lebrun signs three hundred with one
PIN, but for two that fail and stay. They are the suite's own journeys, which has them shorter; `--short` runs those.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import frame

ROOT = Path(__file__).resolve().parent.parent
JOURNEYS = {
    "a list of 200 with 5 bad rows": "tests/browser/test_templates.py::"
    "test_a_template_is_made_used_and_sent_to_a_list_with_bad_rows",
    "300 signed with one PIN": "tests/browser/test_book.py::test_many_are_signed_with_one_pin_and_two_that_fail_stay",
}


def main() -> None:
    """Walk, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="lists as short as the suite's")
    many = "no" if parser.parse_args().short else "yes"
    walked, results = 0, {}
    for name, test in JOURNEYS.items():
        begun = time.perf_counter()
        # A journey over a long list takes longer than a test may.
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-n0", "--timeout=1800", "-x", test], cwd=ROOT, capture_output=True,
            text=True, env={**os.environ, "MANY": many}, check=False,
        )  # fmt: skip
        walked += done.returncode == 0 and "skipped" not in done.stdout
        results[name] = {"status": done.returncode, "seconds": round(time.perf_counter() - begun, 1)}
        if done.returncode:
            print(done.stdout[-4000:], file=sys.stderr)
    frame.report("many", results, [frame.aim("journeys walked to their end", walked, "", len(JOURNEYS), ">=")])


if __name__ == "__main__":
    main()

"""Looks for orders of acts that break what holds of a circuit: random people, random acts, on a real database.

    python bench/machine.py [--short] [--examples N] [--acts N]

What holds is written in `tests/signature/machine.py`; the suite runs a few examples of it, the same ones each time, and
this one new ones. `--short` runs three. It prints how often each act was taken or refused, and, of what failed, the
sequence that led there; then it ends with 1.
"""

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vault import instance


def main() -> int:
    """Run the campaign and print what was found, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--acts", type=int, default=40)
    given = parser.parse_args()
    with instance(None):
        from tests.signature.machine import Circuits, campaign

        began, broken = time.perf_counter(), ""
        try:
            campaign(examples=3 if given.short else given.examples, acts=given.acts, derandomize=False)
        except Exception as error:  # noqa: BLE001 - whatever is wrong is what is looked for.
            broken = "\n".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", [])])
        print(
            json.dumps(
                {
                    "seconds": round(time.perf_counter() - began, 1),
                    "acts": dict(sorted(Circuits.tally.items())),
                    "broken": broken,
                },
                indent=2,
            )
        )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

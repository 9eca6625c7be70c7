"""What every benchmark prints: one JSON object, with its aims and whether they hold."""

import json
import os
import platform
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    """Cores, processor and Python of this machine."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    return {"cores": len(os.sched_getaffinity(0)), "processor": model, "python": platform.python_version()}


def aim(name: str, value: float, unit: str, target: float, direction: str) -> dict[str, Any]:
    """One aim: `direction` is `<=` or `>=`."""
    holds = value <= target if direction == "<=" else value >= target
    return {"name": name, "value": value, "unit": unit, "aim": target, "direction": direction, "holds": holds}


def report(bench: str, results: Any, aims: list[dict[str, Any]]) -> None:
    """Print the object; the exit status does not depend on the aims."""
    print(json.dumps({"bench": bench, "machine": machine(), "results": results, "aims": aims}))

"""A sealer in a process of its own, which kills itself at a named step: `python -m tests.audit.sealer STEP`.

The steps are the product's own calls, wrapped here: nothing in the product knows of them.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import django


def kill_at(step: str) -> None:
    """Have this process killed at `step`: `before x` or `after x`, x being one of the sealer's statements or calls."""
    from django.db.backends.utils import CursorWrapper
    from django.db.transaction import Atomic

    from telesphore.audit.actions import seal

    moment, _, point = step.partition(" ")

    def around(function: Callable[..., Any], matches: Callable[..., bool]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            matched = matches(*args)
            if matched and moment == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            result = function(*args, **kwargs)
            if matched and moment == "after":
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return run

    commits = {"first commit": 1, "second commit": 2}
    if point in commits:
        seen = [0]

        def is_the_one(atomic: Any, *_: Any) -> bool:
            seen[0] += bool(atomic.durable)
            return bool(atomic.durable) and seen[0] == commits[point]

        Atomic.__exit__ = around(Atomic.__exit__, is_the_one)  # type: ignore[method-assign]  # The point of the test.
    elif point == "signature":
        seal.log_key = around(seal.log_key, lambda *_: True)
    elif point == "copy of leaves":
        seal.leaf_hash = around(seal.leaf_hash, lambda *_: True)
    else:
        CursorWrapper.execute = around(  # type: ignore[method-assign]  # The point of the test.
            CursorWrapper.execute, lambda _, statement, *__: point in str(statement)
        )


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telesphore.config.settings")
    django.setup()
    from django.db import connection

    from telesphore.audit import actions

    connection.settings_dict["NAME"] = sys.argv[1]
    if len(sys.argv) > 2:
        kill_at(sys.argv[2])
    while actions.seal_once(at=datetime.now(UTC), batch=100).more:
        pass


if __name__ == "__main__":
    main()

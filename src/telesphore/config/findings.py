"""What the doctor looks at, and what it finds."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from telesphore.config.options import Setting


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: stable, for machines.
        what: what was found.
        do: what to do; empty when all is well.
    """

    level: Level
    name: str
    what: str
    do: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """The installation under examination.

    Attributes:
        databases: connection parameters by role: `default` (the application) and `owner`, as libpq has them.
        insert_only: tables that the application may not change.
    """

    settings: Mapping[str, Setting]
    databases: Mapping[str, Mapping[str, Any]]
    insert_only: tuple[str, ...]
    euid: int = field(default_factory=os.geteuid)
    sockets_file: Path = Path("/proc/net")

    def value(self, name: str) -> Any:
        """The value of a setting."""
        return self.settings[name].value

    @property
    def production(self) -> bool:
        """Whether real people depend on it."""
        return not self.value("demonstration")


Check = Callable[[Patient], Iterator[Finding]]

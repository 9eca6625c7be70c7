"""Logs: one JSON object per line on stderr. They name things by their ids, and never quote.

Our own lines are written with that in mind. What a library writes is not: its message is kept only as the template
that it formats, or not at all; of an exception, the class and the places in the code are kept, never the text.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

OURS = ("telesphore", "_granian")
"""Loggers whose messages are written as they are."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """A record as one line of JSON: `at`, `level`, `logger`, `message`, `request`, then what `extra` gave to ours."""

    def format(self, record: logging.LogRecord) -> str:
        from telesphore.web.health.requests import request_id

        ours = record.name.split(".")[0] in OURS
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage() if ours else _template(record),
        }
        if request_id.get():
            line["request"] = request_id.get()
        if ours:
            line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        elif status := getattr(record, "status_code", None):
            line["status"] = status
        if record.exc_info and record.exc_info[0]:
            line["exception"] = _exception(record.exc_info[0], record.exc_info[2])
        return json.dumps(line, default=lambda value: type(value).__name__, ensure_ascii=False)


def _template(record: logging.LogRecord) -> str:
    """What the library formats; when it had formatted it before logging, only where it did."""
    if record.args:
        return str(record.msg)
    return f"{record.module}.{record.funcName}:{record.lineno}"


def _exception(kind: type[BaseException], trace: TracebackType | None) -> dict[str, Any]:
    frames = traceback.extract_tb(trace)[-20:]
    return {
        "class": f"{kind.__module__}.{kind.__qualname__}",
        "places": [f"{'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno} {frame.name}" for frame in frames],
    }


class NotAboutJobs(logging.Filter):
    """Drops what procrastinate says of each job, arguments included; our own line says its name and its end."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.name.startswith("procrastinate") and hasattr(record, "job"))


CONFIGURATION: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": JsonLines}},
    "filters": {"not-about-jobs": {"()": NotAboutJobs}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stderr",
            "formatter": "lines",
            "filters": ["not-about-jobs"],
        }
    },
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {
        "django": {"level": "INFO", "handlers": [], "propagate": True},
        # Said once per request by LogRequests.
        "django.request": {"level": "ERROR", "handlers": [], "propagate": True},
        "django.server": {"level": "ERROR", "handlers": [], "propagate": True},
        "procrastinate": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
        # It greets at each import, so at each command.
        "pikepdf": {"level": "WARNING"},
        "pyhanko": {"level": "WARNING"},
        "_granian": {"level": "INFO", "handlers": [], "propagate": True},
        "granian.access": {"level": "CRITICAL", "handlers": [], "propagate": True},
    },
}

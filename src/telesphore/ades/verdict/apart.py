"""Judge a foreign file apart: in a process of its own, bounded in time, processor, memory and answer.

Whatever the file does to the parsers, the caller gets a verdict: at worst that it can't be known. Orders go to the
child pickled, since it may trust us; its answer comes back as JSON, since we may not trust it.
"""

import hashlib
import json
import os
import pickle  # Only ever written here.
import signal
import subprocess
import sys
import threading
from base64 import b64decode
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.reports.json_report import NotAVerdict, from_json
from telesphore.ades.verdict.reports.telling import Passage
from telesphore.ades.verdict.result import Finding, Verdict, conclude
from telesphore.ades.verdict.trust import NOTHING_MORE, Evidence, Trust

CHILD = Path(__file__).with_name("apart_child.py")
MEGABYTE = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """What judging a file may cost.

    Attributes:
        size: bytes of the file.
        processor: seconds of processor. elapsed: seconds in all.
        memory: bytes of address space.
        answer: bytes of what the child says.
        pages: how many pages are pictured. width: pixels across each.
    """

    size: int = 50 * MEGABYTE
    processor: int = 30
    elapsed: float = 45
    memory: int = 2048 * MEGABYTE
    answer: int = 24 * MEGABYTE
    pages: int = 4
    width: int = 760


@dataclass(frozen=True, slots=True)
class Picture:
    """A page, `now` or as first `signed`: PNG, and its size in points."""

    page: int
    of: str
    width: float
    height: float
    png: bytes


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, and what its page shows."""

    verdict: Verdict
    pages: int = 0
    pictures: tuple[Picture, ...] = ()
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class Orders:
    """What the child is asked. `signature` is in a file of its own (CAdES); None when `content` is a signed PDF."""

    content: bytes
    signature: bytes | None
    trust: Trust
    evidence: Evidence
    at: datetime
    limits: Limits


def judge(
    content: bytes,
    trust: Trust,
    *,
    at: datetime,
    signature: bytes | None = None,
    evidence: Evidence = NOTHING_MORE,
    limits: Limits = Limits(),
) -> Judged:
    """The verdict on a file; never raises for what the file holds.

    Args:
        content: a signed PDF; or any file, with its detached `signature` (CAdES, DER).
        at: the time to judge at.
    """
    if len(content) + len(signature or b"") > limits.size:
        return beyond(content, at, f"{limits.size // MEGABYTE} MB")
    orders = pickle.dumps(Orders(content, signature, trust, evidence, at, limits))
    answer = _ask(orders, limits)
    try:
        told = json.loads(answer)
        return Judged(
            from_json(told["verdict"]),
            int(told["pages"]),
            tuple(_picture(one) for one in told["pictures"]),
            tuple(_passage(one) for one in told["passages"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError, NotAVerdict):
        # Killed for its time, out of memory, or something worse: nothing is known of the file.
        return beyond(content, at, f"{limits.processor} s, {limits.memory // MEGABYTE} MB")


def beyond(content: bytes, at: datetime, limit: str) -> Judged:
    """The verdict on a file that was not examined."""
    conclusion, findings = conclude((Finding(Reason.TOO_LARGE, {"limit": limit}),))
    sha256 = hashlib.sha256(content).hexdigest()
    return Judged(Verdict(conclusion, findings, (), (), (), (), False, at, sha256, len(content), ""))


def _ask(orders: bytes, limits: Limits) -> bytes:
    """What the child answers; empty when it says more than it may, or dies."""
    child = subprocess.Popen(
        [sys.executable, "-I", str(CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        start_new_session=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    deadline = threading.Timer(limits.elapsed, _end, args=(child,))
    writer = threading.Thread(target=_give, args=(child.stdin, orders), daemon=True)
    deadline.start()
    writer.start()
    try:
        answer = child.stdout.read(limits.answer + 1)
    finally:
        deadline.cancel()
        _end(child)
        status = child.wait()
        child.stdout.close()
        writer.join()
    # Killed by us after it had said everything, or gone by itself.
    return answer if len(answer) <= limits.answer and status in (0, -9) else b""


def _end(child: "subprocess.Popen[bytes]") -> None:
    """The child and its own children: they are a group of theirs."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _give(pipe: Any, orders: bytes) -> None:
    try:
        pipe.write(orders)
        pipe.close()
    except OSError:
        # It died first; its silence says so.
        pass


def _picture(told: dict[str, Any]) -> Picture:
    return Picture(
        int(told["page"]), str(told["of"]), float(told["width"]), float(told["height"]), b64decode(told["png"])
    )


def _passage(told: dict[str, Any]) -> Passage:
    left, bottom, right, top = (float(one) for one in told["box"])
    return Passage(
        int(told["page"]), (left, bottom, right, top), str(told["now"]), str(told["signed"]), bool(told["expected"])
    )

"""A foreign file is judged apart: whatever it does, there is a verdict, in time."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from telesphore.ades.algorithms import TS_119_312
from telesphore.ades.verdict import apart
from telesphore.ades.verdict.apart import Limits, judge
from telesphore.ades.verdict.detached import validate_detached
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import Conclusion
from telesphore.ades.verdict.trust import Anchor, AnchorKind, Trust
from telesphore.ades.verdict.validate import validate
from telesphore.kernel.clock import now
from tests.ades.verdict import files
from tests.certificates import TestAuthority
from tests.papers import blank

NOBODY = Trust([], TS_119_312)


def test_a_file_is_judged_apart_as_it_is_here() -> None:
    authority = TestAuthority()
    at = now()
    pdf = files.sign(files.form(), files.FIELDS[0], authority.signer("Anne LEBRUN"), at, certify=2)
    trust = Trust([Anchor(authority.certificate, AnchorKind.LOCAL)], TS_119_312)
    judged = judge(pdf, trust, at=at)

    assert judged.verdict == validate(pdf, trust=trust, at=at)
    assert judged.pages == 1
    [picture] = judged.pictures
    assert (picture.page, picture.of, round(picture.width)) == (1, "now", 595)
    assert picture.png.startswith(b"\x89PNG")


def test_only_the_first_pages_of_a_long_file_are_pictured() -> None:
    judged = judge(blank(30), NOBODY, at=now())

    assert judged.pages == 30
    assert [picture.page for picture in judged.pictures] == [1, 2, 3, 4]


@pytest.mark.parametrize("content", [b"", b"hello", b"%PDF-1.7\n" + b"\0" * 2000], ids=["empty", "text", "torn"])
def test_nothing_can_be_said_of_what_is_no_pdf(content: bytes) -> None:
    verdict = judge(content, NOBODY, at=now()).verdict

    assert verdict.conclusion is Conclusion.UNKNOWN
    assert [finding.reason for finding in verdict.findings] == [Reason.NOT_READABLE]


def test_a_file_beyond_the_limit_is_not_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_ask", lambda *_given: pytest.fail("it was examined"))
    verdict = judge(b"x" * 1001, NOBODY, at=now(), limits=Limits(size=1000)).verdict

    assert [finding.reason for finding in verdict.findings] == [Reason.TOO_LARGE]
    assert verdict.file_size == 1001


def child(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, does: str) -> None:
    """Make the child do something else: what a file that had taken it over could."""
    path = tmp_path_factory.mktemp("child") / "child.py"
    path.write_text(f"import os, sys, time, resource\nsys.stdin.buffer.read()\n{does}\n")
    monkeypatch.setattr(apart, "CHILD", path)


@pytest.mark.parametrize(
    "does",
    [
        "time.sleep(60)", "sys.exit(1)", "os.kill(os.getpid(), 11)", "print('{')", "print('{}')", "print('[' * 100000)",
        'print(\'{"verdict": {"schema": "telesphore.verdict/1"}, "pages": 1, "pictures": [], "passages": []}\')',
        "while True: sys.stdout.write('x' * 1000000)",
    ],
    ids=["hangs", "fails", "crashes", "half-said", "says-nothing", "deep", "not-a-verdict", "floods"],
)  # fmt: skip
def test_whatever_becomes_of_the_child_there_is_a_verdict_in_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, does: str
) -> None:
    child(monkeypatch, tmp_path_factory, does)
    began = time.monotonic()
    judged = judge(blank(), NOBODY, at=now(), limits=Limits(elapsed=1.5, answer=2_000_000))

    assert time.monotonic() - began < 5
    assert judged.verdict.conclusion is Conclusion.UNKNOWN
    assert [finding.reason for finding in judged.verdict.findings] == [Reason.TOO_LARGE]


def test_the_child_may_not_write_nor_take_much_memory(tmp_path: Path) -> None:
    script = f"""
import sys
sys.path.insert(0, {str(apart.CHILD.parent)!r})
import apart_child
apart_child._bound(5, 2**30)
for act in ("open({str(tmp_path / "left")!r}, 'wb', 0).write(b'x')", "bytearray(2**31)"):
    try:
        exec(act)
        print("done")
    except (OSError, MemoryError):
        print("refused")
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env={})

    assert told.stdout.split() == ["refused", "refused"]
    assert (tmp_path / "left").read_bytes() == b""


def test_a_signature_in_a_file_of_its_own_is_judged_with_what_it_signs() -> None:
    authority = TestAuthority()
    letter = b"Cher confrere, le bilan est bon."
    beside = files.signature(authority.signer("Anne LEBRUN"), letter)
    trust = Trust([Anchor(authority.certificate, AnchorKind.LOCAL)], TS_119_312)
    at = now()

    right = judge(letter, trust, at=at, signature=beside)
    assert right.verdict == validate_detached(letter, beside, trust=trust, at=at)
    assert (right.pages, right.pictures) == (0, ())
    assert Reason.DIGEST_DIFFERS not in [finding.reason for finding in right.verdict.findings]
    altered = judge(letter + b"!", trust, at=at, signature=beside).verdict
    assert Reason.DIGEST_DIFFERS in [finding.reason for finding in altered.findings]

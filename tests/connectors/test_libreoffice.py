"""LibreOffice, confined: it turns office files into PDF, and has nothing else of ours."""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest

from telesphore.connectors.libreoffice.converter import LibreOffice, Limits
from telesphore.paper.kinds import Kind
from telesphore.paper.ports import ConverterBusy, NoConverter, NotConverted
from tests.paper.offices import docx, odt


@pytest.fixture
def office(tmp_path: Path) -> LibreOffice:
    made = LibreOffice(tmp_path / "turn")
    try:
        made.version()
    except NoConverter:
        pytest.skip("LibreOffice and bubblewrap (packages libreoffice-writer-nogui, bubblewrap) don't run here")
    return made


@pytest.fixture
def secret() -> Iterator[Path]:
    """A file outside what is confined, that this user reads."""
    path = Path(__file__).with_name("secret.txt")
    path.write_text("CLE-MAITRESSE")
    yield path
    path.unlink()


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()


def test_a_text_becomes_a_pdf_that_says_the_same(office: LibreOffice) -> None:
    assert text_of(office.convert(docx(), Kind.DOCX)).strip() == "Consentement éclairé"


def test_a_file_shows_nothing_of_this_machine_whatever_it_asks(office: LibreOffice, secret: Path) -> None:
    section = f'<text:section text:name="a"><text:section-source xlink:href="{secret.as_uri()}"/><text:p>-</text:p>'
    shown = text_of(office.convert(odt(f"<text:p>Lettre</text:p>{section}</text:section>"), Kind.ODT))
    assert "Lettre" in shown
    assert "MAITRESSE" not in shown


def test_what_runs_there_has_neither_our_files_nor_a_network_nor_our_environment(
    office: LibreOffice, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELESPHORE_HOME", "/srv/telesphore")
    look = f"cat {secret}; ls /home /root /srv /var/lib; env | tr : ,; echo ecrit >/usr/a && cat /usr/a; ls /etc"
    answer = office._run(["sh", "-c", f"({look}) 2>/dev/null; tail -n +3 /proc/net/dev; ls -d /proc/[0-9]*"], b"")
    assert answer is not None
    said = answer.stdout.decode()
    assert not any(word in said for word in ("MAITRESSE", "telesphore", "TELESPHORE", "ecrit", "passwd"))
    assert [line.split(":")[0].strip() for line in said.splitlines() if ":" in line] == ["lo"]
    assert 0 < said.count("/proc/") < 6, "it sees its own processes only"


def test_what_takes_too_long_is_stopped_with_all_that_it_started(office: LibreOffice, tmp_path: Path) -> None:
    hurried = LibreOffice(tmp_path / "turn", Limits(elapsed=0.3))
    assert hurried._run(["sh", "-c", "(sleep 4242 &) ; sleep 4242"], b"") is None
    time.sleep(0.2)
    running = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        # Others may end while they are read.
        with contextlib.suppress(OSError):
            running.append(path.read_bytes())
    assert not any(b"4242" in words for words in running)


def test_a_file_that_can_not_be_read_is_refused(office: LibreOffice, tmp_path: Path) -> None:
    with pytest.raises(NotConverted):
        office.convert(b"nothing of the sort", Kind.DOCX)
    with pytest.raises(NotConverted):
        LibreOffice(tmp_path / "turn", Limits(written=4096)).convert(docx(), Kind.DOCX)


def test_one_file_at_a_time_is_converted(office: LibreOffice, tmp_path: Path) -> None:
    with (tmp_path / "turn").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(ConverterBusy):
            LibreOffice(tmp_path / "turn", Limits(waited=0.1)).convert(docx(), Kind.DOCX)


def test_without_libreoffice_or_without_its_confinement_nothing_is_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not LibreOffice.installed()
    with pytest.raises(NoConverter):
        LibreOffice(tmp_path / "turn").convert(docx(), Kind.DOCX)
    for name, does in (("soffice", "exit 0"), ("prlimit", "exit 0"), ("bwrap", "exit 1")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    assert LibreOffice.installed()
    with pytest.raises(NoConverter):
        LibreOffice(tmp_path / "turn").convert(docx(), Kind.DOCX)

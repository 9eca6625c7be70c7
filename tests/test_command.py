"""How the `telesphore` program ends: what an operator can mend is said in a sentence, never by a trace."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import ProgrammingError, connection, transaction

from telesphore.cli.statuses import Status
from telesphore.config import command


def ended(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the program with a command that fails so."""

    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(command, "_commands", lambda: fail)
    command._run()


def test_a_file_that_can_not_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(OSError, match="nowhere") as failure:
        (tmp_path / "nowhere" / "crl.der").write_bytes(b"")
    with pytest.raises(SystemExit) as end:
        ended(failure.value, monkeypatch)
    assert end.value.code == Status.FAILED
    assert capsys.readouterr().err == f"telesphore: {tmp_path}/nowhere/crl.der: No such file or directory.\n"


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["SELECT 1 FROM table_of_tomorrow", "SELECT tomorrow FROM accounts_organisation"])
def test_tables_that_are_missing_send_to_migrate(
    query: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ProgrammingError) as failure, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(query)
    with pytest.raises(SystemExit) as end:
        ended(failure.value, monkeypatch)
    assert end.value.code == Status.REFUSED
    assert "Run `telesphore migrate`" in capsys.readouterr().err


@pytest.mark.django_db
def test_our_own_defects_keep_their_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProgrammingError) as failure, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELEKT 1")
    with pytest.raises(ProgrammingError):
        ended(failure.value, monkeypatch)


def ran(*arguments: str, home: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """The program itself, on a home of its own."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("TELESPHORE_")}
    return subprocess.run(
        [sys.executable, "-m", "telesphore.config.command", *arguments],
        env=given | {"TELESPHORE_HOME": str(home), **settings},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_who_asks_for_help_or_brings_their_own_anchors_makes_no_instance(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "root.pem").write_bytes(b"-----BEGIN nothing")
    asked = [["pki", "--help"], [], ["verify", "none.pdf", "--anchors", str(tmp_path / "root.pem")]]
    for arguments in asked:
        answer = ran(*arguments, home=home)
        assert "NEW KEYS" not in answer.stderr, arguments
        assert (answer.returncode, "Traceback" in answer.stderr) in ((0, False), (2, False)), answer.stderr
        assert not home.exists() or list(home.rglob("*")) == [], arguments


def test_a_bad_list_of_authorities_is_told_in_english_alone(tmp_path: Path) -> None:
    listed = tmp_path / "authorities.toml"
    listed.write_text('seconds = 1\n[[authority]]\nname = "x"\nurl = "http://time.example"\n')
    answer = ran("doctor", home=tmp_path / "home", TELESPHORE_TIMESTAMP_AUTHORITIES=str(listed))
    assert answer.returncode == Status.USAGE
    assert "The list of time-stamping authorities" in answer.stderr

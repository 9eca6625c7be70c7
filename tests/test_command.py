"""How the `telesphore` program ends: what an operator can mend is said in a sentence, never by a trace."""

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

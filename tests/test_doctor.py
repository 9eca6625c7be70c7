"""The doctor: each finding, made to appear and to go away."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from django.db import connections

from telesphore.config import doctor, embedded
from telesphore.config.catalogue import OPTIONS, read_settings
from telesphore.config.doctor import Finding, Level, Patient
from telesphore.config.office import office
from telesphore.config.options import write_secret
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.signature.actions import renew
from tests.cast import Cast
from tests.environment import CLUSTER
from tests.signature.guard import Clockwork, completed, guarded


@pytest.fixture
def patient(tmp_path: Path, django_db_setup: None) -> Callable[..., Patient]:
    """An installation in good health; `production` settings are given as words."""

    def admit(**settings: str) -> Patient:
        write_secret(tmp_path / "keys" / f"k{time.monotonic_ns()}", "secret")
        (tmp_path / "empty").mkdir(exist_ok=True)
        given = {"home": str(tmp_path), **settings}
        return Patient(
            settings=read_settings({f"TELESPHORE_{name.upper()}": value for name, value in given.items()}),
            databases={
                "default": psycopg.conninfo.conninfo_to_dict(CLUSTER.dsn(embedded.APPLICATION, "shared")),
                "owner": psycopg.conninfo.conninfo_to_dict(CLUSTER.dsn(embedded.OWNER, "shared")),
            },
            insert_only=("audit_event",),
            euid=1000,
            sockets_file=tmp_path / "empty",
        )

    return admit


def found(check: doctor.Check, patient: Patient) -> dict[str, Finding]:
    findings = {finding.name: finding for finding in check(patient)}
    for finding in findings.values():
        assert bool(finding.do) == (finding.level is not Level.OK), "what is not well says what to do"
    return findings


def levels(check: doctor.Check, patient: Patient) -> dict[str, str]:
    return {name: str(finding.level) for name, finding in found(check, patient).items()}


# Database


def test_the_doctor_finds_the_database_as_designed(patient: Callable[..., Patient]) -> None:
    assert levels(doctor.database, patient()) == {
        "database": "ok", "database-role": "ok", "clock-database": "ok", "database-owner": "ok",
    }  # fmt: skip


def test_the_doctor_says_that_the_database_is_away(patient: Callable[..., Patient], tmp_path: Path) -> None:
    away = replace(patient(), databases={"default": {"host": str(tmp_path), "user": "x"}, "owner": {}})
    assert levels(doctor.database, away) == {"database": "problem"}


def test_the_doctor_says_that_the_owner_cannot_come_in(patient: Callable[..., Patient]) -> None:
    well = patient()
    stranger = {**well.databases["owner"], "password": "wrong"}
    ill = replace(well, databases={**well.databases, "owner": stranger})
    assert levels(doctor.database, ill)["database-owner"] == "warning"


@pytest.mark.parametrize("role", [embedded.SUPERUSER, embedded.OWNER])
def test_the_doctor_says_that_the_application_is_too_powerful(patient: Callable[..., Patient], role: str) -> None:
    powerful = psycopg.conninfo.conninfo_to_dict(CLUSTER.dsn(role, "shared"))
    ill = replace(patient(), databases={"default": powerful, "owner": powerful})
    assert levels(doctor.database, ill)["database-role"] == "problem"


def test_the_doctor_says_that_the_application_may_change_the_trail(
    patient: Callable[..., Patient], committed: str
) -> None:
    well = patient()
    here = {name: {**parameters, "dbname": committed} for name, parameters in well.databases.items()}
    with psycopg.connect(**here["owner"]) as owner:
        owner.execute(f"GRANT UPDATE ON audit_event TO {embedded.APPLICATION}")
    ill = found(doctor.database, replace(well, databases=here))
    assert ill["database-insert-only"].level is Level.PROBLEM
    assert "audit_event" in ill["database-insert-only"].what


def test_the_doctor_says_that_two_clocks_differ(
    patient: Callable[..., Patient], monkeypatch: pytest.MonkeyPatch
) -> None:
    true_time = time.time
    monkeypatch.setattr("telesphore.config.doctor.time.time", lambda: true_time() + 10)
    assert levels(doctor.database, patient())["clock-database"] == "problem"
    assert levels(doctor.clock, patient())["clock-files"] == "warning"


@pytest.mark.parametrize(("follows", "level"), [(True, "ok"), (False, "warning")])
def test_the_doctor_says_whether_the_clock_follows_a_reference(
    patient: Callable[..., Patient], monkeypatch: pytest.MonkeyPatch, follows: bool, level: str
) -> None:
    monkeypatch.setattr(doctor, "_clock_follows", lambda: follows)
    assert levels(doctor.clock, patient()) == {"clock": level}


def test_the_kernel_tells_whether_its_clock_follows() -> None:
    assert doctor._clock_follows() in (True, False)


# Keys


def test_the_doctor_finds_keys_well_kept(patient: Callable[..., Patient], tmp_path: Path) -> None:
    well = patient()
    (tmp_path / "keys-backed-up").touch()
    assert levels(doctor.key_files, well) == {"keys": "ok"}


def test_the_doctor_says_that_there_is_no_key(patient: Callable[..., Patient], tmp_path: Path) -> None:
    ill = patient()
    for path in (tmp_path / "keys").iterdir():
        path.unlink()
    assert levels(doctor.key_files, ill) == {"keys": "problem"}


def test_the_doctor_names_a_key_that_others_may_read(patient: Callable[..., Patient], tmp_path: Path) -> None:
    ill = patient(demonstration="yes")
    [key] = (tmp_path / "keys").iterdir()
    key.chmod(0o640)
    finding = found(doctor.key_files, ill)["keys-mode"]
    assert (finding.level, finding.do) == (Level.PROBLEM, f"chmod 600 {key}")
    key.chmod(0o600)
    key.parent.chmod(0o755)
    assert levels(doctor.key_files, ill) == {"keys-folder": "problem"}


def test_the_doctor_asks_for_a_backup_of_keys_made_since_the_last(
    patient: Callable[..., Patient], tmp_path: Path
) -> None:
    assert levels(doctor.key_files, patient())["keys-backup"] == "warning"
    (tmp_path / "keys-backed-up").touch()
    os.utime(tmp_path / "keys-backed-up", (1, 1))
    assert levels(doctor.key_files, patient())["keys-backup"] == "warning"
    assert "keys-backup" not in levels(doctor.key_files, patient(demonstration="yes"))


# Machine


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize(("free", "level"), [(500, "ok"), (100, "warning"), (40, "problem")])
def test_the_doctor_says_when_the_disk_fills(
    patient: Callable[..., Patient], monkeypatch: pytest.MonkeyPatch, free: int, level: str
) -> None:
    monkeypatch.setattr("telesphore.config.doctor.shutil.disk_usage", lambda _: Usage(1000, 1000 - free, free))
    assert levels(doctor.disk, patient()) == {"disk": level}


@pytest.mark.parametrize(
    ("listen", "demonstration", "level"),
    [
        ("127.0.0.1:8000", "no", "ok"), ("[::1]:8000", "no", "ok"), ("localhost:8000", "no", "ok"),
        ("0.0.0.0:8000", "no", "problem"), ("192.0.2.1:8000", "no", "problem"), ("0.0.0.0:8000", "yes", "warning"),
    ],
)  # fmt: skip
def test_the_doctor_says_when_the_web_server_is_set_to_listen_to_the_world(
    patient: Callable[..., Patient], listen: str, demonstration: str, level: str
) -> None:
    assert levels(doctor.ports, patient(listen=listen, demonstration=demonstration)) == {"ports": level}


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")])
def test_the_doctor_sees_what_really_listens(
    patient: Callable[..., Patient], family: socket.AddressFamily, address: str
) -> None:
    with socket.socket(family) as open_socket:
        try:
            open_socket.bind((address, 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        open_socket.listen()
        port = open_socket.getsockname()[1]
        ill = replace(patient(listen=f"127.0.0.1:{port}"), sockets_file=Path("/proc/net"))
        finding = found(doctor.ports, ill)["ports"]
    assert finding.level is Level.PROBLEM
    assert f"listens on {address}:{port} " in finding.what


@pytest.mark.parametrize(
    ("euid", "demonstration", "level"), [(0, "no", "warning"), (0, "yes", "ok"), (1000, "no", "ok")]
)
def test_the_doctor_says_when_it_runs_as_root(
    patient: Callable[..., Patient], euid: int, demonstration: str, level: str
) -> None:
    assert levels(doctor.user, replace(patient(demonstration=demonstration), euid=euid)) == {"user": level}


# The world


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"base_url": "http://hopital.example"}, {"tls": "problem"}),
        ({"base_url": "http://localhost:8000", "demonstration": "yes"}, {"tls": "ok"}),
        ({"base_url": "https://hopital.example"}, {"tls": "ok", "trusted-proxies": "warning"}),
        ({"base_url": "https://hopital.example", "trusted_proxies": "127.0.0.1"}, {"tls": "ok"}),
    ],
)
def test_the_doctor_says_when_people_come_without_tls(
    patient: Callable[..., Patient], settings: dict[str, str], expected: dict[str, str]
) -> None:
    assert levels(doctor.tls, patient(**settings)) == expected


def test_the_doctor_says_which_gateways_are_missing(patient: Callable[..., Patient]) -> None:
    assert levels(doctor.gateways, patient()) == {"mail-gateway": "warning", "sms-gateway": "warning"}
    well = patient(demonstration="yes", mail_gateway="local", sms_gateway="local")
    assert levels(doctor.gateways, well) == {"mail-gateway": "ok", "sms-gateway": "ok"}


def test_the_doctor_says_when_proofs_are_not_renewed(
    patient: Callable[..., Patient], committed: str, committed_cast: Cast
) -> None:
    database = psycopg.conninfo.conninfo_to_dict(CLUSTER.dsn(embedded.APPLICATION, committed))
    here = replace(patient(), databases={"default": database})
    assert levels(doctor.proofs, here) == {"proofs": "ok"}
    with guarded(Clockwork(away=True)):
        completed(committed_cast)
        renew.renew_due(actor=Actor.system(), at=now())
    assert levels(doctor.proofs, here) == {"proofs": "problem"}


def test_the_doctor_warns_of_an_embedded_database_in_production(patient: Callable[..., Patient]) -> None:
    assert levels(doctor.embedded_database, patient()) == {"embedded-database": "warning"}
    assert levels(doctor.embedded_database, patient(demonstration="yes")) == {}
    assert levels(doctor.embedded_database, patient(database="postgresql://db/telesphore")) == {}


def test_the_doctor_asks_for_a_backup(patient: Callable[..., Patient], tmp_path: Path) -> None:
    assert levels(doctor.backup, patient()) == {"backup": "warning"}
    (tmp_path / "last-backup").touch()
    assert levels(doctor.backup, patient()) == {"backup": "ok"}
    os.utime(tmp_path / "last-backup", (time.time() - 3 * 86400,) * 2)
    assert levels(doctor.backup, patient()) == {"backup": "warning"}
    assert levels(doctor.backup, patient(demonstration="yes")) == {}


def test_a_check_that_breaks_is_itself_a_finding(
    patient: Callable[..., Patient], monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(_: Patient) -> Iterator[Finding]:
        raise PermissionError("secret")
        yield

    monkeypatch.setattr(doctor, "CHECKS", (torn, doctor.user))
    first, second = doctor.examine(patient())
    assert (first.level, first.name) == (Level.PROBLEM, "torn")
    assert "secret" not in first.what
    assert second.name == "user"


# Settings, and the command


def test_every_setting_is_listed_with_its_meaning_default_and_source(tmp_path: Path) -> None:
    (tmp_path / "telesphore.toml").write_text('time_zone = "Indian/Reunion"\n')
    table = doctor.settings_table(
        read_settings({"TELESPHORE_HOME": str(tmp_path), "TELESPHORE_DEMONSTRATION": "yes", "TELESPHORE_HOSTS": "a,b"})
    )
    rows = {row["name"]: row for row in table}
    assert list(rows) == [f"TELESPHORE_{option.name.upper()}" for option in OPTIONS]
    assert all(row["meaning"] and row["accepts"] for row in table)
    assert (rows["TELESPHORE_DEMONSTRATION"]["value"], rows["TELESPHORE_DEMONSTRATION"]["source"]) == (
        "yes", "environment",
    )  # fmt: skip
    assert rows["TELESPHORE_TIME_ZONE"]["source"] == str(tmp_path / "telesphore.toml")
    assert rows["TELESPHORE_HOSTS"]["value"] == "a,b"
    assert rows["TELESPHORE_LISTEN"]["value"] == "127.0.0.1:8000"


def test_the_doctor_says_whether_office_files_are_converted(
    patient: Callable[..., Patient], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    finding = found(office, patient())["office"]
    assert (finding.level, "not installed" in finding.what) == (Level.OK, True)
    for name, does in (("soffice", "echo LibreOffice 7"), ("prlimit", "exit 1"), ("bwrap", "exit 1")):
        (programs / name).write_text(f"#!/bin/sh\n{does}\n")
        (programs / name).chmod(0o755)
    assert "bubblewrap" in found(office, patient())["office"].do
    # A bubblewrap that says what it was to run.
    (programs / "prlimit").write_text("#!/bin/sh\necho LibreOffice 7.4.7.2\n")
    finding = found(office, patient())["office"]
    assert (finding.level, "LibreOffice 7.4.7.2" in finding.what) == (Level.OK, True)


def telesphore(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    given = {f"TELESPHORE_{name.upper()}": value for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "telesphore.config.command", *arguments],
        env={**os.environ, **given}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_the_command_prints_json_and_ends_with_1_when_there_is_a_problem(committed: str) -> None:
    result = telesphore("doctor", "--json", base_url="http://hopital.example", demonstration="no",
                        mail_gateway="none", sms_gateway="none")  # fmt: skip
    findings = {line["name"]: line for line in map(json.loads, result.stdout.splitlines())}
    assert findings["database"]["level"] == "ok"
    assert findings["tls"]["level"] == "problem"
    assert result.returncode == 1


def test_no_secret_is_among_the_settings(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    write_secret(secret, "VERY-SECRET")
    for options in ([], ["--json"]):
        result = telesphore("doctor", "--settings", *options, metrics_token_file=str(secret))
        assert result.returncode == 0, result.stderr
        assert str(secret) in result.stdout
        assert "VERY-SECRET" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"listen": "nowhere"}, "TELESPHORE_LISTEN (environment) is 'nowhere'; it accepts address:port."),
        ({"colour": "blue"}, "TELESPHORE_COLOUR (environment) is not a setting"),
        ({"demonstration": "no"}, "TELESPHORE_MAIL_GATEWAY is local outside a demonstration"),
        ({"database": "postgresql://one:secret@nowhere/telesphore"}, "TELESPHORE_DATABASE holds a password"),
    ],
)
def test_a_bad_setting_stops_the_start_with_its_name_and_status_2(settings: dict[str, str], says: str) -> None:
    result = telesphore("doctor", **settings)
    assert result.returncode == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_a_database_that_does_not_answer_ends_a_command_with_status_4() -> None:
    result = telesphore("jobs", "list", database="postgresql://telesphore_app@127.0.0.1:1/telesphore")
    assert (result.returncode, "Traceback" in result.stderr) == (4, False)
    assert "The database does not answer" in result.stderr


def test_the_doctor_examines_this_very_installation(django_db_setup: None) -> None:
    patient = doctor.this_installation(read_settings(os.environ))
    parameters: Any = patient.databases["default"]
    assert parameters["dbname"] == connections["default"].settings_dict["NAME"]
    assert "audit_event" in patient.insert_only
    assert {finding.name for finding in doctor.examine(patient)} >= {"database", "keys", "disk", "ports", "tls"}

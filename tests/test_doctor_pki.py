"""What the doctor finds of the local authorities."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from telesphore.config import authorities, doctor, embedded
from telesphore.config.catalogue import read_settings
from telesphore.config.findings import Finding, Patient
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.pki import actions as pki
from telesphore.pki.models import Authority
from telesphore.pki.states import Reason
from tests.cast import Cast
from tests.environment import CLUSTER

DAY = timedelta(days=1)


@pytest.fixture
def patient(committed: str, tmp_path: Path) -> Patient:
    return Patient(
        settings=read_settings({"TELESPHORE_HOME": str(tmp_path), "TELESPHORE_DEMONSTRATION": "yes"}),
        databases={"default": psycopg.conninfo.conninfo_to_dict(CLUSTER.dsn(embedded.APPLICATION, committed))},
        insert_only=(),
    )


@pytest.fixture
def established(committed_cast: Cast) -> Cast:
    pki.establish_authority(organisation_id=committed_cast.hospital, actor=committed_cast.sylvie, at=now())
    return committed_cast


def found(patient: Patient) -> dict[str, Finding]:
    return {finding.name: finding for finding in authorities.authorities(patient)}


def levels(patient: Patient) -> dict[str, str]:
    return {name: str(finding.level) for name, finding in found(patient).items()}


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime.now(UTC) + by

    monkeypatch.setattr(authorities, "datetime", Clock)


@pytest.fixture
def production(patient: Patient) -> Patient:
    settings = read_settings({"TELESPHORE_HOME": str(patient.value("home"))})
    return replace(patient, settings=settings)


def test_it_is_one_of_the_doctors_checks() -> None:
    assert authorities.authorities in doctor.CHECKS


def test_of_a_database_that_is_away_nothing_is_said_twice(patient: Patient, tmp_path: Path) -> None:
    away = replace(patient, databases={"default": {"host": str(tmp_path), "user": "x"}})
    assert levels(away) == {}
    assert levels(patient) != {}


def test_an_instance_without_an_authority_is_well(patient: Patient, committed_cast: Cast) -> None:
    assert levels(patient) == {"pki": "ok"}


def test_a_standing_authority_is_well_and_said_not_to_be_qualified(patient: Patient, established: Cast) -> None:
    assert levels(patient) == {"pki": "ok"}
    assert "none of them qualified" in found(patient)["pki"].what


def test_a_root_key_left_in_a_production_database_is_a_warning(production: Patient, established: Cast) -> None:
    assert levels(production) == {"pki-root-key": "warning"}
    content = pki.export_root_key(
        organisation_id=established.hospital, passphrase="a phrase of some length", actor=established.sylvie, at=now()
    )
    pki.remove_root_key(
        organisation_id=established.hospital, exported=content, passphrase="a phrase of some length",
        actor=established.sylvie, at=now(),
    )  # fmt: skip
    assert levels(production) == {"pki": "ok"}


@pytest.mark.parametrize(("days", "level"), [(4, None), (6, "warning"), (8, "problem")])
def test_a_list_that_nobody_renews_is_told(
    patient: Patient, established: Cast, monkeypatch: pytest.MonkeyPatch, days: int, level: str | None
) -> None:
    later(monkeypatch, days * DAY)
    assert levels(patient).get("pki-list") == level


@pytest.mark.parametrize(("years", "name"), [(9, None), (11, "pki-near-its-end"), (16, "pki-ended")])
def test_an_authority_near_its_end_is_told(
    patient: Patient, established: Cast, monkeypatch: pytest.MonkeyPatch, years: int, name: str | None
) -> None:
    at = now() + years * 365 * DAY
    if years < 15:
        pki.maintain(actor=Actor.system(), at=at)
    later(monkeypatch, years * 365 * DAY)
    assert set(levels(patient)) == {name or "pki"}


def test_a_revoked_authority_is_a_problem_until_the_next_one_stands(patient: Patient, established: Cast) -> None:
    pki.revoke_authority(
        organisation_id=established.hospital, authority_id=Authority.objects.get().id,
        reason=Reason.AUTHORITY_COMPROMISE, actor=established.sylvie, at=now(),
    )  # fmt: skip
    assert levels(patient) == {"pki-ended": "problem"}
    assert str(established.hospital) in found(patient)["pki-ended"].do
    pki.renew(organisation_id=established.hospital, actor=established.sylvie, at=now())
    assert levels(patient) == {"pki": "ok"}

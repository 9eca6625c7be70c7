"""Who is trusted: the roots of this instance, a folder of certificates, and EU trusted lists."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from telesphore.ades.verdict.trust import AnchorKind
from telesphore.config import catalogue, wiring, work
from telesphore.config.options import BadSetting
from telesphore.kernel.clock import now
from telesphore.pki import actions as pki
from telesphore.pki import queries
from tests.ades.verdict.lists import Service, list_of_lists, national
from tests.cast import Cast
from tests.certificates import TestAuthority

NOW = now().replace(microsecond=0)
SCHEME = TestAuthority("Scheme").signer("List signer", days=100)
ISSUER, GIVEN = TestAuthority("Qualified issuer"), TestAuthority("Given by the operator")


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    yield
    wiring.bind()


def bind(home: Path, **settings: str) -> None:
    environment = {f"TELESPHORE_{name.upper()}": value for name, value in {"home": str(home), **settings}.items()}
    wiring.bind_anchors(catalogue.read_settings(environment))


def _folder(place: Path, **files: bytes) -> str:
    place.mkdir()
    for name, content in files.items():
        (place / name.replace("_", ".")).write_bytes(content)
    return str(place)


@pytest.fixture
def lists(tmp_path: Path) -> dict[str, str]:
    """A site without network, that brings the lists in a folder."""
    return {
        "trusted_lists": _folder(
            tmp_path / "lists",
            lotl_xml=list_of_lists(SCHEME, {"FR": SCHEME.certificate}, at=NOW),
            FR_xml=national(SCHEME, [Service(ISSUER.certificate, (("granted", NOW - timedelta(days=9)),))], at=NOW),
        ),
        "trusted_list_signers": _folder(tmp_path / "signers", scheme_der=SCHEME.certificate),
    }


@pytest.mark.django_db
def test_local_roots_are_trusted_and_said_to_be_local(cast: Cast, tmp_path: Path) -> None:
    bind(tmp_path)
    pki.establish_authority(organisation_id=cast.hospital, actor=cast.odile, at=NOW)
    trust = queries.trust()
    assert [one.certificate for one in trust.anchors] == queries.all_trust_anchors()
    assert {one.kind for one in queries.trust(cast.hospital).anchors} == {AnchorKind.LOCAL}


@pytest.mark.django_db
def test_lists_and_files_are_trusted_beside_them(tmp_path: Path, lists: dict[str, str]) -> None:
    bind(tmp_path, anchors_folder=_folder(tmp_path / "given", one_der=GIVEN.certificate), **lists)
    assert [one.kind for one in queries.trust().anchors] == [AnchorKind.FILE]
    work._refresh_anchors(NOW)
    found = {one.certificate: one.kind for one in queries.trust().anchors}
    assert found == {GIVEN.certificate: AnchorKind.FILE, ISSUER.certificate: AnchorKind.TRUSTED_LIST}


def test_the_lists_are_refreshed_by_a_job_of_every_day() -> None:
    from telesphore.jobs.actions import _periods

    assert _periods["pki:refresh-anchors"] == timedelta(days=1)


def test_lists_without_who_may_sign_them_stop_the_start(tmp_path: Path, lists: dict[str, str]) -> None:
    del lists["trusted_list_signers"]
    with pytest.raises(BadSetting, match="TRUSTED_LIST_SIGNERS"):
        bind(tmp_path, **lists)


@pytest.mark.parametrize(
    ("name", "value"), [("trusted_lists", "http://lists.example/lotl.xml"), ("trusted_list_countries", "France")]
)
def test_a_setting_that_makes_no_sense_is_refused(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name.upper()):
        bind(tmp_path, **{name: value})

"""Lists fetched and kept: the last good one stays, and what is refused is named."""

import logging
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from telesphore.ades.trusted_lists import TrustedListTooLarge
from telesphore.ades.verdict.trust import AnchorKind
from telesphore.connectors.trusted_lists import fetching
from telesphore.connectors.trusted_lists.anchors import KeptAnchors, NotAnAnchor, TrustedListUnavailable
from telesphore.kernel.clock import now
from tests.ades.verdict.lists import Service, list_of_lists, national
from tests.certificates import TestAuthority

NOW = now().replace(microsecond=0)
DAY = timedelta(days=1)
BORN = NOW - 300 * DAY
EUROPE = TestAuthority("Europe", born=BORN, days=3650).signer("Europe", since=BORN, days=3650)
FRANCE = TestAuthority("France", born=BORN, days=3650).signer("France", since=BORN, days=3650)
ISSUER, OTHER = TestAuthority("Issuer"), TestAuthority("Other issuer")


class Outside:
    """What the addresses give today."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}

    def put(self, *, france: bytes | None = None, europe: bytes | None = None) -> None:
        self.pages["https://lists.example/lotl.xml"] = europe or list_of_lists(
            EUROPE, {"FR": FRANCE.certificate}, at=NOW - DAY
        )
        self.pages["https://lists.example/FR.xml"] = france or _france()

    def __call__(self, location: str) -> bytes:
        if location not in self.pages:
            raise TrustedListUnavailable
        return self.pages[location]


def _france(authority: TestAuthority = ISSUER, *, sequence: int = 5, days: float = 30) -> bytes:
    return national(
        FRANCE, [Service(authority.certificate, (("granted", BORN),))], at=NOW - DAY, sequence=sequence, days=days
    )


@pytest.fixture
def outside() -> Outside:
    found = Outside()
    found.put()
    return found


@pytest.fixture
def kept(tmp_path: Path, outside: Outside) -> Callable[[], KeptAnchors]:
    signers = tmp_path / "signers"
    signers.mkdir()
    (signers / "europe.pem").write_bytes(x509.load_der_x509_certificate(EUROPE.certificate).public_bytes(Encoding.PEM))
    return lambda: KeptAnchors(
        kept=tmp_path / "kept", lists="https://lists.example/lotl.xml", signers=signers, territories=("FR",),
        fetch=outside,
    )  # fmt: skip


def _anchors(source: KeptAnchors) -> list[bytes]:
    return [one.certificate for one in source.anchors()]


def test_lists_are_fetched_and_kept(kept: Callable[[], KeptAnchors]) -> None:
    assert kept().anchors() == ()
    assert [(one.name, one.warning) for one in kept().refresh(at=NOW)] == [("lotl", ""), ("FR", "")]
    # Another process reads what was kept.
    assert _anchors(kept()) == [ISSUER.certificate]
    assert kept().anchors()[0].kind is AnchorKind.TRUSTED_LIST


@pytest.mark.parametrize(
    ("list_of_today", "code"),
    [
        (b"<html>Maintenance</html>", "trusted-list-unreadable"),
        (b"", "trusted-list-unreadable"),
        (_france(OTHER).replace(b"Montfaucy", b"Montfaucx"), "trusted-list-not-signed"),
        (national(EUROPE, [Service(OTHER.certificate, (("granted", BORN),))], at=NOW - DAY, sequence=9),
         "trusted-list-not-signed"),
        (_france(OTHER, days=0.5), "trusted-list-expired"),
        (_france(OTHER, sequence=4), "trusted-list-rolled-back"),
        (national(FRANCE, [], at=NOW - DAY, sequence=9, territory="BE"), "trusted-list-unreadable"),
        (list_of_lists(FRANCE, {"FR": FRANCE.certificate}, at=NOW - DAY, sequence=9), "trusted-list-unreadable"),
        (None, "trusted-list-unavailable"),
    ],
    ids=["damaged", "empty", "altered", "another signer", "expired", "older", "another country", "another kind",
         "not there"],
)  # fmt: skip
def test_a_bad_list_is_refused_by_name_and_the_last_good_one_is_used(
    kept: Callable[[], KeptAnchors],
    outside: Outside,
    list_of_today: bytes | None,
    code: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept().refresh(at=NOW)
    if list_of_today is None:
        del outside.pages["https://lists.example/FR.xml"]
    else:
        outside.pages["https://lists.example/FR.xml"] = list_of_today
    source = kept()
    with caplog.at_level(logging.WARNING):
        standings = source.refresh(at=NOW)

    assert [(one.name, one.warning) for one in standings] == [("lotl", ""), ("FR", code)]
    assert standings[1].issued_at == NOW - DAY
    assert code in caplog.text
    assert _anchors(source) == [ISSUER.certificate]


def test_a_newer_list_takes_the_place_of_the_one_before(kept: Callable[[], KeptAnchors], outside: Outside) -> None:
    source = kept()
    source.refresh(at=NOW)
    assert _anchors(source) == [ISSUER.certificate]
    outside.put(france=_france(OTHER, sequence=6))
    source.refresh(at=NOW)
    assert _anchors(source) == [OTHER.certificate]


def test_a_list_of_lists_that_is_not_europe_s_changes_nothing(
    kept: Callable[[], KeptAnchors], outside: Outside
) -> None:
    source = kept()
    source.refresh(at=NOW)
    outside.put(
        europe=list_of_lists(FRANCE, {"FR": EUROPE.certificate}, at=NOW),
        france=national(EUROPE, [Service(OTHER.certificate, (("granted", BORN),))], at=NOW),
    )
    assert [one.warning for one in source.refresh(at=NOW)] == ["trusted-list-not-signed", "trusted-list-not-signed"]
    assert _anchors(source) == [ISSUER.certificate]


def test_a_list_kept_past_its_date_is_used_with_a_warning(kept: Callable[[], KeptAnchors], outside: Outside) -> None:
    kept().refresh(at=NOW)
    outside.pages.clear()
    late = kept()
    assert [one.warning for one in late.standings(at=NOW + 60 * DAY)] == ["trusted-list-expired"] * 2
    assert _anchors(late) == [ISSUER.certificate]


def test_a_kept_list_that_was_altered_on_disk_is_not_used(kept: Callable[[], KeptAnchors], tmp_path: Path) -> None:
    kept().refresh(at=NOW)
    file = tmp_path / "kept" / "FR.xml"
    file.write_bytes(file.read_bytes().replace(b"Montfaucy", b"Montfaucx"))
    assert kept().anchors() == ()


def test_a_country_that_the_list_of_lists_does_not_know_is_said_to_be_missing(
    kept: Callable[[], KeptAnchors], outside: Outside
) -> None:
    outside.put(europe=list_of_lists(EUROPE, {"BE": FRANCE.certificate}, at=NOW))
    assert kept().refresh(at=NOW)[1].warning == "trusted-list-not-pointed-at"


def test_certificates_in_a_folder_are_anchors(tmp_path: Path) -> None:
    (tmp_path / "one.der").write_bytes(ISSUER.certificate)
    pem = [x509.load_der_x509_certificate(one.certificate).public_bytes(Encoding.PEM) for one in (ISSUER, OTHER)]
    (tmp_path / "two.pem").write_bytes(b"".join(pem))
    source = KeptAnchors(certificates=tmp_path, kept=tmp_path / "kept")
    assert set(_anchors(source)) == {ISSUER.certificate, OTHER.certificate}
    assert {one.kind for one in source.anchors()} == {AnchorKind.FILE}
    (tmp_path / "three.pem").write_bytes(b"not a certificate")
    with pytest.raises(NotAnAnchor):
        source.anchors()


def test_a_folder_stands_in_for_the_network(tmp_path: Path) -> None:
    (tmp_path / "FR.xml").write_bytes(b"list")
    assert fetching.in_folder(tmp_path, "https://lists.example/deep/FR.xml") == b"list"
    for location in (
        "https://lists.example/BE.xml",
        "https://lists.example/../../etc/passwd",
        "https://lists.example/",
    ):
        with pytest.raises(TrustedListUnavailable):
            fetching.in_folder(tmp_path, location)


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/missing":
            self.send_error(404)
            return
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "/away")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"x" * 5000)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name.
        pass


def test_what_comes_over_the_network_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    server = HTTPServer(("127.0.0.1", 0), _Server)
    Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    try:
        assert fetching.over_https(f"{base}/list") == b"x" * 5000
        for location in (f"{base}/missing", f"{base}/away", "ftp://lists.example/FR.xml", "http://"):
            with pytest.raises(TrustedListUnavailable):
                fetching.over_https(location)
        monkeypatch.setattr(fetching, "LARGEST", 4000)
        with pytest.raises(TrustedListTooLarge):
            fetching.over_https(f"{base}/list")
    finally:
        server.shutdown()
        server.server_close()

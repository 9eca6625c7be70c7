"""Authorities that give the time, and those that are slow, lie, replay, or are away."""

import base64
import dataclasses
import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from telesphore.ades.algorithms import Digest
from telesphore.ades.timestamps import granted, make_token, read_request, read_token, respond
from telesphore.config import wiring
from telesphore.config.catalogue import read_settings
from telesphore.config.options import BadSetting, read_secret
from telesphore.connectors.local_pki import LocalTimestamper
from telesphore.connectors.tsa import Authorities, Authority, BadAuthorities, HttpTimestamper, read_authorities
from telesphore.kernel.clock import now
from telesphore.pki import ports
from telesphore.pki.errors import TimestampUnavailable
from tests.certificates import TIME_POLICY, Signer, TestAuthority
from tests.connectors.servers import Answer, Asked, Server, serve, took

ROOT = TestAuthority("Root of time")
UNIT = ROOT.unit()
IMPRINT = Digest.SHA256.of(b"a document")
SOMEONE = UUID(int=7)
LOGGER = "telesphore.connectors.tsa.timestamper"


def _give(asked: Asked, unit: Signer = UNIT, *, at: datetime | None = None, policy: str = TIME_POLICY) -> bytes:
    return respond(
        asked.content, certificate=unit.certificate, chain=unit.chain, sign=unit.sign, serial=1, at=at or now(),
        policy=policy,
    )  # fmt: skip


def _lie(asked: Asked, under: str = TIME_POLICY, **changed: object) -> bytes:
    request = dataclasses.replace(read_request(asked.content), **changed)  # type: ignore[arg-type]
    token = make_token(
        request, certificate=UNIT.certificate, chain=UNIT.chain, sign=UNIT.sign, serial=1, at=now(), policy=under
    )
    return granted(token)


def _authority(server: Server, name: str = "first", **more: object) -> Authority:
    values: dict[str, object] = {"policies": (TIME_POLICY,), "seconds": 2.0, **more}
    return Authority(name=name, url=server.url, anchors=(ROOT.certificate,), **values)  # type: ignore[arg-type]


def _stamp(*authorities: Authority, seconds: float = 10) -> bytes:
    return HttpTimestamper(Authorities(authorities, seconds)).stamp(
        IMPRINT, Digest.SHA256, organisation_id=SOMEONE, at=now()
    )


def test_an_authority_gives_the_time() -> None:
    with serve(_give) as server:
        first, second = (read_token(_stamp(_authority(server))) for _ in range(2))
    assert first.imprint == IMPRINT
    assert first.certificate == UNIT.certificate
    # Nothing is kept: each was asked for, with a number of its own.
    assert first.nonce != second.nonce
    assert [asked.headers["Content-Type"] for asked in server.asked] == ["application/timestamp-query"] * 2
    assert all(read_request(asked.content).policy == TIME_POLICY for asked in server.asked)


def test_a_password_is_sent_to_who_asked_for_one_only() -> None:
    def answer(asked: Asked) -> Answer | bytes:
        expected = "Basic " + base64.b64encode(b"hospital:s3cret").decode()
        return _give(asked) if asked.headers.get("Authorization") == expected else Answer(status=401)

    with serve(answer) as closed, serve(_give) as opened:
        assert _stamp(_authority(closed, user="hospital", password="s3cret"))
        assert _stamp(_authority(closed), _authority(opened, "second"))
    assert "Authorization" not in opened.asked[0].headers


EXPIRED = ROOT.unit(age=timedelta(days=20))
STRANGER = TestAuthority("Another root").unit()
TWO_USES = ROOT.unit(usages=[ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.EMAIL_PROTECTION])


MISCHIEF: dict[str, tuple[Callable[[Asked], Answer | bytes], str]] = {
    "slow": (lambda asked: Answer(_give(asked), wait=60), "timestamp-authority-slow"),
    "dripping": (lambda asked: Answer(_give(asked), drip=0.05), "timestamp-authority-slow"),
    "endless": (lambda asked: Answer(endless=True), "timestamp-too-large"),
    "away": (lambda asked: Answer(cut=True), "timestamp-authority-away"),
    "out of order": (lambda asked: Answer(status=503), "timestamp-authority-away"),
    "closed to us": (lambda asked: Answer(status=403), "timestamp-authority-refused-us"),
    "redirecting": (lambda asked: Answer(status=302, headers={"Location": "/"}), "timestamp-authority-away"),
    "a page": (lambda asked: b"<html>Maintenance</html>", "timestamp-malformed"),
    "empty": (lambda asked: b"", "timestamp-malformed"),
    "refusing": (lambda asked: respond(
        b"", certificate=b"", chain=(), sign=UNIT.sign, serial=1, at=now(), policy="1.2"
    ), "timestamp-request-refused"),
    "of another digest": (lambda asked: _lie(asked, imprint=bytes(32)), "timestamp-of-other"),
    "replaying": (lambda asked: _lie(asked, nonce=1), "timestamp-replayed"),
    "another policy": (lambda asked: _lie(asked, under="1.2.3", policy=None), "timestamp-policy-refused"),
    "unknown": (lambda asked: _give(asked, STRANGER), "timestamp-not-trusted"),
    "of two uses": (lambda asked: _give(asked, TWO_USES), "timestamp-wrong-usage"),
    "expired": (lambda asked: _give(asked, EXPIRED), "timestamp-expired"),
    "slow clock": (lambda asked: _give(asked, at=now() - timedelta(hours=2)), "timestamp-clock-wrong"),
    "fast clock": (lambda asked: _give(asked, at=now() + timedelta(hours=2)), "timestamp-clock-wrong"),
}  # fmt: skip


@pytest.mark.parametrize("kind", MISCHIEF)
def test_a_bad_authority_is_passed_over_by_name_and_the_next_one_asked(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer, code = MISCHIEF[kind]
    caplog.set_level(logging.INFO, LOGGER)
    with serve(answer) as bad, serve(_give) as good:
        token = _stamp(_authority(bad, "bad", seconds=0.5), _authority(good, "good"))
        assert read_token(token).certificate == UNIT.certificate
        assert len(bad.asked) == 1
        caplog.clear()
        with pytest.raises(TimestampUnavailable):
            _stamp(_authority(bad, "bad", seconds=0.5))
    assert [record.getMessage() for record in caplog.records if record.name == LOGGER] == [
        f"timestamp authority bad passed over: {code}"
    ]


def test_the_log_names_who_answered_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serve(lambda asked: Answer(b"content of the answer", status=500)) as bad, serve(_give) as good:
        _stamp(
            _authority(bad, "bad", user="hospital", password="s3cret"), _authority(good, "good", user="u", password="p")
        )
    said = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("telesphore"))
    assert said == "timestamp authority bad passed over: timestamp-authority-away\ntimestamp given by good"


def test_all_of_them_together_take_no_longer_than_allowed() -> None:
    begun = time.monotonic()
    with serve(lambda asked: Answer(wait=60)) as bad, serve(_give) as good:
        names = [_authority(bad, f"bad{number}", seconds=0.4) for number in range(5)]
        with pytest.raises(TimestampUnavailable):
            _stamp(*names, _authority(good), seconds=1)
    assert took(begun) < 3
    assert good.asked == []


def test_our_clock_is_read_after_the_answer() -> None:
    """A slow answer must not make the authority's clock look wrong."""
    with serve(_give) as server:
        timestamper = HttpTimestamper(Authorities((_authority(server),), 5), clock=now)
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        assert timestamper.stamp(IMPRINT, Digest.SHA256, organisation_id=SOMEONE, at=long_ago)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With an anchor and a password."""
    pem = x509.load_der_x509_certificate(ROOT.certificate).public_bytes(Encoding.PEM)
    (tmp_path / "anchors.pem").write_bytes(pem * 2)
    (tmp_path / "password").write_text("s3cret\n")
    (tmp_path / "password").chmod(0o600)
    return tmp_path


ONE = {"name": "first", "url": "https://time.example/tsa", "anchors": "anchors.pem"}


def _read(folder: Path, content: object) -> Authorities:
    (folder / "authorities.json").write_text(json.dumps(content))
    return read_authorities(folder / "authorities.json", read_secret)


def test_the_list_is_read_from_a_file(folder: Path) -> None:
    (folder / "authorities.toml").write_text(
        "seconds = 15\n[[authority]]\nname = 'first'\nurl = 'https://time.example/tsa'\nanchors = 'anchors.pem'\n"
        "policies = ['1.2.250.1.1']\nuser = 'hospital'\npassword_file = 'password'\nseconds = 3.5\n"
        "[[authority]]\nname = 'second'\nurl = 'http://localhost:3180/'\nanchors = 'anchors.pem'\n"
        "tls_authorities = 'anchors.pem'\n"
    )
    read = read_authorities(folder / "authorities.toml", read_secret)
    assert read.seconds == 15
    first, second = read.listed
    assert (first.name, first.policies, first.seconds) == ("first", ("1.2.250.1.1",), 3.5)
    assert (first.user, first.password) == ("hospital", "s3cret")
    assert first.anchors == (ROOT.certificate,) * 2
    assert "s3cret" not in repr(read)
    assert second.tls == folder / "anchors.pem"
    assert _read(folder, {"authority": [ONE]}).listed[0].name == "first"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({}, "authority"),
        ([], "the top"),
        ({"authority": []}, "authority"),
        ({"authority": [ONE] * 17}, "authority"),
        ({"authority": [ONE, ONE]}, "one name"),
        ({"authority": [ONE], "other": 1}, "the top"),
        ({"authority": [ONE], "seconds": 0}, "seconds"),
        ({"authority": [ONE], "seconds": True}, "seconds"),
        ({"authority": [{**ONE, "other": 1}]}, "authority 1"),
        ({"authority": [{**ONE, "name": "a b"}]}, "name"),
        ({"authority": [{"name": "a", "url": ONE["url"]}]}, "anchors"),
        ({"authority": [{**ONE, "anchors": "password"}]}, "PEM"),
        ({"authority": [{**ONE, "anchors": "missing"}]}, "PEM"),
        ({"authority": [{**ONE, "url": "http://time.example/tsa"}]}, "https"),
        ({"authority": [{**ONE, "url": "ftp://time.example/tsa"}]}, "url"),
        ({"authority": [{**ONE, "url": "https://user:word@time.example/"}]}, "password"),
        ({"authority": [{**ONE, "url": "https://time.example:99999/"}]}, "address"),
        ({"authority": [{**ONE, "policies": ["any"]}]}, "policies"),
        ({"authority": [{**ONE, "policies": "1.2.3"}]}, "policies"),
        ({"authority": [{**ONE, "seconds": 121}]}, "seconds"),
        ({"authority": [{**ONE, "user": "a"}]}, "password_file"),
        ({"authority": [{**ONE, "password_file": "password"}]}, "user"),
        ({"authority": [{**ONE, "user": "a:b", "password_file": "password"}]}, "user"),
        ({"authority": [{**ONE, "tls_authorities": "password"}]}, "PEM"),
    ],
)
def test_a_bad_list_says_what_is_wrong(folder: Path, content: object, named: str) -> None:
    with pytest.raises(BadAuthorities) as refused:
        _read(folder, content)
    assert named in str(refused.value)


def test_a_password_open_to_others_stops_the_start(folder: Path) -> None:
    (folder / "password").chmod(0o644)
    with pytest.raises(BadSetting):
        _read(folder, {"authority": [{**ONE, "user": "a", "password_file": "password"}]})


def test_a_list_that_is_not_there_says_so(folder: Path) -> None:
    (folder / "broken.toml").write_text("[[")
    for name in ("missing.toml", "broken.toml"):
        with pytest.raises(BadAuthorities):
            read_authorities(folder / name, read_secret)


def test_the_setting_says_who_gives_the_time(folder: Path) -> None:
    (folder / "list.json").write_text(json.dumps({"authority": [ONE]}))
    bound = ports.timestamper
    try:
        for value, expected in ((str(folder / "list.json"), HttpTimestamper), ("local", LocalTimestamper)):
            settings = read_settings({"TELESPHORE_HOME": str(folder), "TELESPHORE_TIMESTAMP_AUTHORITIES": value})
            wiring.bind_pki(settings)
            assert isinstance(bound.get(), expected)
        (folder / "list.json").write_text("{}")
        bad = {"TELESPHORE_HOME": str(folder), "TELESPHORE_TIMESTAMP_AUTHORITIES": str(folder / "list.json")}
        with pytest.raises(BadSetting, match=r"TIMESTAMP_AUTHORITIES.*authority"):
            wiring.bind_pki(read_settings(bad))
    finally:
        wiring.bind()

"""Remote signing by settings: what is needed is asked for at the start, and secrets travel over TLS only."""

from pathlib import Path

import pytest

from telesphore.ades.verdict.result import Level
from telesphore.config.catalogue import read_settings
from telesphore.config.options import BadSetting
from telesphore.config.tokens import bind_tokens
from telesphore.connectors.csc import CscReader
from telesphore.connectors.pkcs12 import Pkcs12Reader
from telesphore.signature import ports

NEEDED = {
    "TELESPHORE_TOKENS": "csc",
    "TELESPHORE_CSC_ADDRESS": "https://sign.example/csc/v2",
    "TELESPHORE_CSC_CLIENT": "montfaucy",
}


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    for port in (ports.token_reader, ports.level):
        monkeypatch.setattr(port, "_factory", None)
        monkeypatch.setattr(port, "_instance", None)
    secret = tmp_path / "csc.secret"
    secret.write_text("un secret du service")
    secret.chmod(0o600)
    return {**NEEDED, "TELESPHORE_HOME": str(tmp_path), "TELESPHORE_CSC_SECRET_FILE": str(secret)}


def test_a_remote_service_is_bound(environment: dict[str, str]) -> None:
    bind_tokens(read_settings(environment))
    assert isinstance(ports.token_reader.get(), CscReader)


@pytest.mark.parametrize("missing", ["TELESPHORE_CSC_ADDRESS", "TELESPHORE_CSC_CLIENT", "TELESPHORE_CSC_SECRET_FILE"])
def test_what_is_missing_stops_the_start(environment: dict[str, str], missing: str) -> None:
    del environment[missing]
    with pytest.raises(BadSetting, match=missing):
        bind_tokens(read_settings(environment))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELESPHORE_CSC_ADDRESS", "http://sign.example/csc/v2"),
        ("TELESPHORE_CSC_ADDRESS", "https://sign.example/csc"),
        ("TELESPHORE_CSC_TOKEN_ADDRESS", "http://sign.example/oauth2/token"),
        ("TELESPHORE_SIGNATURE_LEVEL", "B-X"),
        ("TELESPHORE_TOKENS_RSA", "raw"),
    ],
)
def test_what_would_not_do_stops_the_start(environment: dict[str, str], name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name):
        bind_tokens(read_settings({**environment, name: value}))


def test_levels_and_rsa_come_from_the_settings(environment: dict[str, str]) -> None:
    bind_tokens(read_settings({**environment, "TELESPHORE_TOKENS": "pkcs12"}))
    assert isinstance(ports.token_reader.get(), Pkcs12Reader)
    assert ports.level.get() is Level.LTA
    bind_tokens(read_settings({**environment, "TELESPHORE_SIGNATURE_LEVEL": "B-T"}))
    assert ports.level.get() is Level.T

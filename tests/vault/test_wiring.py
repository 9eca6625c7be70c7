"""The vault's ports are filled according to the settings."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from telesphore.config import catalogue, options, wiring
from telesphore.config.options import BadSetting
from telesphore.connectors.folder.store import FolderStore
from telesphore.connectors.s3.store import S3Store
from telesphore.vault import ports


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    yield
    wiring.bind()


def bind(home: Path, **settings: str) -> None:
    environment = {f"TELESPHORE_{name.upper()}": value for name, value in {"home": str(home), **settings}.items()}
    wiring.bind_vault(catalogue.read_settings(environment))


def test_documents_lie_in_a_folder_of_the_home_by_default(tmp_path: Path) -> None:
    bind(tmp_path)
    assert isinstance(ports.store.get(), FolderStore)
    assert sorted(path.name for path in (tmp_path / "vault").iterdir()) == ["blobs", "incoming"]


def test_documents_lie_in_a_bucket_when_the_settings_say_so(tmp_path: Path) -> None:
    secret = tmp_path / "s3.secret"
    options.write_secret(secret, "secret")
    bind(
        tmp_path,
        vault_store="s3",
        s3_endpoint="http://127.0.0.1:8333",
        s3_key_id="telesphore",
        s3_secret_file=str(secret),
    )
    assert isinstance(ports.store.get(), S3Store)


@pytest.mark.parametrize("missing", ["s3_endpoint", "s3_key_id", "s3_secret_file"])
def test_a_bucket_that_is_half_described_is_refused_by_name(tmp_path: Path, missing: str) -> None:
    secret = tmp_path / "s3.secret"
    options.write_secret(secret, "secret")
    given = {"s3_endpoint": "http://127.0.0.1:8333", "s3_key_id": "k", "s3_secret_file": str(secret)}
    del given[missing]
    bind(tmp_path, vault_store="s3", **given)
    with pytest.raises(BadSetting, match=missing.upper()):
        ports.store.get()


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "s3.secret"
    options.write_secret(secret, "secret")
    secret.chmod(0o644)
    bind(tmp_path, vault_store="s3", s3_endpoint="http://127.0.0.1:8333", s3_key_id="k", s3_secret_file=str(secret))
    with pytest.raises(BadSetting, match="chmod 600"):
        ports.store.get()

"""SoftHSM2 tokens of the suite's own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from telesphore.connectors.pkcs11 import module, softhsm
from tests.connectors.keys import Cards


@pytest.fixture(scope="session")
def softhsm_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where SoftHSM2 keeps tokens; the library reads it once in a process."""
    folder = tmp_path_factory.mktemp("softhsm")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(softhsm.configuration(folder))
    yield folder
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture
def cards(softhsm_folder: Path) -> Cards:
    library = module.find_library(module.SOFTHSM_PLACES)
    assert library is not None, "the suite needs SoftHSM2"
    return Cards(library, softhsm_folder)

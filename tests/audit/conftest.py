"""What the audit suite shares."""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _pages_without_static_files(settings: Any, tmp_path: Path) -> None:
    """The log's pages use none, so that these tests need nobody to have collected them."""
    settings.STATIC_ROOT = tmp_path

"""Loaded before Django's settings: gives the suite an instance of its own, in a temporary home.

When the tests are shared out among processes, each has its own home and its own database server; the one that shares
them out has no server.
"""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

HOME = Path(tempfile.mkdtemp(prefix="telesphore-tests-"))
for _name in [name for name in os.environ if name.startswith("TELESPHORE_")]:
    del os.environ[_name]
os.environ["TELESPHORE_HOME"] = str(HOME)
os.environ["TELESPHORE_DEMONSTRATION"] = "yes"
os.environ["TELESPHORE_MAIL_GATEWAY"] = "local"
os.environ["TELESPHORE_SMS_GATEWAY"] = "local"
# Files: SoftHSM2 reads where its tokens are once per process, and tests of it have their own places.
os.environ["TELESPHORE_TOKENS"] = "pkcs12"

from telesphore.config import embedded  # noqa: E402 - the environment comes first.

CLUSTER = embedded.cluster(HOME)
# The settings read them.
embedded.make_passwords(CLUSTER)


def pytest_configure(config: pytest.Config) -> None:
    """Start the server where tests run."""
    if config.getoption("dist", "no") != "no":
        return
    embedded.initialise(CLUSTER)
    # A test database is thrown away: nothing of it need survive a power cut.
    server = embedded.start(CLUSTER, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
    atexit.register(server.stop)


@atexit.register
def _leave() -> None:
    shutil.rmtree(HOME, ignore_errors=True)
    if CLUSTER.user:
        shutil.rmtree(CLUSTER.data.parent, ignore_errors=True)


if "pytest" not in sys.modules:
    raise RuntimeError("tests.environment is a plugin of pytest")

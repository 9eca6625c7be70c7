"""The suite's database: one template, migrated as its owner; every test speaks to a copy as the application's role."""

from collections.abc import Iterator
from contextlib import contextmanager

import hypothesis
import psycopg
import pytest
from django.db import connections
from django.utils import translation
from psycopg import sql

from telesphore.config import database, embedded, master_key
from tests.cast import Cast, assemble
from tests.environment import CLUSTER

# The same examples at each run, so that a failure is told to whoever caused it; bench/fuzz.py looks for new ones.
hypothesis.settings.register_profile("suite", derandomize=True)
hypothesis.settings.load_profile("suite")


def _administer(*statements: sql.Composable) -> None:
    with psycopg.connect(CLUSTER.dsn(embedded.SUPERUSER, "postgres"), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def _point_at(name: str) -> None:
    for connection in connections.all():
        connection.close()
        connection.settings_dict["NAME"] = name


def _copy(name: str, template: str) -> sql.Composed:
    return sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
        sql.Identifier(name), sql.Identifier(embedded.OWNER), sql.Identifier(template)
    )


def _drop(name: str) -> sql.Composed:
    return sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest) -> None:
    """Migrate the template as its owner, then use a copy as the application's role."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]  # pytest-django's blocker has no exported type.
        database.migrate()
        _point_at("postgres")
        _administer(_copy("shared", embedded.DATABASE))
        _point_at("shared")
        master_key.ensure_master_key(lambda notice: None)


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[str]:
    """A database of the test's own, where transactions really commit; yields its name.

    For what spans connections: workers, races, browsers, crashes.
    """
    with django_db_blocker.unblock(), database_of_its_own("committed"):  # type: ignore[attr-defined]  # As above.
        yield "committed"


@contextmanager
def database_of_its_own(name: str, *, like: str = embedded.DATABASE) -> Iterator[None]:
    """A copy of the database `like`, which nobody else may be using."""
    _point_at("postgres")
    _administer(_drop(name), _copy(name, like))
    _point_at(name)
    try:
        yield
    finally:
        _point_at("shared")
        _administer(_drop(name))


@pytest.fixture
def cast(db: None) -> Cast:
    """The cast, in a transaction that is rolled back."""
    return assemble()


@pytest.fixture
def committed_cast(committed: str) -> Cast:
    """The cast, committed in a database of the test's own."""
    return assemble()


@pytest.fixture
def english() -> Iterator[None]:
    """Refusals in English, as the commands say them."""
    with translation.override("en"):
        yield

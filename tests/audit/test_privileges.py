"""What is inserted once can't be changed by the application, whatever it tries."""

import pytest
from django.db import ProgrammingError, connection, transaction

from telesphore.audit import actions as audit
from telesphore.audit.models import Checkpoint, Event, Leaf, Tile
from tests.audit.people import NOON, record_some

TABLES = ["audit_event", "audit_leaf", "audit_tile", "audit_checkpoint", "audit_cosignature"]


def try_both(*statements: str) -> None:
    """GRANT by one who may not is a warning only: the statement after it shows that nothing came of it."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET {} = {}",
        "DELETE FROM {}",
        "TRUNCATE {} CASCADE",
        "DROP TABLE {} CASCADE",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "GRANT UPDATE ON {} TO CURRENT_USER",
    ],
)
def test_the_application_can_not_change_the_trail(table: str, statement: str) -> None:
    record_some(256)
    audit.seal_once(at=NOON)
    columns = {"audit_event": "action", "audit_leaf": "entry", "audit_tile": "hashes", "audit_cosignature": "line"}
    column = columns.get(table, "note")
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        try_both(statement.format(table, column, column), f"UPDATE {table} SET {column} = {column}")
    assert (Event.objects.count(), Leaf.objects.count(), Tile.objects.count()) == (256, 256, 1)
    assert Checkpoint.objects.count() == 1

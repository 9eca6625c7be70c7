"""Verification recomputes all, and names the first event that somebody changed behind the application's back."""

from collections.abc import Iterator
from typing import Any

import pytest

from telesphore.audit import actions as audit
from telesphore.audit.actions.key import log_key
from telesphore.audit.formats.merkle import leaf_hash
from telesphore.audit.formats.notes import Head, open_checkpoint
from telesphore.audit.models import Checkpoint, Event, Leaf
from telesphore.audit.queries import tree
from telesphore.audit.queries.verify import Report, Trouble, verify
from tests.audit.people import NOON, behind_the_back, record_some
from tests.conftest import database_of_its_own

pytestmark = pytest.mark.usefixtures("english")


def verified(**options: object) -> Report:
    return verify(key=audit.public_key(), **options)  # type: ignore[arg-type]  # Passed through.


@pytest.fixture(scope="module")
def sealed(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """700 sealed events, under heads over 300, 600 and 700, in a database of which each test has a copy."""
    with django_db_blocker.unblock(), database_of_its_own("sealed"):
        record_some(700)
        for _ in range(3):
            audit.seal_once(at=NOON, batch=300)
        assert verified().holds
        yield "sealed"


@pytest.fixture
def trail(sealed: str, django_db_blocker: Any) -> Iterator[str]:
    """What `sealed` holds, to be tampered with; yields the database's name."""
    with django_db_blocker.unblock(), database_of_its_own("committed", like=sealed):
        yield "committed"


def first_finding(report: Report) -> tuple[Trouble, int | None, object]:
    assert not report.holds
    finding = report.findings[0]
    return finding.trouble, finding.index, finding.event


def event_at(index: int) -> object:
    return Leaf.objects.get(index=index).event_id


def test_an_untouched_trail_holds(trail: str) -> None:
    seen: list[tuple[int, int]] = []
    report = verified(progress=lambda done, total: seen.append((done, total)))
    assert (report.events, report.heads, report.pending, report.unsigned) == (700, 3, 0, 0)
    assert report.head == open_checkpoint(tree.latest_note(), audit.public_key())
    assert seen[-1] == (700, 700)


def test_events_that_await_the_seal_are_counted_not_blamed(trail: str) -> None:
    record_some(2)
    assert (verified().holds, verified().pending) == (True, 2)


@pytest.mark.parametrize("index", [0, 255, 256, 650])
@pytest.mark.parametrize(
    "change",
    [
        "action = 'records:document:see'",
        "at = at + interval '1 microsecond'",
        "outcome = 'refused'",
        "person_id = gen_random_uuid()",
        "acr = 'eidas1'",
        "session_id = gen_random_uuid()",
        "patient_id = NULL",
        "detail = '{}'",
        "client = 'Safari'",
        "core_salt = detail_salt",
        "categories = '{}'",
    ],
)
def test_an_altered_event_is_named(trail: str, index: int, change: str) -> None:
    event = event_at(index)
    assert behind_the_back(trail, f"UPDATE audit_event SET {change} WHERE id = %s", event) == 1
    assert first_finding(verified()) == (Trouble.ALTERED, index, event)


def test_the_first_of_several_altered_events_is_named(trail: str) -> None:
    for index in (500, 40, 699):
        behind_the_back(trail, "UPDATE audit_event SET ground = 'consent' WHERE id = %s", event_at(index))
    assert first_finding(verified()) == (Trouble.ALTERED, 40, event_at(40))


@pytest.mark.parametrize("index", [0, 299, 512, 699])
def test_a_removed_event_is_named(trail: str, index: int) -> None:
    event = event_at(index)
    behind_the_back(trail, "DELETE FROM audit_event WHERE id = %s", event)
    assert first_finding(verified()) == (Trouble.REMOVED, index, event)


@pytest.mark.parametrize("index", [0, 299, 512, 699])
def test_an_event_removed_with_its_leaf_is_missed_at_its_number(trail: str, index: int) -> None:
    event = event_at(index)
    behind_the_back(trail, "DELETE FROM audit_event WHERE id = %s", event)
    behind_the_back(trail, "DELETE FROM audit_leaf WHERE index = %s", index)
    assert first_finding(verified()) == (Trouble.REMOVED, index, None)


def test_an_event_whose_leaf_alone_was_removed_is_recognised(trail: str) -> None:
    event = event_at(100)
    behind_the_back(trail, "DELETE FROM audit_leaf WHERE index = 100")
    assert first_finding(verified()) == (Trouble.REMOVED, 100, event)


def test_an_event_removed_with_the_later_ones_moved_up_is_missed_at_its_number(trail: str) -> None:
    behind_the_back(trail, "DELETE FROM audit_event WHERE id = %s", event_at(100))
    behind_the_back(trail, "DELETE FROM audit_leaf WHERE index = 100")
    behind_the_back(trail, "ALTER TABLE audit_leaf DROP CONSTRAINT leaf_index_not_negative")
    behind_the_back(trail, "UPDATE audit_leaf SET index = -index WHERE index > 100")
    behind_the_back(trail, "UPDATE audit_leaf SET index = -index - 1 WHERE index < 0")
    assert first_finding(verified()) == (Trouble.REMOVED, 100, None)


def copy_of_event(trail: str, index: int) -> object:
    """Slip in an event: a copy of another under an id of its own; returns its id."""
    new = "019a0000-0000-7000-8000-00000000beef"
    columns = ", ".join(field.column for field in Event._meta.concrete_fields if field.column != "id")
    behind_the_back(
        trail,
        f"INSERT INTO audit_event (id, {columns}) SELECT '{new}', {columns} FROM audit_event WHERE id = %s",
        event_at(index),
    )
    return Event.objects.get(id=new).id


def test_an_event_inserted_without_a_place_is_named(trail: str) -> None:
    event = copy_of_event(trail, 5)
    assert first_finding(verified()) == (Trouble.INSERTED, None, event)


def test_an_event_inserted_with_a_leaf_among_the_others_is_named(trail: str) -> None:
    event = copy_of_event(trail, 5)
    entry = bytes(Event.objects.get(id=event).entry)  # type: ignore[misc]  # A UUID.
    behind_the_back(trail, "ALTER TABLE audit_leaf DROP CONSTRAINT leaf_index_not_negative")
    behind_the_back(trail, "UPDATE audit_leaf SET index = -index WHERE index >= 100")
    behind_the_back(trail, "UPDATE audit_leaf SET index = -index + 1 WHERE index < 0")
    behind_the_back(
        trail,
        "INSERT INTO audit_leaf (index, organisation_id, event_id, entry) "
        "SELECT 100, organisation_id, id, %s FROM audit_event WHERE id = %s",
        entry,
        event,
    )
    assert first_finding(verified()) == (Trouble.INSERTED, 100, event)


def test_an_event_put_in_the_place_of_another_is_named(trail: str) -> None:
    event = copy_of_event(trail, 5)
    entry = bytes(Event.objects.get(id=event).entry)  # type: ignore[misc]  # A UUID.
    behind_the_back(trail, "UPDATE audit_leaf SET event_id = %s, entry = %s WHERE index = 100", event, entry)
    assert first_finding(verified()) == (Trouble.ALTERED, 100, event)


def alter_with_leaf(trail: str, index: int) -> object:
    event = event_at(index)
    behind_the_back(trail, "UPDATE audit_event SET ground = 'consent' WHERE id = %s", event)
    entry = bytes(Event.objects.get(id=event).entry)  # type: ignore[misc]  # A UUID.
    behind_the_back(trail, "UPDATE audit_leaf SET entry = %s WHERE index = %s", entry, index)
    return event


def test_an_event_altered_together_with_its_leaf_is_named_by_its_tile(trail: str) -> None:
    event = alter_with_leaf(trail, 100)
    assert first_finding(verified()) == (Trouble.ALTERED, 100, event)


def test_an_event_altered_with_its_leaf_beyond_the_full_tiles_lies_between_two_heads(trail: str) -> None:
    alter_with_leaf(trail, 650)
    report = verified()
    assert first_finding(report) == (Trouble.ALTERED, 600, None)
    assert "600 to 699" in report.findings[0].sentence


def test_it_is_named_when_a_head_was_signed_for_it_alone(trail: str) -> None:
    record_some(1)
    audit.seal_once(at=NOON)
    event = alter_with_leaf(trail, 700)
    assert first_finding(verified()) == (Trouble.ALTERED, 700, event)


def test_an_altered_tile_is_found(trail: str) -> None:
    behind_the_back(trail, "UPDATE audit_tile SET root = sha256('x') WHERE index = 1")
    assert first_finding(verified())[0] == Trouble.TREE


def test_a_removed_tile_is_found(trail: str) -> None:
    behind_the_back(trail, "DELETE FROM audit_tile WHERE index = 1")
    assert first_finding(verified())[0] == Trouble.TREE


def test_an_altered_head_is_found(trail: str) -> None:
    behind_the_back(trail, "UPDATE audit_checkpoint SET root = sha256('x') WHERE size = 600")
    assert first_finding(verified())[0] == Trouble.TREE


def test_a_head_signed_by_another_key_is_found(trail: str) -> None:
    behind_the_back(trail, "UPDATE audit_checkpoint SET note = replace(note, '/audit-log ', '/other ')")
    assert first_finding(verified())[0] == Trouble.TREE


def test_an_event_removed_before_it_was_sealed_is_named(trail: str) -> None:
    (event,) = record_some(1)
    behind_the_back(trail, "DELETE FROM audit_event WHERE id = %s", event)
    audit.seal_once(at=NOON)
    assert first_finding(verified()) == (Trouble.REMOVED, None, event)


def test_a_trail_rewritten_by_who_holds_the_key_is_betrayed_by_a_head_kept_elsewhere(trail: str) -> None:
    kept = open_checkpoint(Checkpoint.objects.get(size=600).note, audit.public_key())
    alter_with_leaf(trail, 100)
    behind_the_back(trail, "DELETE FROM audit_checkpoint")
    behind_the_back(trail, "DELETE FROM audit_tile")
    edge = tree.tiles.Edge()
    for entry in Leaf.objects.order_by("index").values_list("entry", flat=True):
        for tile in edge.append(leaf_hash(bytes(entry))):
            behind_the_back(
                trail, "INSERT INTO audit_tile VALUES (%s, %s, %s, %s)", tile.level, tile.index, tile.hashes, tile.root
            )
    key = log_key()
    Checkpoint.objects.create(size=700, root=edge.root(), at=NOON, note=key.sign(str(Head(key.name, 700, edge.root()))))
    assert verified().holds
    assert first_finding(verified(against=[kept]))[:2] == (Trouble.ALTERED, 0)


def test_a_head_kept_elsewhere_betrays_a_database_put_back_to_an_older_state(trail: str) -> None:
    kept = open_checkpoint(tree.latest_note(), audit.public_key())
    for table, condition in (("checkpoint", "size > 600"), ("leaf", "index >= 600")):
        behind_the_back(trail, f"DELETE FROM audit_{table} WHERE {condition}")
    behind_the_back(trail, "DELETE FROM audit_event WHERE id NOT IN (SELECT event_id FROM audit_leaf)")
    assert verified().holds
    assert first_finding(verified(against=[kept])) == (Trouble.REMOVED, 600, None)


def test_nothing_is_signed_on_top_of_a_damaged_tree(trail: str) -> None:
    alter_with_leaf(trail, 650)
    record_some(1)
    with pytest.raises(Exception, match="nothing more is signed"):
        audit.seal_once(at=NOON)
    assert tree.signed_size() == 700

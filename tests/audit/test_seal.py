"""The sealer: each event gets one place, and the head is signed over what is durable."""

import pytest

from telesphore.audit import actions as audit
from telesphore.audit.actions.key import public_key
from telesphore.audit.formats.merkle import leaf_hash
from telesphore.audit.formats.notes import open_checkpoint
from telesphore.audit.models import Checkpoint, Event, Leaf, Pending, Tile
from telesphore.audit.queries import tree
from tests.audit.naive import naive_root
from tests.audit.people import NOON, record_some

pytestmark = pytest.mark.django_db


def test_the_first_run_signs_the_empty_tree() -> None:
    assert audit.seal_once(at=NOON) == audit.Sealed(events=0, size=0, more=False)
    head = open_checkpoint(tree.latest_note(), public_key())
    assert (head.size, head.root) == (0, naive_root([]))


def test_each_event_gets_one_place_and_the_head_is_that_of_the_leaves() -> None:
    identifiers = record_some(600)
    assert audit.seal_once(at=NOON) == audit.Sealed(events=600, size=600, more=False)
    leaves = list(Leaf.objects.order_by("index"))
    assert [leaf.index for leaf in leaves] == list(range(600))
    assert {leaf.event_id for leaf in leaves} == set(identifiers)
    head = open_checkpoint(tree.latest_note(), public_key())
    assert head.root == naive_root([bytes(leaf.entry) for leaf in leaves])
    assert not Pending.objects.exists()
    for leaf in leaves[:3]:
        assert bytes(leaf.entry) == bytes(Event.objects.get(id=leaf.event_id).entry)
    assert [(tile.level, tile.index) for tile in Tile.objects.order_by("index")] == [(0, 0), (0, 1)]
    assert bytes(Tile.objects.get(level=0, index=1).hashes) == b"".join(
        leaf_hash(bytes(leaf.entry)) for leaf in leaves[256:512]
    )


def test_batches_continue_one_tree() -> None:
    record_some(700)
    sizes = []
    while not sizes or sizes[-1].more:
        sizes.append(audit.seal_once(at=NOON, batch=300))
    assert [sealed.size for sealed in sizes] == [300, 600, 700]
    entries = [bytes(entry) for entry in Leaf.objects.order_by("index").values_list("entry", flat=True)]
    for checkpoint in Checkpoint.objects.all():
        assert bytes(checkpoint.root) == naive_root(entries[: checkpoint.size])


def test_nothing_new_means_no_new_head() -> None:
    record_some(1)
    audit.seal_once(at=NOON)
    audit.seal_once(at=NOON)
    assert Checkpoint.objects.count() == 1

"""The log as anyone may fetch it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from telesphore.audit import actions as audit
from telesphore.audit.formats.merkle import check_consistency, check_inclusion, leaf_hash
from telesphore.audit.formats.notes import open_checkpoint
from telesphore.audit.formats.tiles import ENTRIES, Tile, Tree, unbundle
from telesphore.audit.models import Leaf
from tests.audit.people import NOON, record_some

pytestmark = pytest.mark.django_db


def get(path: str) -> Any:
    return Client().get(f"/audit-log/{path}")


def test_there_is_no_head_before_the_first() -> None:
    assert get("checkpoint").status_code == 404


def test_the_head_is_text_that_caches_keep_for_seconds_only() -> None:
    audit.seal_once(at=NOON)
    response = get("checkpoint")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Cache-Control"] == "public, max-age=2"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert open_checkpoint(response.content.decode(), audit.public_key()).size == 0


def test_an_outsider_with_nothing_but_the_addresses_checks_any_event() -> None:
    record_some(300)
    audit.seal_once(at=NOON)
    old = open_checkpoint(get("checkpoint").content.decode(), audit.public_key())
    record_some(500)
    audit.seal_once(at=NOON)
    head = open_checkpoint(get("checkpoint").content.decode(), audit.public_key())

    def fetch(wanted: Any) -> dict[Tile, bytes]:
        return {tile: get(f"tile/{tile.path}").content for tile in wanted}

    tree = Tree(head.size, fetch)
    assert tree.root() == head.root
    for index in (0, 255, 256, 799):
        width = min(256, head.size - index // 256 * 256)
        bundle = get(f"tile/{Tile(ENTRIES, index // 256, width).path}").content
        entry = unbundle(bundle)[index % 256]
        assert entry == bytes(Leaf.objects.get(index=index).entry)
        proof = tree.inclusion_proof(index)
        check_inclusion(leaf=leaf_hash(entry), index=index, size=head.size, proof=proof, root=head.root)
    steps = tree.consistency_proof(old.size)
    check_consistency(old=old.size, old_root=old.root, size=head.size, root=head.root, proof=steps)


@pytest.mark.parametrize("path", ["0/000", "0/001.p/44", "1/000.p/1", "entries/000", "entries/001.p/44", "0/001.p/7"])
def test_a_tile_is_bytes_that_caches_keep_for_ever(path: str) -> None:
    record_some(300)
    audit.seal_once(at=NOON)
    response = get(f"tile/{path}")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "path", ["0/001", "0/001.p/45", "1/000", "1/000.p/2", "2/000.p/1", "entries/001", "0/1", "0/002.p/1", "x", "64/000",
             "0/" + "x000/" * 50 + "000", "0/x999/x999/x999/x999/x999/999"],
)  # fmt: skip
def test_what_no_head_covers_is_not_there_and_no_cache_remembers_it(path: str) -> None:
    record_some(300)
    audit.seal_once(at=NOON)
    response = get(f"tile/{path}")
    assert (response.status_code, response["Cache-Control"]) == (404, "no-store")


def test_a_leaf_beyond_the_signed_head_is_served_to_nobody() -> None:
    from telesphore.audit.actions.seal import _place

    record_some(5)
    audit.seal_once(at=NOON)
    record_some(5)
    _place(10)
    assert get("tile/0/000.p/5").status_code == 200
    assert get("tile/0/000.p/6").status_code == 404


def test_the_log_is_read_only_and_public() -> None:
    for path in ("checkpoint", "tile/0/000"):
        for method in ("post", "put", "delete", "patch"):
            assert getattr(Client(), method)(f"/audit-log/{path}").status_code in (403, 405)
        assert get_resolver().resolve(f"/audit-log/{path}").func.access_rule.startswith("public: ")


def test_what_is_served_names_nobody() -> None:
    record_some(3)
    audit.seal_once(at=NOON)
    served = get("tile/entries/000.p/3").content
    assert len(served) == 3 * (2 + 65)

"""Trees, tiles, notes and proofs against the naive tree and the published vectors."""

import base64
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telesphore.audit.formats import cosignatures, entries, merkle, notes, proofs, tiles
from telesphore.audit.formats.merkle import BadProof, check_consistency, check_inclusion, leaf_hash
from telesphore.audit.formats.notes import BadNote, Head, PrivateKey, PublicKey
from telesphore.audit.formats.tiles import WIDTH, Edge, Tile, Tree
from tests.audit.naive import naive_consistency, naive_path, naive_root

# The eight entries and the roots of their first n, as the Certificate Transparency projects publish them.
ENTRIES = [
    bytes.fromhex(entry)
    for entry in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def grown(contents: list[bytes]) -> tuple[Edge, dict[tuple[int, int], list[bytes]]]:
    """A tree grown leaf by leaf, and every level's hashes computed the slow way."""
    edge = Edge()
    levels: dict[tuple[int, int], list[bytes]] = {}
    for content in contents:
        for tile in edge.append(leaf_hash(content)):
            levels[tile.level, tile.index] = tiles.split(tile.hashes)
    return edge, levels


def reader(contents: list[bytes]):  # type: ignore[no-untyped-def]
    """Serves tiles made by the definition in tlog-tiles, not by our edge."""

    def read(wanted):  # type: ignore[no-untyped-def]
        served = {}
        for tile in wanted:
            span = WIDTH**tile.level
            first = tile.index * WIDTH
            served[tile] = b"".join(
                naive_root(contents[place * span : (place + 1) * span]) for place in range(first, first + tile.width)
            )
        return served

    return read


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_published(size: int) -> None:
    edge, _ = grown(ENTRIES[:size])
    assert edge.root().hex() == ROOTS[size - 1]
    assert Tree(size, reader(ENTRIES)).root().hex() == ROOTS[size - 1]


def test_paths_are_those_published() -> None:
    path = [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [step.hex() for step in Tree(8, reader(ENTRIES)).inclusion_proof(5)] == path


def test_consistency_is_as_published() -> None:
    steps = [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [step.hex() for step in Tree(8, reader(ENTRIES)).consistency_proof(6)] == steps


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert Edge().root() == merkle.EMPTY_ROOT == sha256(b"").digest()


CONTENTS = [bytes([number % 251, number // 251]) for number in range(700)]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_proofs_are_the_naive_ones_and_hold(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 700))
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(0, size))
    contents = CONTENTS[:size]
    tree, root = Tree(size, reader(contents)), naive_root(contents)
    path, steps = tree.inclusion_proof(index), tree.consistency_proof(old)
    assert tree.root() == root
    assert path == naive_path(index, contents)
    assert steps == naive_consistency(old, contents)
    check_inclusion(leaf=leaf_hash(contents[index]), index=index, size=size, proof=path, root=root)
    check_consistency(old=old, old_root=naive_root(contents[:old]), size=size, root=root, proof=steps)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_proof_of_anything_else_does_not_hold(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 300))
    index = data.draw(st.integers(0, size - 1))
    contents = CONTENTS[:size]
    root, leaf = naive_root(contents), leaf_hash(contents[index])
    path = naive_path(index, contents)
    flipped = data.draw(st.integers(0, len(path) - 1))
    wrong_step = [bytes([step[0] ^ 1]) + step[1:] if at == flipped else step for at, step in enumerate(path)]
    elsewhere = data.draw(st.integers(0, size - 1).filter(lambda other: other != index))
    for claim in (
        {"proof": wrong_step},
        {"proof": path[:-1]},
        {"proof": [*path, root]},
        {"index": elsewhere},
        {"index": size},
        {"leaf": leaf_hash(b"another")},
        {"root": leaf},
    ):
        honest = {"leaf": leaf, "index": index, "size": size, "proof": path, "root": root}
        with pytest.raises(BadProof):
            check_inclusion(**{**honest, **claim})  # type: ignore[arg-type]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_tree_that_rewrites_its_past_can_prove_no_consistency(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 300))
    old = data.draw(st.integers(1, size - 1))
    changed = data.draw(st.integers(0, old - 1))
    before, after = CONTENTS[:old], [b"x" if at == changed else c for at, c in enumerate(CONTENTS[:size])]
    with pytest.raises(BadProof):
        check_consistency(
            old=old,
            old_root=naive_root(before),
            size=size,
            root=naive_root(after),
            proof=naive_consistency(old, after),
        )


@given(st.integers(0, 700), st.integers(0, 300))
@settings(max_examples=40, deadline=None)
def test_a_tree_grown_in_two_goes_is_the_tree_grown_in_one(first: int, more: int) -> None:
    contents = CONTENTS[: min(first + more, 700)]
    first = min(first, len(contents))
    read = reader(contents)
    partial = tiles.edge_of(first)
    edge = Edge(first, [read([tile])[tile] if tile.width else b"" for tile in partial])
    filled = [tile for content in contents[first:] for tile in edge.append(leaf_hash(content))]
    assert edge.root() == naive_root(contents)
    for tile in filled:
        name = Tile(tile.level, tile.index)
        assert tile.hashes == read([name])[name]
        assert tile.root == naive_root(contents[tile.index * WIDTH : (tile.index + 1) * WIDTH])


def test_a_third_level_tile_grows_out_of_full_second_level_ones() -> None:
    edge, levels = grown([number.to_bytes(3, "big") for number in range(WIDTH * WIDTH + 1)])
    assert set(levels) == {(0, index) for index in range(WIDTH)} | {(1, 0)}
    assert [tile.width for tile in tiles.edge_of(edge.size)] == [1, 0, 1]


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "0/000"),
        (Tile(0, 1234067), "0/x001/x234/067"),
        (Tile(63, 5, 1), "63/005.p/1"),
        (Tile(tiles.ENTRIES, 1000, 255), "entries/x001/000.p/255"),
    ],
)
def test_a_tile_has_one_name(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    ["00/000", "64/000", "0/0", "0/x000/001", "0/001.p/0", "0/001.p/256", "0/001.p/01", "-1/000", "0/1000", "0/../0",
     "0/000/", "entries", "0/x001/x234/0٦7", ""],
)  # fmt: skip
def test_what_is_no_tile_name_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="No tile"):
        Tile.parse(path)


@pytest.mark.parametrize(("level", "full", "partial"), [(0, 273, 112), (1, 1, 17), (2, 0, 1)])
def test_the_specification_s_example_of_70000_leaves_has_its_tiles(level: int, full: int, partial: int) -> None:
    assert Tile(level, full, partial).exists(70_000)
    assert not Tile(level, full, partial + 1).exists(70_000)
    assert full == 0 or Tile(level, full - 1).exists(70_000)
    assert not Tile(level, full).exists(70_000)
    assert tiles.edge_of(70_000)[level] == Tile(level, full, partial)


@given(st.lists(st.binary(max_size=80), max_size=WIDTH))
def test_a_bundle_gives_its_entries_back(contents: list[bytes]) -> None:
    assert tiles.unbundle(tiles.bundle(contents)) == contents


@pytest.mark.parametrize("data", [b"\0", b"\0\2a", b"\0\1a\0", tiles.bundle([b"a"] * 257)])
def test_a_torn_bundle_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="bundle"):
        tiles.unbundle(data)


# The key and the note that Go's note package gives as its example.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = """If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""


def test_another_implementation_s_note_opens() -> None:
    assert notes.open_note(GO_NOTE, PublicKey.parse(GO_KEY)).startswith("If you think")
    assert str(PublicKey.parse(GO_KEY)) == GO_KEY


def test_an_altered_note_does_not_open() -> None:
    with pytest.raises(BadNote, match="does not hold"):
        notes.open_note(GO_NOTE.replace("answer", "Answer"), PublicKey.parse(GO_KEY))


def test_a_note_of_an_unknown_key_does_not_open() -> None:
    with pytest.raises(BadNote, match="not signed by"):
        notes.open_note(GO_NOTE, PrivateKey.generate("PeterNeumann").public)


def test_what_a_key_signs_opens_with_its_public_half_and_survives_its_file() -> None:
    key = PrivateKey.parse(PrivateKey.generate("example.org/log").encode())
    head = Head("example.org/log", 3, naive_root(ENTRIES[:3]))
    note = key.sign(str(head))
    assert notes.open_checkpoint(note, PublicKey.parse(str(key.public))) == head
    assert base64.b64encode(key.seed).decode() not in repr(key)


def test_another_log_s_checkpoint_under_our_key_is_refused() -> None:
    key = PrivateKey.generate("example.org/log")
    with pytest.raises(BadNote, match=r"is of example\.net"):
        notes.open_checkpoint(key.sign(str(Head("example.net", 0, merkle.EMPTY_ROOT))), key.public)


@pytest.mark.parametrize("size", ["01", "-1", "+1", "1 ", "", "١"])
def test_a_size_has_one_spelling(size: str) -> None:
    with pytest.raises(BadNote):
        Head.parse(f"example.org/log\n{size}\n{base64.b64encode(merkle.EMPTY_ROOT).decode()}\n")


def test_a_note_of_control_characters_or_beyond_all_bounds_is_refused() -> None:
    for note in (GO_NOTE.replace("is", "\x1b[2J"), "a" * 100_001, GO_NOTE.removesuffix("\n"), "text\n"):
        with pytest.raises(BadNote):
            notes.parse(note)


# The example of tlog-cosignature: a checkpoint with its witness's line. Only the layout can be checked, for the
# specification does not give the witness's key.
COSIGNED = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— witness.example.com/w1 {}
""".format("jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==")


def test_the_specification_s_cosignature_is_laid_out_as_ours() -> None:
    text, (witness,) = notes.parse(COSIGNED)
    assert witness.name == "witness.example.com/w1"
    assert int.from_bytes(witness.data[:8], "big") == 1679315147
    assert cosignatures.message(text, 1679315147).decode() == f"cosignature/v1\ntime 1679315147\n{text}"


def a_proof(size: int = 5, index: int = 3) -> tuple[proofs.Proof, PrivateKey, dict[str, object]]:
    """A proof of an event in a small log, the log's key and the event."""
    event = {"core": {"salt": "00" * 16, "content": {"a": 1}}, "detail": {"salt": "11" * 16, "content": {"b": "é"}}}
    contents = [b"x"] * size
    contents[index] = bytes(proofs.entry_of(event))
    key = PrivateKey.generate("example.org/log")
    checkpoint = key.sign(str(Head(key.name, size, naive_root(contents))))
    return proofs.Proof(index, naive_path(index, contents), checkpoint, b"extra"), key, event


def test_a_proof_survives_its_file_and_holds() -> None:
    proof, key, event = a_proof()
    again = proofs.Proof.parse(str(proof))
    assert again == proof
    proved = proofs.check_event(again, event, log=key.public)
    assert (proved.index, proved.head.size) == (3, 5)


def test_a_proof_holds_when_one_part_is_only_committed_to() -> None:
    proof, key, event = a_proof()
    hidden = {**event, "detail": {"commitment": proofs.entry_of(event).detail.hex()}}
    proofs.check_event(proof, hidden, log=key.public)


def test_a_proof_does_not_hold_for_another_event_salt_or_key() -> None:
    proof, key, event = a_proof()
    another = {**event, "detail": {"salt": "11" * 16, "content": {"b": "e"}}}
    salted = {**event, "detail": {"salt": "12" * 16, "content": {"b": "é"}}}
    for wrong in (another, salted, {"core": event["core"]}, {**event, "core": 7}, {}):
        with pytest.raises(BadProof):
            proofs.check_event(proof, wrong, log=key.public)
    with pytest.raises(BadNote):
        proofs.check_event(proof, event, log=PrivateKey.generate(key.name).public)


def test_a_malformed_proof_is_refused() -> None:
    good = str(a_proof()[0])
    changes = [("@v1", "@v2"), ("index 3", "index 03"), ("index 3\n", ""), ("\nindex", "\nextra ###\nindex")]
    for bad in ["", "c2sp.org/tlog-proof@v1\nindex 0\nAA==\n", *(good.replace(*change) for change in changes)]:
        with pytest.raises(BadNote):
            proofs.Proof.parse(bad)


def test_a_commitment_depends_on_label_salt_and_content() -> None:
    one = entries.commitment(entries.CORE, b"s" * 16, {"b": 1, "a": "é"})
    assert one == sha256(b"telesphore.audit/core/v1\n" + b"s" * 16 + '{"a":"é","b":1}'.encode()).digest()
    assert one != entries.commitment(entries.DETAIL, b"s" * 16, {"b": 1, "a": "é"})
    assert one != entries.commitment(entries.CORE, b"t" * 16, {"b": 1, "a": "é"})


def test_an_entry_is_65_bytes_and_nothing_else() -> None:
    entry = entries.Entry(b"c" * 32, b"d" * 32)
    assert entries.Entry.parse(bytes(entry)) == entry
    for data in (b"", bytes(entry)[:-1], b"\x02" + bytes(entry)[1:]):
        with pytest.raises(ValueError, match="entry"):
            entries.Entry.parse(data)

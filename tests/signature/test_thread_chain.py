"""The thread's chain of hashes, apart from any database: whatever is altered is found."""

import dataclasses
import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telesphore.signature.formats import thread as chain
from telesphore.signature.formats.thread import Attached, BadThread, Content, Link, Pin

ENVELOPE = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
AT = datetime(2026, 11, 22, 17, 0, 0, 120, tzinfo=UTC)
LEBRUN = UUID("01890a5d-ac96-774b-bcce-b302099a8058")


def said(number: int, body: str = "Bonjour", kind: str = "message") -> Content:
    return Content(
        number=number, kind=kind, visibility="everyone", author_kind="professional", author_id=LEBRUN,
        author_name="Dr Anne Lebrun", body=body, at=AT,
    )  # fmt: skip


def chained(*contents: Content) -> list[Link]:
    links, head = [], chain.empty(ENVELOPE)
    for content in contents:
        salt = bytes([content.number]) * chain.SALT
        committed = chain.commitment(salt, chain.canonical(content))
        head = chain.chained(head, content.number, committed)
        links.append(Link(content.number, committed, head, salt, content))
    return links


def hidden(link: Link) -> Link:
    return dataclasses.replace(link, salt=None, content=None)


def test_an_entry_hashes_to_the_same_bytes_in_twenty_years() -> None:
    assert chain.empty(ENVELOPE).hex() == "767a17db1c1654bd76bea82aefe112dd4116b6c03a004a4f06d8a2e96d02ffbb"
    assert (
        chained(said(1, "Œdème ≥ 2 cm ?"))[0].hash.hex()
        == "c9aafa99c6325d4f21c062a7fde096c71afe94315f584abeb9e0bdc8e0e8e464"
    )


def test_a_whole_chain_leads_to_its_head_with_or_without_what_is_hidden() -> None:
    links = chained(said(1), said(2, "Et le bilan cardiaque ?", "question"), said(3))
    assert chain.check(ENVELOPE, []) == chain.empty(ENVELOPE)
    assert chain.check(ENVELOPE, links) == links[-1].hash
    assert chain.check(ENVELOPE, [links[0], hidden(links[1]), links[2]]) == links[-1].hash


def test_what_is_read_back_is_what_was_written() -> None:
    full = dataclasses.replace(
        said(4, 'a\n"b" \\ é \u2028'), kind="answer", answers=2, mentions=(uuid4(),), step=1,
        attachment=Attached("Bilan.pdf", "application/pdf", 12, "ab" * 32), pin=Pin(0, 500, 1000),
    )  # fmt: skip
    assert chain.parse(chain.canonical(full)) == full


@given(st.data())
def test_any_bit_that_changes_is_found(data: st.DataObject) -> None:
    links = chained(said(1), said(2, "Oui", "question"), said(3, "Non"))
    place = data.draw(st.integers(0, 2))
    what = data.draw(st.sampled_from(["commitment", "hash", "salt", "content"]))
    one = links[place]
    if what == "content":
        encoded = bytearray(chain.canonical(one.content or said(1)))
        encoded[data.draw(st.integers(0, len(encoded) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        try:
            altered = dataclasses.replace(one, content=chain.parse(bytes(encoded)))
        except BadThread:
            return
    else:
        old = bytearray(getattr(one, what))
        old[data.draw(st.integers(0, 31))] ^= 1 << data.draw(st.integers(0, 7))
        altered = dataclasses.replace(one, **{what: bytes(old)})
    with pytest.raises(BadThread):
        chain.check(ENVELOPE, [altered if link is one else link for link in links])


def test_an_entry_left_out_put_elsewhere_or_of_another_envelope_is_found() -> None:
    one, two, three = chained(said(1), said(2), said(3))
    for links in ([one, three], [two, three], [one, three, two], [one, one, two]):
        with pytest.raises(BadThread):
            chain.check(ENVELOPE, links)
    with pytest.raises(BadThread):
        chain.check(uuid4(), [one, two, three])


@pytest.mark.parametrize(
    "bad",
    [
        b"", b"[]", b"{}", b"null", b"\xff", b"[" * 60_000, b'{"number":1}', b" " * 70_000,
        json.dumps({"body": "x" * 6_000}).encode(),
        chain.canonical(said(1)).replace(b'"number":1', b'"number": 1'),
        chain.canonical(said(1)).replace(b'"kind":"message"', b'"kind":"order"'),
        chain.canonical(said(1)).replace(b"Bonjour", b"\\ud800"),
        chain.canonical(said(1)).replace(b'"number":1', b'"number":1,"more":2'),
    ],
)  # fmt: skip
def test_foreign_bytes_are_refused(bad: bytes) -> None:
    with pytest.raises(BadThread):
        chain.parse(bad)

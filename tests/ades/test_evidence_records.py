"""Evidence records: every document of every tree is proved, and nothing else is."""

import hashlib
import math
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from asn1crypto import core, parser, tsp
from bench.world import Authority, TimestampUnit, ec_key, rsa_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telesphore.ades import errors
from telesphore.ades import evidence_records as records
from telesphore.ades.algorithms import Digest
from telesphore.ades.evidence_records import ArchiveTimestamp, EvidenceRecord
from telesphore.ades.hash_trees import Group, HashTree

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
DIGESTS = (Digest.SHA256, Digest.SHA384, Digest.SHA512, Digest.SHA3_256)


@cache
def unit() -> TimestampUnit:
    authority = Authority("Autorité", ec_key(), "sha384", AT - YEAR, AT + 40 * YEAR)
    return TimestampUnit(authority, "Horodatage", rsa_key(), "sha256", AT - YEAR, AT + 30 * YEAR)


def stamp(tree: HashTree, at: datetime = AT) -> bytes:
    return unit().stamp(tree.root, tree.digest.value, at)


def first_records(groups: Sequence[Sequence[bytes]], digest: Digest, at: datetime = AT) -> list[EvidenceRecord]:
    """One record for each group of documents, under one timestamp."""
    tree = HashTree.grow(digest, [records.group_of(digest, group) for group in groups])
    token = stamp(tree, at)
    return [EvidenceRecord(((ArchiveTimestamp.of(tree, place, token),),)) for place in range(len(groups))]


def renewed(standing: Sequence[EvidenceRecord], at: datetime) -> list[EvidenceRecord]:
    """Timestamp renewal: one leaf for each different last timestamp."""
    digest = standing[0].chains[-1][0].digest
    tokens = list(dict.fromkeys(record.chains[-1][-1].token for record in standing))
    tree = HashTree.grow(digest, [records.group_of_timestamp(digest, token) for token in tokens])
    token = stamp(tree, at)
    return [
        record.with_timestamp(ArchiveTimestamp.of(tree, tokens.index(record.chains[-1][-1].token), token))
        for record in standing
    ]


def rehashed(
    standing: Sequence[EvidenceRecord], groups: Sequence[Sequence[bytes]], digest: Digest, at: datetime
) -> list[EvidenceRecord]:
    """Hash-tree renewal."""
    tree = HashTree.grow(
        digest,
        [
            records.group_of_renewal(digest, group, record.chains)
            for record, group in zip(standing, groups, strict=True)
        ],
    )
    token = stamp(tree, at)
    return [record.with_chain(ArchiveTimestamp.of(tree, place, token)) for place, record in enumerate(standing)]


documents = st.binary(min_size=0, max_size=40)
groups = st.lists(st.lists(documents, min_size=1, max_size=4), min_size=1, max_size=20)
patient = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@patient
@given(groups=groups, digest=st.sampled_from(DIGESTS))
def test_any_group_of_any_tree_is_proved(groups: list[list[bytes]], digest: Digest) -> None:
    for group, record in zip(groups, first_records(groups, digest), strict=True):
        facts = records.verify(record.dump(), group)
        assert facts.proved_at == AT
        assert facts.complete
        assert [(step.digest, step.needed_at, step.digest_needed_at) for step in facts.steps] == [(digest, None, None)]


@patient
@given(groups=groups, other=documents)
def test_no_other_document_is_proved(groups: list[list[bytes]], other: bytes) -> None:
    there = {document for group in groups for document in group}
    for group, record in zip(groups, first_records(groups, Digest.SHA256), strict=True):
        for stranger in ({other} | there) - set(group):
            with pytest.raises(errors.NotInRecord):
                records.verify(record.dump(), [stranger])
        if other not in group:
            with pytest.raises(errors.NotInRecord):
                records.verify(record.dump(), [*group, other])


@patient
@given(groups=groups, data=st.data())
def test_renewals_of_both_kinds_carry_the_first_proof_on(groups: list[list[bytes]], data: st.DataObject) -> None:
    standing = first_records(groups, Digest.SHA256)
    expected, chain, at = [(0, AT)], 0, AT
    for again in data.draw(st.lists(st.sampled_from(["timestamp", "tree"]), max_size=5)):
        at += YEAR
        if again == "timestamp":
            standing = renewed(standing, at)
        else:
            chain += 1
            standing = rehashed(standing, groups, DIGESTS[chain % 4], at)
        expected.append((chain, at))
    for group, record in zip(groups, standing, strict=True):
        facts = records.verify(record.dump(), group)
        assert facts.proved_at == AT
        assert [(step.chain, step.time) for step in facts.steps] == expected
        assert [step.needed_at for step in facts.steps] == [at for _, at in expected[1:]] + [None]


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_flipped_bit_anywhere_in_trees_or_document_is_noticed(data: st.DataObject) -> None:
    group = [b"consent"]
    content, _, timestamps = three_steps()
    place = data.draw(st.integers(0, len(content) - 1))
    changed = bytearray(content)
    changed[place] ^= 1 << data.draw(st.integers(0, 7))
    if any(start <= place < end for start, end in timestamps):
        # A token is guarded by its own signature, which is not looked at here; but those that were renewed are hashed.
        if place < timestamps[-1][0]:
            with pytest.raises((errors.BrokenRecord, errors.NotInRecord, errors.BadEvidenceRecord)):
                records.verify(bytes(changed), group)
        return
    with pytest.raises((errors.BrokenRecord, errors.NotInRecord, errors.BadEvidenceRecord)):
        records.verify(bytes(changed), group)


@cache
def three_steps() -> tuple[bytes, EvidenceRecord, list[tuple[int, int]]]:
    """A record renewed in both ways, and where its tokens lie in it."""
    there = [[b"consent"], [b"report", b"appendix"], [b"letter"], [b"prescription"], [b"certificate"]]
    standing = renewed(first_records(there, Digest.SHA256), AT + YEAR)
    record = rehashed(standing, there, Digest.SHA512, AT + 2 * YEAR)[0]
    content = record.dump()
    places = []
    for chain in record.chains:
        for timestamp in chain:
            start = content.index(timestamp.token)
            places.append((start, start + len(timestamp.token)))
    return content, record, places


@settings(max_examples=200, deadline=None)
@given(junk=st.binary(max_size=200), data=st.data())
def test_foreign_bytes_are_refused_by_name(junk: bytes, data: st.DataObject) -> None:
    content, _, timestamps = three_steps()
    cut = data.draw(st.integers(0, len(content)))
    for foreign in (junk, content[:cut] + junk + content[cut:], content[:cut] + junk, content[cut:]):
        # As long as the record, and changed in its newest token only: that one's own signature, not looked at here.
        within_newest = len(foreign) == len(content) and foreign[: timestamps[-1][0]] == content[: timestamps[-1][0]]
        if not within_newest:
            with pytest.raises((errors.BrokenRecord, errors.NotInRecord, errors.BadEvidenceRecord)):
                records.verify(foreign, [b"consent"])


def test_a_record_beyond_the_bounds_is_refused() -> None:
    record = first_records([[b"consent"]], Digest.SHA256)[0]
    with pytest.raises(errors.EvidenceRecordTooLarge):
        EvidenceRecord.load(b"\x30" * (records.MAX_RECORD + 1))
    too_many = EvidenceRecord(record.chains * (records.MAX_CHAINS + 1)).dump()
    with pytest.raises(errors.EvidenceRecordTooLarge):
        EvidenceRecord.load(too_many)
    too_long = EvidenceRecord((record.chains[0] * (records.MAX_TIMESTAMPS + 1),)).dump()
    with pytest.raises(errors.EvidenceRecordTooLarge):
        EvidenceRecord.load(too_long)


def test_a_record_with_a_weak_digest_or_encrypted_data_is_refused_with_the_reason() -> None:
    content = first_records([[b"consent"]], Digest.SHA256)[0].dump()
    sha256, sha224 = bytes.fromhex("0609608648016503040201"), bytes.fromhex("0609608648016503040204")
    with pytest.raises(errors.UnknownRecordDigest):
        EvidenceRecord.load(content.replace(sha256, sha224))
    record = first_records([[b"consent"]], Digest.SHA256)[0]
    parts = [core.Integer(1).dump(), b"\x30\x0d\x30\x0b" + sha256, b"\xa1\x00", records.sequence_der(record.chains)]
    encrypted = b"".join(parts)
    with pytest.raises(errors.EncryptedRecord):
        EvidenceRecord.load(b"\x30\x82" + len(encrypted).to_bytes(2) + encrypted)


def test_a_renewal_that_is_older_than_what_it_renews_is_refused() -> None:
    standing = renewed(first_records([[b"consent"], [b"report"]], Digest.SHA256, AT), AT - YEAR)
    with pytest.raises(errors.RecordOutOfOrder):
        records.verify(standing[0].dump(), [b"consent"])


def test_a_renewal_with_another_digest_needs_a_new_chain() -> None:
    record = first_records([[b"consent"], [b"report"]], Digest.SHA256)[0]
    tree = HashTree.grow(Digest.SHA512, [records.group_of_timestamp(Digest.SHA512, record.chains[0][0].token)])
    wrong = record.with_timestamp(ArchiveTimestamp.of(tree, 0, stamp(tree, AT + YEAR)))
    with pytest.raises(errors.BrokenRecord):
        records.verify(wrong.dump(), [b"consent"])


def test_a_chain_renewed_without_the_chains_before_is_refused() -> None:
    """Hash-tree renewal of the document alone would let a forged first chain stand."""
    record = first_records([[b"consent"], [b"report"]], Digest.SHA256)[0]
    alone = first_records([[b"consent"], [b"report"]], Digest.SHA512, AT + YEAR)[0]
    with pytest.raises(errors.BrokenRecord):
        records.verify(EvidenceRecord(record.chains + alone.chains).dump(), [b"consent"])


def test_part_of_a_group_is_proved_and_said_to_be_a_part() -> None:
    record = first_records([[b"report", b"appendix"], [b"letter"]], Digest.SHA256)[0]
    assert not records.verify(record.dump(), [b"report"]).complete
    assert records.verify(record.dump(), [b"appendix", b"report"]).complete


def test_what_validates_a_timestamp_is_proved_with_its_renewal() -> None:
    first, list_1, list_2, other = b"consent", b"list of today", b"list of next year", b"another list"
    tree = HashTree.grow(Digest.SHA256, [records.group_of(Digest.SHA256, [first, list_1])])
    record = EvidenceRecord(((ArchiveTimestamp.of(tree, 0, stamp(tree)),),))
    group = records.group_of_timestamp(Digest.SHA256, record.chains[0][0].token, [list_2])
    tree = HashTree.grow(Digest.SHA256, [group, records.group_of(Digest.SHA256, [other])])
    record = record.with_timestamp(ArchiveTimestamp.of(tree, 0, stamp(tree, AT + YEAR)))
    facts = records.verify(record.dump(), [first], beside=[list_1, list_2, other])
    assert facts.beside == (AT, AT + YEAR, None)
    assert facts.complete
    assert not records.verify(record.dump(), [first]).complete


@pytest.mark.parametrize("size", [1, 2, 3, 17, 1000, 4096])
def test_the_cost_of_one_record_grows_as_the_logarithm(size: int) -> None:
    tree = HashTree.grow(Digest.SHA256, [(hashlib.sha256(str(n).encode()).digest(),) for n in range(size)])
    longest = max(len(tree.reduced(place)) for place in range(0, size, max(1, size // 50)))
    assert longest <= (math.ceil(math.log2(size)) + 1 if size > 1 else 0)


def test_a_tree_needs_hashes_of_its_digest() -> None:
    for bad, why in (([], "at least one"), ([()], "at least one"), ([(b"short",)], "32 bytes")):
        with pytest.raises(ValueError, match=why):
            HashTree.grow(Digest.SHA256, bad)


def test_a_tree_with_twins_proves_both() -> None:
    twins: list[Group] = [records.group_of(Digest.SHA256, [b"same"])] * 3
    tree = HashTree.grow(Digest.SHA256, twins)
    token = stamp(tree)
    for place in range(3):
        record = EvidenceRecord(((ArchiveTimestamp.of(tree, place, token),),))
        assert records.verify(record.dump(), [b"same"]).proved_at == AT


# Another reading of the same standard, with asn1crypto's parser and nothing of ours.


@dataclass
class Node:
    tag: tuple[int, int]
    content: bytes
    whole: bytes

    def children(self) -> list["Node"]:
        found, rest = [], self.content
        while rest:
            class_, _method, tag, header, content, trailer = parser.parse(rest, strict=False)
            whole = header + content + trailer
            found.append(Node((class_, tag), content, whole))
            rest = rest[len(whole) :]
        return found


NAMES = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.8": "sha3_256",
}


def names(algorithm: Node) -> str:
    return NAMES[core.ObjectIdentifier.load(algorithm.children()[0].whole).native]


def read_otherwise(record: bytes, document: bytes) -> list[datetime]:
    """Verify as §5.3 reads, for a single document; the times of its archive timestamps."""
    whole = Node((0, 16), record, record).children()[0]
    version, algorithms, *_, sequence = whole.children()
    assert core.Integer.load(version.whole).native == 1
    named = [names(algorithm) for algorithm in algorithms.children()]
    times, before = [], b""
    for chain in sequence.children():
        expected: bytes | None = None
        for archive_timestamp in chain.children():
            fields = {child.tag: child for child in archive_timestamp.children()}
            digest = names(fields[2, 0])
            assert digest in named
            if expected is None:
                expected = hashlib.new(digest, document).digest()
                if before:
                    header = core.Sequence(contents=before).dump()
                    expected = hashlib.new(digest, expected + hashlib.new(digest, header).digest()).digest()
            token = fields[0, 16].whole
            info = tsp.ContentInfo.load(token)["content"]["encap_content_info"]["content"].parsed
            assert info["message_imprint"]["hash_algorithm"]["algorithm"].native == digest
            root = expected
            for number, hashes in enumerate(fields[2, 2].children() if (2, 2) in fields else []):
                values = {core.OctetString.load(value.whole).native for value in hashes.children()}
                if number == 0:
                    assert root in values
                gathered = sorted([core.OctetString.load(v.whole).native for v in hashes.children()]
                                  + ([root] if number else []))  # fmt: skip
                root = gathered[0] if len(gathered) == 1 else hashlib.new(digest, b"".join(gathered)).digest()
            assert root == info["message_imprint"]["hashed_message"].native
            times.append(info["gen_time"].native)
            expected = hashlib.new(digest, token).digest()
        before += chain.whole
    assert times == sorted(times)
    return times


@settings(max_examples=40, deadline=None)
@given(there=st.lists(documents, min_size=1, max_size=20), digest=st.sampled_from(DIGESTS))
def test_another_reading_of_the_standard_agrees(there: list[bytes], digest: Digest) -> None:
    alone = [[document] for document in there]
    standing = renewed(first_records(alone, digest), AT + YEAR)
    standing = renewed(rehashed(standing, alone, Digest.SHA512, AT + 2 * YEAR), AT + 3 * YEAR)
    for document, record in zip(there, standing, strict=True):
        times = [AT + n * YEAR for n in range(4)]
        assert read_otherwise(record.dump(), document) == times
        assert [step.time for step in records.verify(record.dump(), [document]).steps] == times


def test_openssl_agrees_that_each_timestamp_is_over_the_root_that_the_tree_leads_to(tmp_path: Path) -> None:
    """No installed tool reads evidence records; openssl reads the tokens inside, and checks their signatures."""
    from telesphore.ades.hash_trees import climb

    _, record, _ = three_steps()
    certificate = tmp_path / "authority.der"
    certificate.write_bytes(unit().authority.certificate)
    pem = tmp_path / "authority.pem"
    subprocess.run(["openssl", "x509", "-inform", "DER", "-in", certificate, "-out", pem], check=True)
    for chain in record.chains:
        for timestamp in chain:
            token = tmp_path / "token.der"
            token.write_bytes(timestamp.token)
            root = climb(timestamp.digest, timestamp.reduced) if timestamp.reduced else None
            if root is None:
                continue
            verified = subprocess.run(
                ["openssl", "ts", "-verify", "-digest", root.hex(), "-in", token, "-token_in", "-CAfile", pem],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert "Verification: OK" in verified.stdout, verified.stderr


def test_junk_in_the_place_of_the_newest_tokens_last_byte_is_left_to_its_signature() -> None:
    content, _, timestamps = three_steps()
    assert timestamps[-1][1] == len(content)
    records.verify(content[:-1] + bytes([content[-1] ^ 1]), [b"consent"])

"""The sealer is killed at every step of its work, and goes on by its normal path; two of them never fork the tree."""

import os
import signal
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from telesphore.audit import actions as audit
from telesphore.audit.actions.key import read_key
from telesphore.audit.formats.merkle import check_consistency
from telesphore.audit.models import Checkpoint, Leaf, Pending
from telesphore.audit.ports import LOG
from telesphore.audit.queries import tree
from telesphore.audit.queries.verify import verify
from telesphore.config import embedded
from tests.audit.people import ALICE, NOON, ZOE, record_some
from tests.environment import CLUSTER

pytestmark = pytest.mark.usefixtures("english")

ROOT = Path(__file__).parents[2]

STEPS = [
    f"{moment} {point}"
    for point in (
        "pg_try_advisory_xact_lock",
        "FROM audit_pending pending",
        "copy of leaves",
        "DELETE FROM audit_pending",
        "first commit",
        'FROM "audit_checkpoint"',
        "signature",
        'INSERT INTO "audit_checkpoint"',
        "second commit",
    )
    for moment in ("before", "after")
]


def sealer(database: str, *step: str) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "tests.audit.sealer", database, *step]
    return subprocess.Popen(command, env=environment, cwd=ROOT)


def assert_sound(events: int) -> None:
    """Every event sealed once, everything verifies, and every head follows the one before."""
    report = verify(key=audit.public_key())
    assert (report.findings, report.events, report.pending, report.unsigned) == ([], events, 0, 0)
    heads = list(Checkpoint.objects.order_by("size"))
    for before, after in pairwise(heads):
        check_consistency(
            old=before.size,
            old_root=bytes(before.root),
            size=after.size,
            root=bytes(after.root),
            proof=tree.tree(after.size).consistency_proof(before.size),
        )


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_a_sealer_killed_at_any_step_goes_on_by_its_normal_path(step: str, committed: str) -> None:
    record_some(290)
    audit.seal_once(at=NOON, batch=30)
    served = tree.latest_note()
    child = sealer(committed, step)
    assert child.wait(60) == -signal.SIGKILL
    # What was served before is served still, or a head that follows it.
    assert served in Checkpoint.objects.values_list("note", flat=True)
    while audit.seal_once(at=NOON, batch=100).more:
        pass
    assert_sound(290)


@pytest.mark.slow
def test_two_sealers_started_together_never_fork_the_tree(committed: str) -> None:
    record_some(1500)
    children = [sealer(committed) for _ in range(2)]
    assert [child.wait(60) for child in children] == [0, 0]
    while audit.seal_once(at=NOON).more:
        pass
    assert_sound(1500)


def test_many_sealers_and_recorders_at_once_lose_and_double_nothing(committed: str) -> None:
    stop = threading.Event()
    failures: list[BaseException] = []

    def seal() -> None:
        try:
            while not stop.is_set():
                audit.seal_once(at=NOON, batch=40)
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            connection.close()

    def write() -> None:
        try:
            for _ in range(20):
                record_some(10)
        finally:
            connection.close()

    sealers = [threading.Thread(target=seal) for _ in range(3)]
    writers = [threading.Thread(target=write) for _ in range(3)]
    for thread in sealers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in sealers:
        thread.join()
    while audit.seal_once(at=NOON).more:
        pass
    assert failures == []
    assert_sound(600)


def test_an_event_that_commits_late_is_not_missed(committed: str) -> None:
    """Its id and its transaction are older than those of events that were sealed before it appeared."""
    with psycopg.connect(CLUSTER.dsn(embedded.APPLICATION, committed)) as slow:
        slow.execute(
            "WITH event AS (INSERT INTO audit_event (organisation_id, id, family, at, action, outcome, actor_kind, "
            "categories, origin, purpose, ground, core_salt, means, source_address, client, detail, detail_salt) "
            "VALUES (gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'access', now(), 'a:b:c', 'done', "
            "'system', '{}', '', '', '', 'salt', '', '', '', '{}', 'salt') RETURNING organisation_id, id) "
            "INSERT INTO audit_pending (organisation_id, id) SELECT organisation_id, id FROM event"
        )
        record_some(300)
        assert audit.seal_once(at=NOON).events == 300
        slow.commit()
    assert audit.seal_once(at=NOON).events == 1
    assert Leaf.objects.get(index=300).event_id.int == 0x7000_8000_000000000001
    assert_sound(301)


def test_an_act_undone_leaves_nothing_to_seal(committed: str) -> None:
    with psycopg.connect(CLUSTER.dsn(embedded.APPLICATION, committed)) as undone:
        undone.execute("INSERT INTO audit_pending (organisation_id, id) VALUES (gen_random_uuid(), gen_random_uuid())")
        undone.rollback()
    assert audit.seal_once(at=NOON).events == 0
    assert not Pending.objects.exists()


@pytest.mark.usefixtures("committed")
class TestKey:
    def test_it_is_made_once_and_only_its_owner_may_read_it(self) -> None:
        audit.seal_once(at=NOON)
        path = LOG.get().key_file
        first = read_key(path)
        audit.record("a:b:c", actor=ALICE, at=NOON, patient=ZOE)
        audit.seal_once(at=NOON)
        assert path.stat().st_mode & 0o777 == 0o600
        assert (read_key(path), first.name) == (first, "localhost:8000/audit-log")

    def test_a_log_that_lost_its_key_makes_no_other(self) -> None:
        audit.seal_once(at=NOON)
        path = LOG.get().key_file
        kept = path.read_text()
        audit.record("a:b:c", actor=ALICE, at=NOON)
        path.unlink()
        try:
            with pytest.raises(Exception, match=r"audit-log\.key"):
                audit.seal_once(at=NOON)
            assert not path.exists()
        finally:
            path.touch(0o600)
            path.write_text(kept)

    def test_another_log_s_key_is_refused(self) -> None:
        audit.seal_once(at=NOON)
        path = LOG.get().key_file
        kept = path.read_text()
        audit.record("a:b:c", actor=ALICE, at=NOON)
        path.write_text(read_key(path).generate("localhost:8000/audit-log").encode())
        try:
            with pytest.raises(Exception, match="not hold the key"):
                audit.seal_once(at=NOON)
        finally:
            path.write_text(kept)
        assert audit.seal_once(at=NOON).size == 1

    def test_a_key_open_to_others_is_refused(self) -> None:
        audit.seal_once(at=NOON)
        path = LOG.get().key_file
        audit.record("a:b:c", actor=ALICE, at=NOON)
        path.chmod(0o640)
        try:
            with pytest.raises(Exception, match="chmod 600"):
                audit.seal_once(at=NOON)
        finally:
            path.chmod(0o600)

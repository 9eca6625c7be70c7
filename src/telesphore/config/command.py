"""The `telesphore` program: reads the settings, makes missing keys, starts Django, then runs one command.

The commands that run the instance itself (`up`, `serve`, `worker`, `migrate`, `doctor`) live here, because they are
assembly; the commands of the rooms live in `telesphore.cli`.

How a command ends is said by `telesphore.cli.statuses`, for all of them.
"""

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg.errors import UndefinedColumn, UndefinedTable

from telesphore.cli.statuses import Status
from telesphore.config import keys, process
from telesphore.config.catalogue import read_settings
from telesphore.config.embedded import EmbeddedFailure
from telesphore.config.options import BadSetting

Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]


def _say(as_json: bool) -> process.Say:
    def say(event: str, sentence: str) -> None:
        if event == "keys" and not as_json:
            print(sentence, file=sys.stderr, flush=True)
            return
        print(json.dumps({"event": event, "message": sentence}) if as_json else f"telesphore: {sentence}", flush=True)

    return say


def _settings() -> process.Settings:
    return read_settings(os.environ)


def up(as_json: Json = False) -> None:
    """Run everything on this machine: database, web server and worker, until Ctrl-C."""
    process.up(_settings(), _say(as_json))


def demo(
    document: Annotated[Path | None, typer.Option(help="A PDF to sign instead of our own consent form.")] = None,
    serve: Annotated[str, typer.Option(help="yes: serve the site afterwards; no: stop after the job.")] = "yes",
) -> None:
    """Run the main job on invented people, then serve the site. Status 1 when a check failed."""
    from telesphore.config import demonstration

    if serve not in ("yes", "no"):
        raise typer.BadParameter("yes or no", param_hint="--serve")
    if document is not None and not document.is_file():
        raise typer.BadParameter(f"{document} is not a file", param_hint="--document")
    if not demonstration.run(document=document, serve=serve == "yes"):
        raise typer.Exit(Status.FAILED)


def serve() -> None:
    """Run the web server only."""
    process.serve(_settings())


def worker() -> None:
    """Run the worker only."""
    process.work(_settings())


def migrate(as_json: Json = False) -> None:
    """Bring the database's tables to this release, grant the application's role its rights, make missing keys."""
    with process.database_running(_settings()):
        process.prepare(_say(as_json))


def doctor(
    as_json: Json = False,
    settings: Annotated[bool, typer.Option("--settings", help="List every setting, its meaning and source.")] = False,
) -> None:
    """Look over this installation; each finding says what to do. Status 1 when there is a problem."""
    from telesphore.config import doctor as practice
    from telesphore.config.findings import Level

    if settings:
        table = practice.settings_table(_settings())
        if as_json:
            print(json.dumps(table))
            return
        for row in table:
            print(f"{row['name']} = {row['value']}   ({row['source']}; default {row['default']})")
            print(f"    {row['meaning']} Accepts {row['accepts']}.")
        return
    findings = practice.examine(practice.this_installation(_settings()))
    for finding in findings:
        if as_json:
            print(json.dumps(dataclasses.asdict(finding)))
        else:
            print(f"{finding.level.upper():8} {finding.what}" + (f"\n         → {finding.do}" if finding.do else ""))
    if any(finding.level is Level.PROBLEM for finding in findings):
        raise typer.Exit(Status.FAILED)


def backup(folder: Annotated[Path, typer.Argument(help="Where to write; outside the home.")]) -> None:
    """Back up the database, then the files; never the keys, which are kept apart."""
    from telesphore.config import backup as backups

    with process.database_running(_settings()):
        copied = backups.make(_settings(), folder)
    print(f"telesphore: backed up into {folder} ({copied} files copied). Keep the keys apart: they are not in it.")


def restore(
    folder: Annotated[Path, typer.Argument(help="What `telesphore backup` wrote.")],
    key_folder: Annotated[Path, typer.Option("--keys", help="The instance's keys, as they were kept apart.")],
) -> None:
    """Make an instance anew in a blank home, from a backup and its keys."""
    from telesphore.config import backup as backups

    backups.restore(_settings(), folder, key_folder)
    print("telesphore: restored. Run `telesphore doctor`, then `telesphore up`.")


def _commands() -> typer.Typer:
    from telesphore.cli.main import app

    for command in INSTANCE:
        app.command(command.__name__)(command)

    @app.callback()
    def root(context: typer.Context) -> None:
        """Settings come from the environment (TELESPHORE_…) and from telesphore.toml in the home folder."""
        own = {command.__name__ for command in INSTANCE}
        if context.invoked_subcommand not in own and _needs_instance(sys.argv[1:]):
            # A room's command works on the instance, whether or not `up` runs.
            context.with_resource(process.database_running(_settings()))

    return app


INSTANCE = (up, demo, serve, worker, migrate, doctor, backup, restore)


# They look at an instance, or bring its keys: none is made for them.
WITHOUT_NEW_KEYS = frozenset({"doctor", "restore"})


def _needs_instance(arguments: list[str]) -> bool:
    """Whether these work on an instance: not who asks for help, nor who checks a file by anchors of their own."""
    if not arguments or "--help" in arguments:
        return False
    return arguments[0] != "verify" or not any(one.partition("=")[0] == "--anchors" for one in arguments)


def _makes_keys(arguments: list[str]) -> bool:
    return _needs_instance(arguments) and arguments[0] not in WITHOUT_NEW_KEYS


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telesphore.config.settings")
    if sys.argv[1:3] == ["audit", "check"]:
        # An outsider's check needs a proof and a key: no instance, and none is made.
        from telesphore.cli.audit import app

        app(sys.argv[2:], prog_name="telesphore audit")
    try:
        if sys.argv[1:2] == ["demo"] and "--help" not in sys.argv:
            from telesphore.config import demonstration

            demonstration.set_up(os.environ)
        settings = _settings()
        made = keys.make(settings) if _makes_keys(sys.argv[1:]) else []
        if made and not settings["demonstration"].value:
            print(keys.notice(made), file=sys.stderr, flush=True)
        _run()
    except BadSetting as refused:
        _leave(Status.USAGE, refused)
    except process.AlreadyUp as refused:
        _leave(Status.ALREADY_UP, refused)
    except EmbeddedFailure as failure:
        _leave(Status.DATABASE_AWAY, failure)


def _run() -> None:
    import django
    from django.db import OperationalError, ProgrammingError
    from django.utils import translation

    from telesphore.config.backup import BackupFailure
    from telesphore.kernel.errors import DomainError

    django.setup()
    # The commands' own words are English: a refusal's sentence beside them is too.
    translation.activate("en")
    try:
        _commands()(prog_name="telesphore")
    except BackupFailure as failure:
        _leave(Status.FAILED, failure)
    except DomainError as refused:
        _leave(Status.REFUSED, refused)
    except OperationalError as error:
        _leave(Status.DATABASE_AWAY, f"The database does not answer: {error}")
    except (ProgrammingError, OSError) as error:
        if (told := _told(error)) is None:
            raise
        _leave(*told)


def _told(error: Exception) -> tuple[Status, str] | None:
    """What an operator can mend, in words; None for what only we can, whose trace is then shown."""
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return Status.FAILED, f"{where}{error.strerror}." if error.strerror else str(error)
    if isinstance(error.__cause__, UndefinedTable | UndefinedColumn):
        return Status.REFUSED, "The database's tables are not those of this release. Run `telesphore migrate`."
    return None


def _leave(status: Status, why: Any) -> None:
    print(f"telesphore: {why}", file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    main()

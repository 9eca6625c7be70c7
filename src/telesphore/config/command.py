"""The `telesphore` program: reads the settings, makes missing keys, starts Django, then runs one command.

The commands that run the instance itself (`up`, `serve`, `worker`, `migrate`, `doctor`) live here, because they are
assembly; the commands of the rooms live in `telesphore.cli`.

Exit statuses: 0 done; 1 it could not be done, or a check found a problem; 2 wrong usage or a bad setting; 3 another
`telesphore up` runs this home; 4 the database is away.
"""

import json
import os
import sys
from typing import Annotated, Any

import typer

from telesphore.config import keys, process
from telesphore.config.embedded import EmbeddedFailure
from telesphore.config.options import BadSetting, read

FAILED, USAGE, ALREADY_UP, DATABASE_AWAY = 1, 2, 3, 4

Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]


def _say(as_json: bool) -> process.Say:
    def say(event: str, sentence: str) -> None:
        print(json.dumps({"event": event, "message": sentence}) if as_json else f"telesphore: {sentence}", flush=True)

    return say


def _settings() -> process.Settings:
    return read(os.environ)


def up(as_json: Json = False) -> None:
    """Run everything on this machine: database, web server and worker, until Ctrl-C."""
    process.up(_settings(), _say(as_json))


def serve() -> None:
    """Run the web server only."""
    process.serve(_settings())


def worker() -> None:
    """Run the worker only."""
    process.work(_settings())


def migrate(as_json: Json = False) -> None:
    """Bring the database's tables to this release, and grant the application's role its rights."""
    from telesphore.config import database

    with process.database_running(_settings()):
        database.migrate()
    _say(as_json)("migrated", "The tables are up to date.")


def _commands() -> typer.Typer:
    from telesphore.cli.main import app

    for command in (up, serve, worker, migrate):
        app.command(command.__name__)(command)
    return app


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telesphore.config.settings")
    try:
        made = keys.make(_settings())
        if made:
            print(keys.notice(made), file=sys.stderr, flush=True)
        _run()
    except BadSetting as refused:
        _leave(USAGE, refused)
    except process.AlreadyUp as refused:
        _leave(ALREADY_UP, refused)
    except EmbeddedFailure as failure:
        _leave(DATABASE_AWAY, failure)


def _run() -> None:
    import django
    from django.db import OperationalError

    django.setup()
    try:
        _commands()()
    except OperationalError as error:
        _leave(DATABASE_AWAY, f"The database does not answer: {error}")


def _leave(status: int, why: Any) -> None:
    print(f"telesphore: {why}", file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    main()

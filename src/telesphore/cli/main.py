"""The `telesphore` command: one group per room. `config/` adds the commands that run the instance itself."""

import typer

from telesphore.cli import jobs

app = typer.Typer(no_args_is_help=True, help="Carry health documents, and prove every step.")
app.add_typer(jobs.app, name="jobs")

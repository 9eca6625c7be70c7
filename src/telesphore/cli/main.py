"""The `telesphore` command: one group per room. `config/` adds the commands that run the instance itself."""

import typer

from telesphore.cli import audit, jobs, vault

app = typer.Typer(no_args_is_help=True, help="Carry health documents, and prove every step.")
app.add_typer(audit.app, name="audit")
app.add_typer(jobs.jobs, name="jobs")
app.add_typer(vault.app, name="vault")


@app.callback()
def _root() -> None:
    """Every command takes its settings from the environment and from telesphore.toml in the home folder."""

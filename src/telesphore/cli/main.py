"""The `telesphore` command."""

import typer

from telesphore.cli import audit, vault

app = typer.Typer(no_args_is_help=True, help="Carry health documents, and prove every step.")
app.add_typer(audit.app, name="audit")
app.add_typer(vault.app, name="vault")


@app.callback()
def _root() -> None:
    """Every command takes its settings from the environment and from telesphore.toml in the home folder."""


def main() -> None:
    """Run the command named on the command line."""
    app()

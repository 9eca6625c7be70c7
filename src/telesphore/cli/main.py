"""The `telesphore` command: one group per room. `config/` adds the commands that run the instance itself."""

import typer

from telesphore.cli import accounts, audit, jobs, kit, pki, retention, vault
from telesphore.cli.verify import verify

app = typer.Typer(no_args_is_help=True, help="Carry health documents, and prove every step.")
app.add_typer(accounts.app, name="accounts")
app.add_typer(audit.app, name="audit")
app.add_typer(jobs.app, name="jobs")
app.add_typer(pki.app, name="pki")
app.add_typer(retention.app, name="retention")
app.add_typer(vault.app, name="vault")
app.command()(verify)
app.command("kit")(kit.make)

"""`telesphore retention`: how long the proofs of sealed documents stand, and their renewal."""

import dataclasses
import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from telesphore.cli.statuses import Status
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now

app = typer.Typer(no_args_is_help=True, help="How long the proofs of sealed documents stand, and their renewal.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


NOTHING_WATCHED = (
    "Nothing is watched yet: a document is once its envelope is completed and sealed; what was sealed before is found "
    "by the worker, or at once by `telesphore retention renew`."
)


class Means(StrEnum):
    """How proofs are renewed."""

    FILE = "file"
    RECORD = "record"


@app.command()
def forecast(as_json: Json = False) -> None:
    """Tell the twenty years to come: documents by year, timestamps by means, what hangs on each authority."""
    from telesphore.signature import queries

    found = queries.forecast(at=now())
    if as_json:
        content = dataclasses.asdict(found) | {
            "life_days": found.life.days,
            "margin_days": found.margin.days,
            "in_files": found.in_files,
            "in_records": found.in_records,
        }
        del content["life"], content["margin"]
        typer.echo(json.dumps(content, default=_text))
        return
    typer.echo(f"Documents watched: {found.standing.total}; algorithms by {found.policy}.")
    if not found.standing.total:
        typer.echo(NOTHING_WATCHED)
        return
    typer.echo(
        f"A new timestamp is taken to stand {found.life.days} days, and is renewed {found.margin.days} days before."
    )
    typer.echo("year\tweakening\tdue\tstamps in files\tstamps by records")
    for line in found.years:
        typer.echo(f"{line.year}\t{line.weakening}\t{line.due}\t{line.in_files}\t{line.in_records}")
    typer.echo(f"total\t\t\t{found.in_files}\t{found.in_records}")
    for one in found.authorities:
        what = "timestamps" if one.timestamped else "signatures without a timestamp"
        typer.echo(
            f"If {one.name or 'an unnamed authority'} stopped tomorrow: its {what} on {one.documents} documents stand "
            f"until {one.first_weakens_at:%Y-%m-%d} at the earliest; {one.due_within_a_year} need another authority "
            "within a year."
        )


@app.command()
def status(as_json: Json = False) -> None:
    """Tell how proofs stand; exit status 1 when one could not be renewed, or has weakened."""
    from telesphore.signature import queries

    found = queries.standing()
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(found) | {"troubled": found.troubled}, default=_text))
    else:
        if not found.total:
            typer.echo(NOTHING_WATCHED)
        for state, count in found.counts.items():
            typer.echo(f"{state}\t{count}")
        typer.echo(f"without a timestamp\t{found.untimestamped}")
        if found.next_due_at:
            typer.echo(f"next renewal due\t{found.next_due_at:%Y-%m-%d}")
        for code, count in found.failures.items():
            typer.echo(f"failed: {code}\t{count}")
    if found.troubled:
        raise typer.Exit(Status.FAILED)


@app.command()
def renew(
    most: Annotated[
        int | None, typer.Option(min=1, help="Documents of each organisation at most; the setting by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Renew what is due, now; exit status 1 when a renewal failed or a proof was found weakened."""
    from telesphore.signature.actions import renew as actions

    turn = actions.renew_due(actor=Actor.system(client="telesphore retention renew"), at=now(), most=most)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(turn)))
    else:
        typer.echo(
            f"{turn.watched} newly watched, {turn.renewed} renewed, {turn.left} still due, {turn.weakened} weakened."
        )
        for code, count in turn.failures.items():
            typer.echo(f"failed: {code}\t{count}")
    if turn.failures or turn.weakened:
        raise typer.Exit(Status.FAILED)


@app.command()
def means(chosen: Annotated[Means, typer.Argument(help="A timestamp in each file, or evidence records.")]) -> None:
    """Renew what is watched already by this means; `retention_means` says it for what comes."""
    from telesphore.signature.actions import renew as actions
    from telesphore.signature.states import ProofMeans

    count = actions.set_means(
        means=ProofMeans(chosen.value), actor=Actor.system(client="telesphore retention means"), at=now()
    )
    typer.echo(f"Documents that change their means: {count}.")


@app.command()
def leave(authority: Annotated[str, typer.Argument(help="Its name, as `forecast` tells it.")]) -> None:
    """Renew at once what hangs on an authority that ends, or is trusted no more; set another one first.

    Exit status 3 when nothing hangs on it.
    """
    from telesphore.signature.actions import renew as actions

    count = actions.hasten(authority=authority, actor=Actor.system(client="telesphore retention leave"), at=now())
    if not count:
        typer.echo("Nothing hangs on an authority of this name: `telesphore retention forecast` names them.", err=True)
        raise typer.Exit(Status.REFUSED)
    typer.echo(
        f"Documents that are due now: {count}. The guardian renews them every hour, `telesphore retention renew` at "
        "once."
    )


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)

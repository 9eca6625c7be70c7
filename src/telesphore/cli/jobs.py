"""`telesphore jobs`: what stopped, and what to do with it."""

import dataclasses
import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from telesphore.kernel.actors import Actor

app = typer.Typer(no_args_is_help=True, help="Work to be done: what waits, what stopped and why.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
JobId = Annotated[int, typer.Argument(help="The number that `telesphore jobs list` prints.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the queues, then the jobs that stopped or failed their last try."""
    from telesphore.jobs import queries

    queues, troubled = queries.queues(), queries.troubled(actor=Actor.system())
    if as_json:
        found = {
            "queues": [dataclasses.asdict(queue) for queue in queues],
            "troubled": [dataclasses.asdict(job) for job in troubled],
        }
        typer.echo(json.dumps(found, default=str))
        return
    for queue in queues:
        typer.echo(
            f"{queue.queue}: {queue.waiting} waiting (oldest {queue.oldest_waiting_seconds:.0f} s), "
            f"{queue.scheduled} for later, {queue.running} running, {queue.stopped} stopped"
        )
    for job in troubled:
        state = "stopped" if job.stopped else f"tries again at {job.next_try_at:%Y-%m-%d %H:%M:%S}"
        typer.echo(f"{job.id}\t{job.name}\t{state} after {job.attempts} tries\t{job.code}: {job.sentence}")
    if not troubled:
        typer.echo("No job is in trouble.")


@app.command("try-again")
def try_again(job_id: JobId) -> None:
    """Run a stopped job again."""
    from telesphore.jobs import actions

    actions.try_again(job_id=job_id, actor=Actor.system(), at=datetime.now(UTC))


@app.command("give-up")
def give_up(job_id: JobId) -> None:
    """Take a stopped job off the list for good."""
    from telesphore.jobs import actions

    actions.give_up(job_id=job_id, actor=Actor.system(), at=datetime.now(UTC))

"""`telesphore vault`: check what is stored, change keys, erase, sweep."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import django
import typer

from telesphore.cli.statuses import Status
from telesphore.kernel.actors import Actor
from telesphore.kernel.errors import DomainError

app = typer.Typer(no_args_is_help=True, help="Check what is stored, change keys, erase.")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of sentences.")]


@app.callback()
def _ready() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telesphore.config.settings")
    django.setup()


def _operator() -> Actor:
    return Actor.system(client="telesphore vault")


@contextmanager
def _refusals(as_json: bool) -> Iterator[None]:
    try:
        yield
    except DomainError as refused:
        if as_json:
            typer.echo(json.dumps({"error": refused.code, "sentence": refused.sentence}))
        else:
            typer.echo(refused.sentence, err=True)
        raise typer.Exit(Status.REFUSED) from None


def _say(as_json: bool, sentence: str, **facts: Any) -> None:
    typer.echo(json.dumps(facts, default=str) if as_json else sentence)


@app.command()
def verify(
    rate: Annotated[float | None, typer.Option(help="Most megabytes to read per second.", min=0.001)] = 50.0,
    restart: Annotated[bool, typer.Option(help="Begin anew, even when a check was interrupted.")] = False,
    as_json: Json = False,
) -> None:
    """Read every document and compare it with what was stored; an interrupted check goes on from where it was."""
    from telesphore.vault import actions

    def show(checked: actions.Checked) -> None:
        if not as_json:
            percent = 100 * checked.stored_bytes // (checked.of_bytes or 1)
            typer.echo(f"{checked.blobs} of {checked.of_blobs} documents, {min(percent, 100)} %", err=True)

    with _refusals(as_json):
        checked = actions.verify(
            actor=_operator(),
            at=datetime.now(UTC),
            rate=int(rate * 1_000_000) if rate else None,
            restart=restart,
            progress=show,
        )
    for finding in () if as_json else checked.findings:
        typer.echo(f"{finding.code}: document {finding.blob_id} of organisation {finding.organisation_id}")
    _say(as_json, f"{checked.blobs} documents read, {len(checked.findings)} damaged.", **asdict(checked))
    if checked.findings:
        raise typer.Exit(Status.FAILED)


@app.command()
def rotate(
    keysets: Annotated[bool, typer.Option(help="Also give every patient and organisation fresh keys.")] = False,
    retire: Annotated[
        bool, typer.Option(help="Instead, destroy earlier master keys; older database backups then open no more.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Change the master key while everything runs, or go on with a change that was interrupted."""
    from telesphore.vault import actions, queries

    actor, at = _operator(), datetime.now(UTC)
    with _refusals(as_json):
        if retire:
            count = actions.retire_master(actor=actor, at=at)
            _say(as_json, f"{count} earlier master keys destroyed.", retired=count)
            return
        rotated = actions.rotate_master(actor=actor, at=at)
        fresh = 0
        for organisation_id, key_id in queries.living_keysets() if keysets else ():
            actions.rotate_keyset(
                organisation_id=organisation_id, key_id=key_id, actor=actor.within(organisation_id), at=at
            )
            fresh += 1
    _say(
        as_json,
        f"{rotated.keysets} keysets wrapped by {rotated.master_key}, {fresh} given fresh keys. "
        "Back the master key up now: the copy you had does not open them.",
        **asdict(rotated), fresh=fresh,
    )  # fmt: skip
    if rotated.unopened:
        typer.echo(f"{rotated.unopened} keysets open under no master key of this instance: see vault verify.", err=True)
        raise typer.Exit(Status.FAILED)


@app.command()
def erase(
    organisation: UUID,
    key: UUID,
    reason: Annotated[str, typer.Option(help="A short code, e.g. patient-request.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Destroy a key, and with it all that it encrypted, for ever."""
    from telesphore.vault import actions

    question = f"Nobody will be able to read again what key {key} encrypted. Erase it?"
    if not yes and not typer.confirm(question):
        raise typer.Exit(Status.REFUSED)
    with _refusals(as_json):
        actions.erase_keyset(
            organisation_id=organisation,
            key_id=key,
            actor=_operator().within(organisation),
            at=datetime.now(UTC),
            reason=reason,
        )
    _say(as_json, f"Key {key} was destroyed.", erased=key)


@app.command()
def sweep(as_json: Json = False) -> None:
    """Remove bytes that no document names: deposits never filed, and what destroyed keys encrypted."""
    from telesphore.vault import actions

    with _refusals(as_json):
        swept = actions.sweep(actor=_operator(), at=datetime.now(UTC))
    _say(
        as_json,
        f"{swept.orphans} orphans, {swept.erased} erased and {swept.unfinished} unfinished removed; "
        f"{swept.unknown} unknown names left alone.",
        **asdict(swept),
    )

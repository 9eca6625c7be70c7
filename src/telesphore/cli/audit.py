"""`telesphore audit`: verify the trail, hand out proofs and exports, accept cosignatures, apply the retention."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import django
import typer
from django.apps import apps

from telesphore.audit.formats.merkle import BadProof
from telesphore.audit.formats.notes import BadNote, Head, PublicKey, open_checkpoint
from telesphore.audit.formats.proofs import Proof, check_event
from telesphore.cli.statuses import Status
from telesphore.kernel.actors import Actor
from telesphore.kernel.errors import DomainError

_MAX_FILE = 1_000_000

app = typer.Typer(no_args_is_help=True, help="The audit trail: verify it, prove events, export them.")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Key = Annotated[str | None, typer.Option(help="The log's public key, name+id+base64; by default this instance's.")]


def _start() -> None:
    if not apps.ready:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telesphore.config.settings")
        django.setup()


def _operator() -> Actor:
    return Actor.system(client="telesphore audit")


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except (DomainError, BadNote, BadProof) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(Status.REFUSED) from None


def _read(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_MAX_FILE + 1)
    if len(data) > _MAX_FILE:
        raise BadNote(f"{path} is larger than 1 MB.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise BadNote(f"{path} is not UTF-8 text.") from None


def _public_key(text: str | None) -> PublicKey:
    if text:
        return PublicKey.parse(text)
    from telesphore.audit import actions

    return actions.public_key()


@app.command()
def verify(
    against: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint or proof that somebody else kept. May be repeated.")
    ] = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Recompute the whole trail, from the events to the signed heads. Exit status 1 when something does not hold."""
    _start()
    from telesphore.audit.queries import verify as run

    with _refusing():
        public = _public_key(key)
        kept = [_kept_head(_read(path), public) for path in against or []]
        report = run(key=public, against=kept, progress=_progress(quiet=as_json))
    findings = [
        {
            "trouble": found.trouble,
            "number": found.index,
            "event": found.event and str(found.event),
            "sentence": found.sentence,
        }
        for found in report.findings
    ]
    if as_json:
        _print(
            {
                "holds": report.holds,
                "events": report.events,
                "erased": report.erased,
                "heads": report.heads,
                "unsigned": report.unsigned,
                "pending": report.pending,
                "size": report.head.size if report.head else None,
                "root": report.head.root.hex() if report.head else None,
                "findings": findings,
            }
        )
    else:
        for finding in findings:
            typer.echo(finding["sentence"])
        state = "All holds" if report.holds else "Something does not hold"
        typer.echo(
            f"{state}: {report.events} events sealed ({report.erased} erased), {report.heads} signed heads checked, "
            f"{report.pending + report.unsigned} events await the seal."
        )
    if not report.holds:
        raise typer.Exit(Status.FAILED)


@app.command()
def proof(
    event: Annotated[UUID, typer.Argument(help="The event's id.")],
    output: Annotated[
        Path | None, typer.Option(help="Where to write the proof; by default <event>.tlog-proof.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the proof that an event stands in the trail; `audit check` checks it offline."""
    _start()
    from telesphore.audit.queries import proof_of

    with _refusing():
        found = proof_of(event)
    path = output or Path(f"{event}.tlog-proof")
    path.write_text(found.text)
    if as_json:
        _print({"file": str(path), "number": found.proof.index, "event": found.event})
    else:
        typer.echo(f"{path}: event number {found.proof.index}")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A .tlog-proof file made by `audit proof`.", exists=True)],
    key: Annotated[str, typer.Option(help="The log's public key, name+id+base64.")],
    witness: Annotated[list[str] | None, typer.Option(help="A witness's public key. May be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check a proof, with nothing but the file and the log's public key. Exit status 1 when it does not hold."""
    try:
        kept = Proof.parse(_read(file))
        event = json.loads(kept.extra or b"{}")
        witnesses = [PublicKey.parse(text) for text in witness or []]
        proved = check_event(kept, event, log=PublicKey.parse(key), witnesses=witnesses)
    except (BadNote, BadProof, ValueError) as error:
        if as_json:
            _print({"holds": False, "reason": str(error)})
        else:
            typer.echo(f"The proof does not hold: {error}")
        raise typer.Exit(Status.FAILED) from None
    seen = [{"name": by.witness.name, "at": by.at.isoformat()} for by in proved.witnesses]
    if as_json:
        _print({"holds": True, "number": proved.index, "size": proved.head.size, "witnesses": seen, "event": event})
    else:
        typer.echo(f"Event number {proved.index} of {proved.head.size} in {proved.head.origin}; {len(seen)} witnesses.")


@app.command()
def export(
    organisation: Annotated[UUID, typer.Option(help="Whose events.")],
    patient: Annotated[UUID | None, typer.Option(help="Only events about this patient.")] = None,
    person: Annotated[UUID | None, typer.Option(help="Only acts of this person.")] = None,
    since: Annotated[datetime | None, typer.Option(help="From this instant on (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(help="Before this instant (UTC).")] = None,
    output: Annotated[Path | None, typer.Option(help="Where to write; by default the standard output.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write events as FHIR AuditEvents (IHE BALP), one JSON object a line. The export is itself an event."""
    _start()
    from telesphore.audit import actions

    with _refusing():
        lines = actions.export(
            organisation_id=organisation,
            patient_id=patient,
            person_id=person,
            since=since and since.replace(tzinfo=UTC),
            until=until and until.replace(tzinfo=UTC),
            actor=_operator(),
            at=datetime.now(UTC),
        )
    if output is None:
        for line in lines:
            typer.echo(line)
        return
    count = 0
    with output.open("w") as file:
        for line in lines:
            file.write(line + "\n")
            count += 1
    if as_json:
        _print({"file": str(output), "events": count})
    else:
        typer.echo(f"{output}: {count} events")


@app.command()
def cosign(
    file: Annotated[Path, typer.Argument(help="A cosigned checkpoint, or signature lines.", exists=True)],
    size: Annotated[int | None, typer.Option(help="Of which head bare lines are; by default the newest.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check and keep witnesses' cosignatures of a head; they are served with it from then on."""
    _start()
    from telesphore.audit import actions

    with _refusing():
        kept = actions.cosign(note=_read(file), size=size, actor=_operator(), at=datetime.now(UTC))
    if as_json:
        _print({"size": kept.size, "witnesses": kept.witnesses})
    else:
        typer.echo(f"The head over {kept.size} events is cosigned by {', '.join(kept.witnesses)}.")


@app.command()
def key(as_json: AsJson = False) -> None:
    """Print the log's public key: give it to those who check proofs."""
    _start()
    with _refusing():
        public = _public_key(None)
    if as_json:
        _print({"key": str(public)})
    else:
        typer.echo(str(public))


@app.command()
def retention(as_json: AsJson = False) -> None:
    """Erase what is past its retention. Works as the owner of the tables; the application itself can't."""
    _start()
    from telesphore.audit import actions

    with _refusing():
        erased = actions.apply_retention(actor=_operator(), at=datetime.now(UTC))
    if as_json:
        _print({"erased": erased})
    else:
        typer.echo(f"{erased} events erased.")


def _kept_head(text: str, public: PublicKey) -> Head:
    note = Proof.parse(text).checkpoint if text.startswith("c2sp.org/tlog-proof") else text
    return open_checkpoint(note, public)


def _progress(*, quiet: bool) -> Callable[[int, int], None]:
    if quiet or not sys.stderr.isatty():
        return lambda done, total: None
    return lambda done, total: typer.echo(f"\r{done:,} / {total:,}", err=True, nl=done >= total)


def _print(content: Any) -> None:
    typer.echo(json.dumps(content, ensure_ascii=False))

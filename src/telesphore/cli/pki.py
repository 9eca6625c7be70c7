"""`telesphore pki`: the ceremony of an organisation's authority, its certificates and what becomes of them."""

import json
import os
import stat
import sys
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import django
import typer
from django.apps import apps

from telesphore.cli.statuses import Status
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now

app = typer.Typer(no_args_is_help=True, help="The local authority: its ceremony, its certificates. None is qualified.")

Organisation = Annotated[
    UUID | None, typer.Option(help="The organisation's id; needed when this instance has several.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Identifier = Annotated[
    str, typer.Option(help="The organisation's number with its semantics, e.g. NTRFR-123456789 for a SIREN.")
]
Passphrase = Annotated[
    Path | None, typer.Option(help="A file that holds the passphrase, readable by its owner only; asked for otherwise.")
]


@app.callback()
def _ready() -> None:
    if not apps.ready:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telesphore.config.settings")
        django.setup()


def _operator(organisation_id: UUID) -> Actor:
    return Actor.system(organisation_id, client="telesphore pki")


def _organisation(given: UUID | None) -> tuple[UUID, str]:
    """The organisation named, or the only one; its id and its name."""
    from telesphore.accounts import queries

    found = [card for card in queries.organisations() if given in (None, card.organisation_id)]
    if len(found) != 1:
        what = "no such organisation" if given else "name one of the organisations"
        raise typer.BadParameter(f"{what}; see `telesphore accounts list`", param_hint="--organisation")
    return found[0].organisation_id, found[0].name


def _agreed(question: str, yes: bool) -> None:
    if not yes and not typer.confirm(question):
        raise typer.Exit(Status.REFUSED)


def _say(as_json: bool, sentence: str, **facts: Any) -> None:
    typer.echo(json.dumps(facts, default=str) if as_json else sentence)


def _passphrase(file: Path | None, *, new: bool) -> str:
    if file is None:
        text: str = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True)
        return text
    _check_private(file)
    return file.read_text().rstrip("\n")


def _check_private(file: Path) -> None:
    if not file.is_file() or stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise typer.BadParameter(f"{file} must be a file that only its owner may read", param_hint="--passphrase")


def _spaced(fingerprint: str) -> str:
    """For eyes: 64 hexadecimal digits in groups of four."""
    return " ".join(fingerprint[place : place + 4] for place in range(0, len(fingerprint), 4))


def _show_newest(organisation_id: UUID, as_json: bool, heading: str) -> None:
    from telesphore.pki import queries

    card = queries.authority_cards(organisation_id)[0]
    _say(
        as_json,
        f"{heading}\n"
        f"Root, good until {card.root_ends_at:%Y-%m-%d}, SHA-256 fingerprint:\n  {_spaced(card.root_sha256())}\n"
        f"Issuing authority, good until {card.ends_at:%Y-%m-%d}, SHA-256 fingerprint:\n"
        f"  {_spaced(card.issuing_sha256())}\n"
        "Write both down, apart from this machine. Neither is qualified.",
        authority=card.authority_id,
        generation=card.generation,
        root_sha256=card.root_sha256(),
        issuing_sha256=card.issuing_sha256(),
        ends_at=card.ends_at,
        root_ends_at=card.root_ends_at,
    )


@app.command()
def init(
    organisation: Organisation = None,
    identifier: Identifier = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Make the organisation's root and issuing authorities, and show their fingerprints."""
    from telesphore.pki import actions

    organisation_id, name = _organisation(organisation)
    numbered = f" ({identifier})" if identifier else ", without a number"
    _agreed(f"Make the authority of {name}{numbered}?", yes)
    actions.initialise(
        organisation_id=organisation_id, organisation_name=name, organisation_identifier=identifier,
        actor=_operator(organisation_id), at=now(),
    )  # fmt: skip
    heading = f"The authority of {name} is made. Next: `telesphore pki export-root-key`, to put its root key in a safe."
    _show_newest(organisation_id, as_json, heading)


@app.command("export-root-key")
def export_root_key(
    file: Annotated[Path, typer.Argument(help="Where to write; it must not exist.")],
    organisation: Organisation = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """Write the root key to a file, encrypted under a passphrase; the database keeps its own copy."""
    from telesphore.pki import actions

    organisation_id, _name = _organisation(organisation)
    try:
        # Made before anything is asked: a key must not be made ready for a place that can't hold it.
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise typer.BadParameter(f"{file} can't be made: {error.strerror}", param_hint="FILE") from None
    written = False
    try:
        with os.fdopen(descriptor, "wb") as stream:
            content = actions.export_root_key(
                organisation_id=organisation_id, passphrase=_passphrase(passphrase_file, new=True),
                actor=_operator(organisation_id), at=now(),
            )  # fmt: skip
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        written = True
    finally:
        if not written:
            file.unlink()
    _say(
        as_json,
        f"{file} holds the root key. Copy it to two places away from this machine, its passphrase to others; then "
        "`telesphore pki remove-root-key`.",
        file=file,
    )


@app.command("remove-root-key")
def remove_root_key(
    file: Annotated[Path, typer.Argument(help="What `export-root-key` wrote, as it was put away.", exists=True)],
    organisation: Organisation = None,
    passphrase_file: Passphrase = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Take the root key out of the database, once its exported copy has been shown to open."""
    from telesphore.pki import actions

    organisation_id, name = _organisation(organisation)
    _agreed(f"Without {file} and its passphrase, nobody can make another authority of {name}. Remove the key?", yes)
    until = actions.remove_root_key(
        organisation_id=organisation_id, exported=_content(file), passphrase=_passphrase(passphrase_file, new=False),
        actor=_operator(organisation_id), at=now(),
    )  # fmt: skip
    _say(
        as_json,
        f"The file opens, and the root key is gone from the database; backups made until now still hold it, sealed. "
        f"The root's list was made ahead and is good until {until:%Y-%m-%d}: to revoke an issuing authority before "
        "then, bring the key back with `telesphore pki import-root-key`.",
        list_good_until=until,
    )


@app.command("import-root-key")
def import_root_key(
    file: Annotated[Path, typer.Argument(help="What `export-root-key` wrote.", exists=True)],
    organisation: Organisation = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """Bring the root key back, to renew or revoke an issuing authority; remove it again afterwards."""
    from telesphore.pki import actions

    organisation_id, _name = _organisation(organisation)
    actions.import_root_key(
        organisation_id=organisation_id, exported=_content(file), passphrase=_passphrase(passphrase_file, new=False),
        actor=_operator(organisation_id), at=now(),
    )  # fmt: skip
    _say(as_json, "The root key is back. When you are done: `telesphore pki remove-root-key`.", imported=True)


def _content(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(1_000_000)


@app.command()
def renew(
    organisation: Organisation = None,
    new_root: Annotated[
        bool, typer.Option("--new-root", help="Replace the root too: who trusts it must be given the new one.")
    ] = False,
    identifier: Identifier = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Make the next issuing authority; what the earlier ones gave still verifies.

    A new root takes the organisation's present name, and the identifier if one is given.
    """
    from telesphore.pki import actions

    organisation_id, name = _organisation(organisation)
    if identifier and not new_root:
        raise typer.BadParameter("only a new root can take another: add --new-root", param_hint="--identifier")
    _agreed(f"Make the next issuing authority of {name}{', under a new root' if new_root else ''}?", yes)
    actor, at = _operator(organisation_id), now()
    if new_root:
        actions.replace_root(
            organisation_id=organisation_id, organisation_name=name, organisation_identifier=identifier, actor=actor,
            at=at,
        )  # fmt: skip
    else:
        actions.renew(organisation_id=organisation_id, actor=actor, at=at)
    _show_newest(organisation_id, as_json, f"The next authority of {name} issues from now on.")


@app.command()
def revoke(
    serial_number: Annotated[str, typer.Argument(help="In hexadecimal, as `telesphore pki list` shows it.")],
    reason: Annotated[str, typer.Option(help="Why; `telesphore pki reasons` lists the words.")],
    organisation: Organisation = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Revoke a certificate, or an issuing authority, for good."""
    from telesphore.pki import actions, queries
    from telesphore.pki.states import Reason

    if reason not in Reason.values:
        raise typer.BadParameter(f"one of: {', '.join(Reason.values)}", param_hint="--reason")
    organisation_id, name = _organisation(organisation)
    actor, why = _operator(organisation_id), Reason(reason)
    authority_id = queries.authority_with_serial(organisation_id, serial_number)
    if authority_id is not None:
        _agreed(f"All that this authority of {name} gave will fall with it, for good. Revoke the authority?", yes)
        actions.revoke_authority(
            organisation_id=organisation_id, authority_id=authority_id, reason=why, actor=actor, at=now()
        )
        _say(
            as_json, "The authority was revoked. Make the next one with `telesphore pki renew`.", revoked=serial_number
        )
        return
    card = queries.certificate_card(organisation_id, serial_number)
    _agreed(f"Revoke this certificate ({card.profile}, issued {card.issued_at:%Y-%m-%d}) of {name} for good?", yes)
    actions.revoke_certificate(
        organisation_id=organisation_id, serial_number=serial_number, reason=why, actor=actor, at=now()
    )
    _say(as_json, f"Certificate {card.serial_number} was revoked; the new list says so.", revoked=card.serial_number)


@app.command()
def reasons() -> None:
    """List the reasons of revocations."""
    from telesphore.pki.states import Reason

    for value, meaning in Reason.choices:
        typer.echo(f"{value:22}{meaning}")


@app.command("list")
def list_(
    organisation: Organisation = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that ended, patients' among them.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the organisation's authorities, then its certificates, the newest first."""
    from telesphore.pki import queries

    organisation_id, _name = _organisation(organisation)
    authorities = queries.authority_cards(organisation_id)
    given = queries.certificate_cards(organisation_id, at=now(), everything=everything)
    if as_json:
        typer.echo(
            json.dumps(
                {"authorities": [_authority(card) for card in authorities], "certificates": [asdict(c) for c in given]},
                default=str,
            )
        )
        return
    for card in authorities:
        state = f"revoked {card.revoked_at:%Y-%m-%d}" if card.revoked_at else f"until {card.ends_at:%Y-%m-%d}"
        role = "issues" if card.newest else "issued"
        key = "here" if card.root_key_here else "away"
        typer.echo(f"authority {card.generation}  {card.authority_id}  {role}, {state}; root key {key}")
        typer.echo(f"  serial number {card.serial_number:x}")
        typer.echo(f"  its SHA-256   {card.issuing_sha256()}")
        typer.echo(f"  its root's    {card.root_sha256()}, until {card.root_ends_at:%Y-%m-%d}")
    for one in given:
        state = f"revoked {one.revoked_at:%Y-%m-%d} ({one.reason})" if one.revoked_at else "good"
        typer.echo(f"{one.serial_number:40}  {one.profile:12}  until {one.expires_at:%Y-%m-%d}  {state}")
    if not authorities:
        typer.echo("No authority yet: `telesphore pki init`.")


def _authority(card: Any) -> dict[str, Any]:
    facts = {field.name: getattr(card, field.name) for field in fields(card) if field.name not in ("issuing", "root")}
    serial_number = f"{facts.pop('serial_number'):x}"
    return {
        **facts, "serial_number": serial_number,
        "issuing_sha256": card.issuing_sha256(), "root_sha256": card.root_sha256(),
    }  # fmt: skip


@app.command()
def show(
    serial_number: Annotated[str, typer.Argument(help="In hexadecimal, as `telesphore pki list` shows it.")],
    organisation: Organisation = None,
    as_json: AsJson = False,
) -> None:
    """Show one certificate: what it is for, how it stands. Who it is of is in the trail."""
    from telesphore.pki import queries

    organisation_id, _name = _organisation(organisation)
    facts = asdict(queries.certificate_card(organisation_id, serial_number))
    _say(as_json, "\n".join(f"{name:14}{value}" for name, value in facts.items() if value), **facts)


@app.command()
def crl(
    organisation: Organisation = None,
    root: Annotated[bool, typer.Option("--root", help="The root's list, of issuing authorities.")] = False,
    output: Annotated[Path | None, typer.Option(help="Where to write it, DER; by default standard output.")] = None,
) -> None:
    """Make the list of revoked certificates if it is due, and write it."""
    from telesphore.pki import actions, queries
    from telesphore.pki.states import Level

    organisation_id, _name = _organisation(organisation)
    level = Level.ROOT if root else Level.ISSUING
    authority_id = queries.authority_publishing(organisation_id, level)
    actions.publish_list(
        organisation_id=organisation_id, authority_id=authority_id, level=level,
        actor=_operator(organisation_id), at=now(),
    )  # fmt: skip
    published = queries.published_list(authority_id, level)
    assert published is not None
    content = published.content
    if output is None:
        sys.stdout.buffer.write(content)
        return
    output.write_bytes(content)
    typer.echo(f"{output}: {len(content)} bytes")


@app.command()
def anchors(organisation: Organisation = None) -> None:
    """Print the organisation's roots, PEM: for other people's validators."""
    from telesphore.pki import queries

    organisation_id, name = _organisation(organisation)
    if not queries.trust_anchors(organisation_id):
        typer.echo(f"{name} has no authority yet: `telesphore pki init` makes one.", err=True)
        raise typer.Exit(Status.REFUSED)
    typer.echo(queries.trust_anchors_pem(organisation_id).decode(), nl=False)

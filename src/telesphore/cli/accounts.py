"""`telesphore accounts`: found an organisation, add its members."""

import json
import secrets
from typing import Annotated
from uuid import UUID

import typer

from telesphore.accounts import actions, queries
from telesphore.accounts.errors import AccountsApart
from telesphore.accounts.states import Role
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now

app = typer.Typer(no_args_is_help=True, help="Organisations and their members.")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
OPERATOR = Actor.system(client="telesphore accounts")


@app.command()
def found(
    name: Annotated[str, typer.Argument(help="The organisation's name, as patients know it.")],
    city: Annotated[str, typer.Option(help="Its town.")] = "",
    as_json: AsJson = False,
) -> None:
    """Found an organisation, with its keys; prints its id."""
    organisation_id = actions.found_organisation(name=name, city=city, actor=OPERATOR, at=now())
    print(json.dumps({"organisation": str(organisation_id)}) if as_json else organisation_id)


@app.command("list")
def list_organisations(as_json: AsJson = False) -> None:
    """List the organisations of this instance."""
    cards = queries.organisations()
    if as_json:
        print(json.dumps([{"organisation": str(card.organisation_id), "name": card.name} for card in cards]))
        return
    for card in cards:
        print(f"{card.organisation_id}  {card.name}")
    if not cards:
        print("No organisation yet: `telesphore accounts found NAME --city CITY`.")


@app.command()
def add(
    organisation: Annotated[UUID, typer.Argument(help="The organisation's id.")],
    role: Annotated[Role, typer.Argument(help="What the person does there.")],
    email: Annotated[str, typer.Argument(help="The address with which they sign in.")],
    given_name: Annotated[str, typer.Option(help="Given name.")],
    family_name: Annotated[str, typer.Option(help="Family name.")],
    title: Annotated[str, typer.Option(help="As written before the name: Dr.")] = "",
    specialty: Annotated[str, typer.Option(help="A professional's specialty.")] = "",
    rpps: Annotated[str, typer.Option(help="A professional's national number.")] = "",
    as_json: AsJson = False,
) -> None:
    """Add a member; someone already known gets the role. Prints a first password, which is shown only here."""
    if organisation not in {card.organisation_id for card in queries.organisations()}:
        raise typer.BadParameter("no such organisation; see `telesphore accounts list`", param_hint="organisation")
    person_id = queries.person_of(email)
    password = ""
    if person_id is None:
        password = secrets.token_urlsafe(12)
        person_id = actions.add_person(
            email=email,
            password=password,
            family_name=family_name,
            given_name=given_name,
            title=title,
            specialty=specialty,
            rpps=rpps,
            actor=OPERATOR.within(organisation),
            at=now(),
        )
    try:
        actions.grant_role(person_id=person_id, organisation_id=organisation, role=role, actor=OPERATOR, at=now())
    except AccountsApart as refused:
        raise typer.BadParameter(refused.sentence, param_hint="role") from None
    if as_json:
        print(json.dumps({"person": str(person_id), "password": password}))
    elif password:
        print(f"{person_id}\nFirst password, shown only now: {password}")
    else:
        print(f"{person_id}  (known already: the password is unchanged)")

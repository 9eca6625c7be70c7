"""An instance of one's own: an organisation and its members, from the command line."""

import json

import pytest
from typer.testing import CliRunner

from telesphore.accounts.models import Membership, Person
from telesphore.cli.accounts import app

runner = CliRunner()


def found() -> str:
    answer = runner.invoke(app, ["found", "Cabinet Lebrun", "--city", "Montfaucy", "--json"])
    assert answer.exit_code == 0
    return str(json.loads(answer.output)["organisation"])


def add(organisation: str, role: str = "professional") -> dict[str, str]:
    answer = runner.invoke(
        app,
        ["add", organisation, role, "Anne.Lebrun@cabinet.example", "--given-name", "Anne", "--family-name", "Lebrun",
         "--title", "Dr", "--json"],
    )  # fmt: skip
    assert answer.exit_code == 0, answer.output
    added: dict[str, str] = json.loads(answer.output)
    return added


@pytest.mark.django_db
def test_a_founded_organisation_gets_a_member_who_can_sign_in_with_the_password_shown() -> None:
    added = add(found())
    person = Person.objects.get(id=added["person"])
    assert person.email == "anne.lebrun@cabinet.example"
    assert person.check_password(added["password"])


@pytest.mark.django_db
def test_someone_known_gets_another_role_and_keeps_the_password() -> None:
    organisation = found()
    first = add(organisation)
    second = add(organisation, "auditor")
    assert second == {"person": first["person"], "password": ""}
    assert set(Membership.objects.values_list("role", flat=True)) == {"professional", "auditor"}
    assert Person.objects.get().check_password(first["password"])


@pytest.mark.django_db
def test_a_member_of_no_organisation_is_not_made() -> None:
    unknown = "0197f3a0-0000-7000-8000-000000000000"
    answer = runner.invoke(app, ["add", unknown, "secretary", "a@b.example", "--given-name", "A", "--family-name", "B"])
    assert answer.exit_code == 2
    assert not Person.objects.exists()


@pytest.mark.django_db
def test_a_practice_of_one_needs_a_second_account_to_be_administered(english: None) -> None:
    organisation = found()
    add(organisation)
    refused = runner.invoke(
        app,
        [
            "add",
            organisation,
            "administrator",
            "anne.lebrun@cabinet.example",
            "--given-name",
            "A",
            "--family-name",
            "B",
        ],
    )
    assert refused.exit_code == 2
    # The sentence is wrapped in a frame, at any of its words.
    assert "another account" in " ".join(refused.output.replace("│", " ").split())
    assert Membership.objects.get().role == "professional"

"""The people who return from test to test.

Sylvie, the secretary, deposits and sends; Dr Lebrun cares for Odile; Odile is the patient; Dr Ricaud works in the
same hospital but not in Odile's care team; Ibrahim is another patient, of Dr Ricaud; Dr Cherif works elsewhere.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from uuid import UUID

from django.contrib.auth.hashers import make_password

from telesphore.accounts import actions as accounts
from telesphore.accounts.models import Person
from telesphore.accounts.states import Role
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.records import actions as records
from telesphore.records.actions import Identity
from telesphore.records.states import IdentityStatus

PASSWORD = "le-parapheur-de-montfaucy"
LONG_AGO = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Cast:
    """Ids and actors of the cast."""

    hospital: UUID
    elsewhere: UUID
    sylvie: Actor
    lebrun: Actor
    ricaud: Actor
    cherif: Actor
    odile_id: UUID
    ibrahim_id: UUID

    @property
    def odile(self) -> Actor:
        """Odile, come in by a link and its code."""
        return Actor(kind=ActorKind.PATIENT, organisation_id=self.hospital, person_id=self.odile_id, means="link+code")

    @property
    def ibrahim(self) -> Actor:
        return Actor(
            kind=ActorKind.PATIENT, organisation_id=self.hospital, person_id=self.ibrahim_id, means="link+code"
        )


NOBODY = Actor(kind=ActorKind.NOBODY)


@cache
def _hashed_password() -> str:
    return make_password(PASSWORD)


def assemble() -> Cast:
    """Make the cast, through the same actions as the pages."""
    operator = Actor.system(client="tests")
    at = now()
    hospital = accounts.found_organisation(
        name="Centre hospitalier de Montfaucy", city="Montfaucy", actor=operator, at=at
    )
    elsewhere = accounts.found_organisation(name="Imagerie des Aulnes", city="Montfaucy", actor=operator, at=at)

    def member(
        organisation: UUID, role: Role, email: str, given: str, family: str, title: str, specialty: str
    ) -> Actor:
        person_id = accounts.add_person(
            email=email, password=None, family_name=family, given_name=given, title=title, specialty=specialty,
            actor=operator, at=at,
        )  # fmt: skip
        accounts.grant_role(person_id=person_id, organisation_id=organisation, role=role, actor=operator, at=LONG_AGO)
        return Actor(
            kind=ActorKind.PROFESSIONAL, organisation_id=organisation, person_id=person_id,
            roles=frozenset({role.value}), means="password",
        )  # fmt: skip

    sylvie = member(hospital, Role.SECRETARY, "sylvie.courtois@montfaucy.example", "Sylvie", "Courtois", "", "")
    lebrun = member(hospital, Role.PROFESSIONAL, "anne.lebrun@montfaucy.example", "Anne", "Lebrun", "Dr", "pneumologue")
    ricaud = member(
        hospital, Role.PROFESSIONAL, "thomas.ricaud@montfaucy.example", "Thomas", "Ricaud", "Dr", "oncologue"
    )
    cherif = member(elsewhere, Role.PROFESSIONAL, "nadia.cherif@aulnes.example", "Nadia", "Cherif", "Dr", "radiologue")
    odile = records.register_patient(
        identity=Identity(
            birth_name="Marchetti", used_name="Ferrand", given_names="Odile", birth_date=date(1951, 11, 7), sex="F",
            birth_place="Grenoble", birth_place_code="38185", ins="251113818500022", status=IdentityStatus.QUALIFIED,
        ),
        email="odile.ferrand@courriel.example", phone="+33639980147", language="fr", actor=sylvie, at=at,
    )  # fmt: skip
    assert lebrun.person_id is not None
    records.add_to_care_team(
        patient_id=odile, person_id=lebrun.person_id, function="pneumologue", reads_documents=True, actor=sylvie, at=at
    )
    # Argon2 is slow on purpose: once for all of them.
    Person.objects.update(password=_hashed_password())
    ibrahim = records.register_patient(
        identity=Identity(birth_name="Kaba", given_names="Ibrahim", birth_date=date(1968, 3, 2), sex="M"),
        email="ibrahim.kaba@courriel.example", phone="+33639980155", language="fr", actor=ricaud, at=at,
    )  # fmt: skip
    return Cast(hospital, elsewhere, sylvie, lebrun, ricaud, cherif, odile, ibrahim)

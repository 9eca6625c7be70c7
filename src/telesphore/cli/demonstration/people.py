"""The demonstration's people: invented, and made through the same actions as everybody."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from telesphore.accounts import actions as accounts
from telesphore.accounts import queries
from telesphore.accounts.states import Role
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.records import actions as records
from telesphore.records.states import IdentityStatus

HOSPITAL = "Centre hospitalier de Montfaucy"
PIN = "2741"


@dataclass(frozen=True, slots=True)
class Member:
    """A member who can sign in; the password is shown at the end of the demonstration."""

    email: str
    password: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class People:
    """Who plays."""

    organisation_id: UUID
    secretary: Member
    doctor: Member
    stranger: Member
    administrator: Member
    auditor: Member
    patient_id: UUID

    @property
    def members(self) -> tuple[Member, ...]:
        return (self.secretary, self.doctor, self.stranger, self.administrator, self.auditor)


def settle(*, password: str, operator: Actor, at: datetime) -> People:
    """Make the organisation, its members and one patient; the doctor is in the patient's care team."""
    organisation_id = accounts.found_organisation(name=HOSPITAL, city="Montfaucy", actor=operator, at=at)

    def member(role: Role, given: str, family: str, title: str = "", specialty: str = "", rpps: str = "") -> Member:
        email = f"{given}.{family}@montfaucy.example".lower()
        person_id = accounts.add_person(
            email=email,
            password=password,
            family_name=family,
            given_name=given,
            title=title,
            specialty=specialty,
            rpps=rpps,
            actor=operator,
            at=at,
        )
        accounts.grant_role(person_id=person_id, organisation_id=organisation_id, role=role, actor=operator, at=at)
        actor = Actor(
            kind=ActorKind.PROFESSIONAL,
            organisation_id=organisation_id,
            person_id=person_id,
            roles=frozenset({role.value}),
            means="demonstration",
            client="telesphore demo",
        )
        return Member(email, password, actor)

    secretary = member(Role.SECRETARY, "Sylvie", "Courtois")
    doctor = member(Role.PROFESSIONAL, "Anne", "Lebrun", "Dr", "pneumologue", "10100000017")
    stranger = member(Role.PROFESSIONAL, "Thomas", "Ricaud", "Dr", "oncologue", "10100000025")
    administrator = member(Role.ADMINISTRATOR, "Claire", "Moreau")
    auditor = member(Role.AUDITOR, "Hugo", "Perrin")
    patient_id = records.register_patient(
        identity=records.Identity(
            birth_name="Marchetti",
            used_name="Ferrand",
            given_names="Odile",
            birth_date=date(1951, 11, 7),
            sex="F",
            birth_place="Grenoble",
            birth_place_code="38185",
            ins="251113818500022",
            status=IdentityStatus.QUALIFIED,
        ),
        email="odile.ferrand@courriel.example",
        phone="+33639980147",
        language="fr",
        actor=secretary.actor,
        at=at,
    )
    assert doctor.actor.person_id is not None
    records.add_to_care_team(
        patient_id=patient_id,
        person_id=doctor.actor.person_id,
        function=queries.person_card(doctor.actor.person_id).specialty,
        reads_documents=True,
        actor=secretary.actor,
        at=at,
    )
    return People(organisation_id, secretary, doctor, stranger, administrator, auditor, patient_id)

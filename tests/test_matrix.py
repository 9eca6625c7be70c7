"""The matrix: every endpoint of the URL map, for everyone who may come to it, refuses exactly as its rule says.

What is expected follows from the stated rule and from who comes; the addresses lead to things that exist (`samples`),
so that "right role, wrong patient" is really tried, and must answer word for word as for what never existed. A new
endpoint is tried without a line here; one without a rule, or with an id of which no sample is made, fails.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from telesphore.accounts import actions as accounts
from telesphore.accounts.models import ApiToken, Delegation, Invitation, Membership, Person
from telesphore.accounts.states import PERMISSIONS, Role
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.records import actions as records
from telesphore.web.accounts import joining
from tests import entering, samples
from tests.cast import LONG_AGO, Cast, assemble
from tests.endpoints import ENDPOINTS, NEVER_GIVEN, Endpoint
from tests.entering import ask, undone
from tests.samples import NO_OBJECTS, Samples
from tests.web.test_patient_accounts import follow as by_invitation
from tests.web.test_patient_accounts import with_account

METHODS = ("get", "post")
LET_IN, SENT_TO_SIGN_IN, REFUSED, ABSENT, NO_SUCH_METHOD = "let in", "sent to sign in", "refused", "absent", "no method"
LED_ON = "led on"
"""To another page, by a request that changes nothing, or to prove again who they are: that page decides."""
ASKED_FOR_A_TOKEN = "asked for a token"
BROKEN = "broken"
BY_STATUS = {401: ASKED_FOR_A_TOKEN, 403: REFUSED, 404: ABSENT, 405: NO_SUCH_METHOD, 500: BROKEN}


@dataclass(frozen=True)
class Visitor:
    """Somebody who comes to an endpoint.

    Attributes:
        client: their browser, or program.
        signed_in: whether they have an account and came in by it.
        roles: what they hold, now, where they act.
        patient: whether they act in a record that is theirs, or that of whom they represent.
        visit: whether they came by a patient's link and its code.
        scopes: what the token of a program gives; None when it carries none that holds.
        colleague: whether they work in the samples' hospital.
        walks: the only kind of rule that they are tried at; empty for the whole map.
        insider: whether the samples are of their organisation and, as far as they are a patient's, of their patient.
    """

    client: Client
    signed_in: bool = False
    roles: frozenset[Role] = frozenset()
    patient: bool = False
    visit: bool = False
    scopes: frozenset[str] | None = None
    colleague: bool = False
    insider: bool = False
    walks: str = ""

    def holds(self, permission: str) -> bool:
        return bool(PERMISSIONS[permission] & self.roles)


@dataclass
class World:
    """The cast, what stands in their hospital, and those who come."""

    cast: Cast
    samples: Samples
    visitors: dict[str, Visitor] = field(default_factory=dict)
    walks: dict[str, "Walk"] = field(default_factory=dict)


@dataclass
class Walk:
    """What came of one visitor's going everywhere: the answers that were not as designed, the addresses that opened."""

    wrong: list[str] = field(default_factory=list)
    opened: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Made once, in a transaction that is rolled back after the last test; each request is undone on its own."""
    with django_db_blocker.unblock(), undone():
        cast = assemble()
        made = World(cast, samples.make(cast))
        made.visitors = _visitors(made)
        yield made


def _visitors(world: World) -> dict[str, Visitor]:
    cast = world.cast
    nobody = Visitor(Client(raise_request_exception=False))

    def member(actor: Actor, *, insider: bool) -> Visitor:
        return Visitor(
            entering.as_person(actor.person_id), signed_in=True, roles=frozenset(map(Role, actor.roles)),
            colleague=actor.organisation_id == cast.hospital, insider=insider,
        )  # fmt: skip

    administrator = Person.objects.get(email="claire@montfaucy.example").id
    auditor = _newcomer("hugo.perrin", cast.hospital, Role.AUDITOR)
    administrator_elsewhere = _newcomer("marc.aubry", cast.elsewhere, Role.ADMINISTRATOR)
    suspended = _newcomer("paul.renaud", cast.hospital, Role.PROFESSIONAL)
    records.add_to_care_team(
        patient_id=cast.odile_id, person_id=suspended, function="pneumologue", reads_documents=True, actor=cast.sylvie,
        at=now(),
    )  # fmt: skip
    Membership.objects.filter(person_id=suspended).update(suspended_at=now())
    Delegation.objects.create(
        organisation_id=cast.hospital, delegator_id=cast.lebrun.person_id, delegate_id=cast.ricaud.person_id,
        permissions=["signature:recipient:sign", "signature:envelope:read", "records:document:read"],
        starts_at=LONG_AGO, ends_at=now() - timedelta(seconds=1), given_by=cast.lebrun.person_id, given_at=LONG_AGO,
    )  # fmt: skip
    invited = by_invitation(cast)
    nowhere = _newcomer("nina.roux", None, None)
    odile = with_account(cast)
    records.invite_patient(patient_id=cast.ibrahim_id, actor=cast.ricaud, at=now())
    ibrahim = by_invitation(cast)
    ibrahim.post("/p/welcome")
    for client in (invited, odile, ibrahim):
        client.raise_request_exception = False
    return {
        "the patient's doctor": member(cast.lebrun, insider=True),
        "the patient's secretary": member(cast.sylvie, insider=True),
        "nobody": nobody,
        "an interpreter by the link": replace(nobody, client=entering.by_link(world.samples.to_help), visit=True),
        "a patient by the link to sign": replace(nobody, client=entering.by_link(world.samples.to_sign), visit=True),
        "a patient by the link to a copy": replace(
            nobody, client=entering.by_link(world.samples.to_copy), visit=True, walks="link and code"
        ),
        "somebody invited to an account": Visitor(invited, visit=True, walks="link and code"),
        "the patient, by an account": Visitor(odile, signed_in=True, patient=True, insider=True),
        "another patient, by an account": Visitor(ibrahim, signed_in=True, patient=True),
        "somebody who belongs nowhere": Visitor(entering.as_person(nowhere), signed_in=True),
        "an administrator": Visitor(
            entering.as_person(administrator), signed_in=True, roles=frozenset({Role.ADMINISTRATOR}), colleague=True,
            insider=True,
        ),
        "an auditor": Visitor(
            entering.as_person(auditor), signed_in=True, roles=frozenset({Role.AUDITOR}), colleague=True, insider=True
        ),
        "a doctor of another organisation": member(cast.cherif, insider=False),
        "an administrator of another organisation": Visitor(
            entering.as_person(administrator_elsewhere), signed_in=True, roles=frozenset({Role.ADMINISTRATOR})
        ),
        "a program": _program(administrator, cast.hospital, "accounts:directory:provision"),
        "a program of another organisation": replace(
            _program(administrator_elsewhere, cast.elsewhere, "accounts:directory:provision"), colleague=False,
            walks="token",
        ),
        "a program whose token has another scope": replace(
            _program(administrator, cast.hospital, "accounts:members:see"), walks="token"
        ),
        "a program whose token is over": replace(
            _program(administrator, cast.hospital, "accounts:directory:provision", over=True), scopes=None,
            walks="token",
        ),
        "the secretary's program": Visitor(
            _bearer(cast.sylvie, *CARE), scopes=CARE, colleague=True, walks="token",
        ),
        "a program of a doctor who does not care for the patient": Visitor(
            _bearer(cast.ricaud, *CARE), scopes=CARE, walks="token",
        ),
        "somebody invited as a member": Visitor(_invited_member(world), visit=True, walks="link and code"),
        "a person invited, who has an account": Visitor(
            entering.as_person(_invitation(world).person_id), signed_in=True, insider=True
        ),
        "a suspended member": Visitor(entering.as_person(suspended), signed_in=True),
        "a delegate whose delegation is over": member(cast.ricaud, insider=False),
    }  # fmt: skip


CARE = frozenset({
    "records:document:deposit", "records:document:read", "records:record:open", "signature:embedding:make",
    "signature:envelope:read", "signature:envelope:send", "signature:envelope:void", "signature:kit:export",
    "signature:recipient:correct", "signature:recipient:remind", "signature:template:see", "signature:thread:write",
})  # fmt: skip


def _bearer(actor: Actor, *scopes: str) -> Client:
    issued = accounts.issue_token(
        name="DPI", scopes=scopes, expires_at=now() + timedelta(days=1), actor=actor, at=now()
    )
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {issued.secret}"})


def _program(person_id: UUID, organisation_id: UUID, scope: str, *, over: bool = False) -> Visitor:
    """A program that comes with the token of an administrator."""
    actor = Actor(
        kind=ActorKind.PROFESSIONAL, organisation_id=organisation_id, person_id=person_id,
        roles=frozenset({Role.ADMINISTRATOR.value}),
    )  # fmt: skip
    issued = accounts.issue_token(
        name=scope, scopes=[scope], expires_at=now() + timedelta(days=1), actor=actor, at=now()
    )
    if over:
        ApiToken.objects.filter(id=issued.token_id).update(created_at=LONG_AGO, expires_at=LONG_AGO + timedelta(days=1))
    bearer = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {issued.secret}"})
    return Visitor(bearer, scopes=frozenset({scope}), colleague=True)


def _invitation(world: World) -> Invitation:
    return Invitation.objects.get(id=world.samples.values["invitation_id"])


def _invited_member(world: World) -> Client:
    """The browser of who gave the code of an invitation to become a member."""
    invitation = _invitation(world)
    assert invitation.link_id is not None
    accounts.note_code_given(invitation_id=invitation.id, actor=Actor.system(invitation.organisation_id), at=now())
    return entering.with_session({
        joining.KEY: {
            "organisation": invitation.organisation_id.hex,
            "link": invitation.link_id.hex,
            "invitation": invitation.id.hex,
        }
    })  # fmt: skip


def _newcomer(name: str, organisation: UUID | None, role: Role | None) -> UUID:
    given, family = name.split(".")
    person_id = accounts.add_person(
        email=f"{name}@montfaucy.example", password=None, family_name=family.title(), given_name=given.title(),
        actor=Actor.system(), at=LONG_AGO,
    )  # fmt: skip
    if organisation and role:
        accounts.grant_role(
            person_id=person_id, organisation_id=organisation, role=role, actor=Actor.system(), at=LONG_AGO
        )
    return person_id


# What is expected, and what is told

OF_THE_ORGANISATION = {"person_id", "membership_id", "unit_id", "invitation_id", "delegation_id", "workstation_id"}
"""What an organisation's members see of one another."""
BESIDES = {
    "api_write_entry_with_file": {LET_IN},  # Without its form, refused before anything is looked for.
    "delegate": {REFUSED},  # Seen by more than may give one.
    "patients:begin-signing": {LET_IN},  # Leads home from what awaits nobody.
    "patients:begin-taking-back": {LET_IN},  # The same, from what was not signed.
    "end_all_sessions": {SENT_TO_SIGN_IN},  # One's own ends with the others.
    "passkey-sign-in": {SENT_TO_SIGN_IN},  # Without a passkey's answer.
}
"""Answers that the rule does not tell of."""


def expected(endpoint: Endpoint, visitor: Visitor, method: str, *, exists: bool) -> set[str]:
    """The answers that the endpoint's rule allows for this visitor; `exists` says whether the ids name something."""
    kind, _, permission = endpoint.rule.partition(": ")
    about = bool(set(endpoint.parameters) - NO_OBJECTS)
    besides = BESIDES.get(endpoint.name, set())
    if kind == "public":
        # Signing out ends at the door, and so does a second step without a first one.
        return {LET_IN, LED_ON, ABSENT, NO_SUCH_METHOD, SENT_TO_SIGN_IN}
    if kind == "demonstration only":
        return {LET_IN, NO_SUCH_METHOD}
    if kind == "link and code":
        return {LET_IN, LED_ON, ABSENT, NO_SUCH_METHOD} if visitor.visit else {ABSENT, NO_SUCH_METHOD}
    if kind == "bedside":
        return {ABSENT, NO_SUCH_METHOD}
    if kind == "token":
        if visitor.scopes is None:
            return {ASKED_FOR_A_TOKEN}
        offered = dict(one.split(" ") for one in permission.split(", ")) if " " in permission else {}
        if offered and method.upper() not in offered:
            return {NO_SUCH_METHOD}
        if offered.get(method.upper(), permission) not in visitor.scopes:
            # Where all methods that there are ask for one scope, the rule does not tell which there are.
            return {REFUSED, NO_SUCH_METHOD}
        return {ABSENT, NO_SUCH_METHOD} | besides | ({LET_IN} if exists and (visitor.colleague or not about) else set())
    if not visitor.signed_in:
        return {SENT_TO_SIGN_IN}
    if (kind == "permission" and not visitor.holds(permission)) or (kind == "patient" and not visitor.patient):
        return {REFUSED}
    if not about:
        # A page about something of one's own that one has not (recovery codes) is not there.
        return {LET_IN, LED_ON, ABSENT, NO_SUCH_METHOD} | besides
    # Which of the samples an insider may see is the business of each room's own tests.
    near = visitor.insider or (visitor.colleague and set(endpoint.parameters) <= OF_THE_ORGANISATION)
    return {ABSENT, LED_ON, NO_SUCH_METHOD} | ({LET_IN} if near and exists else set()) | besides


def told(answer: Any, method: str) -> str:
    if answer.status_code == 302 and urlsplit(answer["Location"]).path == settings.LOGIN_URL:
        return SENT_TO_SIGN_IN
    if answer.status_code == 302 and (method == "get" or asked_again(answer)):
        return LED_ON
    return {401: ASKED_FOR_A_TOKEN, 403: REFUSED, 404: ABSENT, 405: NO_SUCH_METHOD, 500: BROKEN}.get(
        answer.status_code, LET_IN
    )


_PASSING: Final = re.compile(rb'name="csrfmiddlewaretoken" value="\w+"|data-[\w-]+="\d+"')
"""The form's token; the seconds that a session has left."""


def asked_again(answer: Any) -> bool:
    """Whether who came must first prove again who they are."""
    return urlsplit(answer["Location"]).path == reverse("account_reauthenticate")


def words(answer: Any, given: Mapping[str, str]) -> bytes:
    """The answer without what differs between any two: its address, what that was given, what passes."""
    content = answer.content + answer.get("Location", "").encode()
    # Short ones are numbers, which stand elsewhere too.
    for known in (answer.request["PATH_INFO"], *(value for value in given.values() if len(value) > 8)):
        content = content.replace(known.encode(), b"")
    return _PASSING.sub(b"", content)


# The tests


def test_every_id_in_an_address_has_a_sample_that_exists(world: World) -> None:
    missing = []
    for endpoint in ENDPOINTS:
        try:
            world.samples.of(endpoint)
        except KeyError as parameter:
            missing.append(f"{endpoint.pattern}: {parameter} (tests/samples.py)")
    assert missing == []


VISITORS = [
    "an interpreter by the link",
    "nobody", "a patient by the link to sign", "a patient by the link to a copy", "somebody invited to an account",
    "the patient, by an account", "another patient, by an account", "somebody who belongs nowhere",
    "the patient's doctor", "the patient's secretary", "an administrator", "an auditor",
    "a doctor of another organisation", "an administrator of another organisation", "a suspended member",
    "a delegate whose delegation is over", "a program", "a program of another organisation",
    "a program whose token has another scope", "a program whose token is over", "somebody invited as a member",
    "a person invited, who has an account", "the secretary's program",
    "a program of a doctor who does not care for the patient",
]  # fmt: skip


def test_everyone_who_may_come_is_tried(world: World) -> None:
    assert sorted(VISITORS) == sorted(world.visitors)


KNOCKS = {"nobody", "an auditor", "a doctor of another organisation"}
"""Those who, refused at the door, try whether it opens otherwise upon what never was; the others are spared it."""
ANYBODY = {"nobody", "the patient's doctor"}
"""Those who try what is open to all."""
AT_THE_DOOR = {SENT_TO_SIGN_IN, REFUSED, ASKED_FOR_A_TOKEN}


def walk(world: World, name: str) -> Walk:
    """Everywhere that this visitor goes; made once."""
    if name in world.walks:
        return world.walks[name]
    visitor, walk = world.visitors[name], world.walks.setdefault(name, Walk())
    for endpoint, method in itertools.product(ENDPOINTS, METHODS):
        if not endpoint.rule.startswith(visitor.walks) or (endpoint.rule.startswith("public") and name not in ANYBODY):
            continue
        real = world.samples.of(endpoint)
        never = {parameter: NEVER_GIVEN[kind] for parameter, kind in endpoint.parameters.items()}
        never |= {parameter: real[parameter] for parameter in NO_OBJECTS & set(real)}
        said = f"{method} {endpoint.pattern} [{endpoint.rule}]"

        answer = ask(visitor.client, method, endpoint.path(real))
        outcome = told(answer, method)
        if outcome not in expected(endpoint, visitor, method, exists=True):
            walk.wrong.append(f"{said}: {outcome}")
        if outcome in {LET_IN, LED_ON} | BESIDES.get(endpoint.name, set()):
            walk.opened.add(endpoint.pattern)
        if real == never or endpoint.rule.startswith("public") or (outcome in AT_THE_DOOR and name not in KNOCKS):
            continue
        other = ask(visitor.client, method, endpoint.path(never))
        if told(other, method) not in expected(endpoint, visitor, method, exists=False):
            walk.wrong.append(f"{said} of what never was: {told(other, method)}")
        theirs = outcome == LET_IN and (visitor.insider or visitor.colleague or visitor.visit)
        if not theirs and words(answer, real) != words(other, never):
            walk.wrong.append(f"{said}: what exists and what never was are told differently")
    return walk


@pytest.mark.parametrize("name", VISITORS)
def test_every_endpoint_refuses_exactly_as_its_rule_says(world: World, db: None, name: str) -> None:
    wrong = walk(world, name).wrong
    assert not wrong, f"{name}:\n" + "\n".join(wrong)


NEVER_THERE = {
    # While a tablet is handed over, and of a consent that was completed: tried in tests/web/test_bedside.py and
    # test_withdrawing.py.
    "signature:bedside-page", "signature:bedside-document", "signature:bedside-picture", "signature:bedside-sign",
    "signature:bedside-decline", "signature:bedside-done", "patients:document-withdraw", "patients:withdraw",
    # Ways in that are not there until an operator says so: tried where they are.
    "psc_start", "psc_back", "psc_ended", "psc_again", "psc_link", "card_sign_in", "certificate_sign_in",
    # It says of every other address that there is nothing.
    "scim_nowhere", "api_nowhere",
}  # fmt: skip


def test_each_endpoint_lets_somebody_in(world: World, db: None) -> None:
    # Else its refusals above would be true of an address that leads nowhere.
    opened = set().union(*(walk(world, name).opened for name in VISITORS))
    closed = [
        f"{endpoint.pattern} [{endpoint.rule}]"
        for endpoint in ENDPOINTS
        if endpoint.pattern not in opened and endpoint.name not in NEVER_THERE
    ]
    assert not closed, "\n".join(closed)

"""Signing in a colleague's place: who may, for what, until when; and that both names are in everything that stays."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from telesphore.accounts import actions as accounts
from telesphore.accounts import queries as people
from telesphore.accounts.errors import (
    DelegateUnfit,
    DelegationNotFound,
    EndsBeforeItStarts,
    MemberNotFound,
    NotAllowed,
    NotForYourBenefit,
    NothingDelegated,
    TooLong,
)
from telesphore.accounts.models import Delegation
from telesphore.accounts.states import Role
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.records import access as records_access
from telesphore.records.errors import DocumentNotFound
from telesphore.signature import queries
from telesphore.signature.actions import close, prepare, results, sign, view
from telesphore.signature.errors import EnvelopeNotFound, PreparedNotFound
from telesphore.signature.models import Envelope, Recipient
from telesphore.signature.states import RecipientState
from tests.accounts.members import OPERATOR, claire, hired
from tests.cast import Cast
from tests.signature.circuits import Token, by, doctor_signs, sent, token_of

SIGN, DECLINE = "signature:recipient:sign", "signature:recipient:decline"
DAY = timedelta(days=1)


def delegated(cast: Cast, *permissions: str, to: Actor | None = None, **options: object) -> UUID:
    """Dr Lebrun is away for a day; Dr Ricaud acts, unless said otherwise."""
    at = now()
    given = {
        "delegator_id": cast.lebrun.person, "delegate_id": (to or cast.ricaud).person,
        "permissions": permissions or [SIGN], "document_types": [], "starts_at": at - DAY / 2, "ends_at": at + DAY / 2,
        "reason": "congés", "actor": cast.lebrun, "at": at, **options,
    }  # fmt: skip
    return accounts.give_delegation(**given)  # type: ignore[arg-type]


@pytest.fixture
def envelope(cast: Cast) -> UUID:
    """A consent (LOINC 59284-0) that awaits Dr Lebrun."""
    return sent(cast, [by(cast.lebrun)])


@pytest.fixture
def ricauds(cast: Cast) -> Token:
    return token_of(cast.ricaud, "Ricaud")


def nothing_there(cast: Cast, actor: Actor, envelope: UUID, *, reading: bool = True) -> None:
    """To `actor`, this envelope looks like one that does not exist."""
    acts: list[Callable[[], object]] = [
        lambda: sign._ready_for_professional(
            envelope_id=envelope, token=token_of(actor, "Ricaud"), drawing=None, actor=actor, at=now()
        ),
    ]
    if reading:
        acts += [
            lambda: view.view(envelope_id=envelope, actor=actor, at=now()),
            lambda: queries.envelope(envelope_id=envelope, actor=actor, at=now()),
            lambda: close.decline(envelope_id=envelope, reason="?", actor=actor, at=now()),
        ]
    for act in acts:
        with pytest.raises(EnvelopeNotFound):
            act()


def test_without_a_delegation_a_colleague_finds_nothing(cast: Cast, envelope: UUID) -> None:
    nothing_there(cast, cast.ricaud, envelope)
    assert queries.delegated_book(actor=cast.ricaud, at=now()) == []


def test_a_delegate_signs_and_both_names_are_in_proof_trail_and_file(
    cast: Cast, envelope: UUID, ricauds: Token
) -> None:
    delegation = delegated(cast)
    assert doctor_signs(cast.ricaud, envelope, ricauds).last
    recipient = Recipient.objects.get(envelope_id=envelope)
    assert recipient.person_id == cast.lebrun.person
    assert recipient.proof is not None
    assert recipient.proof["signed_by"] == cast.ricaud.person.hex
    assert recipient.proof["delegation"] == delegation.hex
    event = Event.objects.get(action=SIGN, subject_id=envelope)
    assert (event.person_id, event.on_behalf_of) == (cast.ricaud.person, cast.lebrun.person)
    assert (event.ground, event.detail["delegation"]) == ("delegation", delegation.hex)
    (step,) = queries.envelope(envelope_id=envelope, actor=cast.sylvie, at=now()).steps
    assert (step.recipients[0].name, step.recipients[0].signed_by) == ("Dr Anne Lebrun", "Dr Thomas Ricaud")
    shown = sign.appearance_of(cast.ricaud, recipient, None, now())
    assert (shown.name, shown.role) == ("Dr Thomas Ricaud", "par délégation de Dr Anne Lebrun")


def test_the_page_of_evidence_says_in_whose_place(cast: Cast, envelope: UUID, ricauds: Token) -> None:
    delegated(cast)
    doctor_signs(cast.ricaud, envelope, ricauds)
    row = Envelope.objects.get(id=envelope)
    row.closed_at = now()
    patient = records_access.decide(actor=cast.lebrun, patient_id=cast.odile_id, at=now()).patient
    (signer,) = results.evidence_about(row, patient, "Consentement").signers
    assert (signer.name, signer.on_behalf_of) == ("Dr Thomas Ricaud", "Dr Anne Lebrun")


def test_a_delegate_refuses_only_when_that_was_delegated(cast: Cast, envelope: UUID) -> None:
    delegated(cast, SIGN)
    with pytest.raises(EnvelopeNotFound):
        close.decline(envelope_id=envelope, reason="?", actor=cast.ricaud, at=now())
    delegated(cast, DECLINE)
    close.decline(envelope_id=envelope, reason="Dossier incomplet", actor=cast.ricaud, at=now())
    assert Recipient.objects.get(envelope_id=envelope).state == RecipientState.DECLINED
    assert Event.objects.get(action=DECLINE, outcome="done").on_behalf_of == cast.lebrun.person


def test_who_may_only_refuse_reads_and_can_not_sign(cast: Cast, envelope: UUID) -> None:
    delegated(cast, DECLINE)
    view.view(envelope_id=envelope, actor=cast.ricaud, at=now())
    seen = queries.envelope(envelope_id=envelope, actor=cast.ricaud, at=now())
    assert (seen.your_turn, seen.may_sign, seen.may_decline) == (True, False, True)
    nothing_there(cast, cast.ricaud, envelope, reading=False)


def test_a_delegate_reads_this_document_through_this_envelope_and_nothing_else(cast: Cast, envelope: UUID) -> None:
    delegated(cast)
    assert view.view(envelope_id=envelope, actor=cast.ricaud, at=now()).pdf
    read = Event.objects.get(action="signature:document:view", subject_id=envelope)
    assert (read.ground, read.on_behalf_of) == ("delegation", cast.lebrun.person)
    document = Envelope.objects.get(id=envelope).document_id
    with pytest.raises(DocumentNotFound):
        records_access.decide_document(actor=cast.ricaud, document_id=document, at=now())


@pytest.mark.parametrize(
    "change",
    [
        {"ends_at": now() - DAY}, {"starts_at": now() + DAY, "ends_at": now() + 2 * DAY}, {"withdrawn_at": now()},
        {"document_types": ["11502-2"]}, {"permissions": []},
    ],
    ids=["expired", "to come", "withdrawn", "another kind of document", "no act"],
)  # fmt: skip
def test_a_delegation_that_does_not_reach_is_as_if_it_were_not(
    cast: Cast, envelope: UUID, change: dict[str, object]
) -> None:
    given = Delegation.objects.filter(id=delegated(cast, SIGN, DECLINE))
    if "ends_at" in change and "starts_at" not in change:
        change = {"starts_at": now() - 3 * DAY, **change}
    given.update(**change)
    nothing_there(cast, cast.ricaud, envelope)
    lines = [line for _name, _until, found in queries.delegated_book(actor=cast.ricaud, at=now()) for line in found]
    assert lines == []


@pytest.mark.parametrize("kinds", [["59284-0"], ["59284-0", "11502-2"]])
def test_a_delegation_reaches_the_kinds_that_it_names(cast: Cast, envelope: UUID, kinds: list[str]) -> None:
    delegated(cast, document_types=kinds)
    ((name, _until, lines),) = queries.delegated_book(actor=cast.ricaud, at=now())
    assert (name, [line.envelope_id for line in lines]) == ("Dr Anne Lebrun", [envelope])


def test_a_delegation_does_not_go_on(cast: Cast, envelope: UUID) -> None:
    third = hired(cast.hospital, "Paul", Role.PROFESSIONAL)
    delegated(cast)
    delegated(cast, to=third, delegator_id=cast.ricaud.person, actor=cast.ricaud)
    nothing_there(cast, third, envelope)


def test_a_delegation_here_reaches_nothing_in_another_organisation(cast: Cast, envelope: UUID) -> None:
    delegated(cast)
    accounts.grant_role(
        person_id=cast.ricaud.person, organisation_id=cast.elsewhere, role=Role.PROFESSIONAL, actor=OPERATOR, at=now()
    )
    nothing_there(cast, replace(cast.ricaud, organisation_id=cast.elsewhere), envelope)


@pytest.mark.parametrize("gone", ["suspend", "leave"])
def test_it_ends_with_who_gave_it(cast: Cast, envelope: UUID, gone: str) -> None:
    delegated(cast)
    getattr(accounts, gone)(person_id=cast.lebrun.person, actor=claire(cast), at=now())
    nothing_there(cast, cast.ricaud, envelope)


def test_a_delegate_without_the_permission_themself_does_nothing(cast: Cast, envelope: UUID) -> None:
    delegated(cast)
    nothing_there(cast, replace(cast.ricaud, roles=frozenset({Role.AUDITOR.value})), envelope)
    nothing_there(cast, replace(cast.ricaud, scopes=frozenset({"signature:book:open"})), envelope)


def test_withdrawn_while_the_card_is_at_work_the_signature_is_not_taken(
    cast: Cast, envelope: UUID, ricauds: Token
) -> None:
    delegation = delegated(cast)
    ready = sign._ready_for_professional(envelope_id=envelope, token=ricauds, drawing=None, actor=cast.ricaud, at=now())
    answer = ricauds.sign(ready.prepared.to_be_signed)
    accounts.withdraw_delegation(delegation_id=delegation, actor=cast.lebrun, at=now())
    with pytest.raises(EnvelopeNotFound):
        sign.take_signature(ready, answer, actor=cast.ricaud, at=now())
    assert Recipient.objects.get(envelope_id=envelope).state == RecipientState.WAITING


def test_a_prepared_signature_is_completed_only_while_the_delegation_holds(
    cast: Cast, envelope: UUID, ricauds: Token
) -> None:
    delegation = delegated(cast)
    waiting = prepare.prepare_signature(
        envelope_id=envelope, certificate=ricauds.certificate, chain=ricauds.chain, drawing=None, actor=cast.ricaud,
        at=now(),
    )  # fmt: skip
    accounts.withdraw_delegation(delegation_id=delegation, actor=cast.ricaud, at=now())
    with pytest.raises(PreparedNotFound):
        prepare.complete_signature(
            prepared_id=waiting.prepared_id, signature=ricauds.sign(waiting.to_be_signed), actor=cast.ricaud, at=now()
        )


def test_all_concerned_see_it(cast: Cast, envelope: UUID) -> None:
    delegated(cast)
    for person in (cast.lebrun, cast.ricaud):
        (line,) = people.delegations_of(organisation_id=cast.hospital, person_id=person.person, at=now())
        assert (line.delegator.family_name, line.delegate.family_name, line.state) == ("Lebrun", "Ricaud", "current")
    (step,) = queries.envelope(envelope_id=envelope, actor=cast.sylvie, at=now()).steps
    assert step.recipients[0].delegates == ("Dr Thomas Ricaud",)
    mine = queries.envelope(envelope_id=envelope, actor=cast.ricaud, at=now())
    assert (mine.your_turn, mine.in_place_of) == (True, "Dr Anne Lebrun")


def test_an_administrator_delegates_for_who_is_away_and_never_to_themself(cast: Cast, envelope: UUID) -> None:
    administrator = claire(cast)
    delegation = delegated(cast, actor=administrator)
    assert Delegation.objects.get(id=delegation).given_by == administrator.person
    assert Event.objects.get(action="accounts:delegation:give").person_id == administrator.person
    assert queries.envelope(envelope_id=envelope, actor=cast.ricaud, at=now()).your_turn
    with pytest.raises(NotForYourBenefit):
        delegated(cast, to=administrator, actor=administrator)


def test_what_can_not_be_delegated(cast: Cast) -> None:
    at = now()
    refused: list[tuple[type[DomainError], dict[str, object]]] = [
        (NothingDelegated, {"permissions": []}),
        (NothingDelegated, {"permissions": ["records:document:read"]}),
        (DelegateUnfit, {"delegate_id": cast.sylvie.person}),
        (DelegateUnfit, {"delegate_id": cast.cherif.person}),
        (DelegateUnfit, {"delegate_id": cast.lebrun.person}),
        (EndsBeforeItStarts, {"ends_at": at - DAY}),
        (EndsBeforeItStarts, {"starts_at": at + 2 * DAY, "ends_at": at + DAY}),
        (TooLong, {"ends_at": at + 400 * DAY}),
        (NotAllowed, {"actor": cast.sylvie}),
        (NotAllowed, {"actor": cast.ricaud}),
        (NotAllowed, {"actor": cast.cherif}),
        (MemberNotFound, {"delegator_id": cast.cherif.person, "actor": claire(cast)}),
    ]
    for refusal, options in refused:
        with pytest.raises(refusal):
            delegated(cast, **options)  # type: ignore[arg-type]
    assert not Delegation.objects.exists()


def test_only_those_concerned_withdraw_it(cast: Cast) -> None:
    third, administrator = hired(cast.hospital, "Paul", Role.PROFESSIONAL), claire(cast)
    delegation = delegated(cast)
    for stranger in (third, cast.sylvie, cast.cherif):
        with pytest.raises(DelegationNotFound):
            accounts.withdraw_delegation(delegation_id=delegation, actor=stranger, at=now())
    accounts.withdraw_delegation(delegation_id=delegation, actor=administrator, at=now())
    accounts.withdraw_delegation(delegation_id=delegation, actor=cast.lebrun, at=now())
    assert Event.objects.filter(action="accounts:delegation:withdraw", outcome="done").count() == 1

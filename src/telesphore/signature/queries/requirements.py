"""What a composition still lacks before it can be sent: each missing thing named, with where and what to do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import Actor
from telesphore.records import queries as records
from telesphore.records.access import Decision, who_acts_for
from telesphore.records.states import PAGES
from telesphore.signature.models import Composition, Party, StepPlan
from telesphore.signature.states import (
    GUESTS,
    MEANINGS,
    FieldKind,
    PartyRole,
    Purpose,
    SignatureLevel,
    StepKind,
    allowed_purposes,
    at_least,
    least_level,
)

LONGEST = 365
"""Days that an envelope lasts at most: it may be due later, and is sent again then."""


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is missing.

    Attributes:
        code: stable, for programs.
        sentence: for people, in their language: what is wrong and what to do.
        step, party: where, counted from 0; None for the whole, and for the step as such.
    """

    code: str
    sentence: str
    step: int | None = None
    party: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the checks need to know, gathered once.

    Attributes:
        papers: the documents named that exist.
        professionals: those who may sign here now.
        guardian: whether the patient is represented by law: a minor, or by a measure; `represented` when who does so
            has an account and may act now.
        level: the highest level that a patient's or guest's signature reaches here.
    """

    patient_id: UUID
    email: str
    phone: str
    language: str
    guardian: bool
    represented: bool
    papers: Mapping[UUID, records.Paper]
    professionals: Mapping[UUID, accounts.PersonCard]
    at: datetime


def facts_for(
    *,
    composition: Composition,
    decision: Decision,
    actor: Actor,
    at: datetime,
    papers: Mapping[UUID, records.Paper] | None = None,
) -> Facts:
    """What is known of the patient, the documents (unless `papers` says) and the people. A constant number of
    queries."""
    patient = decision.patient
    stand_ins = who_acts_for(patient, at)
    return Facts(
        patient.id,
        patient.email,
        patient.phone,
        patient.language,
        stand_ins is not None,
        bool(stand_ins),
        records.papers(
            organisation_id=patient.organisation_id, document_ids=[part.document_id for part in composition.documents]
        )
        if papers is None
        else papers,
        {
            card.person_id: card
            for card in accounts.professionals(
                organisation_id=actor.organisation,
                at=at,
                among={*composition.watchers, *(party.person_id for party in composition.parties if party.person_id)},
            )
        },
        at,
    )


def missing(composition: Composition, facts: Facts) -> list[Missing]:
    """All that is missing, in the order in which one would mend it; empty when it can be sent."""
    return [*_documents(composition, facts), *_steps(composition, facts), *_dates(composition, facts)]


def type_of(composition: Composition, facts: Facts) -> str:
    """The type of the first document, which says what signatures must be; empty while there is none."""
    found = (facts.papers.get(part.document_id) for part in composition.documents)
    return next((paper.type_code for paper in found if paper is not None), "")


def _documents(composition: Composition, facts: Facts) -> Iterator[Missing]:
    if not composition.documents:
        yield Missing("no-document", _("Add at least one document."))
    ids = [part.document_id for part in composition.documents]
    if len(set(ids)) < len(ids):
        yield Missing("document-twice", _("The same document is there twice: take one away."))
    for identifier in ids:
        paper = facts.papers.get(identifier)
        if paper is None or paper.patient_id != facts.patient_id:
            yield Missing("unknown-document", _("A document is not in this patient’s record: take it away."))
        elif not paper.stands:
            yield Missing("withdrawn-document", _("A document no longer holds: take it away or choose its successor."))


def _steps(composition: Composition, facts: Facts) -> Iterator[Missing]:
    if not any(step.parties or step.kind is StepKind.SEAL for step in composition.steps):
        yield Missing("nobody-to-sign", _("Add a step, and somebody to it."))
        return
    interpreted = any(party.role is PartyRole.INTERPRETER for party in composition.parties)
    meaning = MEANINGS.get(type_of(composition, facts))
    patient_there = any(party.role is PartyRole.PATIENT for party in composition.parties)
    if meaning and meaning.interpreter and patient_there and facts.language not in PAGES and not interpreted:
        yield Missing("no-interpreter", _("The patient reads neither French nor English: add an interpreter."))
    for number, step in enumerate(composition.steps):
        yield from _step(step, number)
        for place, party in enumerate(step.parties):
            for code, sentence in _party(composition, step, party, facts):
                yield Missing(code, sentence, number, place)


def _step(step: StepPlan, number: int) -> Iterator[Missing]:
    if step.kind is StepKind.SEAL:
        if step.parties:
            yield Missing(
                "seal-with-people", _("The organisation seals by itself: take people out of this step."), number
            )
        return
    if not step.parties:
        yield Missing("nobody-to-sign", _("Nobody is in this step: add somebody, or take the step away."), number)
    if step.needed is not None and step.needed > len(step.parties):
        yield Missing(
            "too-many-needed", _("More are needed than the step holds: ask for fewer, or add people."), number
        )
    known = [
        (party.name, party.email) if party.role in GUESTS else (party.role, party.person_id) for party in step.parties
    ]
    if len(set(known)) < len(known):
        yield Missing("twice-in-step", _("Somebody is in this step twice: take one away."), number)


def _party(composition: Composition, step: StepPlan, party: Party, facts: Facts) -> Iterator[tuple[str, str]]:
    if party.role is PartyRole.PROFESSIONAL:
        if party.person_id is None:
            yield "nobody-chosen", _("Choose who.")
        elif party.person_id not in facts.professionals:
            yield (
                "unknown-signer",
                _("This person may not sign here now: they are no active professional of yours."),
            )
        elif not facts.professionals[party.person_id].email:
            yield "no-email", _("This person has no e-mail address: they could not be told.")
    elif party.role is PartyRole.PATIENT:
        if step.kind is not StepKind.SIGN:
            yield (
                "patient-only-signs",
                _("The patient signs, and does nothing else here: give the review or the opinion to somebody else."),
            )
        if not party.at_bedside and not facts.guardian and not (facts.email and facts.phone):
            yield (
                "no-channel",
                _(
                    "The patient can’t be reached: write an e-mail address and a mobile phone in the record, or hand "
                    "the tablet over."
                ),
            )
        if facts.guardian and not facts.represented:
            yield (
                "no-representative",
                _("The law gives this patient a representative: record them, and have them open their account."),
            )
        if facts.guardian and party.at_bedside:
            yield (
                "no-tablet-for-represented",
                _("Whoever represents this patient signs from their own account: no tablet is handed over."),
            )
    elif party.role in GUESTS:
        if not party.name:
            yield "no-name", _("Write the name.")
        if not (party.email and party.phone):
            yield (
                "no-channel-of-guest",
                _("Write an e-mail and a mobile phone: a link goes to one, a code to the other."),
            )
    if step.kind is StepKind.SIGN:
        yield from _signature(composition, party, facts)
    elif party.fields:
        yield "fields-without-signature", _("Who does not sign fills in nothing: take their fields away.")


def _signature(composition: Composition, party: Party, facts: Facts) -> Iterator[tuple[str, str]]:
    if party.purpose is None:
        yield "no-purpose", _("Say what this signature means.")
    elif Purpose(party.purpose) not in allowed_purposes(party.role):
        yield "wrong-purpose", _("This signature can’t mean that: choose another meaning.")
    asked = asked_level(composition, party, facts)
    if party.role is not PartyRole.PROFESSIONAL and not at_least(SignatureLevel.ADVANCED, asked):
        yield (
            "level-out-of-reach",
            _("A link and a code give no qualified signature: ask for an advanced one."),
        )
    for field in party.fields:
        if field.part >= len(composition.documents):
            yield "no-place-to-sign", _("A field is on a document that is not there: place it again.")
        elif (paper := facts.papers.get(composition.documents[field.part].document_id)) and field.page >= paper.pages:
            yield "no-place-to-sign", _("A field is on a page that is not there: place it again.")
        elif field.kind is FieldKind.CHOICE and len({one for one in field.options if one}) < 2:
            yield "choice-without-options", _("A choice needs at least two answers.")


def asked_level(composition: Composition, party: Party, facts: Facts) -> SignatureLevel:
    """The least that this party's signature must be: what the sender asks, or what the type of document does."""
    least = least_level(type_of(composition, facts), party.role)
    return party.level if at_least(party.level, least) else least


def _dates(composition: Composition, facts: Facts) -> Iterator[Missing]:
    end = facts.at + timedelta(days=composition.expires_after_days)
    later = composition.expires_after_days == LONGEST
    if composition.due_at is not None and not (facts.at < composition.due_at and (later or composition.due_at <= end)):
        yield Missing("due-date-outside", _("The due date must be after now and before the envelope expires."))
    consents = any(party.purpose is Purpose.CONSENTS for party in composition.parties)
    today = localtime(facts.at).date()
    if composition.act_on is not None and consents and composition.act_on <= today:
        yield Missing("act-is-past", _("A consent is signed before the act: its day is here or past."))

"""Random sequences of acts on circuits by random people, and what holds after each: a state machine of hypothesis.

Each example is a transaction of its own, which is rolled back. Every campaign begins with `TOUR`, which meets what must
be refused; the suite then runs a few examples, the same ones each time, and `bench/machine.py` looks for new ones.
"""

import sys
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from telesphore.accounts import actions as accounts
from telesphore.accounts.states import DELEGABLE, Acr
from telesphore.ades.fields import signature_fields
from telesphore.ades.pdf.reader import Document
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.links.models import Link
from telesphore.signature import ports
from telesphore.signature.access.places import ACTS as DELEGATED
from telesphore.signature.actions import (
    advise,
    bedside,
    close,
    correct_recipient,
    discuss,
    expire,
    hand_over,
    prepare,
    recall,
    remind,
    review,
    seal,
    seal_step,
    send,
    sign,
    transfer,
    withdraw,
)
from telesphore.signature.actions.call import VISIT
from telesphore.signature.actions.compose import Composition, Part, Party, StepPlan
from telesphore.signature.actions.take import read_revision
from telesphore.signature.errors import SomeoneSignedMeanwhile
from telesphore.signature.models import Envelope, Prepared, Recipient, Revision, Step
from telesphore.signature.ports import SigningToken
from telesphore.signature.queries import bedside as bedside_queries
from telesphore.signature.queries import last_revision
from telesphore.signature.queries.thread import thread_links
from telesphore.signature.states import (
    ACTED,
    OPEN_STATES,
    PREPARED_TRANSITIONS,
    TRANSITIONS,
    BedsideEnd,
    EnvelopeState,
    IdentityDocument,
    Opinion,
    PartyRole,
    PreparedState,
    Purpose,
    RecipientState,
    StepKind,
)
from tests.signature.circuits import Token
from tests.signature.world import PROFESSIONALS, Rows, World

MOST_ENVELOPES = 3
DAMAGE = (*[False] * 7, True)
AFTER_HOURS = timedelta(hours=4)
TO_SIGN = ("signature:sign", "signature:guest")
CLOSED = frozenset(EnvelopeState) - OPEN_STATES - {EnvelopeState.DRAFT, EnvelopeState.SEALING}
ACT_OF = {StepKind.REVIEW: "approve", StepKind.OPINION: "advise", StepKind.SIGN: "sign"}

PEOPLE = (
    "sylvie", "lebrun", "ricaud", "martin", "cherif", "claire", "odile", "ibrahim", "guest", "system", "program",
    "leo", "ines",
)  # fmt: skip
ACTS = (
    "approve", "advise", "sign", "decline", "void", "recall", "take back", "hand over", "remind", "expire", "correct",
    "seal", "seal step", "write", "prepare", "hand tablet", "withdraw",
)  # fmt: skip
HOW_IT_ENDS = ("holds", "over", "withdrawn", "card", "card elsewhere")
"""What becomes of a delegation before whoever holds it acts."""
TAKING = {*ACT_OF.values(), "complete", "sign on tablet", "withdraw"}
"""By which somebody does what their step asks."""
TRACES = ("signature:recipient:sign", "signature:recipient:review", "signature:recipient:advise")
OF_ONE_CONCERNED = ("take back", "take back", "hand over", "recall", "remind", "decline", "void", "correct", "write")
TURNS = (
    *["act_rightly"] * 8, *["act_as_one_concerned"] * 3, *["act_anyhow"] * 3, *["prepare"] * 2, *["complete"] * 3,
    *["hand_tablet"] * 2, *["sign_on_tablet"] * 2, "tablet_back", *["withdraw"] * 2, "seal_is_away", "work", "work",
    "again", "delegate", "end_delegation", "time_passes", "leave_and_transfer", "late_card", "stand_in",
    "act_and_take_back",
)  # fmt: skip
"""What happens next, as often as it stands here."""
parties = st.lists(st.sampled_from((*PROFESSIONALS, "patient", "guest")), min_size=1, max_size=3, unique=True)
steps = st.lists(
    st.tuples(st.sampled_from(("sign", "sign", "review", "opinion", "seal")), parties, st.integers(0, 3)),
    min_size=1,
    max_size=4,
)
plans = st.tuples(st.sampled_from(("odile", "odile", "leo")), steps)
Plan = tuple[str, list[tuple[str, list[str], int]]]
TOGETHER: Plan = (
    "odile",
    [
        ("review", ["martin", "lebrun"], 1), ("sign", ["ricaud", "martin", "patient"], 0), ("opinion", ["ricaud"], 0),
        ("sign", ["lebrun"], 0),
    ],
)  # fmt: skip
AT_BEDSIDE: Plan = (
    "odile",
    [("sign", ["patient"], 0), ("seal", [], 0), ("sign", ["guest"], 0), ("sign", ["lebrun"], 0)],
)
THE_CHILDS: Plan = ("leo", [("sign", ["patient"], 0), ("sign", ["martin", "lebrun"], 1)])
TOUR: tuple[tuple[Any, ...], ...] = (
    ("again", TOGETHER),
    # Who was asked no more is asked again.
    ("act_and_take_back", 0),
    # A delegation ends by the clock, by hand, and while a card is at work; one holds.
    ("stand_in", 0, "over"), ("stand_in", 0, "withdrawn"), ("stand_in", 0, "holds"), ("stand_in", 1, "card"),
    ("stand_in", 0, "card elsewhere"),
    ("late_card", 0, True), ("late_card", 0, False),
    # What is done last in a step is taken back: nobody of the next is called any more.
    ("act_and_take_back", 0), ("act_rightly", [(0, True), (0, True)]), ("act_and_take_back", 0),
    ("again", AT_BEDSIDE), ("act_rightly", [(-1, True)]), ("work", 0),
    # Who comes by a link signs while the one that a reminder took the place of still leads there.
    ("time_passes", 30), ("act_rightly", [(-1, False)]), ("act_as_one_concerned", "void", 1, 0),
    # No minor binds himself, and nobody withdraws what is not completed.
    ("again", THE_CHILDS), ("act_rightly", [(1, False)]), ("late_card", 1, True),
    ("act_rightly", [(0, False)] * 6), ("seal_is_away", 0), ("work", 0), ("withdraw", 0),
)  # fmt: skip
"""What every campaign meets, and few random ones do."""


class SealIsAway:
    """Answers `signature.ports.SealSource`, and never opens."""

    def open(self, **_: object) -> AbstractContextManager[SigningToken]:
        raise ports.SealAway


@dataclass(frozen=True)
class SlowToken(Token):
    """Somebody's token; much happens while it works."""

    meanwhile: Callable[[], object]

    def sign(self, to_be_signed: bytes) -> bytes:
        self.meanwhile()
        return super().sign(to_be_signed)


@dataclass(frozen=True)
class AtCard:
    """A signature that waits for a card elsewhere; `number` is that of the file's state that it signs."""

    prepared_id: UUID
    to_be_signed: bytes
    who: str
    envelope_id: UUID
    number: int


class Circuits(RuleBasedStateMachine):
    """The site's acts, by right and wrong people; the rows are judged after each."""

    tally: Counter[str] = Counter()
    """How often each act was taken or refused, in all examples."""

    world: World
    """Made once, before the first example."""

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.at = now()
        self.people = dict(self.world.people)
        self.envelopes: list[UUID] = []
        self.delegations: dict[UUID, tuple[str, str, datetime]] = {}
        self.entries: list[UUID] = []
        self.left: set[str] = set()
        self.prepared: list[AtCard] = []
        self.tablets: list[tuple[UUID, str]] = []
        self.taken: dict[UUID, Counter[UUID]] = {}
        """How often the acts of each circuit's recipients were taken."""
        self.last: dict[UUID, tuple[UUID, datetime]] = {}
        """Who acted last in each place, and when."""

    def teardown(self) -> None:
        try:
            if self.envelopes:
                self.work(0)
            for envelope_id in self.envelopes:
                assert Envelope.objects.get(id=envelope_id).state != EnvelopeState.SEALING, "it is never sealed"
                self._file_bears_what_the_rows_say(envelope_id)
                self._trail_and_proof_tell_each_act(envelope_id)
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    # What is done

    @initialize(plan=plans)
    def first(self, plan: Plan) -> None:
        self._send(plan)
        # A card elsewhere, or a tablet, in few examples too.
        self.act_rightly([(0, True)])

    @rule(turn=st.sampled_from(TURNS), data=st.data())
    def turn(self, turn: str, data: st.DataObject) -> None:
        """One rule, so that each turn comes as often as `TURNS` holds it, in few examples too."""
        strategies = {
            "again": (plans,),
            "act_rightly": (st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=2, max_size=6),),
            "act_anyhow": (st.sampled_from(ACTS), st.sampled_from(PEOPLE), st.integers(0, 20), st.integers(0, 20)),
            "act_as_one_concerned": (st.sampled_from(OF_ONE_CONCERNED), st.integers(0, 20), st.integers(0, 20)),
            "work": (st.just(0),),
            "delegate": (
                st.sampled_from(PROFESSIONALS), st.sampled_from((*PROFESSIONALS, "sylvie", "cherif")),
                st.sets(st.sampled_from(sorted(DELEGABLE)), min_size=1), st.integers(1, 5),
            ),
            "end_delegation": (st.integers(0, 20), st.sampled_from(PEOPLE[:6])),
            "leave_and_transfer": (
                st.sampled_from(PROFESSIONALS[1:]), st.sampled_from((*PROFESSIONALS, "sylvie", "cherif")),
            ),
            "time_passes": (st.sampled_from((1, 12, 30, 24 * 8)),),
            "prepare": (st.integers(0, 20),),
            "complete": (st.integers(0, 3), st.sampled_from((*[""] * 9, *PEOPLE[:4])), st.sampled_from(DAMAGE)),
            "hand_tablet": (st.integers(0, 20), st.sampled_from(("lebrun", "sylvie"))),
            "sign_on_tablet": (st.integers(0, 3), st.sampled_from(("", "", "", "ricaud"))),
            "tablet_back": (st.integers(0, 20), st.sampled_from(PEOPLE)),
            "withdraw": (st.integers(0, 20),),
            "seal_is_away": (st.just(0),),
            "late_card": (st.integers(0, 20), st.booleans()),
            "stand_in": (st.integers(0, 20), st.sampled_from(HOW_IT_ENDS)),
            "act_and_take_back": (st.integers(0, 20),),
        }  # fmt: skip
        getattr(self, turn)(*(data.draw(one) for one in strategies[turn]))

    def again(self, plan: Plan) -> None:
        if len(self.envelopes) < MOST_ENVELOPES:
            self._send(plan)

    def act_rightly(self, choices: list[tuple[int, bool]]) -> None:
        """Some who are awaited do what they are asked for."""
        for which, otherwise in choices:
            rows = self._waiting()
            if rows:
                self._act_rightly(rows[which % len(rows)], which, otherwise=otherwise)

    def _act_rightly(self, row: Recipient, which: int, *, otherwise: bool) -> None:
        """In one of the ways that there are: a token at hand or a card elsewhere, one's phone or a tablet."""
        act, who = ACT_OF[StepKind(row.step.kind)], self._holder(row)
        if who == "ines":
            # The child would himself, first.
            self._do(act, "leo", row.envelope_id, which)
        if act == "sign" and otherwise and who in PROFESSIONALS:
            self._do("prepare", who, row.envelope_id, which, rightly=True)
            if self.accepted:
                self.complete(0, "", damage=False)
                assert self.accepted, f"a card's answer was refused: {self.refusal!r}"
        elif act == "sign" and otherwise and who == "odile":
            self._do("hand tablet", "lebrun", row.envelope_id, which, rightly=True)
            # Another tablet would, first.
            self.sign_on_tablet(0, "ricaud")
            self.sign_on_tablet(0, "")
            assert self.accepted, f"what was signed on a tablet was refused: {self.refusal!r}"
        else:
            self._do(act, who, row.envelope_id, which, rightly=True)
        if act == "sign" and who in ("odile", "ines"):
            # Who gave a consent would have it back at once.
            self._do("withdraw", who, row.envelope_id, which)

    def late_card(self, which: int, elsewhere: bool) -> None:
        """While a card is at work, here or elsewhere, another one of the same step signs."""
        rows = [row for row in self._waiting(step__kind=StepKind.SIGN) if self._holder(row) not in self.left]
        pairs = [
            (one, other) for one in rows for other in rows
            if one.person_id is not None and one.id != other.id and one.step_id == other.step_id
        ]  # fmt: skip
        if not pairs:
            return
        one, other = pairs[which % len(pairs)]
        who, began = self._holder(one), self._number(one.envelope_id)

        def meanwhile() -> None:
            self._act_rightly(other, which, otherwise=False)

        if elsewhere:
            self._do("prepare", who, one.envelope_id, which, rightly=True)
            meanwhile()
            self.complete(0, "", damage=False)
            refusal = self.refusal
        else:
            refusal = self._sign_slowly(who, one.envelope_id, meanwhile)
        if self._number(one.envelope_id) > began and Recipient.objects.get(id=one.id).state == RecipientState.WAITING:
            assert isinstance(refusal, SomeoneSignedMeanwhile), f"whose card is late is told {refusal!r}"

    def _sign_slowly(self, who: str, envelope_id: UUID, meanwhile: Callable[[], object]) -> DomainError | None:
        """The refusal; what it may change is judged by the turn, for others act within it."""
        token = SlowToken(**vars(self.world.tokens[who]), meanwhile=meanwhile)
        try:
            sign.sign_with_token(
                token=token, drawing=None, envelope_id=envelope_id, actor=self.people[who], at=self.at
            )  # fmt: skip
        except DomainError as refused:
            return refused
        raise AssertionError("a late answer was taken")

    def stand_in(self, which: int, how: str) -> None:
        """Someone who is awaited has another act for them, who does while they may, or once they may no more."""
        places = {row: self._holder(row) for row in self._waiting(person_id__isnull=False)}
        pairs = [
            (row, name) for row, giver in places.items() for name in PROFESSIONALS
            if not self.left & {giver, name}
            and name not in {holder for place, holder in places.items() if place.envelope_id == row.envelope_id}
        ]  # fmt: skip
        if not pairs:
            return
        row, taker = pairs[which % len(pairs)]
        kind = StepKind(row.step.kind)
        self.delegate(places[row], taker, {DELEGATED[kind]}, 1)
        assert self.accepted, f"a delegation was refused: {self.refusal!r}"
        if how == "card" and kind is StepKind.SIGN:
            self._sign_slowly(taker, row.envelope_id, lambda: self.end_delegation(-1, places[row]))
            return
        card = how == "card elsewhere" and kind is StepKind.SIGN
        if card:
            self._do("prepare", taker, row.envelope_id, which, rightly=True)
        if how == "over":
            self.time_passes(25)
        elif how != "holds":
            self.end_delegation(-1, places[row])
            assert self.accepted, f"who gave a delegation could not end it: {self.refusal!r}"
        if card:
            self.complete(0, "", damage=False)
        else:
            self._do(ACT_OF[kind], taker, row.envelope_id, which, rightly=how == "holds")

    def act_and_take_back(self, which: int) -> None:
        """Someone who is awaited acts, and takes it back at once: all is as if they had not."""
        rows = self._waiting()
        if not rows:
            return
        row = rows[which % len(rows)]
        awaited = self._awaited(row.envelope_id)
        self._act_rightly(row, which, otherwise=False)
        if Recipient.objects.get(id=row.id).state not in ACTED:
            return
        if Envelope.objects.get(id=row.envelope_id).state in OPEN_STATES:
            self._do("take back", self._holder(row), row.envelope_id, which, rightly=True)
            assert self._awaited(row.envelope_id) == awaited, "what was taken back leaves others called"

    def work(self, which: int) -> None:
        """The worker runs the sealing jobs that are due."""
        for envelope_id in self.envelopes:
            self._do("seal step", "system", envelope_id, which)
            self._do("seal", "system", envelope_id, which)

    def seal_is_away(self, which: int) -> None:
        """The worker finds no seal to put; what it then has not done waits for the next time."""
        with patch.object(ports.seal_source, "_instance", SealIsAway()):
            self.work(which)

    def prepare(self, which: int) -> None:
        """A professional who is asked to sign begins to, with a card; much may happen before it answers."""
        rows = self._waiting(person_id__isnull=False, step__kind=StepKind.SIGN)
        if rows:
            row = rows[which % len(rows)]
            self._do("prepare", self._holder(row), row.envelope_id, which)

    def complete(self, which: int, whose: str, damage: bool) -> None:
        """A card answers; now and then it answers something else, or to somebody else."""
        if not self.prepared:
            return
        card = self.prepared[-1 - which % len(self.prepared)]
        answer = self.world.tokens[card.who].sign(b"something else" if damage else card.to_be_signed)
        actor = self.people[whose or card.who]
        self._act(
            "complete", actor,
            lambda: prepare.complete_signature(
                prepared_id=card.prepared_id, signature=answer, actor=actor, at=self.at
            ),
        )  # fmt: skip
        if self.accepted:
            assert not damage, "a card signed something else"
            assert actor.person_id == self.people[card.who].person_id, "another's card signed"
            assert self._number(card.envelope_id) == card.number + 1, "a late answer was taken after the file moved"

    def hand_tablet(self, which: int, who: str) -> None:
        rows = self._waiting(patient_id__isnull=False)
        if rows:
            self._do("hand tablet", who, rows[which % len(rows)].envelope_id, which)

    def sign_on_tablet(self, which: int, elsewhere: str) -> None:
        """The patient signs on a tablet that was handed over, or on another one."""
        if not self.tablets:
            return
        tablet_id, who = self.tablets[-1 - which % len(self.tablets)]
        session_id = self.world.session_of(elsewhere or who)
        odile = replace(self.people["odile"], acr=Acr.BEDSIDE, session_id=session_id)

        def signing() -> None:
            held = bedside_queries.at_bedside(bedside_id=tablet_id, session_id=session_id, at=self.at)
            signer = replace(odile, person_id=held.patient_id, means=held.means)
            sign.sign_as_patient(
                envelope_id=held.envelope_id, pages_shown=1, drawing=None, actor=signer, at=self.at
            )  # fmt: skip
            bedside.take_back(bedside_id=tablet_id, end=BedsideEnd.SIGNED, actor=signer, at=self.at)

        self._act("sign on tablet", odile, signing)
        assert not (self.accepted and elsewhere), "a tablet that was not handed over signed"

    def tablet_back(self, which: int, who: str) -> None:
        if self.tablets:
            tablet_id, actor = self.tablets[which % len(self.tablets)][0], self.people[who]
            self._act(
                "tablet back", actor,
                lambda: bedside.take_back(bedside_id=tablet_id, end=BedsideEnd.RETURNED, actor=actor, at=self.at),
            )  # fmt: skip

    def withdraw(self, which: int) -> None:
        """Whoever gave a consent that is completed takes it back."""
        rows = self._places(envelope__state=EnvelopeState.COMPLETED, patient_id__isnull=False)
        if rows:
            row = rows[which % len(rows)]
            self._do("withdraw", self._holder(row), row.envelope_id, which)

    def act_anyhow(self, act: str, who: str, which: int, whom: int) -> None:
        self._do(act, who, self.envelopes[which % len(self.envelopes)], whom)

    def act_as_one_concerned(self, act: str, which: int, whom: int) -> None:
        envelope_id = self.envelopes[which % len(self.envelopes)]
        if act in ("recall", "remind", "void", "correct"):
            return self._do(act, "sylvie", envelope_id, whom)
        states = ACTED if act == "take back" else {RecipientState.WAITING}
        rows = self._places(envelope_id=envelope_id, state__in=states)
        if rows:
            self._do(act, self._holder(rows[whom % len(rows)]), envelope_id, whom)
        return None

    def delegate(self, delegator: str, delegate: str, acts: set[str], days: int) -> None:
        giver, until = self.people[delegator], self.at + timedelta(days=days)
        given = self._act(
            "delegate", giver,
            lambda: accounts.give_delegation(
                delegator_id=giver.person, delegate_id=self.people[delegate].person, permissions=sorted(acts),
                document_types=[], starts_at=self.at, ends_at=until, reason="", actor=giver, at=self.at,
            ),
        )  # fmt: skip
        if given is not None:
            self.delegations[given] = (delegator, delegate, until)

    def end_delegation(self, which: int, who: str) -> None:
        if not self.delegations:
            return
        delegation_id = list(self.delegations)[which % len(self.delegations)]
        actor = self.people[who]
        self._act(
            "end delegation", actor,
            lambda: accounts.withdraw_delegation(delegation_id=delegation_id, actor=actor, at=self.at),
        )  # fmt: skip
        if self.accepted and who in (*self.delegations[delegation_id][:2], "claire"):
            giver, taker, until = self.delegations[delegation_id]
            self.delegations[delegation_id] = (giver, taker, min(until, self.at))

    def leave_and_transfer(self, who: str, to: str) -> None:
        if not self.left:
            accounts.leave(person_id=self.people[who].person, actor=self.people["claire"], at=self.at)
            self.left.add(who)
            # Whose roles are gone: as the site makes the actor of each request.
            self.people[who] = replace(self.people[who], roles=frozenset())
        gone, successor, actor = self.people[min(self.left)], self.people[to], self.people["claire"]
        self._act(
            "transfer", actor,
            lambda: transfer.transfer(
                person_id=gone.person, successor_id=successor.person, actor=actor, at=self.at
            ),
        )  # fmt: skip

    def time_passes(self, hours: int) -> None:
        self.at += timedelta(hours=hours)
        everywhere = Actor.system()
        self._act("remind all", everywhere, lambda: remind.remind_due(actor=everywhere, at=self.at))
        self._act("expire all", everywhere, lambda: expire.expire_due(actor=everywhere, at=self.at))

    # What holds

    @invariant()
    def all_holds(self) -> None:
        """After each turn."""
        self.no_step_is_skipped()
        self.links_live_for_those_who_are_awaited_and_for_no_other()
        self.threads_hold()
        self.completed_is_said_of_what_is_sealed()
        self.a_card_is_awaited_of_who_is_awaited()

    def no_step_is_skipped(self) -> None:
        for envelope_id in self.envelopes:
            steps = list(Step.objects.filter(envelope_id=envelope_id).order_by("position"))
            rows = list(Recipient.objects.filter(envelope_id=envelope_id))
            complete = True
            for step in steps:
                own = Counter(row.state for row in rows if row.step_id == step.id)
                acted = sum(own[state] for state in ACTED)
                assert complete or not (own[RecipientState.WAITING] or acted or step.completed_at), "a step was skipped"
                if step.completed_at:
                    assert step.kind == StepKind.SEAL or acted >= step.needed, "a step completed too early"
                    assert not own[RecipientState.WAITING], "somebody is asked in a step that is complete"
                else:
                    assert not acted or acted < step.needed, "a step did not complete"
                complete = step.completed_at is not None
            envelope = Envelope.objects.get(id=envelope_id)
            if envelope.state in (EnvelopeState.SEALING, EnvelopeState.COMPLETED):
                assert complete, "sealed before the last step"
            if envelope.state not in OPEN_STATES:
                assert not any(row.state == RecipientState.WAITING for row in rows), "asked in a closed circuit"
            elif complete:
                raise AssertionError("the last step is complete, and nothing seals")
            elif not any(row.state == RecipientState.WAITING for row in rows):
                due = next(step for step in steps if step.completed_at is None)
                assert due.kind == StepKind.SEAL, "a circuit waits for nobody"

    def links_live_for_those_who_are_awaited_and_for_no_other(self) -> None:
        rows = [row for row in self._waiting(person_id=None) if row.link_id is not None]
        links = Link.objects.filter(purpose__in=TO_SIGN, revoked_at=None, used_up_at=None, expires_at__gt=self.at)
        alive = {link.id: link for link in links}
        awaited = {row.link_id for row in rows}
        assert awaited <= alive.keys(), "who is awaited has no link that lives"
        # A reminder lets whoever came by the link before finish their visit.
        subjects = {row.id if row.guest_sealed is not None else row.envelope_id for row in rows}
        for link_id in alive.keys() - awaited:
            assert alive[link_id].subject_id in subjects, "a link lives for who is not awaited"
            assert alive[link_id].expires_at <= self.at + VISIT, "two links live for one who is awaited"

    def a_card_is_awaited_of_who_is_awaited(self) -> None:
        for row in Prepared.objects.filter(state=PreparedState.WAITING).select_related("recipient"):
            assert row.recipient.state == RecipientState.WAITING, "a card's answer is awaited for nothing"

    def threads_hold(self) -> None:
        for envelope in Envelope.objects.filter(id__in=self.envelopes):
            thread_links(envelope=envelope, shown=frozenset())

    def completed_is_said_of_what_is_sealed(self) -> None:
        for envelope in Envelope.objects.filter(id__in=self.envelopes):
            sealed = Event.objects.filter(
                action="signature:envelope:complete", subject_id=envelope.id, outcome="done"
            ).count()
            assert sealed == (envelope.state == EnvelopeState.COMPLETED)
            numbers = list(
                Revision.objects.filter(envelope_id=envelope.id).order_by("number").values_list("number", flat=True)
            )
            assert numbers == list(range(1, len(numbers) + 1)) or numbers == list(range(len(numbers)))
            if sealed:
                assert (
                    last_revision(organisation_id=envelope.organisation_id, envelope_id=envelope.id).recipient_id
                    is None
                )

    # How

    def _send(self, plan: Plan) -> None:
        whose, steps = plan
        composition = Composition(
            documents=(Part(document_id=self.world.documents[whose]),),
            steps=tuple(self._step(*one) for one in steps),
            watchers=(self.people["martin"].person,),
            expires_after_days=12, remind_after_days=1, remind_every_days=1,
        )  # fmt: skip
        sylvie = self.people["sylvie"]
        sent = self._act(
            "send", sylvie, lambda: send.send_composition(composition=composition, actor=sylvie, at=self.at)
        )
        if sent is not None:
            self.envelopes.append(sent)
        elif not self.envelopes:
            # Each example has something to act on.
            self._send(("odile", [("review", ["lebrun"], 0), ("sign", ["patient", "lebrun"], 1)]))

    def _step(self, kind: str, names: list[str], needed: int) -> StepPlan:
        if kind == "seal":
            return StepPlan(kind=StepKind.SEAL)
        people = [self._party(name) for name in names if kind == "sign" or name in PROFESSIONALS]
        return StepPlan(kind=StepKind(kind), parties=tuple(people), needed=min(needed, len(people)) or None)

    def _party(self, name: str) -> Party:
        if name == "patient":
            return Party(role=PartyRole.PATIENT, purpose=Purpose.CONSENTS)
        if name == "guest":
            return Party(
                role=PartyRole.INTERPRETER, purpose=Purpose.VALIDATES, name="Amina Diallo",
                email="amina.diallo@interpretes.example", phone="+33639980160",
            )  # fmt: skip
        return Party(role=PartyRole.PROFESSIONAL, person_id=self.people[name].person, purpose=Purpose.VALIDATES)

    def _waiting(self, **more: object) -> list[Recipient]:
        return self._places(state=RecipientState.WAITING, envelope__expires_at__gt=self.at, **more)

    def _places(self, **those: object) -> list[Recipient]:
        """In an order that is the same at each run, as identifiers' is not."""
        rows = Recipient.objects.filter(envelope_id__in=self.envelopes).filter(**those).select_related("step")
        return sorted(
            rows,
            key=lambda row: (self.envelopes.index(row.envelope_id), row.step.position, self._holder(row).split()[0]),
        )

    def _awaited(self, envelope_id: UUID) -> set[UUID]:
        return {row.id for row in self._waiting(envelope_id=envelope_id)}

    def _number(self, envelope_id: UUID) -> int:
        """Of the file's last state."""
        return max(Revision.objects.filter(envelope_id=envelope_id).values_list("number", flat=True))

    def _holder(self, row: Recipient) -> str:
        """Whose place it is."""
        if row.guest_sealed is not None:
            return f"guest {row.id}"
        if row.patient_id is not None:
            return "odile" if row.patient_id == self.people["odile"].person_id else "ines"
        return next(name for name, actor in self.people.items() if actor.person_id == row.person_id)

    def _actor(self, who: str, envelope_id: UUID) -> Actor:
        if who.startswith("guest "):
            return replace(self.people["guest"], person_id=UUID(who.removeprefix("guest ")))
        return self.people[who]

    def _do(self, act: str, who: str, envelope_id: UUID, whom: int, *, rightly: bool = False) -> None:
        # No two acts at one instant, by which the trail is asked for each.
        self.at += timedelta(seconds=1)
        actor, at = self._actor(who, envelope_id), self.at
        own = {"envelope_id": envelope_id, "actor": actor, "at": at}
        token = self.world.tokens.get(who, self.world.tokens["cherif"])
        rows = self._places(envelope_id=envelope_id)
        someone = rows[whom % len(rows)].id if rows else envelope_id
        completed = Envelope.objects.get(id=envelope_id).state == EnvelopeState.COMPLETED
        colleague = self.people[sorted(self.people)[whom % len(self.people)]].person_id or envelope_id

        def signing() -> object:
            if actor.kind in (ActorKind.PATIENT, ActorKind.REPRESENTATIVE, ActorKind.GUEST):
                return sign.sign_as_patient(pages_shown=1, drawing=None, **own)
            return sign.sign_with_token(token=token, drawing=None, **own)

        words = discuss.Words(body="Une question ?", about=self.entries[-1] if self.entries and whom % 3 == 0 else None)
        acts: dict[str, Callable[[], object]] = {
            "approve": lambda: review.approve(comment="Relu.", **own),
            "advise": lambda: advise.advise(opinion=Opinion.RESERVED, comment="", **own),
            "sign": signing,
            "decline": lambda: close.decline(reason="Non.", **own),
            "void": lambda: close.void(reason="", **own),
            "recall": lambda: recall.recall(**own),
            "take back": lambda: recall.take_back(**own),
            "hand over": lambda: hand_over.hand_over(successor_id=colleague, **own),
            "remind": lambda: remind.remind_now(recipient_id=someone, **own),
            "expire": lambda: expire.expire(**own),
            "correct": lambda: correct_recipient.correct_recipient(
                recipient_id=someone, reach=correct_recipient.Reach("autre@courriel.example", "+33639980177"), **own
            ),
            "seal": lambda: seal.seal(**own),
            "seal step": lambda: seal_step.seal_step(**own),
            "write": lambda: discuss.write(words=words, **own),
            "prepare": lambda: prepare.prepare_signature(
                certificate=token.certificate, chain=token.chain, drawing=None, **own
            ),
            "hand tablet": lambda: bedside.hand_over(
                seen=bedside.Seen(document=IdentityDocument.IDENTITY_CARD), session_id=self.world.session_of(who),
                session_ends_at=at + AFTER_HOURS, **own,
            ),
            "withdraw": lambda: withdraw.withdraw(reason="", drawing=None, **own),
        }  # fmt: skip
        result = self._act(act, actor, acts[act])
        assert self.accepted or not rightly or who in self.left, f"{act} by {who} was refused: {self.refusal!r}"
        assert act != "withdraw" or completed or not self.accepted, "a consent was withdrawn before it was completed"
        if act == "write" and isinstance(result, UUID):
            self.entries.append(result)
        if act == "prepare" and isinstance(result, prepare.ToSign):
            self.prepared.append(
                AtCard(result.prepared_id, result.to_be_signed, who, envelope_id, self._number(envelope_id))
            )
        if act == "hand tablet" and isinstance(result, UUID):
            self.tablets.append((result, who))
        if act == "withdraw" and isinstance(result, UUID):
            self.envelopes.append(result)

    def _act(self, name: str, actor: Actor, act: Callable[[], Any]) -> Any:
        """Act, then judge what it changed."""
        self.at += timedelta(seconds=1)
        before, result = Rows.read(), None
        self.refusal: DomainError | None = None
        try:
            result = act()
        except DomainError as refused:
            self.refusal = refused
        self.accepted = self.refusal is None
        after = Rows.read()
        self.tally[f"{name}: {self.refusal.code if self.refusal else 'taken'}"] += 1
        if not self.accepted:
            as_before = after
            if name == "complete":
                # What can't be completed any more is given up, which leaves its trace.
                as_before = replace(after, prepared=before.prepared, others=(*after.others[:-1], before.others[-1]))
            assert as_before == before, f"{name} was refused ({self.refusal!r}), and changed {after.since(before)}"
        elif after != before:
            assert after.others[-1] > before.others[-1], f"{name} changed something without a trace"
        for envelope_id, (was, *_rest) in before.envelopes.items():
            now_is = after.envelopes[envelope_id][0]
            assert now_is == was or now_is in TRANSITIONS[EnvelopeState(was)], f"{name}: {was} became {now_is}"
            if was in CLOSED:
                # What is closed stays as it is; a consent may be withdrawn.
                most = 3 if name == "withdraw" else 4
                assert after.envelopes[envelope_id][:most] == before.envelopes[envelope_id][:most]
        for prepared_id, state in before.prepared.items():
            now_is = after.prepared[prepared_id]
            assert now_is == state or PreparedState(now_is) in PREPARED_TRANSITIONS[PreparedState(state)]
        self._judge_who_acted(name, actor, before, after)
        return result

    def _judge_who_acted(self, name: str, actor: Actor, before: Rows, after: Rows) -> None:
        was, acted = before.acted(), after.acted()
        new, gone = acted.keys() - was.keys(), was.keys() - acted.keys()
        assert all(was[row_id] == acted[row_id] for row_id in was.keys() & acted.keys()), "an act became another"
        assert len(gone) == (name == "take back" and self.accepted), f"{name} lost an act"
        assert len(new) == (name in TAKING and self.accepted), f"{name} acted for {len(new)}"
        for row in Recipient.objects.filter(id__in=[*new, *gone]):
            self._judge_place(name, actor, row, before, took=row.id in new)
            if row.id in new:
                self.taken.setdefault(row.envelope_id, Counter())[row.id] += 1
                acted_at = row.signed_at or row.acted_at
                assert acted_at is not None
                self.last[row.id] = (actor.person, acted_at)

    def _judge_place(self, name: str, actor: Actor, row: Recipient, before: Rows, *, took: bool) -> None:
        if took and name != "withdraw":
            assert before.recipients[row.id][0] == RecipientState.WAITING, "who was not awaited acted"
        if took and row.patient_id == self.people["leo"].person_id:
            assert actor.kind is ActorKind.REPRESENTATIVE, "a minor bound himself"
        place = row.person_id or row.patient_id or row.id
        if actor.person_id == place:
            kind = ActorKind.PROFESSIONAL if row.person_id else ActorKind.PATIENT if row.patient_id else ActorKind.GUEST
            assert actor.kind is kind
            assert "signed_by" not in (row.proof or {})
            return
        if actor.kind is ActorKind.REPRESENTATIVE:
            assert actor.on_behalf_of == row.patient_id == self.people["leo"].person_id
            assert not took or row.proof is not None
            assert not took or row.proof["representation"] == self.world.representation_id.hex
            return
        if not took:
            return  # Whoever acted by delegation takes back what they did; the delegation may be over.
        assert row.proof is not None
        assert row.proof["signed_by"] == actor.person.hex, "somebody acted for another without a name"
        giver, taker, until = self.delegations[UUID(row.proof["delegation"])]
        assert self.people[giver].person_id == row.person_id, "the delegation is another's"
        assert self.people[taker].person_id == actor.person_id
        assert self.at <= until, "the delegation is over"

    def _file_bears_what_the_rows_say(self, envelope_id: UUID) -> None:
        envelope = Envelope.objects.get(id=envelope_id)
        file = read_revision(last_revision(organisation_id=envelope.organisation_id, envelope_id=envelope_id))
        found = {one.name for one in signature_fields(Document(file)) if one.value is not None}
        signed = Recipient.objects.filter(envelope_id=envelope_id, state=RecipientState.SIGNED)
        seals = Step.objects.filter(envelope_id=envelope_id, kind=StepKind.SEAL).exclude(completed_at=None).count()
        expected = {name for name in signed.values_list("field_name", flat=True) if name}
        assert expected <= found, "a signature is not in the file"
        rest = {name for name in found - expected if name.startswith(send.SEAL_FIELD)}
        assert len(rest) == seals + (envelope.state == EnvelopeState.COMPLETED), "seals and rows differ"
        assert not {name for name in found - expected - rest if name.startswith("Sign")}, "a signature too many"

    def _trail_and_proof_tell_each_act(self, envelope_id: UUID) -> None:
        """Whatever was acknowledged is in the trail, be it taken back since; what stands is in the proof too."""
        events = Event.objects.filter(subject_id=envelope_id, outcome="done", action__in=TRACES)
        told = Counter(events.values_list("at", flat=True))
        assert told.total() == self.taken.get(envelope_id, Counter()).total(), "the trail and what was taken differ"
        shown = {
            bytes(one).hex()
            for one in Revision.objects.filter(envelope_id=envelope_id).values_list("sha256", flat=True)
        }
        for row in Recipient.objects.filter(envelope_id=envelope_id, state__in=ACTED):
            person_id, at = self.last[row.id]
            assert (row.signed_at or row.acted_at) == at, "an act was lost"
            by = list(events.filter(at=at).values_list("person_id", flat=True))
            assert by == [person_id], f"the trail says {by} where {person_id} acted"
            if row.state == RecipientState.SIGNED:
                assert row.proof is not None
                assert row.proof["shown_sha256"] in shown, "what was signed is no state of the file"


def tour() -> None:
    """Take the turns of `TOUR`."""
    circuits = Circuits()
    try:
        for turn, *given in TOUR:
            getattr(circuits, turn)(*given)
            circuits.all_holds()
    finally:
        circuits.teardown()


def campaign(*, examples: int, acts: int, derandomize: bool) -> None:
    """Take the tour, then run so many examples of so many rules each. What fails is told as it was found: to find the
    shortest way there takes minutes, for each act is one of a real site."""
    Circuits.tally.clear()
    Circuits.world = World.make()
    # The acts' days pass while the clock by which a stored file is named stands: none of them waited half a day.
    with patch.object(sys.modules["telesphore.vault.actions.deposit"], "KEEP_WITHIN", timedelta(days=400)):
        tour()
        run_state_machine_as_test(  # type: ignore[no-untyped-call]  # As hypothesis writes it.
            Circuits,
            settings=settings(
                max_examples=examples, stateful_step_count=acts, derandomize=derandomize, database=None, deadline=None,
                phases=[Phase.generate], suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip

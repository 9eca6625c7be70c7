"""No e-mail says anything of health: every notice of the room is sent here, in both languages, and read."""

import ast
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.utils import translation

import telesphore.signature
from telesphore.accounts import actions as accounts
from telesphore.accounts.models import Person
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.outbox import actions as outbox
from telesphore.outbox.models import Notice
from telesphore.records.models import Patient
from telesphore.signature import queries
from telesphore.signature.actions import (
    close,
    copy,
    expire,
    remind,
    results,
    seal,
    tell,
    transfer,
    withdraw,
)  # fmt: skip
from telesphore.signature.formats import notices
from telesphore.signature.models import Envelope, Recipient, StepPlan
from telesphore.signature.states import EntryKind, StepKind
from tests.accounts.members import claire
from tests.cast import Cast
from tests.signature.circuits import odile_signs
from tests.signature.test_evidence_told import FATOU, PATIENT, doctor, signing, through
from tests.signature.test_thread import wrote

SOURCES = Path(telesphore.signature.__file__).parent
TITLE = "Consentement à la coloscopie sous sédation"
SECRETS = (
    "Odile",
    "Ferrand",
    "Marchetti",
    "coloscopie",
    "sédation",
    "jeun",
    "hémorragique",
    "Ibrahim",
    "1951",
    "2511138",
)
"""Who it is about, what the document is called, what was written beside it."""

COUNTS = {"digest.py", "warn.py"}
"""They say how many, and where: no row of an envelope reaches their words."""


@dataclass(frozen=True)
class Sent:
    """One notice, and the line of our code that sent it."""

    line: tuple[str, int]
    to: str
    subject: str
    text: str


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Sent]:
    """All that the room sends, on its way to the true outbox."""
    found: list[Sent] = []
    send = outbox.send

    def listening(**given: object) -> object:
        caller = sys._getframe(1)
        place = (Path(caller.f_code.co_filename).name, caller.f_lineno)
        found.append(Sent(place, str(given["to"]), str(given["subject"]), str(given["text"])))
        return send(**given)  # type: ignore[arg-type]  # As they came.

    monkeypatch.setattr(outbox, "send", listening)
    return found


def senders() -> set[str]:
    """The files of the room that hand something to the outbox."""
    return {
        path.name
        for path in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "send"
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "outbox"
    }


def everything_that_is_told(cast: Cast) -> None:
    """Each notice of the room, by the acts that bring it."""
    system = Actor.system(cast.hospital)
    envelope_id = through(
        cast,
        StepPlan(kind=StepKind.REVIEW, parties=(doctor(cast.lebrun, None),)),
        StepPlan(kind=StepKind.OPINION, parties=(doctor(cast.ricaud, None),)),
        signing(FATOU, PATIENT),
        titles=(TITLE,),
    )
    wrote(envelope_id, cast.lebrun, "Risque hémorragique ?", kind=EntryKind.QUESTION, mentions=(cast.sylvie.person,))
    close.decline(envelope_id=envelope_id, reason="Risque hémorragique.", actor=cast.lebrun, at=now())

    envelope_id = through(cast, signing(FATOU, PATIENT), titles=(TITLE,))
    question = wrote(envelope_id, cast.odile, "Dois-je être à jeun ?", kind=EntryKind.QUESTION)
    wrote(envelope_id, cast.sylvie, "Oui, à jeun.", kind=EntryKind.ANSWER, about=question)
    envelope = Envelope.objects.get(id=envelope_id)
    for row in Recipient.objects.filter(envelope_id=envelope_id):
        remind._remind(envelope, row, "sender", cast.sylvie, now())
        tell.tell_undelivered(recipient_id=row.id, notice_id=row.id, actor=system, at=now())
    expire.expire(envelope_id=envelope_id, actor=system, at=envelope.expires_at)

    envelope_id = through(cast, signing(PATIENT), titles=(TITLE,), watchers=(cast.lebrun.person,))
    odile_signs(cast, envelope_id)
    seal.seal(envelope_id=envelope_id, actor=system, at=now())
    results.file_results(envelope_id=envelope_id, actor=system, at=now())
    tell.tell_completed(envelope_id=envelope_id, actor=system, at=now())
    copy.send_copy(envelope_id=envelope_id, actor=system, at=now())
    withdraw.withdraw(envelope_id=envelope_id, reason="À jeun ? Non.", drawing=None, actor=cast.odile, at=now())

    through(cast, signing(doctor(cast.lebrun)), titles=(TITLE,))
    administrator = claire(cast)
    accounts.leave(person_id=cast.lebrun.person, actor=administrator, at=now())
    transfer.transfer(person_id=cast.lebrun.person, successor_id=cast.ricaud.person, actor=administrator, at=now())


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_notice_names_a_patient_a_document_or_a_word_of_health(cast: Cast, heard: list[Sent], language: str) -> None:
    Person.objects.update(language=language)
    Patient.objects.update(language=language)
    everything_that_is_told(cast)
    assert {one.line[0] for one in heard} | COUNTS == senders()
    links: dict[str, str] = {}
    for one in heard:
        said = f"{one.subject}\n{one.text}"
        assert [word for word in SECRETS if word.casefold() in said.casefold()] == [], said
        addresses = re.findall(r"https?://\S+", said)
        assert len(addresses) <= 1, said
        for address in addresses:
            # Into the platform, behind a sign-in; or a link that was made for this very person.
            if not re.search(r"/(book/[-0-9a-f]*/?(#thread)?|retention/|my/)$", address):
                assert one.to in ("odile.ferrand@courriel.example", FATOU.email), said
                assert links.setdefault(address, one.to) == one.to, said
    assert links


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_words_of_notices_are_given_nothing_that_could_name_anybody(language: str) -> None:
    for kind in ("review", "sign", "opinion"):
        assert "https://ici/" in notices.asked(kind, "https://ici/", language, again=True).text
    with translation.override(language):
        for event in ("completed", "declined", "expired", "undelivered"):
            assert "%(" not in notices.told_sender(event, "https://ici/", language).text


def test_the_sender_finds_who_could_not_be_reached_on_the_page_of_circuits(cast: Cast) -> None:
    from tests.entering import as_person
    from tests.signature.test_reminders import undeliverable

    envelope_id = through(cast, signing(PATIENT), titles=(TITLE,))
    title = "1 avis n’a atteint personne"
    assert title not in as_person(cast.sylvie.person).get("/circuits/").content.decode()
    undeliverable(cast)
    page = as_person(cast.sylvie.person).get("/circuits/").content.decode()
    part = page[page.index(title) :]
    assert "FERRAND Odile" in part
    assert f"/book/{envelope_id}/" in part
    assert queries.undelivered(actor=cast.lebrun, at=now()) == []
    assert Notice.objects.exists()

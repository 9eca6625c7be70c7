"""The main job, through the same actions as the pages: deposit, send, link and code, read, sign, seal, file, prove.

Each step prints a line; each claim is checked, and a check that fails is told in the summary and in the exit status.
"""

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from telesphore.ades.verdict.result import Conclusion, Indication, Level
from telesphore.ades.verdict.validate import validate
from telesphore.audit import actions as audit
from telesphore.audit.formats.proofs import Proof, check_event
from telesphore.audit.queries.events import events_of_patient
from telesphore.audit.queries.proofs import proof_of
from telesphore.audit.queries.verify import verify as verify_trail
from telesphore.cli.demonstration import people as cast
from telesphore.cli.demonstration.consent import consent_form
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.kernel.identifiers import uuid7
from telesphore.links import actions as links
from telesphore.outbox import queries as outbox
from telesphore.pki import queries as pki
from telesphore.records import actions as records
from telesphore.records.formats import intake
from telesphore.signature import queries as signature
from telesphore.signature.actions import copy, send, sign, view
from telesphore.signature.actions.write import Place
from telesphore.signature.ports import SigningToken
from telesphore.signature.states import EnvelopeState, Purpose

Say = Callable[[str], None]
NOBODY = Actor(kind=ActorKind.NOBODY, source_address="127.0.0.1", client="telesphore demo")


@dataclass(slots=True)
class Checks:
    """What was claimed, and whether it held."""

    say: Say
    results: list[dict[str, Any]] = field(default_factory=list)

    def that(self, claim: str, holds: bool, detail: str = "") -> None:
        """Note one claim."""
        self.results.append({"check": claim, "holds": holds, "detail": detail})
        self.say(f"    {'✓' if holds else '✗'} {claim}{f' ({detail})' if detail else ''}")

    @property
    def all_hold(self) -> bool:
        return all(result["holds"] for result in self.results)


@dataclass(frozen=True, slots=True)
class Stage:
    """What the job needs from the assembly.

    Attributes:
        work: runs the jobs that are due, and seals the trail, until nothing is left to do.
        token: gives the professional's token, as (what it is, how to open it with the PIN).
    """

    folder: Path
    say: Say
    work: Callable[[], None]
    token: Callable[[cast.Member], tuple[str, Callable[[], AbstractContextManager[SigningToken]]]]


def run(*, stage: Stage, document: bytes | None, password: str) -> dict[str, Any]:
    """Run the main job and write its results into `stage.folder`; returns the summary.

    Raises:
        DomainError: a step refused (a document that is not a PDF, for one).
    """
    say = stage.say
    checks = Checks(say)
    say("1. An organisation, its members, a patient")
    people = cast.settle(password=password, operator=Actor.system(client="telesphore demo"), at=now())

    say("2. The secretary deposits the document: checked, normalised, encrypted, stored, traced")
    if document is None:
        form = consent_form()
        content, places = form.pdf, [Place(place.page, place.box) for place in form.places]
        title = "Consentement à l’endoscopie bronchique"
    else:
        content, places, title = document, [], "Document à signer"
    deposited = records.deposit(
        patient_id=people.patient_id,
        title=title,
        type_code="59284-0",
        class_code="52",
        content=content,
        actor=people.secretary.actor,
        at=now(),
    )
    for notice in deposited.notices:
        say(f"    {intake.explain(notice)}")

    say("3. An envelope leaves: the patient signs, then the doctor")
    envelope_id = send.send(
        document_id=deposited.document_id,
        steps=[
            [send.Signer(person_id=None, purpose=Purpose.CONSENTS, place=places[0] if places else None)],
            [
                send.Signer(
                    person_id=people.doctor.actor.person_id,
                    purpose=Purpose.VALIDATES,
                    place=places[1] if places else None,
                )
            ],
        ],
        actor=people.secretary.actor,
        at=now(),
    )
    stage.work()

    say("4. The patient gets a link by e-mail and a code by SMS, and comes in")
    token = _last_token()
    for _ in range(3):
        links.open_landing(token=token, actor=NOBODY, at=now())
    links.send_code(token=token, actor=NOBODY, at=now())
    stage.work()
    code = _code_in(_last_message("sms"))
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    checks.that("a wrong code is refused", _refused(lambda: _reveal(token, wrong), "wrong-code"))
    revealed = _reveal(token, code)
    patient = Actor(
        kind=ActorKind.PATIENT,
        organisation_id=people.organisation_id,
        person_id=revealed.patient_id,
        means="link+code",
        source_address="127.0.0.1",
        client="telesphore demo",
    )

    say("5. The patient reads every page and signs, with a certificate made for this signature")
    seen = signature.envelope(envelope_id=envelope_id, actor=patient, at=now())
    view.view(envelope_id=envelope_id, actor=patient, at=now())
    checks.that(
        "nobody signs without having read",
        _refused(
            lambda: sign.sign_as_patient(
                envelope_id=envelope_id, pages_shown=seen.pages - 1, drawing=None, actor=patient, at=now()
            ),
            "not-read-yet",
        ),
    )
    sign.sign_as_patient(envelope_id=envelope_id, pages_shown=seen.pages, drawing=None, actor=patient, at=now())
    first = view.view(envelope_id=envelope_id, actor=people.secretary.actor, at=now()).pdf
    stage.work()

    say("6. The doctor finds it in the signature book and signs with a token")
    waiting = signature.book(actor=people.doctor.actor)
    checks.that("it is in the doctor's signature book", [line.envelope_id for line in waiting] == [envelope_id])
    device, open_token = stage.token(people.doctor)
    say(f"    {device}")
    with open_token() as held:
        sign.sign_with_token(envelope_id=envelope_id, token=held, drawing=None, actor=people.doctor.actor, at=now())

    say("7. The platform seals it, files it with its evidence, and sends the patient a copy")
    stage.work()
    finished = signature.envelope(envelope_id=envelope_id, actor=people.secretary.actor, at=now())
    checks.that("the envelope is completed", finished.state is EnvelopeState.COMPLETED, finished.state)
    assert finished.signed_document_id is not None
    assert finished.evidence_document_id is not None
    doctor = people.doctor.actor
    signed = records.open_document(document_id=finished.signed_document_id, purpose="TREAT", actor=doctor, at=now())
    evidence = records.open_document(document_id=finished.evidence_document_id, purpose="TREAT", actor=doctor, at=now())
    checks.that("later signatures only added to the file", signed.pdf.startswith(first))
    copy_token = _last_token()
    links.send_code(token=copy_token, actor=NOBODY, at=now())
    stage.work()
    _reveal(copy_token, _code_in(_last_message("sms")))
    same = copy.open_copy(envelope_id=envelope_id, actor=patient, at=now()).pdf == signed.pdf
    checks.that("the patient's copy is the same file", same)

    say("8. Another professional, not of the care team, learns nothing")
    stranger = people.stranger.actor
    there = _refusal(
        lambda: records.open_record(patient_id=people.patient_id, purpose="TREAT", actor=stranger, at=now())
    )
    nowhere = _refusal(lambda: records.open_record(patient_id=uuid7(), purpose="TREAT", actor=stranger, at=now()))
    checks.that("an existing record and none answer the same", there is not None and there == nowhere)

    say("9. The proofs")
    return _prove(stage, checks, people, envelope_id, signed.pdf, evidence.pdf)


def _prove(
    stage: Stage, checks: Checks, people: cast.People, envelope_id: UUID, signed: bytes, evidence: bytes
) -> dict[str, Any]:
    folder = stage.folder
    signed_path, evidence_path = folder / "consent-signed.pdf", folder / "consent-evidence.pdf"
    signed_path.write_bytes(signed)
    evidence_path.write_bytes(evidence)
    anchors = folder / "trust-anchors.pem"
    anchors.write_bytes(pki.trust_anchors_pem(people.organisation_id))
    verdict = validate(signed, trust=pki.trust(people.organisation_id), at=now(), evidence=pki.evidence())
    for one in verdict.signatures:
        passed = one.indication is Indication.TOTAL_PASSED
        checks.that(f"the signature of {one.signer.name} is intact and trusted", passed, one.sub_indication or "")
    checks.that("the signed file is valid, its pages too", verdict.conclusion is Conclusion.VALID)
    checks.that("every signature is proved for long (B-LTA)", all(one.level is Level.LTA for one in verdict.signatures))
    _ask_outsiders(checks, signed_path)
    stage.work()
    event = next(
        event
        for event in events_of_patient(organisation_id=people.organisation_id, patient_id=people.patient_id).events
        if (event.action, event.actor_kind) == ("signature:recipient:sign", "patient") and event.outcome == "done"
    )
    proof_path = folder / "patient-signature.tlog-proof"
    proof_path.write_text(str(proof_of(event.id).proof))
    public = audit.public_key()
    (folder / "audit-log.pub").write_text(f"{public}\n")
    kept = Proof.parse(proof_path.read_text())
    proved = check_event(kept, json.loads(kept.extra or b"{}"), log=public, witnesses=[])
    checks.that("the patient's signing event is proved to stand in the trail", proved.index == kept.index)
    report = verify_trail(key=public)
    checks.that("the audit trail verifies from its events to its checkpoint", report.holds and report.head is not None)
    assert report.head is not None
    summary = {
        "documents": {"signed": str(signed_path), "evidence": str(evidence_path), "trust_anchors": str(anchors)},
        "envelope": str(envelope_id),
        "signatures": len(verdict.signatures),
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (signed_path, evidence_path)},
        "audit": {"tree_size": report.head.size, "root": report.head.root.hex(), "proof": str(proof_path)},
        "people": [{"email": member.email, "role": ", ".join(sorted(member.actor.roles))} for member in people.members],
        "checks": checks.results,
        "all_checks_hold": checks.all_hold,
    }
    (folder / "summary.json").write_text(json.dumps(summary, ensure_ascii=False, indent=2) + "\n")
    return summary


def _ask_outsiders(checks: Checks, path: Path) -> None:
    """Programs that we did not write: absent ones are said to be absent."""
    for program, arguments, mark in (
        ("pdfsig", ["-nocert", str(path)], "Signature is Valid"),
        ("qpdf", ["--check", str(path)], "No syntax or stream encoding errors found"),
    ):
        if shutil.which(program) is None:
            checks.say(f"    {program} is not installed: not asked")
            continue
        answer = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        checks.that(
            f"{program} agrees", answer.returncode == 0 and mark in answer.stdout, f"{answer.stdout.count(mark)}×"
        )


def _reveal(token: str, code: str) -> links.Revealed:
    return links.reveal(token=token, code=code, actor=NOBODY, at=now())


def _refusal(act: Callable[[], object]) -> tuple[str, str] | None:
    """How an act was refused: code and sentence; None when it was not."""
    try:
        act()
    except DomainError as refused:
        return refused.code, refused.sentence
    return None


def _refused(act: Callable[[], object], code: str) -> bool:
    refusal = _refusal(act)
    return refusal is not None and refusal[0] == code


def _last_message(channel: str) -> str:
    messages = [message for message in outbox.local_messages() if message.channel == channel]
    return messages[-1].text


def _last_token() -> str:
    """Of the last link that an e-mail carried: professionals are written to as well, without one."""
    texts = [message.text for message in outbox.local_messages() if message.channel == "email"]
    found = re.findall(r"/l/([A-Za-z0-9_-]{43})", "\n".join(texts))
    assert found, "no link in any message"
    return str(found[-1])


def _code_in(text: str) -> str:
    found = re.search(r"\b(\d{6})\b", text)
    assert found is not None, "no code in the message"
    return found.group(1)

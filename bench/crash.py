"""The crash campaign: the main job runs for several patients over HTTP while its programs are killed at random moments.

The web server, one of its processes, the worker, the database server or one of its processes gets SIGKILL, `--kills`
times. Then the instance is started again as it always is, works off what is left, and everything that was acknowledged
to somebody is looked for. SIGKILL is not a power cut: what the kernel has taken in is not lost with the process.
"""

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import frame

if TYPE_CHECKING:
    from bench.journey import Journey, Lane

LANES = 5
SHORT, FULL = 20, 1000
PASSWORD = "le-parapheur-de-montfaucy"
# A parent that waits longer at each death, as it should, would make a campaign of mostly waiting.
UP = "from telesphore.config import command, process; process.LONGEST_DELAY = 0.5; command.main()"
WEIGHTS = {"web server": 2, "web process": 3, "worker": 8, "database": 2, "database process": 3}
PATIENCE, SHORT_PATIENCE = 900.0, 240.0
"""Seconds after the last kill in which every main job comes to its end, and the jobs to theirs."""


def main() -> None:
    """Run the campaign in a home of its own; print what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--pause", type=float, default=1.8, help="mean seconds between kills")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--keep", type=Path, help="copy the log of the instance here")
    given = parser.parse_args()
    kills = given.kills or (SHORT if given.short else FULL)
    home = Path(tempfile.mkdtemp(prefix="telesphore-crash-"))
    port = _free_port()
    for name in [name for name in os.environ if name.startswith("TELESPHORE_")]:
        del os.environ[name]
    os.environ |= {
        "TELESPHORE_HOME": str(home), "TELESPHORE_LISTEN": f"127.0.0.1:{port}", "TELESPHORE_DEMONSTRATION": "yes",
        "TELESPHORE_MAIL_GATEWAY": "local", "TELESPHORE_SMS_GATEWAY": "local", "TELESPHORE_TOKENS": "pkcs12",
        "TELESPHORE_BASE_URL": f"http://localhost:{port}", "DJANGO_SETTINGS_MODULE": "telesphore.config.settings",
    }  # fmt: skip
    from telesphore.config import embedded

    place = embedded.cluster(home)
    try:
        campaign = Campaign(home, port, given.pause, random.Random(given.seed))
        campaign.patience = SHORT_PATIENCE if given.short else PATIENCE
        campaign.run(kills)
        frame.report("crash", campaign.results(), campaign.aims(kills))
    finally:
        if given.keep:
            shutil.copy(home / "up.log", given.keep)
        embedded.discard(place)
        shutil.rmtree(home, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Found:
    """What the campaign found afterwards; each entry names what is wrong."""

    lost: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    trail: list[str] = field(default_factory=list)
    orphans_swept: int = 0
    blobs: int = 0
    events: int = 0
    signatures: int = 0


class Campaign:
    """One instance, its people, its killer and its judge."""

    def __init__(self, home: Path, port: int, pause: float, chance: random.Random) -> None:
        self.home, self.site, self.pause, self.chance = home, f"http://127.0.0.1:{port}", pause, chance
        self.killed: Counter[str] = Counter()
        self.journeys: list[Journey] = []
        self.lanes: list[Lane] = []
        self.found = Found()
        self.seconds: dict[str, float] = {}
        self.at_work = 0
        """Kills before which the site had answered somebody since the kill before."""
        self.patience = PATIENCE
        self._killed_at = 0.0
        self._enough = threading.Event()
        self._organisation: UUID | None = None

    def run(self, kills: int) -> None:
        """People at work while programs are killed; then a clean start, and the judge."""
        self._settle()
        begun = time.monotonic()
        with self._up():
            for lane in self.lanes:
                lane.sign_in()
            threads = [threading.Thread(target=self._work, args=(lane,), daemon=True) for lane in self.lanes]
            for thread in threads:
                thread.start()
            for _ in range(kills):
                time.sleep(min(self.chance.expovariate(1 / self.pause), 5 * self.pause))
                self._kill_one()
            self.seconds["killing"] = round(time.monotonic() - begun, 1)
            self._enough.set()
            for lane in self.lanes:
                lane.deadline = time.monotonic() + self.patience
            for thread in threads:
                thread.join(self.patience + 60)
            self.seconds["last jobs"] = round(time.monotonic() - begun - self.seconds["killing"], 1)
        with self._up(), _no_connection_left():
            self._drain()
        from telesphore.config import embedded

        with embedded.running(embedded.cluster(self.home)), _no_connection_left():
            self._judge()

    def _settle(self) -> None:
        import django

        from telesphore.config import keys, process
        from telesphore.config.catalogue import read_settings

        settings = read_settings(os.environ)
        keys.make(settings)
        django.setup()
        with process.database_running(settings), _no_connection_left():
            process.prepare(lambda _event, _sentence: None)
            self._make_people()

    def _make_people(self) -> None:
        from datetime import date

        from bench.journey import Lane, Mailbox, People

        from telesphore.cli.demonstration import people as cast
        from telesphore.cli.demonstration.consent import consent_form
        from telesphore.config.tokens import provision_token
        from telesphore.kernel.actors import Actor
        from telesphore.kernel.clock import now
        from telesphore.records import actions as records

        made = cast.settle(password=PASSWORD, operator=Actor.system(client="crash campaign"), at=now())
        self._organisation = made.organisation_id
        provision_token(actor=made.doctor.actor, pin=cast.PIN)
        doctor_id = made.doctor.actor.person_id
        assert doctor_id is not None
        mailbox, pdf = Mailbox(self.home / "outbox"), consent_form().pdf
        for number in range(LANES):
            email, phone = f"patient{number}@courriel.example", f"+3363998{number:04d}"
            patient_id = records.register_patient(
                identity=records.Identity(
                    birth_name=f"Essai{chr(65 + number)}", given_names="Odile", birth_date=date(1951, 11, 7), sex="F"
                ),
                email=email, phone=phone, language="fr", actor=made.secretary.actor, at=now(),
            )  # fmt: skip
            records.add_to_care_team(
                patient_id=patient_id, person_id=doctor_id, function="pneumologue", reads_documents=True,
                actor=made.secretary.actor, at=now(),
            )  # fmt: skip
            people = People(
                patient_id=patient_id, email=email, phone=phone, doctor_id=doctor_id, doctor=made.doctor.email,
                secretary=made.secretary.email, password=PASSWORD, pin=cast.PIN,
            )  # fmt: skip
            self.lanes.append(Lane(people, self.site, mailbox, pdf, pages=3))

    def _work(self, lane: "Lane") -> None:
        from bench.journey import Journey

        number = 0
        while not self._enough.is_set():
            number += 1
            journey = Journey(f"Consentement {self.lanes.index(lane)}-{number} fin")
            self.journeys.append(journey)
            try:
                lane.run(journey)
            except Exception as error:  # noqa: BLE001 - a client that breaks is told in the results, not hidden.
                journey.trouble = f"client: {type(error).__name__}: {error}"

    # The killer

    @contextlib.contextmanager
    def _up(self) -> "Iterator[None]":
        """The instance, started as always; stopped in order at the end."""
        with (
            (self.home / "up.log").open("a") as log,
            subprocess.Popen(
                [sys.executable, "-c", UP, "up", "--json"], stdout=subprocess.PIPE, stderr=log, text=True
            ) as up,
        ):
            try:
                assert up.stdout is not None
                for line in up.stdout:
                    if json.loads(line)["event"] == "ready":
                        break
                else:
                    raise RuntimeError("the instance did not start")
                reader = threading.Thread(target=self._read_on, args=(up.stdout,), daemon=True)
                reader.start()
                yield
                up.send_signal(signal.SIGTERM)
                if up.wait(120):
                    self.found.stuck.append(f"up ended with status {up.returncode}")
                # The kernel may need a moment for what was killed last.
                time.sleep(1)
                for what, pids in self._targets().items():
                    for pid in pids:
                        self.found.stuck.append(f"{what} {pid} outlived the instance: {_title(pid)[-60:]}")
                        os.kill(pid, signal.SIGKILL)
            finally:
                up.kill()

    def _read_on(self, lines: Any) -> None:
        for line in lines:
            self._log(line.strip())

    def _log(self, line: str) -> None:
        with (self.home / "up.log").open("a") as log:
            log.write(f"{line}\n")

    def _kill_one(self, patience: float = 5.0) -> None:
        """Kill something, once the site has answered somebody since the last kill; after `patience` seconds, anyway."""
        end = time.monotonic() + patience
        while time.monotonic() < end and max(lane.answered for lane in self.lanes) < self._killed_at:
            time.sleep(0.05)
        self.at_work += max(lane.answered for lane in self.lanes) >= self._killed_at
        while True:
            targets = self._targets()
            what = self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            if targets[what]:
                pid = self.chance.choice(targets[what])
                with contextlib.suppress(OSError):
                    title = _title(pid)
                    os.kill(pid, signal.SIGKILL)
                    self.killed[what] += 1
                    self._killed_at = time.monotonic()
                    self._log(json.dumps({"killed": what, "pid": pid, "title": title[-60:], "at": time.time()}))
                    return
            time.sleep(0.2)

    def _targets(self) -> dict[str, list[int]]:
        """Pids, by what they are."""
        from telesphore.config import embedded

        found: dict[str, list[int]] = {what: [] for what in WEIGHTS}
        marker, parents = f"TELESPHORE_HOME={self.home}".encode(), {}
        serve = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                pid, stat = int(entry.name), (entry / "stat").read_text()
                if stat.rpartition(")")[2].split()[0] == "Z":
                    continue
                parents[pid] = int(stat.rpartition(")")[2].split()[1])
                if marker not in (entry / "environ").read_bytes().split(b"\0"):
                    continue
                last = (entry / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")[-1]
                if last == b"serve":
                    serve.append(pid)
                elif last == b"worker":
                    found["worker"].append(pid)
        found["web server"] = [pid for pid in serve if parents[pid] not in serve]
        found["web process"] = [pid for pid in serve if parents[pid] in serve]
        with contextlib.suppress(OSError, ValueError):
            text = (embedded.cluster(self.home).data / "postmaster.pid").read_text()
            postmaster = int(text.split("\n")[0])
            if postmaster in parents:
                found["database"] = [postmaster]
                children = {pid: _title(pid) for pid, parent in parents.items() if parent == postmaster}
                # Not while it recovers: PostgreSQL takes no notice of a child killed then, and may wait for ever.
                if any("walwriter" in title for title in children.values()):
                    found["database process"] = list(children)
        return found

    # The judge

    def _drain(self) -> None:
        """Wait until no job is left; what is left after `patience` is stuck."""
        from telesphore.jobs import queries as jobs
        from telesphore.kernel.actors import Actor

        begun = time.monotonic()
        while True:
            # Judged by one reading: work that comes by the clock may come just after.
            queues = jobs.queues()
            left = [queue for queue in queues if queue.waiting or queue.scheduled or queue.running]
            if not left or time.monotonic() > begun + self.patience:
                break
            time.sleep(1)
        self.seconds["draining"] = round(time.monotonic() - begun, 1)
        self.found.stuck += [
            f"{queue.queue}: waiting {queue.waiting}, scheduled {queue.scheduled}, running {queue.running}, "
            f"stopped {queue.stopped}"
            for queue in queues
            if queue in left or queue.stopped
        ]
        self.found.stuck += [
            f"{job.name}: attempt {job.attempts}, {job.sentence}"
            for job in jobs.troubled(actor=Actor.system(client="crash campaign"))
        ]

    def _judge(self) -> None:
        from telesphore.audit import actions as audit
        from telesphore.audit.actions.seal import seal_once
        from telesphore.audit.queries.verify import verify as verify_trail
        from telesphore.kernel.actors import Actor
        from telesphore.kernel.clock import now
        from telesphore.vault import actions as vault
        from telesphore.vault import ports
        from telesphore.vault.models import Blob
        from telesphore.vault.queries import stored_name

        for journey in self.journeys:
            self._judge_journey(journey)
        system = Actor.system(client="crash campaign")
        checked = vault.verify(actor=system, at=now(), restart=True)
        self.found.torn += [f"{finding.blob_id}: {finding.code}" for finding in checked.findings]
        # Two days from now, what no row names is an orphan; then rows and files are the same, one for one.
        self.found.orphans_swept = vault.sweep(actor=system, at=now() + timedelta(days=2)).orphans
        rows = {stored_name(*ids) for ids in Blob.objects.values_list("organisation_id", "id")}
        files = set(ports.store.get().names())
        self.found.torn += [f"{name}: {'no file' if name in rows else 'no row'}" for name in rows ^ files]
        self.found.blobs = len(rows)
        while seal_once(at=now()).more:
            pass
        report = verify_trail(key=audit.public_key())
        self.found.events = report.head.size if report.head else 0
        self.found.trail += [finding.sentence for finding in report.findings]
        if not report.holds or report.head is None:
            self.found.trail.append("the trail does not hold")

    def _judge_journey(self, journey: "Journey") -> None:
        from telesphore.ades.verdict.result import Conclusion, Indication
        from telesphore.ades.verdict.validate import validate
        from telesphore.kernel.clock import now
        from telesphore.links.models import Link
        from telesphore.pki import queries as pki
        from telesphore.records.models import Document
        from telesphore.signature.models import Envelope, Recipient, Revision
        from telesphore.signature.states import EnvelopeState, RecipientState
        from telesphore.vault import queries as vault

        assert self._organisation is not None
        organisation, found, title = self._organisation, self.found, journey.title
        limit = 300 * 2**20

        def read(blob_id: UUID) -> bytes:
            return vault.read_blob(organisation_id=organisation, blob_id=blob_id, limit=limit)

        if journey.document_id is None:
            return
        document = Document.objects.filter(id=journey.document_id).first()
        if document is None:
            found.lost.append(f"{title}: document")
        elif journey.document_sha256 and hashlib.sha256(read(document.blob_id)).hexdigest() != journey.document_sha256:
            found.lost.append(f"{title}: document's bytes")
        if journey.envelope_id is None:
            return
        envelope = Envelope.objects.filter(id=journey.envelope_id).first()
        if envelope is None:
            found.lost.append(f"{title}: envelope")
            return
        if Envelope.objects.filter(document_id=journey.document_id).count() != 1:
            found.twice.append(f"{title}: sent twice")
        recipients = list(Recipient.objects.filter(envelope_id=envelope.id))
        signed = {"patient's sign" if row.patient_id else "doctor's sign" for row in recipients
                  if row.state == RecipientState.SIGNED}  # fmt: skip
        found.lost += [
            f"{title}: {act}" for act in {"patient's sign", "doctor's sign"} & {*journey.acknowledged} - signed
        ]
        if envelope.state != EnvelopeState.COMPLETED:
            if "completion" in journey.acknowledged:
                found.lost.append(f"{title}: completion")
            return
        revisions = list(Revision.objects.filter(envelope_id=envelope.id).order_by("number"))
        if [row.number for row in revisions] != [0, 1, 2, 3] or len({row.recipient_id for row in revisions}) != 3:
            found.twice.append(f"{title}: revisions {[(row.number, row.recipient_id) for row in revisions]}")
        final = read(revisions[-1].blob_id)
        verdict = validate(final, trust=pki.trust(organisation), at=now(), compare_pages=False)
        passed = [one.indication is Indication.TOTAL_PASSED for one in verdict.signatures]
        found.signatures += len(passed)
        if passed != [True] * 3 or verdict.conclusion is not Conclusion.VALID:
            found.invalid.append(f"{title}: {len(passed)} signatures")
        filed = Counter(Document.objects.filter(source_id=envelope.id).values_list("source_part", flat=True))
        if filed != {"signed": 1, "evidence": 1}:
            found.twice.append(f"{title}: filed {dict(filed)}")
        elif read(Document.objects.get(source_id=envelope.id, source_part="signed").blob_id) != final:
            found.invalid.append(f"{title}: what is filed is not what was sealed")
        if journey.copy_sha256 and hashlib.sha256(final).hexdigest() != journey.copy_sha256:
            found.lost.append(f"{title}: the copy's bytes")
        if Link.objects.filter(subject_id=envelope.id, purpose="signature:copy").count() != 1:
            found.twice.append(f"{title}: links to the copy")

    def results(self) -> dict[str, Any]:
        """Everything worth telling."""
        acknowledged = Counter(act for journey in self.journeys for act in journey.acknowledged)
        found = self.found
        return {
            "killed": dict(self.killed),
            "killed_while_answering": self.at_work,
            "seconds": self.seconds,
            "main_jobs": len(self.journeys),
            "acknowledged": dict(acknowledged),
            "answers": dict(sum((lane.answers for lane in self.lanes), Counter())),
            "notes": dict(sum((lane.notes for lane in self.lanes), Counter())),
            "troubles": [f"{journey.title}: {journey.trouble}" for journey in self.journeys if not journey.ended],
            "found": {name: getattr(found, name) for name in Found.__slots__},
        }

    def aims(self, kills: int) -> list[dict[str, Any]]:
        """Nothing acknowledged lost, nothing torn, nothing twice, everything at its end."""
        found, ended = self.found, sum(journey.ended for journey in self.journeys)
        return [
            frame.aim("kills", self.killed.total(), "kills", kills, ">="),
            frame.aim("acknowledged and lost", len(found.lost), "acts", 0, "<="),
            frame.aim("torn or misplaced blobs", len(found.torn), "blobs", 0, "<="),
            frame.aim("done or filed otherwise than once", len(found.twice), "envelopes", 0, "<="),
            frame.aim("completed files whose signatures do not hold", len(found.invalid), "files", 0, "<="),
            frame.aim("main jobs completed", round(ended / max(len(self.journeys), 1), 4), "share", 1.0, ">="),
            frame.aim("jobs or processes left over", len(found.stuck), "queues and processes", 0, "<="),
            frame.aim("the audit trail holds", float(not found.trail), "yes", 1, ">="),
        ]


def _title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


@contextlib.contextmanager
def _no_connection_left() -> "Iterator[None]":
    """The database may be stopped or killed afterwards: none of our connections stays on it."""
    from django.db import connections

    try:
        yield
    finally:
        connections.close_all()


if __name__ == "__main__":
    main()

"""How long signing three hundred results with one PIN takes: what the page's script asks of the server, in its order.

    python bench/batch.py [--short] [--profile FILE]

`--short` signs sixty. The site's own views answer, on an instance of its own (embedded database, folder store, both
forcing to disk), as many at once as the page's script asks (`card.js`); the card is an RSA-2048 key in memory, so that
the machine's time is the server's. Each document is another one of another patient out of thirty.
Beside it, in the same run, what no software could do without: one RSA signature, one deposit forced to disk twice (what
is kept while the card works, and the signed file) and two committed transactions per document.
"""

import argparse
import cProfile
import os
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import frame
from vault import instance

PATIENTS = 30
SCRIPT = Path(__file__).resolve().parent.parent / "src/telesphore/web/static/telesphore/js/card.js"


def constant(name: str) -> int:
    """A number of the page's script."""
    found = re.search(rf"const {name} = (\d+);", SCRIPT.read_text())
    assert found is not None, name
    return int(found[1])


class Statements:
    """Counts what is asked of the database, by its first words."""

    def __init__(self) -> None:
        self.count = 0
        self.kinds: Counter[str] = Counter()

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.count += 1
        self.kinds[re.sub(r"\s+", " ", sql)[:110]] += 1
        return execute(sql, params, many, context)


def three_hundred(count: int) -> "tuple[Any, Any, list[UUID]]":
    """A doctor for whom so many results wait; her card; the envelopes."""
    from datetime import date

    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from tests.signature.circuits import Token

    from sign import document
    from telesphore.cli.demonstration.people import settle
    from telesphore.kernel.actors import Actor
    from telesphore.kernel.clock import now
    from telesphore.pki import actions as pki
    from telesphore.records import actions as records
    from telesphore.records.states import IdentityStatus
    from telesphore.signature.actions import send
    from telesphore.signature.states import Purpose

    people = settle(password="correct horse battery staple", operator=Actor.system(client="bench"), at=now())
    doctor, secretary = people.doctor.actor, people.secretary.actor
    patients = [
        records.register_patient(
            identity=records.Identity(
                birth_name=f"Patient{number}", used_name="", given_names="Odile", birth_date=date(1951, 11, 7), sex="F",
                birth_place="Grenoble", birth_place_code="38185", ins="", status=IdentityStatus.PROVISIONAL,
            ),
            email="", phone="", language="fr", actor=secretary, at=now(),
        )
        for number in range(min(PATIENTS, count))
    ]  # fmt: skip
    envelopes = []
    for number in range(count):
        deposited = records.deposit(
            patient_id=patients[number % len(patients)], title=f"Compte rendu {number}", type_code="11502-2",
            class_code="11", content=document(number), actor=secretary, at=now(),
        )  # fmt: skip
        signer = send.Signer(person_id=doctor.person_id, purpose=Purpose.VALIDATES)
        envelopes.append(send.send(document_id=deposited.document_id, steps=[[signer]], actor=secretary, at=now()))
    key = rsa.generate_private_key(65537, 2048)
    certificate, chain = pki.issue_for_key(
        organisation_id=people.organisation_id,
        public_key_der=key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        given_name="Anne", family_name="Lebrun", title="Dr", rpps="10100000017", holder_id=doctor.person_id,
        actor=Actor.system(people.organisation_id), at=now(),
    )  # fmt: skip
    return doctor, Token(certificate, chain, key), envelopes


class Page:
    """What the signature book's script does."""

    def __init__(self, client: Any, peer: Any, statements: Statements, alone: bool) -> None:
        self.client, self.peer, self.statements, self.alone = client, peer, statements, alone
        self.kept, self.pool = threading.local(), ThreadPoolExecutor(constant("IN_FLIGHT"))

    def post(self, name: str, body: dict[str, Any]) -> Any:
        from django.db import connection
        from django.test import Client

        # One for each thread: making one reads all of the site's middleware.
        if not hasattr(self.kept, "browser"):
            self.kept.browser = Client()
            self.kept.browser.cookies.update(self.client.cookies)
        with connection.execute_wrapper(self.statements):
            answer = self.kept.browser.post(
                f"/book/card/{name}", {"workstation": self.peer.workstation, **body}, content_type="application/json"
            )
        assert answer.status_code == 200, answer.content
        return answer.json()

    def parts(self, name: str, all_of_them: list[Any], body: Callable[[list[Any]], dict[str, Any]]) -> list[Any]:
        """In chunks, some in flight at once."""
        chunk = constant("CHUNK")
        chunks = [all_of_them[start : start + chunk] for start in range(0, len(all_of_them), chunk)]
        if self.alone:
            return [self.post(name, body(part)) for part in chunks]
        return list(self.pool.map(lambda part: self.post(name, body(part)), chunks))


def physical(count: int, home: Path, key: Any) -> dict[str, float]:
    """Seconds of what can't be done without, one after the other."""
    from django.db import transaction

    from telesphore.signature.models import Prepared

    began = time.perf_counter()
    for _ in range(count):
        key.sign(os.urandom(300))
    signed = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=home) as folder:
        for number in range(2 * count):
            place = Path(folder, str(number))
            with place.open("wb") as file:
                file.write(bytes(20_000))
                os.fsync(file.fileno())
            handle = os.open(folder, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)
    stored = time.perf_counter()
    row = Prepared.objects.filter()[:1].get()
    for _ in range(2 * count):
        with transaction.atomic():
            Prepared.objects.filter(id=row.id).update(ended_at=row.ended_at)
    return {
        "raw_rsa_2048_s": round(signed - began, 3),
        "fsyncs_s": round(stored - signed, 3),
        "commits_s": round(time.perf_counter() - stored, 3),
    }


@contextmanager
def profiled(file: Path | None) -> Iterator[None]:
    """Write where the time went, of this thread."""
    if file is None:
        yield
        return
    profile = cProfile.Profile()
    with profile:
        yield
    profile.dump_stats(file)


def measure(home: Path, count: int, profile: Path | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """All results, and the aims."""
    from django.test.utils import setup_test_environment
    from tests.accounts.peer import paired, plain64
    from tests.entering import as_person

    from telesphore.signature.models import Recipient

    setup_test_environment()

    began = time.perf_counter()
    doctor, card, envelopes = three_hundred(count)
    client = as_person(doctor.person_id)
    statements = Statements()
    page = Page(client, paired(client), statements, alone=profile is not None)
    made = time.perf_counter()
    certificate, chain = plain64(card.certificate), [plain64(one) for one in card.chain]
    load = os.getloadavg()[0]

    cpu = time.process_time()
    begun = time.perf_counter()
    with profiled(profile and profile.with_suffix(".prepare")):
        said = page.parts(
            "prepare", [str(one) for one in envelopes],
            lambda part: {"certificate": certificate, "chain": chain, "envelopes": part},
        )  # fmt: skip
    prepared = [one["id"] for part in said for one in part["prepared"]]
    after_prepare, queries_prepare = time.perf_counter(), statements.count
    with profiled(profile and profile.with_suffix(".task")):
        request = page.post("task", {"prepared": prepared})["request"]
    after_task, queries_task = time.perf_counter(), statements.count
    answer = page.peer.sign(request, card)["signatures"]
    after_card = time.perf_counter()
    with profiled(profile and profile.with_suffix(".complete")):
        done = page.parts("complete", answer, lambda part: {"signatures": part})
    end = time.perf_counter()
    cpu = time.process_time() - cpu
    queries = statements.count
    signed = sum(len(part["signed"]) for part in done)
    assert signed == count == Recipient.objects.filter(envelope_id__in=envelopes, state="signed").count(), done
    least = physical(count, home, card)
    seconds = end - begun
    results = {
        "documents": count,
        "load_at_the_beginning": round(load, 1),
        "making_the_envelopes_s": round(made - began, 1),
        "prepare_s": round(after_prepare - begun, 2),
        "task_s": round(after_task - after_prepare, 2),
        "card_s": round(after_card - after_task, 2),
        "complete_s": round(end - after_card, 2),
        "all_s": round(seconds, 2),
        "cpu_s": round(cpu, 2),
        "statements_per_document": {
            "prepare": round(queries_prepare / count, 1),
            "task": round((queries_task - queries_prepare) / count, 1),
            "complete": round((queries - queries_task) / count, 1),
        },
        "physical": least,
        "to_physical": round(seconds / sum(least.values()), 1),
    }
    if profile:
        results["statements"] = dict(statements.kinds.most_common(60))
    return results, [frame.aim("300 results signed with one PIN, machine time", seconds * 300 / count, "s", 60, "<=")]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="sixty documents")
    parser.add_argument("--profile", type=Path, help="write profiles beside this name; one request at a time")
    arguments = parser.parse_args()
    with instance(None) as home:
        results, aims = measure(home, 60 if arguments.short else 300, arguments.profile)
    frame.report("batch", results, aims)


if __name__ == "__main__":
    main()

"""How long the signature book takes with ten thousand lines that wait for one person, beside a million past envelopes.

    python bench/book.py [--short] [--past N] [--waiting N]

`--short` has three hundred lines and five thousand past envelopes. The rows are written by the database itself, from
one envelope that was sent through the site's own actions; titles that are shown are sealed one by one, as they are. Of
ten whom a notice was sent to, one was not reached: the page of what was sent says so.
Pages are asked of the site's own views, on an instance of its own (embedded database), one after the other: the time is
the server's whole time for the page, its templates included. Beside it, in the same run, what no software could do
without: PostgreSQL's own time for the first fifty places that wait, read by their index, and for counting them.
"""

import argparse
import json
import os
import re
import statistics
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import frame
from vault import instance

PATIENTS = 2_000
PAGES = {
    "first page, by urgency": "/book/?order=urgency",
    "by age": "/book/?order=age",
    "by type": "/book/?order=type",
    "by patient": "/book/?order=patient",
    "late only": "/book/?order=urgency&late=1",
    "one type": "/book/?order=urgency&type=11502-2",
    "a patient's name": "/book/?order=urgency&q=patient1",
    "what was done": "/book/?tab=done",
    "sent, on their way": "/circuits/",
    "sent, all": "/circuits/?tab=all",
}
MAIN = "first page, by urgency"

MADE = """
CREATE TEMPORARY TABLE made AS
SELECT n, gen_random_uuid() AS id, gen_random_uuid() AS step_id, gen_random_uuid() AS place_id, n > {waiting} AS past,
    now() - n * interval '20 seconds' AS at
FROM generate_series(1, {waiting} + {past}) AS n;
CREATE TEMPORARY TABLE patients AS SELECT row_number() OVER (ORDER BY id) - 1 AS n, id FROM records_patient;
SET session_replication_role = replica;
INSERT INTO signature_envelope
SELECT r.* FROM made m JOIN signature_envelope e ON e.id = '{envelope}' JOIN patients p ON p.n = m.n % {patients},
LATERAL jsonb_populate_record(e, jsonb_build_object(
    'id', m.id, 'patient_id', p.id, 'urgent', m.n % 20 = 0, 'sent_at', m.at,
    'type_code', (ARRAY['11502-2', '11490-0', '18748-4'])[1 + m.n % 3],
    'due_at', CASE WHEN m.n % 4 = 0 THEN m.at + interval '3 days' END,
    'state', CASE WHEN m.past THEN 'completed' ELSE 'sent' END, 'closed_at', CASE WHEN m.past THEN m.at END)) r;
INSERT INTO signature_step
SELECT r.* FROM made m JOIN signature_step s ON s.envelope_id = '{envelope}',
LATERAL jsonb_populate_record(s, jsonb_build_object(
    'id', m.step_id, 'envelope_id', m.id, 'completed_at', CASE WHEN m.past THEN m.at END)) r;
INSERT INTO signature_recipient
SELECT r.* FROM made m JOIN signature_recipient first ON first.envelope_id = '{envelope}'
JOIN signature_envelope e ON e.organisation_id = first.organisation_id AND e.id = m.id,
LATERAL jsonb_populate_record(first, jsonb_build_object(
    'id', m.place_id, 'envelope_id', m.id, 'step_id', m.step_id, 'about_id', e.patient_id, 'urgent', e.urgent,
    'due_at', e.due_at, 'type_code', e.type_code, 'awaited_at', m.at,
    'state', CASE WHEN m.past THEN 'signed' ELSE 'waiting' END, 'signed_at', CASE WHEN m.past THEN m.at END,
    'proof', CASE WHEN m.past THEN '{{}}'::jsonb END)) r;
INSERT INTO outbox_notice
SELECT r.* FROM made m JOIN signature_recipient s ON s.id = m.place_id AND NOT m.past,
LATERAL jsonb_populate_record(NULL::outbox_notice, jsonb_build_object(
    'organisation_id', s.organisation_id, 'id', gen_random_uuid(), 'channel', 'email', 'kind', 'signature:invitation',
    'about', m.place_id, 'status', CASE WHEN m.n % 10 = 0 THEN 'failed' ELSE 'sent' END, 'tries', 1,
    'error_code', CASE WHEN m.n % 10 = 0 THEN 'refused' ELSE '' END, 'queued_at', m.at, 'settled_at', m.at)) r;
SET session_replication_role = origin;
VACUUM ANALYZE signature_envelope;
VACUUM ANALYZE signature_step;
VACUUM ANALYZE signature_recipient;
VACUUM ANALYZE outbox_notice;
VACUUM ANALYZE records_patient
"""
LEAST = {
    "fifty_places_ms": """SELECT id FROM signature_recipient WHERE organisation_id = %s AND person_id = %s
        AND state = 'waiting' ORDER BY urgent DESC, due_at, awaited_at, id LIMIT 51""",
    "count_ms": """SELECT kind, type_code, sender_id, count(*) FROM signature_recipient WHERE organisation_id = %s
        AND person_id = %s AND state = 'waiting' GROUP BY kind, type_code, sender_id""",
}
SHOWN_PAST = 200


def send_one() -> "tuple[Any, Any, UUID]":
    """A doctor, a secretary, and what one sent to the other; patients beside."""
    from datetime import date

    from tests.papers import blank

    from telesphore.cli.demonstration.people import settle
    from telesphore.kernel.actors import Actor
    from telesphore.kernel.clock import now
    from telesphore.kernel.identifiers import uuid7
    from telesphore.records import actions as records
    from telesphore.records.models import Patient
    from telesphore.records.states import IdentityStatus
    from telesphore.signature.actions import send
    from telesphore.signature.states import Purpose

    people = settle(password="correct horse battery staple", operator=Actor.system(client="bench"), at=now())
    doctor, secretary = people.doctor.actor, people.secretary.actor
    patient_id = records.register_patient(
        identity=records.Identity(
            birth_name="Patient0", used_name="", given_names="Odile", birth_date=date(1951, 11, 7), sex="F",
            birth_place="Grenoble", birth_place_code="38185", ins="", status=IdentityStatus.PROVISIONAL,
        ),
        email="", phone="", language="fr", actor=secretary, at=now(),
    )  # fmt: skip
    first = Patient.objects.get(id=patient_id)
    Patient.objects.bulk_create(
        Patient(
            organisation_id=first.organisation_id, id=uuid7(), birth_name=f"Patient{number}", used_name="",
            given_names="Odile", birth_date=first.birth_date, sex="F", key_id=first.key_id, registered_at=now(),
        )
        for number in range(1, PATIENTS)
    )  # fmt: skip
    deposited = records.deposit(
        patient_id=patient_id, title="Compte rendu", type_code="11502-2", class_code="11", content=blank(1),
        actor=secretary, at=now(),
    )  # fmt: skip
    signer = send.Signer(person_id=doctor.person_id, purpose=Purpose.VALIDATES)
    return (
        doctor, secretary, send.send(document_id=deposited.document_id, steps=[[signer]], actor=secretary, at=now()),
    )  # fmt: skip


def grow(home: Path, envelope: UUID, waiting: int, past: int) -> None:
    """So many rows like this envelope's, written by the database; titles of those that may be shown, each its own."""
    import psycopg

    from telesphore.config import embedded
    from telesphore.records.models import Patient
    from telesphore.signature.models import Envelope
    from telesphore.vault import actions as vault

    values = {"waiting": waiting - 1, "past": past, "envelope": envelope, "patients": Patient.objects.count()}
    cluster = embedded.cluster(home)
    with psycopg.connect(cluster.dsn(embedded.SUPERUSER, embedded.DATABASE), autocommit=True) as connection:
        for statement in MADE.format(**values).split(";\n"):
            connection.execute(statement)  # type: ignore[arg-type]  # Ours, above.
    rows = list(Envelope.objects.order_by("-sent_at")[: waiting + SHOWN_PAST])
    for row in rows:
        row.title_sealed = vault.seal_text(
            organisation_id=row.organisation_id, key_id=row.key_id, text="Compte rendu de biologie",
            context=f"signature:envelope:{row.id}",
        )  # fmt: skip
    Envelope.objects.bulk_update(rows, ["title_sealed"], batch_size=500)
    with psycopg.connect(cluster.dsn(embedded.SUPERUSER, embedded.DATABASE), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE signature_envelope")


def p95(times: list[float]) -> float:
    """Milliseconds that nineteen in twenty don't pass."""
    return round(statistics.quantiles(times, n=20)[-1] * 1000, 1)


def asked(client: Any, path: str, rounds: int) -> dict[str, Any]:
    """The server's time for a page, and how many queries it made."""
    from django.db import connection

    taken: list[float] = []

    def timed(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        begun = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            taken.append(time.perf_counter() - begun)

    client.get(path)
    with connection.execute_wrapper(timed):
        assert client.get(path).status_code == 200, path
    times, own = [], []
    for _ in range(rounds):
        begun, used = time.perf_counter(), time.process_time()
        client.get(path)
        times.append(time.perf_counter() - begun)
        own.append(time.process_time() - used)
    return {
        "own_cpu_ms": round(statistics.median(own) * 1000, 1),
        "least_own_cpu_ms": round(min(own) * 1000, 1),
        "median_ms": round(statistics.median(times) * 1000, 1),
        "p95_ms": p95(times),
        "p99_ms": round(statistics.quantiles(times, n=100)[-1] * 1000, 1),
        "queries": len(taken),
        "slowest_query_ms": round(max(taken) * 1000, 1),
    }


def bare(doctor: Any, rounds: int) -> dict[str, float]:
    """PostgreSQL's own time, as it tells it."""
    from django.db import connection

    found = {}
    for name, query in LEAST.items():
        times = []
        with connection.cursor() as cursor:
            for _ in range(rounds):
                cursor.execute(
                    f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query}", [doctor.organisation, doctor.person]
                )
                (plan,) = cursor.fetchone() or ("",)
                times.append((json.loads(plan) if isinstance(plan, str) else plan)[0]["Execution Time"] / 1000)
        found[name] = p95(times)
    return found


def next_page(client: Any) -> str:
    """The address of the second page, as the first gives it."""
    found = re.search(r'rel="next" href="(\?[^"]+)"', client.get(PAGES[MAIN]).content.decode())
    assert found is not None
    return f"/book/{found[1]}".replace("&amp;", "&")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="three hundred lines, five thousand past envelopes")
    parser.add_argument("--past", type=int, help="past envelopes")
    parser.add_argument("--waiting", type=int, help="lines that wait for one person")
    arguments = parser.parse_args()
    past = arguments.past or (5_000 if arguments.short else 1_000_000)
    waiting = arguments.waiting or (300 if arguments.short else 10_000)
    rounds = 5 if arguments.short else 100
    # Each request is logged: that is part of its time, but not of what is printed.
    with instance(None) as home:
        from django.conf import settings
        from tests.entering import as_person

        # Without what tests add to each template.
        settings.ALLOWED_HOSTS = ["*"]
        doctor, secretary, envelope = send_one()
        few = asked(as_person(doctor.person_id), PAGES[MAIN], 2)["queries"]
        begun = time.perf_counter()
        grow(home, envelope, waiting, past)
        grown = time.perf_counter() - begun
        clients = {"book": as_person(doctor.person_id), "circuits": as_person(secretary.person_id)}
        pages = {
            name: asked(clients[path.split("/")[1]], path, rounds)
            for name, path in {**PAGES, "second page": next_page(clients["book"])}.items()
        }
        least = bare(doctor, rounds)
    results = {
        "load": round(os.getloadavg()[0], 1),
        "waiting": waiting,
        "past": past,
        "growing_s": round(grown, 1),
        "queries_with_one_line": few,
        "pages": pages, "postgresql": least,
    }  # fmt: skip
    frame.report("book", results, [
        frame.aim(f"the book's page, {waiting} waiting, {past} past, p95", pages[MAIN]["p95_ms"], "ms", 50, "<="),
        frame.aim("queries that a long book adds", pages[MAIN]["queries"] - few, "", 0, "<="),
    ])  # fmt: skip


if __name__ == "__main__":
    main()

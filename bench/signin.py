"""Sign-ins per second by password, by passkey and by link and code, and permission decisions per second.

Each sign-in is a whole request through every middleware, to a database on the same machine, in one thread; beside it,
in the same run, the one computation that no sign-in can do without: Argon2, the check of an ECDSA signature on P-256.
Times are of this process's processor (the database works beside), except those called wall.
"""

import argparse
import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import frame


def main() -> None:
    """Make an instance, sign in to it, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    times = 20 if parser.parse_args().short else 500
    home = Path(tempfile.mkdtemp(prefix="telesphore-bench-"))
    for name in [name for name in os.environ if name.startswith("TELESPHORE_")]:
        del os.environ[name]
    os.environ |= {
        "TELESPHORE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "telesphore.config.settings",
        "TELESPHORE_DEMONSTRATION": "yes", "TELESPHORE_MAIL_GATEWAY": "local", "TELESPHORE_SMS_GATEWAY": "local",
    }  # fmt: skip
    from telesphore.config import embedded

    place = embedded.cluster(home)
    try:
        embedded.initialise(place)
        with embedded.running(place):
            measure(times)
    finally:
        shutil.rmtree(home, ignore_errors=True)
        if place.user:
            shutil.rmtree(place.data.parent, ignore_errors=True)


def measure(times: int) -> None:
    import django

    django.setup()
    import logging

    logging.disable(logging.WARNING)
    from django.conf import settings
    from django.test.utils import setup_test_environment

    from telesphore.config import database, master_key

    database.migrate()
    master_key.ensure_master_key(lambda notice: None)
    setup_test_environment()
    assert "testserver" in settings.ALLOWED_HOSTS
    from tests.cast import assemble

    cast = assemble()
    ways = {
        "password": by_password(times),
        "passkey": by_passkey(cast, times),
        "link and code": by_link(cast, times),
    }
    decisions = decide(cast, times)
    record = decisions["a record, with the query that obtains it"]
    aims = [
        frame.aim("a permission decision", decisions["a permission"]["microseconds"], "µs of CPU", 50, "<="),
        frame.aim("queries of a permission decision", decisions["a permission"]["queries"], "queries", 0, "<="),
        frame.aim("queries of a record's decision", record["queries"], "queries", 1, "<="),
        frame.aim(
            "password sign-in over raw Argon2",
            ways["password"]["wall ms"] / ways["password"]["raw ms"],
            "times",
            2,
            "<=",
        ),
    ]
    frame.report("signin", {"ways": ways, "decisions": decisions}, aims)


def timed(works: Iterable[Callable[[], Any]]) -> dict[str, float]:
    """Milliseconds of each: of the processor, and of the wall; and how many make a second."""
    count, cpu, wall = 0, process_time(), perf_counter()
    for work in works:
        work()
        count += 1
    cpu, wall = process_time() - cpu, perf_counter() - wall
    return {
        "per second": round(count / wall, 1), "wall ms": round(1000 * wall / count, 2),
        "cpu ms": round(1000 * cpu / count, 2),
    }  # fmt: skip


def beside(measured: dict[str, float], raw: dict[str, float]) -> dict[str, float]:
    """The sign-in, and the computation that it can't do without."""
    return measured | {"raw ms": raw["wall ms"], "raw per second": raw["per second"]}


def address(number: int) -> str:
    """Each comes from an address of its own: rates are by address."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def by_password(times: int) -> dict[str, float]:
    from django.contrib.auth.hashers import check_password
    from django.test import Client
    from tests.cast import PASSWORD

    from telesphore.accounts.models import Person

    email = "anne.lebrun@montfaucy.example"

    def come(number: int) -> None:
        answer = Client(REMOTE_ADDR=address(number)).post("/sign-in/", {"login": email, "password": PASSWORD})
        assert answer.status_code == 302, answer.status_code

    kept = Person.objects.get(email=email).password
    come(0)
    measured = timed([lambda number=number: come(number) for number in range(1, times + 1)])
    return beside(measured, timed([lambda: check_password(PASSWORD, kept)] * times))


def by_passkey(cast: Any, times: int) -> dict[str, float]:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from django.test import Client
    from tests.entering import as_person
    from tests.web.passkeys import Passkey

    passkey, browser = Passkey(), as_person(cast.lebrun.person_id)
    options = browser.post("/security/passkeys/begin/").json()
    answer = browser.post("/security/passkeys/add/", {"credential": passkey.make(options), "name": "bench"})
    assert answer.status_code == 302, answer.content

    def prepared(number: int) -> tuple[Any, str]:
        client = Client(REMOTE_ADDR=address(number))
        return client, passkey.prove(client.post("/sign-in/passkey/begin/").json())

    def come(client: Any, credential: str) -> None:
        answer = client.post("/sign-in/passkey/", {"credential": credential})
        assert answer["Location"] == "/", answer

    come(*prepared(0))
    waiting = [prepared(number) for number in range(1, times + 1)]
    measured = timed([lambda one=one: come(*one) for one in waiting])
    message = hashlib.sha256(b"bench").digest()
    signature = passkey.key.sign(message, ec.ECDSA(SHA256()))
    public = passkey.key.public_key()
    return beside(measured, timed([lambda: public.verify(signature, message, ec.ECDSA(SHA256()))] * times))


def by_link(cast: Any, times: int) -> dict[str, float]:
    from django.test import Client
    from tests.links.test_links import make_link, sent_code

    def prepared(number: int) -> tuple[Any, str, str]:
        client = Client(REMOTE_ADDR=address(number))
        _, token = make_link(cast)
        client.post(f"/l/{token}/code")
        code = sent_code(cast)
        assert re.fullmatch(r"\d{6}", code)
        return client, token, code

    def come(client: Any, token: str, code: str) -> None:
        answer = client.post(f"/l/{token}/open", {"code": code})
        assert answer.status_code == 302, answer.status_code

    come(*prepared(0))
    waiting = [prepared(number) for number in range(1, times + 1)]
    measured = timed([lambda one=one: come(*one) for one in waiting])
    return beside(measured, timed([lambda: hashlib.sha256(b"a token and its code").digest()] * times))


def decide(cast: Any, times: int) -> dict[str, dict[str, float]]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from telesphore.accounts.access import may
    from telesphore.kernel.clock import now
    from telesphore.records import access

    actor, at = cast.lebrun, now()

    def one(work: Callable[[], Any], turns: int) -> dict[str, float]:
        assert work()
        with CaptureQueriesContext(connection) as asked:
            work()
        cpu = process_time()
        for _ in range(turns):
            work()
        each = (process_time() - cpu) / turns
        return {
            "queries": len(asked.captured_queries), "microseconds": round(1e6 * each, 3), "per second": round(1 / each)
        }  # fmt: skip

    def record() -> Any:
        return access.decide(actor=actor, patient_id=cast.odile_id, at=at)

    def obtain() -> Any:
        return access.Patient.objects.get(organisation_id=actor.organisation, id=cast.odile_id)

    return {
        "a permission": one(lambda: may(actor, "signature:recipient:sign"), 1000 * times),
        "a record, with the query that obtains it": one(record, 10 * times),
        "the query that obtains it, alone": one(obtain, 10 * times),
    }


if __name__ == "__main__":
    main()

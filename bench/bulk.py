"""How long a list sent to many takes: checked, confirmed, sent row by row, on an instance of its own.

    python bench/bulk.py [--short]

Two hundred rows, five of them bad; `--short` takes twenty and two. One template of two pages, whose fields are written
onto a page of each; the patient signs, then a doctor. One worker, whose jobs run one after the other: their pace, which
leaves room for others, is left out. It fails when a row was sent twice, or left out.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vault import instance


def run(count: int, bad: int) -> None:
    """Prints what each part took."""
    from tests.cast import assemble
    from tests.signature.templates import made, patients

    from telesphore.kernel.clock import now
    from telesphore.signature.actions import send_many, send_row
    from telesphore.signature.formats import rows
    from telesphore.signature.models import BulkRow, Envelope
    from telesphore.signature.queries import bulk as read

    cast = assemble()
    template_id = made(cast)
    known = [str(patient_id) for patient_id in patients(cast.sylvie, count - bad)]
    lines = [*known, *(f"Inconnu {number}" for number in range(bad))]
    content = ("patient\n" + "\n".join(lines)).encode()

    took: dict[str, float] = {}
    began = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal began
        took[name] = time.perf_counter() - began
        began = time.perf_counter()

    bulk_id = send_many.give_list(
        template_id=template_id, table=rows.parse(content), professional_id=cast.lebrun.person_id, actor=cast.sylvie,
        at=now(),
    )  # fmt: skip
    lap("given")
    send_many.check_list(organisation_id=cast.hospital, bulk_id=bulk_id, at=now())
    lap("checked")
    send_many.confirm_list(bulk_id=bulk_id, actor=cast.sylvie, at=now())
    lap("confirmed")
    for row_id in BulkRow.objects.filter(bulk_id=bulk_id, state="ready").values_list("id", flat=True):
        send_row.send_row(organisation_id=cast.hospital, row_id=row_id, at=now())
    lap("sent")
    read.bulk_rows(bulk_id=bulk_id, actor=cast.sylvie, most=None)
    lap("reported")

    states = Counter(BulkRow.objects.filter(bulk_id=bulk_id).values_list("state", flat=True))
    sent = Counter(Envelope.objects.values_list("patient_id", flat=True))
    assert states == {"sent": count - bad, "bad": bad}, states
    assert set(sent.values()) == {1}
    assert len(sent) == count - bad
    for name, seconds in took.items():
        print(f"{name:10} {seconds:7.2f} s   {1000 * seconds / count:7.1f} ms a row")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    with instance(None):
        run(*((20, 2) if parser.parse_args().short else (200, 5)))

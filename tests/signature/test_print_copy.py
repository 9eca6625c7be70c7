"""The patient prints their copy with its proof: theirs only, and once it is complete."""

import io

import pikepdf
import pytest

from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.records.models import PrintedCopy
from telesphore.signature.actions import copy, results, seal
from telesphore.signature.errors import EnvelopeNotFound
from telesphore.signature.models import Revision
from tests.cast import Cast
from tests.signature.circuits import ODILE, odile_signs, sent


def print_copy(cast: Cast, envelope_id: object, actor: Actor) -> bytes:
    return copy.print_copy(envelope_id=envelope_id, language="fr", actor=actor, at=now()).pdf  # type: ignore[arg-type]


def test_odile_prints_what_she_signed_and_the_trail_knows(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE])
    odile_signs(cast, envelope_id)
    with pytest.raises(EnvelopeNotFound):
        print_copy(cast, envelope_id, cast.odile)
    system = Actor.system(cast.hospital)
    seal.seal(envelope_id=envelope_id, actor=system, at=now())
    results.file_results(envelope_id=envelope_id, actor=system, at=now())

    with pikepdf.open(io.BytesIO(print_copy(cast, envelope_id, cast.odile))) as pdf:
        assert len(pdf.pages) == 2
        assert "/AcroForm" not in pdf.Root
    event = Event.objects.get(action="records:document:print", outcome="done")
    assert (event.person_id, event.patient_id, event.ground) == (cast.odile_id, cast.odile_id, "own-record")
    last = Revision.objects.filter(envelope_id=envelope_id).latest("number")
    assert bytes(PrintedCopy.objects.get().sha256) == bytes(last.sha256)


@pytest.mark.parametrize("who", ["ibrahim", "ricaud", "cherif"])
def test_nobody_else_prints_it(cast: Cast, who: str) -> None:
    envelope_id = sent(cast, [ODILE])
    odile_signs(cast, envelope_id)
    system = Actor.system(cast.hospital)
    seal.seal(envelope_id=envelope_id, actor=system, at=now())
    results.file_results(envelope_id=envelope_id, actor=system, at=now())

    with pytest.raises(DomainError) as refused:
        print_copy(cast, envelope_id, getattr(cast, who))
    assert refused.value.refusal is Refusal.NOT_FOUND
    assert not PrintedCopy.objects.exists()

"""A file that goes through its circuit: what comes out, judged from outside the room."""

import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import Conclusion, Indication, Level, SubIndication
from telesphore.audit.models import Event
from telesphore.connectors.pkcs12 import Pkcs12Reader, write
from telesphore.kernel.clock import now
from telesphore.pki import actions as pki
from telesphore.records import actions as records
from telesphore.signature.actions import seal, send, sign, view
from telesphore.signature.ports import TokenGone, TokenReader
from telesphore.signature.states import Purpose
from tests.cast import Cast
from tests.papers import blank
from tests.signature.circuits import published, verdict_on

PIN = "4021"


@dataclass(frozen=True)
class Circuit:
    envelope_id: UUID
    reader: TokenReader
    tokens: Path


@pytest.fixture
def circuit(cast: Cast, tmp_path: Path) -> Circuit:
    """Two blank pages, for Odile then Dr Lebrun to sign; Dr Lebrun has a key."""
    deposited = records.deposit(
        patient_id=cast.odile_id, title="Consentement", type_code="59284-0", class_code="52", content=blank(2),
        actor=cast.sylvie, at=now(),
    )  # fmt: skip
    envelope_id = send.send(
        document_id=deposited.document_id,
        steps=[
            [send.Signer(person_id=None, purpose=Purpose.CONSENTS)],
            [send.Signer(person_id=cast.lebrun.person_id, purpose=Purpose.VALIDATES)],
        ],
        actor=cast.sylvie,
        at=now(),
    )
    key = rsa.generate_private_key(65537, 2048)
    certificate, chain = pki.issue_for_key(
        organisation_id=cast.hospital,
        public_key_der=key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        given_name="Anne", family_name="Lebrun", title="Dr", rpps="", actor=cast.lebrun, at=now(),
    )  # fmt: skip
    assert cast.lebrun.person_id is not None
    tokens = tmp_path / "tokens"
    write(tokens, person_id=cast.lebrun.person_id, pin=PIN, key=key, certificate=certificate, chain=chain)
    return Circuit(envelope_id, Pkcs12Reader(tokens), tokens)


def _patient_signs(cast: Cast, circuit: Circuit) -> None:
    sign.sign_as_patient(envelope_id=circuit.envelope_id, pages_shown=2, drawing=None, actor=cast.odile, at=now())


def _doctor_signs(cast: Cast, circuit: Circuit, *, taken_out: bool = False) -> None:
    assert cast.lebrun.person_id is not None
    with ExitStack() as stack:
        token = stack.enter_context(circuit.reader.open(person_id=cast.lebrun.person_id, pin=PIN))
        if taken_out:
            for path in circuit.tokens.iterdir():
                path.unlink()
        sign.sign_with_token(envelope_id=circuit.envelope_id, token=token, drawing=None, actor=cast.lebrun, at=now())


def _file(cast: Cast, circuit: Circuit) -> bytes:
    return view.view(envelope_id=circuit.envelope_id, actor=cast.lebrun, at=now()).pdf


def test_patient_doctor_and_organisation_sign_and_each_signature_holds(
    cast: Cast, circuit: Circuit, tmp_path: Path
) -> None:
    _patient_signs(cast, circuit)
    first = _file(cast, circuit)
    _doctor_signs(cast, circuit)
    second = _file(cast, circuit)
    seal.seal(envelope_id=circuit.envelope_id, actor=cast.sylvie, at=now())
    sealed = _file(cast, circuit)
    assert second.startswith(first)
    assert sealed.startswith(second)
    verdict = verdict_on(sealed, cast.hospital)
    assert [(one.signer.name, one.indication) for one in verdict.signatures] == [
        ("Odile MARCHETTI", Indication.TOTAL_PASSED),
        ("Anne LEBRUN", Indication.TOTAL_PASSED),
        ("Cachet — Centre hospitalier de Montfaucy", Indication.TOTAL_PASSED),
    ]
    assert [(one.certified, one.permission) for one in verdict.signatures] == [(True, 2), (False, None), (False, None)]
    # After the seal come only what proves it for long, and a timestamp over all.
    assert verdict.conclusion is Conclusion.VALID, verdict.findings
    assert [one.level for one in verdict.signatures] == [Level.LTA] * 3
    assert verdict.timestamps[-1].kind == "document"
    assert verdict.revisions[-1].end == len(sealed)
    path = tmp_path / "sealed.pdf"
    path.write_bytes(sealed)
    poppler = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=True).stdout
    assert poppler.count("Signature is Valid") == 3
    subprocess.run(["qpdf", "--check", path], capture_output=True, check=True)


def test_another_organisation_does_not_trust_these_signatures(cast: Cast, circuit: Circuit) -> None:
    _patient_signs(cast, circuit)
    pdf = _file(cast, circuit)
    known = published(cast.hospital)
    (ours,), (theirs,) = (verdict_on(pdf, one, known).signatures for one in (cast.hospital, cast.elsewhere))
    assert ours.indication is Indication.TOTAL_PASSED
    assert theirs.indication is Indication.INDETERMINATE
    assert theirs.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    # Its timestamp is of the same authority; nothing else is said against it: it is intact.
    assert ours.findings == ()
    assert {one.reason for one in theirs.findings} == {
        Reason.NOT_TRUSTED, Reason.TIMESTAMP_NOT_VALID, Reason.NOT_PROVED_IN_TIME
    }  # fmt: skip


def test_a_token_taken_out_leaves_the_file_as_it_was_and_the_step_open(cast: Cast, circuit: Circuit) -> None:
    _patient_signs(cast, circuit)
    before = _file(cast, circuit)
    kept = {path: path.read_bytes() for path in circuit.tokens.iterdir()}
    with pytest.raises(TokenGone):
        _doctor_signs(cast, circuit, taken_out=True)
    assert _file(cast, circuit) == before
    refused = Event.objects.filter(action="signature:recipient:sign", outcome="refused").get()
    assert refused.organisation_id == cast.hospital
    for path, content in kept.items():
        path.write_bytes(content)
    _doctor_signs(cast, circuit)
    assert _file(cast, circuit) != before

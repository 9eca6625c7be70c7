"""Who represents a patient signs what awaits the patient: in their place, by their own name, while it holds."""

import subprocess
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.test import Client

from telesphore.accounts.models import Person
from telesphore.accounts.states import Acr
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.records import access as records_access
from telesphore.records import actions as records
from telesphore.records.models import Patient, Representation
from telesphore.records.states import Measure
from telesphore.signature import queries
from telesphore.signature.actions import close, results, sign, view
from telesphore.signature.errors import EnvelopeNotFound
from telesphore.signature.models import Envelope, Recipient
from tests.cast import Cast
from tests.records.test_accounts import INES, basis, child, last_mail
from tests.web.test_patient_accounts import as_representative, prove, to_sign, with_account


def begun(cast: Cast, measure: Measure = Measure.GUARDIANSHIP) -> tuple[UUID, Client]:
    """What awaits Odile, and the browser of Inès, who represents her and has begun to read it."""
    envelope_id = to_sign(cast)
    client = as_representative(cast, cast.odile_id, measure)
    prove(client)
    return envelope_id, client


def test_who_represents_a_patient_signs_in_their_place_and_both_names_are_in_proof_trail_and_file(
    cast: Cast, tmp_path: Path
) -> None:
    envelope_id, client = begun(cast)
    assert client.post(f"/my/sign/{envelope_id}")["Location"] == "/p/"
    assert client.get("/p/").status_code == 200
    client.post("/p/read", {"page": "1"})
    for path in ("/p/decide", "/p/sign"):
        page = client.get(path).content.decode()
        assert "Inès Ferrand" in page
        assert "FERRAND Odile" in page
    assert client.post("/p/sign", {"drawing": ""})["Location"] == "/p/done"
    ines, row, basis_of = Person.objects.get(email=INES.email), Recipient.objects.get(), Representation.objects.get()
    assert (row.patient_id, row.proof["signed_by"], row.proof["representation"], row.proof["means"]) == (
        cast.odile_id, ines.id.hex, basis_of.id.hex, "passkey",
    )  # fmt: skip
    trace = Event.objects.get(action="signature:recipient:sign", outcome="done")
    assert (trace.actor_kind, trace.person_id, trace.on_behalf_of, trace.patient_id, trace.ground) == (
        "representative", ines.id, cast.odile_id, cast.odile_id, "representative",
    )  # fmt: skip
    assert trace.detail["representation"] == basis_of.id.hex
    path = tmp_path / "signed.pdf"
    path.write_bytes(view.view(envelope_id=envelope_id, actor=cast.sylvie, at=now()).pdf)
    shown = " ".join(
        subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout.split()
    )
    assert "par Inès Ferrand, pour FERRAND Odile (tutelle) le" in shown
    told = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=False).stdout
    assert "Signer Certificate Common Name: Inès" in told
    envelope = Envelope.objects.get(id=envelope_id)
    envelope.closed_at = now()
    patient = records_access.decide(actor=cast.lebrun, patient_id=cast.odile_id, at=now()).patient
    [signer] = results.evidence_about(envelope, patient, "Consentement").signers
    assert (signer.name, signer.on_behalf_of, signer.is_patient) == ("Inès Ferrand", patient.display_name, True)
    [step] = queries.envelope(envelope_id=envelope_id, actor=cast.sylvie, at=now()).steps
    assert step.recipients[0].signed_by == "Inès Ferrand"


def test_a_parent_called_without_a_link_comes_by_their_account_and_signs_for_the_minor(cast: Cast) -> None:
    Patient.objects.filter(id=cast.odile_id).update(birth_date=date(2015, 1, 1))
    client = as_representative(cast, cast.odile_id, Measure.PARENTAL_AUTHORITY)
    prove(client)
    envelope_id = to_sign(cast)
    mail = last_mail(cast, "signature:invitation")
    assert INES.email in mail
    assert "/l/" not in mail
    assert f"/my/sign/{envelope_id}" in client.get("/my/").content.decode()
    assert client.post(f"/my/sign/{envelope_id}")["Location"] == "/p/"
    client.post("/p/read", {"page": "1"})
    assert client.post("/p/sign", {"drawing": ""})["Location"] == "/p/done"
    assert Recipient.objects.get().proof["signed_by"] == Person.objects.get(email=INES.email).id.hex


def test_a_minor_with_an_account_of_their_own_reads_and_signs_nothing(cast: Cast) -> None:
    client = with_account(cast)
    prove(client)
    envelope_id = to_sign(cast)
    Patient.objects.filter(id=cast.odile_id).update(birth_date=date(2015, 1, 1))
    home = client.get("/my/").content.decode()
    assert "Lire et signer" not in home
    assert "La loi veut que quelqu’un d’autre signe pour vous" in home
    assert client.post(f"/my/sign/{envelope_id}")["Location"] == "/p/"
    client.post("/p/read", {"page": "1"})
    # Where others decide, they find who signs for them; they may refuse, and are offered nothing else.
    as_representative(cast, cast.odile_id, Measure.PARENTAL_AUTHORITY)
    page = client.get("/p/decide").content.decode()
    assert "Inès Ferrand signe pour vous" in page
    assert "/p/decline" in page
    assert "/p/sign" not in page
    assert client.get("/p/sign")["Location"] == "/p/decide"
    answer = client.post("/p/sign", {"drawing": ""})
    assert answer.status_code == 409
    assert "un représentant, qui signe à sa place" in answer.content.decode()
    assert Recipient.objects.get().signed_at is None


def test_a_representation_that_ended_since_the_reading_signs_nothing(cast: Cast) -> None:
    envelope_id, client = begun(cast)
    client.post(f"/my/sign/{envelope_id}")
    client.post("/p/read", {"page": "1"})
    records.end_representation(
        representation_id=Representation.objects.get().id, reason="x", actor=cast.sylvie, at=now()
    )
    assert client.post("/p/sign", {"drawing": ""}).status_code == 404
    assert Recipient.objects.get().signed_at is None


def test_a_proof_older_than_five_minutes_signs_nothing_after_a_long_reading(cast: Cast) -> None:
    envelope_id, client = begun(cast)
    client.post(f"/my/sign/{envelope_id}")
    client.post("/p/read", {"page": "1"})
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "mfa", "type": "webauthn", "at": (now() - timedelta(minutes=6)).timestamp()}
    ]
    session.save()
    assert client.get("/p/sign")["Location"].startswith("/sign-in/again/")
    assert client.post("/p/sign", {"drawing": ""})["Location"].startswith("/sign-in/again/")
    assert Recipient.objects.get().signed_at is None


def test_who_represents_one_patient_signs_for_no_other_and_who_assists_for_none(cast: Cast) -> None:
    envelope_id = to_sign(cast)
    client = as_representative(cast, child(cast), Measure.PARENTAL_AUTHORITY)
    prove(client)
    assert client.post(f"/my/sign/{envelope_id}")["Location"] == "/my/"
    assert client.get("/p/").status_code == 404
    ines = Person.objects.get(email=INES.email).id
    for_odile = Actor(
        kind=ActorKind.REPRESENTATIVE, organisation_id=cast.hospital, person_id=ines, on_behalf_of=cast.odile_id,
        means="passkey", acr=Acr.PASSKEY,
    )  # fmt: skip
    opens_nothing(for_odile, envelope_id)
    records.record_representation(
        patient_id=cast.odile_id, who=INES, basis=basis(Measure.ASSISTANCE), actor=cast.sylvie, at=now()
    )
    Representation.objects.filter(measure=Measure.ASSISTANCE).update(person_id=ines, confirmed_at=now())
    opens_nothing(for_odile, envelope_id)


def opens_nothing(actor: Actor, envelope_id: UUID) -> None:
    """The envelope is not there, neither to read, nor to sign, nor to refuse."""
    with pytest.raises(EnvelopeNotFound):
        view.view(envelope_id=envelope_id, actor=actor, at=now())
    with pytest.raises(EnvelopeNotFound):
        sign.sign_as_patient(envelope_id=envelope_id, pages_shown=1, drawing=None, actor=actor, at=now())
    with pytest.raises(EnvelopeNotFound):
        close.decline(envelope_id=envelope_id, reason="", actor=actor, at=now())

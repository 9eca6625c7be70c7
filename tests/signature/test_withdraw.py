"""A consent withdrawn: a signed counter-document, the team told at once, the record that says so."""

from dataclasses import replace
from datetime import date
from io import BytesIO
from uuid import UUID

import pypdfium2
import pytest

from telesphore.accounts.states import Acr
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.outbox.models import Notice
from telesphore.reactions.file_signed_document import file_signed_document
from telesphore.reactions.mark_withdrawn_consent import mark_withdrawn_consent
from telesphore.reactions.mark_withdrawn_document import mark_withdrawn_document
from telesphore.records import queries as records
from telesphore.records.errors import DocumentNotFound
from telesphore.records.models import Document, Patient
from telesphore.signature import queries
from telesphore.signature.actions import seal, view, withdraw
from telesphore.signature.errors import EnvelopeNotFound, MustBeRepresented, NothingToWithdraw
from telesphore.signature.facts import ConsentWithdrawn, EnvelopeCompleted
from telesphore.signature.models import Envelope
from telesphore.signature.queries.consents import withdrawal_signed
from tests.cast import Cast
from tests.signature.circuits import ODILE, by, doctor_signs, odile_signs, published, sent, token_of, verdict_on
from tests.signature.test_minors import ines_for, signs


def completed(cast: Cast) -> UUID:
    envelope_id = sent(cast, [ODILE])
    odile_signs(cast, envelope_id)
    seal.seal(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
    return envelope_id


def withdrawn(cast: Cast, envelope_id: UUID, reason: str = "J’ai changé d’avis") -> UUID:
    return withdraw.withdraw(envelope_id=envelope_id, reason=reason, drawing=None, actor=cast.odile, at=now())


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(BytesIO(pdf))
    return " ".join(page.get_textpage().get_text_bounded() for page in document).replace("\r\n", " ")


def test_a_withdrawal_is_a_signed_document_that_names_what_it_withdraws(cast: Cast) -> None:
    envelope_id = completed(cast)
    withdrawal_id = withdrawn(cast, envelope_id)
    viewed = view.view(envelope_id=withdrawal_id, actor=cast.odile, at=now())
    shown = text_of(viewed.pdf)
    sealed = queries.last_revision(organisation_id=cast.hospital, envelope_id=envelope_id)
    for said in ("Retrait d’un consentement", str(envelope_id), "J’ai changé d’avis", bytes(sealed.sha256).hex()[:32]):
        assert said in shown
    signatures = verdict_on(viewed.pdf, cast.hospital, published(cast.hospital)).signatures
    assert [one.indication.value for one in signatures] == ["TOTAL-PASSED"]
    withdrawal = Envelope.objects.get(id=withdrawal_id)
    assert (withdrawal.withdraws_id, withdrawal.state) == (envelope_id, "sealing")
    assert Envelope.objects.get(id=envelope_id).withdrawn_at is not None
    assert queries.withdrawal_of(organisation_id=cast.hospital, envelope_id=envelope_id) == withdrawal_id


def test_the_team_is_told_at_once_without_a_word_about_the_patient(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE], [by(cast.lebrun)])
    odile_signs(cast, envelope_id)
    doctor_signs(cast.lebrun, envelope_id, token_of(cast.lebrun, "Lebrun"))
    seal.seal(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
    withdrawn(cast, envelope_id)
    told = Notice.objects.filter(kind=withdraw.KIND)
    assert told.count() == 2
    # The patient is not asked by e-mail to sign what they just signed.
    assert not Notice.objects.filter(about__in=[envelope_id]).exclude(kind=withdraw.KIND).exists()


def test_the_record_says_that_the_consent_no_longer_holds(cast: Cast) -> None:
    envelope_id = completed(cast)
    withdrawal_id = withdrawn(cast, envelope_id)
    fact = ConsentWithdrawn(cast.hospital, envelope_id)
    with pytest.raises(DocumentNotFound):
        mark_withdrawn_document(fact)
    file_signed_document(EnvelopeCompleted(cast.hospital, envelope_id))
    for _ in range(2):
        mark_withdrawn_document(fact)
    signed = Document.objects.get(source_id=envelope_id, source_part="signed")
    assert signed.standing.value == "withdrawn"
    seal.seal(envelope_id=withdrawal_id, actor=Actor.system(cast.hospital), at=now())
    file_signed_document(EnvelopeCompleted(cast.hospital, withdrawal_id))
    filed = records.results_of(organisation_id=cast.hospital, source_id=withdrawal_id)
    assert set(filed) == {"signed", "evidence"}


def test_a_consent_is_withdrawn_once_and_only_when_there_is_one(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE])
    with pytest.raises(NothingToWithdraw):
        withdrawn(cast, envelope_id)
    odile_signs(cast, envelope_id)
    seal.seal(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
    withdrawn(cast, envelope_id)
    with pytest.raises(NothingToWithdraw):
        withdrawn(cast, envelope_id)


def test_nobody_withdraws_anothers_consent(cast: Cast) -> None:
    envelope_id = completed(cast)
    for other in (cast.ibrahim, cast.lebrun, cast.sylvie, cast.cherif):
        with pytest.raises(EnvelopeNotFound):
            withdraw.withdraw(envelope_id=envelope_id, reason="", drawing=None, actor=other, at=now())
        assert not queries.may_withdraw(envelope_id=envelope_id, actor=other, at=now())
    assert queries.may_withdraw(envelope_id=envelope_id, actor=cast.odile, at=now())
    assert Envelope.objects.filter(withdraws_id__isnull=False).count() == 0


def test_a_withdrawal_whose_marking_was_lost_is_marked_when_it_is_completed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    envelope_id = completed(cast)
    with monkeypatch.context() as crash:
        crash.setattr(withdraw, "mark_withdrawn", lambda **_: None)
        withdrawal_id = withdrawn(cast, envelope_id)
    assert Envelope.objects.get(id=envelope_id).withdrawn_at is None
    for _ in range(2):
        mark_withdrawn_consent(EnvelopeCompleted(cast.hospital, withdrawal_id))
    assert Envelope.objects.get(id=envelope_id).withdrawn_at is not None
    mark_withdrawn_consent(EnvelopeCompleted(cast.hospital, envelope_id))


def test_what_was_begun_before_a_crash_is_taken_up(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    envelope_id = completed(cast)

    def broken(**_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as crash:
        crash.setattr(withdraw, "sign_as_patient", broken)
        with pytest.raises(ConnectionError):
            withdrawn(cast, envelope_id)
    begun = Envelope.objects.get(withdraws_id=envelope_id)
    assert withdrawn(cast, envelope_id, "") == begun.id


def test_who_represents_a_patient_withdraws_what_was_signed_for_them_and_the_patient_does_not(cast: Cast) -> None:
    ines = replace(ines_for(cast), acr=Acr.PASSKEY)
    envelope_id = sent(cast, [ODILE])
    signs(ines, envelope_id)
    seal.seal(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
    with pytest.raises(MustBeRepresented):
        withdrawn(cast, envelope_id)
    assert not queries.may_withdraw(envelope_id=envelope_id, actor=cast.odile, at=now())
    asks = queries.asks_to_withdraw(envelope_id=envelope_id, actor=cast.odile, at=now())
    assert asks == ("Inès Ferrand",)
    assert queries.asks_to_withdraw(envelope_id=envelope_id, actor=ines, at=now()) is None
    withdraw.withdraw(envelope_id=envelope_id, reason="", drawing=None, actor=ines, at=now())
    seen = withdrawal_signed(Envelope.objects.get(id=envelope_id))
    assert seen is not None
    assert seen.by == "Inès Ferrand"
    assert queries.asks_to_withdraw(envelope_id=envelope_id, actor=cast.odile, at=now()) is None


def test_who_came_of_age_withdraws_what_a_parent_signed_and_the_parent_no_more(cast: Cast) -> None:
    ines = replace(ines_for(cast), acr=Acr.PASSKEY)
    envelope_id = sent(cast, [ODILE])
    signs(ines, envelope_id)
    seal.seal(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
    Patient.objects.filter(id=cast.odile_id).update(birth_date=date(2001, 1, 1))
    assert not queries.may_withdraw(envelope_id=envelope_id, actor=ines, at=now())
    withdrawn(cast, envelope_id)
    assert Envelope.objects.get(id=envelope_id).withdrawn_at is not None

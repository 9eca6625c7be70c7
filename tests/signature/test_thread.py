"""The thread beside a document: who reads and writes what, that nothing is ever taken out, whom it tells."""

import io
import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from PIL import Image

from telesphore.ades.signing import PreparedSignature
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.outbox.models import Notice
from telesphore.records.formats.intake import DamagedPdf, EncryptedPdf, NotAPdf
from telesphore.signature import queries
from telesphore.signature.actions import close, discuss
from telesphore.signature.actions.discuss import Words
from telesphore.signature.errors import (
    EntryNotFound,
    EnvelopeNotFound,
    NoSuchPlace,
    NotAQuestion,
    NothingWritten,
    ThreadClosed,
    UnknownMention,
)
from telesphore.signature.formats import thread as chain
from telesphore.signature.formats.attachment import BadAttachment, clean_name
from telesphore.signature.formats.thread import Pin
from telesphore.signature.models import Entry, Envelope, Recipient, Revision
from telesphore.signature.states import EntryKind, EntryVisibility
from telesphore.vault import queries as vault
from tests.cast import NOBODY, Cast
from tests.papers import one_page
from tests.signature.circuits import ODILE, by, doctor_signs, odile_signs, sent, token_of

EVERYONE = EntryVisibility.EVERYONE


@pytest.fixture
def envelope_id(cast: Cast) -> UUID:
    """Odile signs, then Dr Lebrun; Sylvie sent it."""
    return sent(cast, [ODILE], [by(cast.lebrun)])


def wrote(envelope_id: UUID, actor: Actor, body: str = "Bonjour", **more: object) -> UUID:
    words = Words(body=body, **more)  # type: ignore[arg-type]  # As `Words` has them.
    return discuss.write(envelope_id=envelope_id, words=words, actor=actor, at=now())


def asked(envelope_id: UUID, actor: Actor, body: str = "Dois-je être à jeun ?") -> UUID:
    return wrote(envelope_id, actor, body, kind=EntryKind.QUESTION)


def seen(envelope_id: UUID, actor: Actor) -> queries.ThreadView:
    found = queries.thread(envelope_id=envelope_id, actor=actor, at=now())
    assert found is not None
    return found


def bodies(envelope_id: UUID, actor: Actor) -> list[str]:
    return [line.body for line in seen(envelope_id, actor).lines]


def told(envelope_id: UUID) -> set[str]:
    """Addresses that were written to about the thread; no notice says a word of it."""
    entries = Entry.objects.filter(envelope_id=envelope_id).values_list("id", flat=True)
    found = set()
    for notice in Notice.objects.filter(about__in=list(entries)):
        key = vault.organisation_keyset(notice.organisation_id)
        text = vault.unseal_text(
            organisation_id=notice.organisation_id, key_id=key, sealed=bytes(notice.sealed or b""),
            context=f"outbox:notice:{notice.id}",
        )  # fmt: skip
        content = json.loads(text)
        assert not any(word in text for word in ("jeun", "parking", "Ferrand", "Consentement", "Oui"))
        assert "http" in content["text"]
        found.add(content["to"])
    return found


def test_entries_are_numbered_and_chained_in_the_order_they_were_written(cast: Cast, envelope_id: UUID) -> None:
    assert queries.thread_head(organisation_id=cast.hospital, envelope_id=envelope_id) == chain.empty(envelope_id)
    wrote(envelope_id, cast.lebrun, "Un")
    wrote(envelope_id, cast.sylvie, "Deux")
    asked(envelope_id, cast.odile)
    envelope = Envelope.objects.get(id=envelope_id)
    links = queries.thread_links(envelope=envelope, shown=frozenset(EntryVisibility))
    assert [link.content.body for link in links if link.content] == ["Un", "Deux", "Dois-je être à jeun ?"]
    head = queries.thread_head(organisation_id=cast.hospital, envelope_id=envelope_id)
    assert chain.check(envelope_id, links) == head
    # Whoever reads a part only checks the same chain.
    partly = queries.thread_links(envelope=envelope, shown=frozenset({EVERYONE}))
    assert [link.content is None for link in partly] == [True, True, False]
    assert chain.check(envelope_id, partly) == head


def test_the_patient_sees_and_infers_nothing_of_what_professionals_write_among_themselves(
    cast: Cast, envelope_id: UUID
) -> None:
    question = asked(envelope_id, cast.odile)
    before = seen(envelope_id, cast.odile)
    secret = wrote(envelope_id, cast.lebrun, "Elle est inquiète.")
    inner = wrote(envelope_id, cast.lebrun, "Qui répond ?", kind=EntryKind.QUESTION)
    assert seen(envelope_id, cast.odile) == before
    assert bodies(envelope_id, cast.lebrun) == ["Dois-je être à jeun ?", "Elle est inquiète.", "Qui répond ?"]
    for kind in (EntryKind.ANSWER, EntryKind.ANSWERED, EntryKind.EDIT):
        for hidden in (secret, inner, uuid4()):
            with pytest.raises(EntryNotFound):
                wrote(envelope_id, cast.odile, kind=kind, about=hidden)
    with pytest.raises(EntryNotFound):
        discuss.mark_read(envelope_id=envelope_id, entry_id=secret, actor=cast.odile, at=now())
    # What they write is open to all, whatever was asked for; an answer is as open as its question.
    wrote(envelope_id, cast.odile, "Merci", visibility=EntryVisibility.PROFESSIONALS)
    wrote(envelope_id, cast.lebrun, "Oui, six heures.", kind=EntryKind.ANSWER, about=question)
    assert bodies(envelope_id, cast.odile) == ["Dois-je être à jeun ?", "Merci", "Oui, six heures."]


def test_a_sender_may_keep_the_thread_among_professionals(
    cast: Cast, envelope_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telesphore.signature.access.thread._patient_reads", lambda envelope: False)
    assert queries.thread(envelope_id=envelope_id, actor=cast.odile, at=now()) is None
    with pytest.raises(EnvelopeNotFound):
        asked(envelope_id, cast.odile)
    wrote(envelope_id, cast.lebrun, visibility=EVERYONE)
    assert not seen(envelope_id, cast.lebrun).lines[0].shared


def test_nobody_and_no_stranger_reads_writes_or_learns_that_there_is_a_thread(cast: Cast, envelope_id: UUID) -> None:
    other = sent(cast, [by(cast.ricaud)])
    entry = wrote(envelope_id, cast.lebrun)
    roleless = replace(cast.lebrun, roles=frozenset())
    for actor in (NOBODY, cast.ricaud, cast.cherif, cast.ibrahim, roleless, Actor.system(cast.hospital)):
        for place in (envelope_id, uuid4()):
            with pytest.raises(EnvelopeNotFound):
                wrote(place, actor)
            with pytest.raises(EnvelopeNotFound):
                discuss.mark_read(envelope_id=place, entry_id=entry, actor=actor, at=now())
            with pytest.raises(EnvelopeNotFound):
                discuss.open_attachment(envelope_id=place, entry_id=entry, actor=actor, at=now())
    # A recipient of one envelope reaches no entry of another by it.
    with pytest.raises(EntryNotFound):
        wrote(other, cast.ricaud, kind=EntryKind.ANSWER, about=entry)
    with pytest.raises(EntryNotFound):
        discuss.open_attachment(envelope_id=other, entry_id=entry, actor=cast.ricaud, at=now())


def test_the_database_lets_nothing_be_changed_or_taken_out(cast: Cast, envelope_id: UUID) -> None:
    wrote(envelope_id, cast.lebrun)
    for statement in ("UPDATE signature_entry SET number = 9", "DELETE FROM signature_entry"):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(statement)


def test_an_edit_is_an_entry_more_and_the_old_words_stay(cast: Cast, envelope_id: UUID) -> None:
    entry = wrote(envelope_id, cast.lebrun, "PD-L1 à 6 %", visibility=EVERYONE)
    wrote(envelope_id, cast.lebrun, "PD-L1 à 60 %", kind=EntryKind.EDIT, about=entry)
    (line,) = seen(envelope_id, cast.odile).lines
    assert (line.body, [body for _at, body in line.before]) == ("PD-L1 à 60 %", ["PD-L1 à 6 %"])
    assert Entry.objects.filter(envelope_id=envelope_id).count() == 2
    with pytest.raises(EntryNotFound):
        wrote(envelope_id, cast.sylvie, "Non", kind=EntryKind.EDIT, about=entry)


def test_a_question_waits_until_it_is_answered_or_marked_so(cast: Cast, envelope_id: UUID) -> None:
    first, second = asked(envelope_id, cast.odile), asked(envelope_id, cast.odile, "Et le parking ?")
    assert queries.unread_questions(envelope_ids=[envelope_id], actor=cast.lebrun) == {envelope_id: 2}
    assert queries.unread_questions(envelope_ids=[envelope_id], actor=cast.odile) == {}
    wrote(envelope_id, cast.lebrun, "Oui.", kind=EntryKind.ANSWER, about=first)
    assert queries.unread_questions(envelope_ids=[envelope_id], actor=cast.lebrun) == {envelope_id: 1}
    wrote(envelope_id, cast.sylvie, "", kind=EntryKind.ANSWERED, about=second)
    assert queries.unread_questions(envelope_ids=[envelope_id], actor=cast.lebrun) == {}
    assert [line.answered_by for line in seen(envelope_id, cast.odile).lines] == [
        "Dr Anne Lebrun",
        "Sylvie Courtois",
        "",
    ]
    with pytest.raises(NotAQuestion):
        wrote(envelope_id, cast.sylvie, kind=EntryKind.ANSWER, about=seen(envelope_id, cast.sylvie).lines[-1].entry_id)


def test_what_was_shown_is_no_longer_unread(cast: Cast, envelope_id: UUID) -> None:
    entry = asked(envelope_id, cast.odile)
    later = asked(envelope_id, cast.odile)
    assert (seen(envelope_id, cast.lebrun).unread, seen(envelope_id, cast.lebrun).unread_questions) == (2, 2)
    discuss.mark_read(envelope_id=envelope_id, entry_id=entry, actor=cast.lebrun, at=now())
    assert seen(envelope_id, cast.lebrun).unread == 1
    discuss.mark_read(envelope_id=envelope_id, entry_id=later, actor=cast.lebrun, at=now())
    discuss.mark_read(envelope_id=envelope_id, entry_id=entry, actor=cast.lebrun, at=now())
    assert seen(envelope_id, cast.lebrun).unread == 0
    # Each reader has their own; what one wrote oneself is never unread.
    assert seen(envelope_id, cast.sylvie).unread == 2
    assert seen(envelope_id, cast.odile).unread == 0


def test_questions_of_many_envelopes_are_counted_in_one_query(
    cast: Cast, envelope_id: UUID, django_assert_num_queries: object
) -> None:
    second = sent(cast, [ODILE], [by(cast.lebrun)])
    asked(envelope_id, cast.odile)
    asked(second, cast.odile)
    assert callable(django_assert_num_queries)
    with django_assert_num_queries(1):
        found = queries.unread_questions(envelope_ids=[envelope_id, second, uuid4()], actor=cast.lebrun)
    assert found == {envelope_id: 1, second: 1}


def test_nothing_is_added_once_the_circuit_has_ended_and_all_stays_readable(cast: Cast, envelope_id: UUID) -> None:
    wrote(envelope_id, cast.lebrun)
    with pytest.raises(ThreadClosed):
        discuss.write(
            envelope_id=envelope_id, words=Words(body="Trop tard"), actor=cast.lebrun, at=now() + timedelta(days=400)
        )
    close.void(envelope_id=envelope_id, reason="", actor=cast.sylvie, at=now())
    with pytest.raises(ThreadClosed):
        wrote(envelope_id, cast.lebrun)
    assert bodies(envelope_id, cast.lebrun) == ["Bonjour"]
    assert not seen(envelope_id, cast.lebrun).may_write


def test_nothing_is_added_while_the_seal_is_made(cast: Cast, envelope_id: UUID) -> None:
    odile_signs(cast, envelope_id)
    doctor_signs(cast.lebrun, envelope_id, token_of(cast.lebrun, "Lebrun"))
    with pytest.raises(ThreadClosed):
        wrote(envelope_id, cast.lebrun)


def test_a_signature_is_bound_to_the_thread_as_its_signer_could_read_it(cast: Cast, envelope_id: UUID) -> None:
    asked(envelope_id, cast.odile)
    first = queries.thread_head(organisation_id=cast.hospital, envelope_id=envelope_id)
    odile_signs(cast, envelope_id)
    wrote(envelope_id, cast.lebrun)
    second = queries.thread_head(organisation_id=cast.hospital, envelope_id=envelope_id)
    doctor_signs(cast.lebrun, envelope_id, token_of(cast.lebrun, "Lebrun"))
    proofs = (
        Recipient.objects.filter(envelope_id=envelope_id).order_by("step__position").values_list("proof", flat=True)
    )
    assert [proof["thread_head"] for proof in proofs if proof] == [first.hex(), second.hex()]
    last = Revision.objects.filter(envelope_id=envelope_id).latest("number")
    pdf = vault.read_blob(organisation_id=cast.hospital, blob_id=last.blob_id, limit=2**24)
    assert pdf.count(b"/XXTelesphoreBeside/" + first.hex().encode()) == 1
    assert pdf.count(b"/XXTelesphoreBeside/" + second.hex().encode()) == 1


def test_nothing_of_what_is_written_is_at_rest_in_clear(cast: Cast, envelope_id: UUID) -> None:
    wrote(envelope_id, cast.lebrun, "Insuffisance rénale")
    row = Entry.objects.get(envelope_id=envelope_id)
    assert "rénale".encode() not in bytes(row.content_sealed)
    event = Event.objects.filter(action="signature:thread:write").latest("at")
    assert "rénale" not in str(event.__dict__)


def test_an_entry_without_its_trace_is_not_kept(cast: Cast, envelope_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **more: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(discuss.audit, "record", broken)
    with pytest.raises(RuntimeError), transaction.atomic():
        wrote(envelope_id, cast.lebrun)
    monkeypatch.undo()
    assert not Entry.objects.filter(envelope_id=envelope_id).exists()


def test_a_patients_question_tells_the_sender_and_whose_turn_it_is_without_a_word_of_it(
    cast: Cast, envelope_id: UUID
) -> None:
    asked(envelope_id, cast.odile)
    assert told(envelope_id) == {"sylvie.courtois@montfaucy.example"}
    both = sent(cast, [ODILE, by(cast.lebrun)])
    asked(both, cast.odile)
    assert told(both) == {"sylvie.courtois@montfaucy.example", "anne.lebrun@montfaucy.example"}


def test_whoever_is_mentioned_is_told_and_only_the_circuit_can_be(cast: Cast, envelope_id: UUID) -> None:
    wrote(envelope_id, cast.sylvie, mentions=(cast.lebrun.person,))
    assert told(envelope_id) == {"anne.lebrun@montfaucy.example"}
    for mentions in ((cast.ricaud.person,), (cast.odile_id,), tuple(uuid4() for _ in range(30))):
        with pytest.raises(UnknownMention):
            wrote(envelope_id, cast.sylvie, mentions=mentions)
    with pytest.raises(UnknownMention):
        wrote(envelope_id, cast.odile, mentions=(cast.lebrun.person,))


def test_the_patient_is_told_of_an_answer_with_a_link_that_works(cast: Cast, envelope_id: UUID) -> None:
    question = asked(envelope_id, cast.odile)
    old = Recipient.objects.get(envelope_id=envelope_id, patient_id=cast.odile_id).link_id
    wrote(envelope_id, cast.lebrun, "Oui.", kind=EntryKind.ANSWER, about=question)
    assert "odile.ferrand@courriel.example" in told(envelope_id)
    assert Recipient.objects.get(envelope_id=envelope_id, patient_id=cast.odile_id).link_id != old
    odile_signs(cast, envelope_id)


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ({"body": "  "}, NothingWritten),
        ({"body": "x" * 5_001}, NothingWritten),
        ({"pin": Pin(2, 0, 0)}, NoSuchPlace),
        ({"pin": Pin(0, 1001, 0)}, NoSuchPlace),
        ({"pin": Pin(-1, 1, 1)}, NoSuchPlace),
        ({"kind": EntryKind.ANSWER}, EntryNotFound),
    ],
)
def test_what_cannot_be_written_is_refused(
    cast: Cast, envelope_id: UUID, words: dict[str, object], refusal: type[DomainError]
) -> None:
    with pytest.raises(refusal):
        wrote(envelope_id, cast.lebrun, **{"body": "Bonjour", **words})  # type: ignore[arg-type]  # As `Words`.


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    Image.new("RGB", size, "white").save(out, kind, exif=exif)
    return out.getvalue()


def test_an_attachment_is_written_anew_and_given_back_to_who_may_read_its_entry(cast: Cast, envelope_id: UUID) -> None:
    entry = wrote(envelope_id, cast.lebrun, "", file=picture("JPEG"), file_name="../../Échographie<b>.png")
    opened = discuss.open_attachment(envelope_id=envelope_id, entry_id=entry, actor=cast.sylvie, at=now())
    assert (opened.attached.name, opened.attached.media_type) == ("Échographieb.jpg", "image/jpeg")
    assert b"secret place" not in opened.content
    with pytest.raises(EntryNotFound):
        discuss.open_attachment(envelope_id=envelope_id, entry_id=entry, actor=cast.odile, at=now())
    shared = wrote(envelope_id, cast.lebrun, "", visibility=EVERYONE, file=one_page(), file_name="Bilan.PDF")
    opened = discuss.open_attachment(envelope_id=envelope_id, entry_id=shared, actor=cast.odile, at=now())
    assert (opened.attached.name, opened.content[:5]) == ("Bilan.pdf", b"%PDF-")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"MZ" + b"\0" * 500, b"<svg onload=alert(1)>", b"%PDF-1.7\nnothing", b"x" * (10 * 2**20 + 1),
        b"GIF89a" + b"\0" * 90,
    ],
    ids=["empty", "program", "svg", "no-pdf", "too-large", "gif"],
)  # fmt: skip
def test_only_a_pdf_or_a_picture_is_attached(cast: Cast, envelope_id: UUID, content: bytes) -> None:
    with pytest.raises((BadAttachment, DamagedPdf, EncryptedPdf, NotAPdf)):
        wrote(envelope_id, cast.lebrun, file=content, file_name="a.pdf")
    assert not Entry.objects.filter(envelope_id=envelope_id).exists()


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("", "document.pdf"),
        ("..", "document.pdf"),
        ("C:\\a\\b.exe", "b.pdf"),
        ("a\r\nb.pdf", "ab.pdf"),
        ("x" * 300, "x" * 100 + ".pdf"),
    ],
)
def test_a_name_is_safe_in_any_folder(given: str, clean: str) -> None:
    assert clean_name(given, "pdf") == clean


def test_a_prepared_signature_remembers_what_it_is_bound_to(cast: Cast, envelope_id: UUID) -> None:
    empty = PreparedSignature(b"", b"/XXTelesphoreBeside/" + b"ab" * 32 + b"/Type", (0, 0), b"", b"", (), None)  # type: ignore[arg-type]  # Not looked at.
    assert empty.beside == b"\xab" * 32
    assert replace(empty, update=empty.update * 2).beside is None

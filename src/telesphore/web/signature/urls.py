"""Addresses of the signature book and of envelopes."""

from django.urls import path

from telesphore.web.signature import book, cards, envelopes, sending, thread

app_name = "signature"
urlpatterns = [
    path("book/", book.book, name="book"),
    path("book/card/certificates", cards.certificates, name="card-certificates"),
    path("book/card/prepare", cards.prepare, name="card-prepare"),
    path("book/card/task", cards.task, name="card-task"),
    path("book/card/complete", cards.complete, name="card-complete"),
    path("book/<uuid:envelope_id>/", envelopes.envelope, name="envelope"),
    path("book/<uuid:envelope_id>/file.pdf", envelopes.envelope_file, name="file"),
    path("book/<uuid:envelope_id>/kit.zip", envelopes.dispute_kit, name="kit"),
    path("book/<uuid:envelope_id>/sign", envelopes.sign, name="sign"),
    path("book/<uuid:envelope_id>/decline", envelopes.decline, name="decline"),
    path("book/<uuid:envelope_id>/thread/", thread.thread, name="thread"),
    path("book/<uuid:envelope_id>/thread/write", thread.write, name="thread-write"),
    path("book/<uuid:envelope_id>/thread/read", thread.read, name="thread-read"),
    path("book/<uuid:envelope_id>/thread/<uuid:entry_id>/file", thread.attachment, name="thread-file"),
    path("book/<uuid:envelope_id>/void", envelopes.void, name="void"),
    path("documents/<uuid:document_id>/send", sending.send, name="send"),
    path("circuits/", book.sent, name="sent"),
]

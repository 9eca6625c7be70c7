"""Addresses of the signature book and of envelopes."""

from django.urls import path

from telesphore.web.signature import acts, book, cards, envelopes, sending

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
    path("book/<uuid:envelope_id>/void", envelopes.void, name="void"),
    path("book/<uuid:envelope_id>/review", acts.review, name="review"),
    path("book/<uuid:envelope_id>/advise", acts.advise, name="advise"),
    path("book/<uuid:envelope_id>/take-back", acts.take_back, name="take-back"),
    path("book/<uuid:envelope_id>/recall", acts.recall, name="recall"),
    path("book/<uuid:envelope_id>/hand-over", acts.hand_over, name="hand-over"),
    path("book/<uuid:envelope_id>/recipients/<uuid:recipient_id>/remind", acts.remind, name="remind"),
    path("book/<uuid:envelope_id>/recipients/<uuid:recipient_id>/correct", acts.correct, name="correct"),
    path("documents/<uuid:document_id>/send", sending.send, name="send"),
    path("circuits/", book.sent, name="sent"),
]

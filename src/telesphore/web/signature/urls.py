"""Addresses of the signature book and of envelopes."""

from django.urls import path

from telesphore.web.signature import bedside, book, cards, envelopes, sending

app_name = "signature"
urlpatterns = [
    path("book/", book.book, name="book"),
    path("book/pick", book.pick, name="pick"),
    path("book/agree/", book.agree, name="agree"),
    path("book/digest", book.choose_digest, name="digest"),
    path("book/token/sign", cards.token_sign, name="token-sign"),
    path("book/card/certificates", cards.certificates, name="card-certificates"),
    path("book/card/prepare", cards.prepare, name="card-prepare"),
    path("book/card/task", cards.task, name="card-task"),
    path("book/card/complete", cards.complete, name="card-complete"),
    path("book/<uuid:envelope_id>/", envelopes.envelope, name="envelope"),
    path("book/<uuid:envelope_id>/preview", book.preview, name="preview"),
    path("book/<uuid:envelope_id>/file.pdf", envelopes.envelope_file, name="file"),
    path("book/<uuid:envelope_id>/kit.zip", envelopes.dispute_kit, name="kit"),
    path("book/<uuid:envelope_id>/sign", envelopes.sign, name="sign"),
    path("book/<uuid:envelope_id>/decline", envelopes.decline, name="decline"),
    path("book/<uuid:envelope_id>/void", envelopes.void, name="void"),
    path("book/<uuid:envelope_id>/bedside", bedside.hand_over, name="hand-over"),
    path("bedside/", bedside.page, name="bedside-page"),
    path("bedside/document.pdf", bedside.document, name="bedside-document"),
    path("bedside/page/<int:number>.png", bedside.page_picture, name="bedside-picture"),
    path("bedside/sign", bedside.sign, name="bedside-sign"),
    path("bedside/decline", bedside.decline, name="bedside-decline"),
    path("bedside/done", bedside.done, name="bedside-done"),
    path("documents/<uuid:document_id>/send", sending.send, name="send"),
    path("circuits/", book.sent, name="sent"),
]

"""Addresses of the signature book and of envelopes."""

from django.urls import path

from telesphore.web.signature import cards, views

app_name = "signature"
urlpatterns = [
    path("book/", views.book, name="book"),
    path("book/card/certificates", cards.certificates, name="card-certificates"),
    path("book/card/prepare", cards.prepare, name="card-prepare"),
    path("book/card/task", cards.task, name="card-task"),
    path("book/card/complete", cards.complete, name="card-complete"),
    path("book/<uuid:envelope_id>/", views.envelope, name="envelope"),
    path("book/<uuid:envelope_id>/file.pdf", views.envelope_file, name="file"),
    path("book/<uuid:envelope_id>/kit.zip", views.dispute_kit, name="kit"),
    path("book/<uuid:envelope_id>/sign", views.sign, name="sign"),
    path("book/<uuid:envelope_id>/decline", views.decline, name="decline"),
    path("book/<uuid:envelope_id>/void", views.void, name="void"),
    path("documents/<uuid:document_id>/send", views.send, name="send"),
    path("circuits/", views.sent, name="sent"),
]

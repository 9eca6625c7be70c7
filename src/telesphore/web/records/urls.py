"""Addresses of the record's pages."""

from django.urls import path

from telesphore.web.records import entrances, views

app_name = "records"
urlpatterns = [
    path("records/", views.patients, name="patients"),
    path("records/new", views.register, name="register"),
    path("records/<uuid:patient_id>/", views.record, name="record"),
    path("records/<uuid:patient_id>/deposit", views.deposit, name="deposit"),
    path("records/<uuid:patient_id>/language", views.change_language, name="change-language"),
    path("records/<uuid:patient_id>/team", views.add_to_team, name="add-to-team"),
    path("records/<uuid:patient_id>/accounts", entrances.entrances, name="entrances"),
    path("records/<uuid:patient_id>/accounts/invite", entrances.invite, name="invite"),
    path("records/<uuid:patient_id>/accounts/end", entrances.end_account, name="end-account"),
    path("records/<uuid:patient_id>/representatives/new", entrances.represent, name="represent"),
    path(
        "records/<uuid:patient_id>/representatives/<uuid:representation_id>/invite",
        entrances.invite_again,
        name="invite-representative",
    ),
    path(
        "records/<uuid:patient_id>/representatives/<uuid:representation_id>/end",
        entrances.end,
        name="end-representation",
    ),
    path("documents/<uuid:document_id>/", views.document, name="document"),
    path("documents/<uuid:document_id>/file.pdf", views.document_file, name="document-file"),
    path("documents/<uuid:document_id>/send", views.send_copy, name="send-copy"),
    path("documents/<uuid:document_id>/print", views.print_with_proof, name="print"),
    path("documents/<uuid:document_id>/withdraw", views.withdraw, name="withdraw"),
]

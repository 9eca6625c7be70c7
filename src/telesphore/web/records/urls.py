"""Addresses of the record's pages."""

from django.urls import path

from telesphore.web.records import views

app_name = "records"
urlpatterns = [
    path("records/", views.patients, name="patients"),
    path("records/new", views.register, name="register"),
    path("records/<uuid:patient_id>/", views.record, name="record"),
    path("records/<uuid:patient_id>/deposit", views.deposit, name="deposit"),
    path("records/<uuid:patient_id>/team", views.add_to_team, name="add-to-team"),
    path("documents/<uuid:document_id>/", views.document, name="document"),
    path("documents/<uuid:document_id>/file.pdf", views.document_file, name="document-file"),
    path("documents/<uuid:document_id>/print", views.print_with_proof, name="print"),
    path("documents/<uuid:document_id>/withdraw", views.withdraw, name="withdraw"),
]

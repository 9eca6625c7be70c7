"""Addresses of the signature book and of envelopes."""

from django.urls import path

from telesphore.web.signature import book, bulk, cards, envelopes, sending, templates

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
    path("documents/<uuid:document_id>/send", sending.send, name="send"),
    path("circuits/", book.sent, name="sent"),
    path("circuits/bulk/", bulk.bulks, name="bulks"),
    path("circuits/bulk/<uuid:bulk_id>/", bulk.bulk, name="bulk"),
    path("circuits/bulk/<uuid:bulk_id>/confirm", bulk.confirm, name="bulk-confirm"),
    path("circuits/bulk/<uuid:bulk_id>/stop", bulk.cancel, name="bulk-cancel"),
    path("circuits/bulk/<uuid:bulk_id>/report.csv", bulk.report, name="bulk-report"),
    path("circuits/templates/", templates.templates, name="templates"),
    path("circuits/templates/new", templates.new_template, name="template-new"),
    path("circuits/templates/<uuid:template_id>/", templates.template, name="template"),
    path("circuits/templates/<uuid:template_id>/change", templates.revise, name="template-revise"),
    path("circuits/templates/<uuid:template_id>/put-away", templates.archive, name="template-archive"),
    path("circuits/templates/<uuid:template_id>/many", bulk.new_bulk, name="bulk-new"),
    path("circuits/templates/<uuid:template_id>/many.csv", bulk.example, name="bulk-example"),
    path("circuits/templates/<uuid:template_id>/use/", templates.choose_patient, name="template-patients"),
    path("circuits/templates/<uuid:template_id>/use/<uuid:patient_id>", templates.use, name="template-use"),
    path(
        "circuits/templates/<uuid:template_id>/<int:number>/<int:position>.pdf",
        templates.template_file,
        name="template-file",
    ),
    path("drafts/<uuid:draft_id>/template", templates.from_draft, name="template-from-draft"),
    path("records/<uuid:patient_id>/templates", templates.for_patient, name="templates-for-patient"),
]

"""Addresses of the patient's pages. Only the landing page's carry the link's token."""

from django.urls import path

from telesphore.web.patients import invited, law, mine, mistake, questions, views, withdrawing

app_name = "patients"
urlpatterns = [
    path("l/<str:token>", views.landing, name="landing"),
    path("l/<str:token>/code", views.send_code, name="send-code"),
    path("l/<str:token>/open", views.reveal, name="reveal"),
    path("p/", views.read, name="read"),
    path("p/read", views.page_read, name="page-read"),
    path("p/document.pdf", views.document, name="document"),
    path("p/page/<int:number>.pdf", views.page_file, name="page-file"),
    path("p/page/<int:number>.png", views.page_picture, name="page-picture"),
    path("p/decide", views.decide, name="decide"),
    path("p/sign", views.sign, name="sign"),
    path("p/decline", views.decline, name="decline"),
    path("p/question", questions.question, name="question"),
    path("p/question/<uuid:entry_id>/file", questions.attachment, name="question-file"),
    path("p/done", views.done, name="done"),
    path("p/take-back", mistake.take_back, name="take-back"),
    path("p/taken-back", mistake.taken_back, name="taken-back"),
    path("p/law", law.law, name="law"),
    path("p/declined", views.declined, name="declined"),
    path("p/copy", views.copy_page, name="copy"),
    path("p/copy.pdf", views.copy_file, name="copy-file"),
    path("p/copy/print", views.print_copy, name="print-copy"),
    path("p/withdraw", withdrawing.by_link, name="withdraw"),
    path("p/withdrawn", withdrawing.withdrawn, name="withdrawn"),
    path("p/welcome", invited.welcome, name="welcome"),
    path("patient/", mine.sign_in, name="sign-in"),
    path("my/", mine.home, name="home"),
    path("my/ready", invited.ready, name="ready"),
    path("my/records", mine.entrances, name="entrances"),
    path("my/records/leave", mine.back_to_work, name="back-to-work"),
    path("my/sign/<uuid:envelope_id>", mine.begin_signing, name="begin-signing"),
    path("my/sign/<uuid:envelope_id>/take-back", mine.begin_taking_back, name="begin-taking-back"),
    path("my/documents/", mine.documents, name="documents"),
    path("my/documents/<uuid:document_id>/", mine.document, name="document-page"),
    path("my/documents/<uuid:document_id>/file.pdf", mine.document_file, name="document-file"),
    path("my/documents/<uuid:document_id>/withdraw", withdrawing.by_account, name="document-withdraw"),
    path("my/accesses/", mine.accesses, name="accesses"),
    path("my/accesses/<uuid:event_id>/report", mine.report, name="report"),
    path("my/accesses/reported", mine.reported, name="reported"),
    path("my/representatives", mine.representatives, name="representatives"),
]

"""The pages' addresses: one include per room."""

from django.urls import URLPattern, URLResolver, include, path

from telesphore.web import choosing
from telesphore.web.audit import views as audit
from telesphore.web.home import views as home
from telesphore.web.jobs import views as jobs
from telesphore.web.outbox import views as outbox
from telesphore.web.retention import views as retention

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("", include("telesphore.web.accounts.urls")),
    path("", include("telesphore.web.records.urls")),
    path("", include("telesphore.web.signature.urls")),
    path("", include("telesphore.web.patients.urls")),
    path("", include("telesphore.web.verify.urls")),
    path("colleagues", choosing.colleagues, name="colleagues"),
    path("audit/", audit.journal, name="journal"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/<int:job_id>/try-again", jobs.try_again, name="try-again"),
    path("outbox/", outbox.outbox, name="outbox"),
    path("webhooks/", include("telesphore.web.webhooks.urls")),
    path("retention/", retention.retention, name="retention"),
    path("pki/", include("telesphore.web.pki.urls")),
    path("audit-log/", include("telesphore.web.audit_log.urls")),
    path("", include("telesphore.web.health.urls")),
]

"""The pages' addresses: one include per room."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("audit-log/", include("telesphore.web.audit_log.urls")),
]

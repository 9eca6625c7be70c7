"""Every address of this instance, in one table."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("telesphore.web.urls")),
]
handler500 = "telesphore.web.refusals.failure"

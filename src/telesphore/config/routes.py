"""Every address of this instance, in one table."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("telesphore.web.urls")),
    path("api/v1/", include("telesphore.rest.signature.urls")),
    path("rest/scim/v2/", include("telesphore.rest.scim.urls")),
]
handler500 = "telesphore.web.refusals.failure"

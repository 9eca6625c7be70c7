"""The pages' addresses: one include per room."""

from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("telesphore.web.health.urls")),
    path("preferences/language", set_language, name="set_language"),
]

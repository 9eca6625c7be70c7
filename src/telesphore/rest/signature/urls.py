"""The addresses of the face for software, under `/api/v1/`."""

from django.urls import path, re_path

from telesphore.rest.signature import description, face

urlpatterns = [
    path("openapi.json", description.describe, name="api_openapi"),
    *face.urls(),
    # Whatever it is made of: a dot would not stand for a line's end.
    re_path(r"^", description.nowhere, name="api_nowhere"),
]

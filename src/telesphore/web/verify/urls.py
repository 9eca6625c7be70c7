"""Addresses of the public verification pages."""

from django.urls import path

from telesphore.web.verify import views

app_name = "verify"
urlpatterns = [
    path("verify/", views.verify, name="verify"),
    path("verify/copy/<str:token>", views.copy, name="copy"),
]

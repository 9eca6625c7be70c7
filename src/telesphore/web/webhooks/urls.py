"""The addresses of the page of webhooks."""

from django.urls import path

from telesphore.web.webhooks import views

app_name = "webhooks"

urlpatterns = [
    path("", views.page, name="page"),
    path("<uuid:subscription_id>/secret", views.secret, name="secret"),
    path("<uuid:subscription_id>/end", views.end, name="end"),
    path("origins", views.allow, name="allow"),
    path("origins/<uuid:origin_id>/end", views.forbid, name="forbid"),
    path("deliveries/<uuid:delivery_id>/again", views.again, name="again"),
]

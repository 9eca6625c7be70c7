"""Addresses of the public log, below `/audit-log/`."""

from django.urls import path

from telesphore.web.audit_log import views

urlpatterns = [
    path("checkpoint", views.checkpoint, name="audit_log_checkpoint"),
    path("tile/<path:name>", views.tile, name="audit_log_tile"),
]

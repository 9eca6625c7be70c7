"""Addresses below `/pki/<authority>/`: they are written into certificates, so they never change."""

from django.urls import path

from telesphore.web.pki import views

app_name = "pki"
urlpatterns = [
    path("<uuid:authority_id>/certificate", views.certificate, name="certificate"),
    path("<uuid:authority_id>/crl", views.crl, name="crl"),
    path("<uuid:authority_id>/root-certificate", views.root_certificate, name="root-certificate"),
    path("<uuid:authority_id>/root-crl", views.root_crl, name="root-crl"),
    path("<uuid:authority_id>/ocsp", views.ocsp, name="ocsp"),
    path("<uuid:authority_id>/ocsp/<path:request_text>", views.ocsp_by_get, name="ocsp-by-get"),
    path("<uuid:authority_id>/timestamp", views.timestamp, name="timestamp"),
]

"""The addresses of SCIM, as RFC 7644 §3.2 names them."""

from django.urls import path, re_path

from telesphore.rest.scim import views

urlpatterns = [
    path("Users", views.users, name="scim_users"),
    path("Users/<str:entry_id>", views.user, name="scim_user"),
    path("Groups", views.groups, name="scim_groups"),
    path("Groups/<str:role>", views.group, name="scim_group"),
    path("ServiceProviderConfig", views.service, name="scim_service"),
    path("ResourceTypes", views.resource_types, name="scim_resource_types"),
    path("ResourceTypes/<str:name>", views.resource_type, name="scim_resource_type"),
    path("Schemas", views.all_schemas, name="scim_schemas"),
    path("Schemas/<str:name>", views.schema, name="scim_schema"),
    re_path(r"^", views.nowhere, name="scim_nowhere"),
]

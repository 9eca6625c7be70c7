"""The tables and who may do what to them: migrations as the owner, then the application's grants."""

from django.apps import apps
from django.core.management import call_command
from django.db import connections, transaction

from telesphore.config.embedded import APPLICATION

OWNER_ALIAS = "owner"


def migrate(verbosity: int = 0) -> None:
    """Bring the tables to this release, as their owner, then grant. Safe to run again, and by several at once."""
    with connections[OWNER_ALIAS].cursor() as cursor:
        # One migrator at a time; the lock dies with the connection.
        cursor.execute("SELECT pg_advisory_lock(hashtext('telesphore:migrate'))")
        try:
            call_command("migrate", database=OWNER_ALIAS, verbosity=verbosity, interactive=False)
            call_command("createcachetable", database=OWNER_ALIAS, verbosity=verbosity)
            grant(application_role())
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('telesphore:migrate'))")


def application_role() -> str:
    """The role as which the application connects."""
    return str(connections["default"].settings_dict["USER"] or APPLICATION)


def grant(role: str) -> None:
    """Give the application's role all that it needs, and take UPDATE and DELETE away on insert-only tables."""
    connection = connections[OWNER_ALIAS]
    quote = connection.ops.quote_name
    name = quote(role)
    insert_only = [quote(model._meta.db_table) for model in apps.get_models() if getattr(model, "insert_only", False)]
    with transaction.atomic(using=OWNER_ALIAS), connection.cursor() as cursor:
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {name}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}")
        cursor.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {name}")
        for table in insert_only:
            cursor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {name}")
        cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {name}")

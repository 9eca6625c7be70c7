"""How rows are named and tied together, so that the tables can be spread over machines by organisation.

An *owned* row belongs to one organisation; its primary key is (organisation, id), and it points to another owned row
of the same organisation by `belongs_to`, which the database enforces with `SameOrganisation`.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from telesphore.kernel.identifiers import uuid7


class Owned(models.Model):
    """A row of one organisation. `id` alone is unique too (UUIDv7); queries still name the organisation when known."""

    pk = models.CompositePrimaryKey("organisation_id", "id")
    organisation_id = models.UUIDField(editable=False)
    id = models.UUIDField(default=uuid7, editable=False)

    class Meta:
        abstract = True


class InsertOnly(models.Model):
    """A row that is written once: the application's database role is granted SELECT and INSERT, nothing else."""

    insert_only: ClassVar[bool] = True

    class Meta:
        abstract = True


def belongs_to(model: type[models.Model] | str, column: str, **options: Any) -> "models.ForeignObject[Any, Any]":
    """A relation to an owned row of the same organisation, through `organisation_id` and the field named `column`.

    Not visible from the other side unless `related_name` is given. Pair it with a `SameOrganisation` constraint.
    """
    options.setdefault("related_name", "+")
    options.setdefault("on_delete", models.PROTECT)
    return models.ForeignObject(
        model, from_fields=["organisation_id", column], to_fields=["organisation_id", "id"], **options
    )


class SameOrganisation(models.BaseConstraint):
    """FOREIGN KEY (organisation_id, column) REFERENCES other (organisation_id, id), checked at commit."""

    def __init__(self, *, column: str, to: str, name: str) -> None:
        super().__init__(name=name)
        self.column = column
        self.to = to

    def _clause(self) -> str:
        app_label, model_name = self.to.split(".")
        table = f"{app_label}_{model_name.lower()}"
        return (
            f'FOREIGN KEY ("organisation_id", "{self.column}") REFERENCES "{table}" ("organisation_id", "id") '
            "DEFERRABLE INITIALLY DEFERRED"
        )

    def constraint_sql(self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        assert schema_editor is not None
        return f"CONSTRAINT {schema_editor.quote_name(self.name)} {self._clause()}"

    def create_sql(self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        assert model is not None
        assert schema_editor is not None
        table = schema_editor.quote_name(model._meta.db_table)
        return f"ALTER TABLE {table} ADD {self.constraint_sql(model, schema_editor)}"

    def remove_sql(self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        assert model is not None
        assert schema_editor is not None
        table = schema_editor.quote_name(model._meta.db_table)
        return f"ALTER TABLE {table} DROP CONSTRAINT {schema_editor.quote_name(self.name)}"

    def validate(self, model: type[models.Model], instance: models.Model, exclude: Any = None, using: str = "") -> None:
        """Left to the database: a query here would be one more for the same answer."""

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "column": self.column, "to": self.to}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameOrganisation) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash(self.name)

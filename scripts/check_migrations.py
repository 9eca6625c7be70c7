"""Check the migrations without a database: none is missing, and each later one says when it runs.

Usage: python scripts/check_migrations.py

A room's first migration is `0001_initial`; each later one is `NNNN_pre_…` (before the new release starts),
`NNNN_fill_…` (while both run) or `NNNN_post_…` (once no process of the previous release is left), so that each works
under the previous release.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "telesphore"
NAME = re.compile(r"0001_initial|(?!0001)\d{4}_(pre|fill|post)_[a-z0-9_]+")


def badly_named(names: Iterable[str]) -> list[str]:
    """Those among the names of migrations that don't say when they run."""
    return [name for name in names if not NAME.fullmatch(name)]


def missing() -> list[str]:
    """What the models have and the migrations don't, as `room: change`; reads files only."""
    from django.apps import apps
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState
    from django.utils import translation

    # Migrations keep labels in English, as `makemigrations` writes them.
    translation.deactivate_all()
    loader = MigrationLoader(None)
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    ours = {config.label for config in apps.get_app_configs() if config.name.startswith("telesphore.")}
    changes = detector.changes(graph=loader.graph)
    return [
        f"{label}: {operation.describe()}"
        for label in sorted(ours & set(changes))
        for migration in changes[label]
        for operation in migration.operations
    ]


def main() -> int:
    """Say what is wrong; 1 when something is."""
    with tempfile.TemporaryDirectory() as home:
        # An instance of its own: the settings make their secret there, and no other is read.
        environment = os.environ  # noqa: TID251 - a program of its own, which sets what the settings will read.
        for name in [name for name in environment if name.startswith("TELESPHORE_")]:
            del environment[name]
        environment |= {"TELESPHORE_HOME": home, "DJANGO_SETTINGS_MODULE": "telesphore.config.settings"}
        sys.path.insert(0, str(ROOT / "src"))
        import django

        django.setup()
        wrong = [f"not in a migration: {change}" for change in missing()]
    for path in sorted(SOURCE.glob("*/migrations/[0-9]*.py")):
        wrong += [
            f"{path.relative_to(ROOT)}: name it NNNN_pre_…, NNNN_fill_… or NNNN_post_…"
            for _ in badly_named([path.stem])
        ]
    print("\n".join(wrong) or "Every model is in a migration, and every migration says when it runs.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""Fails when the models say something that no migration does. Needs no database.

That a later migration names its phase (pre, fill, post) is kept by `tests/test_architecture.py`.
"""

import os
import sys
import tempfile
import warnings


def main() -> int:
    """The exit status: 1 when a migration is missing."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["TELESPHORE_HOME"] = home
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telesphore.config.settings")
        import django
        from django.core.management import call_command

        django.setup()
        with warnings.catch_warnings():
            # Without a database the history can't be read; what is compared here is the files.
            warnings.simplefilter("ignore", RuntimeWarning)
            try:
                call_command("makemigrations", check=True, dry_run=True)
            except SystemExit as leaving:
                return int(leaving.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())

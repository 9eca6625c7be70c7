"""The last application to start: fills the rooms' ports and registers the reactions."""

from django.apps import AppConfig


class Assembly(AppConfig):
    name = "telesphore.config"
    label = "config"

    def ready(self) -> None:
        from django.utils import translation

        from telesphore.config import wiring, work

        with translation.override("en"):
            # What stops a start is told to operators, whose settings and commands are in English.
            wiring.bind()
        work.register()
        # Who listens to sign-ins: whatever way in comes first must find them.
        import telesphore.web.accounts.adapter  # noqa: F401

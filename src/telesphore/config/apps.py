"""The last application to start: fills the rooms' ports and registers the reactions."""

from django.apps import AppConfig


class Assembly(AppConfig):
    name = "telesphore.config"
    label = "config"

    def ready(self) -> None:
        from telesphore.config import wiring, work

        wiring.bind()
        work.register()

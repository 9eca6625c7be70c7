"""Who answers each port, according to the settings. A stand-in refuses to be bound outside a demonstration."""

from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings

from telesphore.audit.formats.notes import PublicKey
from telesphore.audit.ports import LOG, Log


def bind() -> None:
    """Fill every room's ports."""
    LOG.bind(_log)


def _log() -> Log:
    return Log(
        key_file=settings.HOME / "keys" / "audit-log.key",
        origin=f"{urlsplit(settings.BASE_URL).netloc}/audit-log",
        witnesses=tuple(map(PublicKey.parse, settings.SETTINGS["audit_witnesses"].value)),
        access_retention=timedelta(days=settings.SETTINGS["audit_access_retention_days"].value),
        technical_retention=timedelta(days=settings.SETTINGS["audit_technical_retention_days"].value),
    )

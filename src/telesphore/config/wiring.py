"""Who answers each port, according to the settings. A stand-in refuses to be bound outside a demonstration."""

from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings

from telesphore.audit.formats.notes import PublicKey
from telesphore.audit.ports import LOG, Log


def bind() -> None:
    """Fill every room's ports."""
    LOG.bind(_log)
    _bind_jobs()
    _bind_vault()
    _bind_links()


def _bind_vault() -> None:
    from telesphore.config.settings import HOME, SETTINGS
    from telesphore.vault import ports

    def file_key() -> ports.MasterKey:
        from telesphore.config.master_key import MASTER_KEY_FILE
        from telesphore.connectors.keyfile.master import FileMasterKey

        return FileMasterKey(MASTER_KEY_FILE)

    def folder() -> ports.BlobStore:
        from telesphore.connectors.folder.store import FolderStore

        return FolderStore(HOME / "vault")

    def bucket() -> ports.BlobStore:
        from telesphore.config.options import PREFIX, BadSetting, read_secret
        from telesphore.connectors.s3.store import Place, S3Store

        def value(name: str) -> str:
            setting = SETTINGS[name]
            if setting.value is None:
                raise BadSetting(f"{PREFIX}{name.upper()} must be set when documents lie in S3.")
            return str(read_secret(setting.value) if name.endswith("_file") else setting.value)

        return S3Store(
            Place(
                endpoint=value("s3_endpoint"),
                bucket=value("s3_bucket"),
                region=value("s3_region"),
                key_id=value("s3_key_id"),
                secret=value("s3_secret_file"),
                prefix=value("s3_prefix"),
            )
        )

    if SETTINGS["master_key"].value == "file":
        ports.master_key.bind(file_key)
    ports.store.bind({"folder": folder, "s3": bucket}[SETTINGS["vault_store"].value])


def _bind_links() -> None:
    import hashlib
    import hmac

    from telesphore.config.settings import BASE_URL, SECRET_KEY
    from telesphore.links import ports

    ports.base_url.bind(lambda: BASE_URL)
    ports.code_secret.bind(lambda: hmac.digest(SECRET_KEY.encode(), b"links.code_secret", hashlib.sha256))


def _bind_jobs() -> None:
    from telesphore.audit import actions as audit
    from telesphore.jobs import ports

    ports.trail.bind(lambda: audit.record)


def _log() -> Log:
    return Log(
        key_file=settings.HOME / "keys" / "audit-log.key",
        origin=f"{urlsplit(settings.BASE_URL).netloc}/audit-log",
        witnesses=tuple(map(PublicKey.parse, settings.SETTINGS["audit_witnesses"].value)),
        access_retention=timedelta(days=settings.SETTINGS["audit_access_retention_days"].value),
        technical_retention=timedelta(days=settings.SETTINGS["audit_technical_retention_days"].value),
    )

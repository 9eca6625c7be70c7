"""Who answers each port, according to the settings. A stand-in refuses to be bound outside a demonstration."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from telesphore.config.options import PREFIX, BadSetting, Setting, read_secret


def bind() -> None:
    """Fill every room's ports."""
    from telesphore.config.settings import SETTINGS

    bind_audit(SETTINGS)
    bind_vault(SETTINGS)
    bind_links()
    bind_gateways(SETTINGS)


def bind_audit(settings: Mapping[str, Setting]) -> None:
    """The trail's log; and the trail itself, for the jobs that stop."""
    from telesphore.audit import actions as audit
    from telesphore.audit.formats.notes import PublicKey
    from telesphore.audit.ports import LOG, Log
    from telesphore.jobs import ports as jobs

    values = {name: setting.value for name, setting in settings.items()}
    jobs.trail.bind(lambda: audit.record)
    LOG.bind(
        lambda: Log(
            key_file=values["home"] / "keys" / "audit-log.key",
            origin=f"{urlsplit(values['base_url']).netloc}/audit-log",
            witnesses=tuple(map(PublicKey.parse, values["audit_witnesses"])),
            access_retention=timedelta(days=values["audit_access_retention_days"]),
            technical_retention=timedelta(days=values["audit_technical_retention_days"]),
        )
    )


def bind_vault(settings: Mapping[str, Setting]) -> None:
    """The vault's master key and store."""
    from telesphore.vault import ports

    home: Path = settings["home"].value

    def file_key() -> ports.MasterKey:
        from telesphore.config.master_key import MASTER_KEY_FILE
        from telesphore.connectors.keyfile.master import FileMasterKey

        return FileMasterKey(MASTER_KEY_FILE)

    def folder() -> ports.BlobStore:
        from telesphore.connectors.folder.store import FolderStore

        return FolderStore(home / "vault")

    def bucket() -> ports.BlobStore:
        from telesphore.connectors.s3.store import Place, S3Store

        return S3Store(
            Place(
                endpoint=_needed(settings, "s3_endpoint"),
                bucket=_needed(settings, "s3_bucket"),
                region=_needed(settings, "s3_region"),
                key_id=_needed(settings, "s3_key_id"),
                secret=read_secret(Path(_needed(settings, "s3_secret_file"))),
                prefix=_needed(settings, "s3_prefix"),
            )
        )

    def earlier_keys() -> tuple[ports.MasterKey, ...]:
        """The file of an instance that has moved to an HSM, until `vault rotate` has emptied it and it is removed."""
        from telesphore.config.master_key import MASTER_KEY_FILE

        moved = settings["master_key"].value != "file" and MASTER_KEY_FILE.exists()
        return (file_key(),) if moved else ()

    ports.earlier_master_keys.bind(earlier_keys)
    if settings["master_key"].value == "file":
        ports.master_key.bind(file_key)
    ports.store.bind({"folder": folder, "s3": bucket}[settings["vault_store"].value])


def bind_links() -> None:
    """The address that links begin with, and the secret under which codes are hashed."""
    from telesphore.config.settings import BASE_URL, SECRET_KEY
    from telesphore.links import ports

    ports.base_url.bind(lambda: BASE_URL)
    ports.code_secret.bind(lambda: hmac.digest(SECRET_KEY.encode(), b"links.code_secret", hashlib.sha256))


def bind_gateways(settings: Mapping[str, Setting]) -> None:
    """Fill the outbox's ports.

    Raises:
        BadSetting: a stand-in outside a demonstration, or a gateway whose settings don't suffice.
    """
    from telesphore.connectors import absent, local_outbox, smtp
    from telesphore.connectors.local_outbox.reading import LocalMessages
    from telesphore.outbox import ports

    values = {name: setting.value for name, setting in settings.items()}
    folder, sender = values["home"] / "outbox", values["mail_sender"]
    ports.local.bind(lambda: LocalMessages(folder))
    if values["mail_gateway"] == "local":
        _check_demonstration(settings, "mail_gateway")
        ports.mail.bind(lambda: local_outbox.LocalMail(folder, sender or "demonstration@telesphore.invalid"))
    elif values["mail_gateway"] == "smtp":
        gateway = smtp.SmtpGateway(
            host=_needed(settings, "smtp_host"),
            port=values["smtp_port"],
            security=values["smtp_security"],
            sender=_needed(settings, "mail_sender"),
            user=values["smtp_user"],
            password=read_secret(Path(_needed(settings, "smtp_password_file"))) if values["smtp_user"] else None,
            authorities=values["smtp_authorities_file"],
        )
        if gateway.security == "none" and gateway.host not in ("localhost", "127.0.0.1", "::1"):
            raise BadSetting(f"{PREFIX}SMTP_SECURITY accepts none only when the mail server is on this machine.")
        ports.mail.bind(lambda: gateway)
    else:
        ports.mail.bind(absent.NoMail)
    if values["sms_gateway"] == "local":
        _check_demonstration(settings, "sms_gateway")
        ports.sms.bind(lambda: local_outbox.LocalSms(folder))
    else:
        ports.sms.bind(absent.NoSms)


def _check_demonstration(settings: Mapping[str, Setting], name: str) -> None:
    if not settings["demonstration"].value:
        accepts = settings[name].option.accepts
        raise BadSetting(
            f"{PREFIX}{name.upper()} is local outside a demonstration: messages would reach nobody. It accepts "
            f"{accepts}."
        )


def _needed(settings: Mapping[str, Setting], name: str) -> str:
    setting = settings[name]
    if setting.value is None:
        raise BadSetting(f"{PREFIX}{name.upper()} is missing; it accepts {setting.option.accepts}.")
    return str(setting.value)

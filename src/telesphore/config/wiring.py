"""Who answers each port, according to the settings. A stand-in refuses to be bound outside a demonstration."""

from collections.abc import Mapping
from pathlib import Path

from telesphore.config.options import PREFIX, BadSetting, Setting, read_secret


def bind() -> None:
    """Fill every room's ports."""
    from telesphore.audit import actions as audit
    from telesphore.config.settings import SETTINGS
    from telesphore.jobs import ports as jobs

    jobs.trail.bind(lambda: audit.record)
    bind_gateways(SETTINGS)


def bind_gateways(settings: Mapping[str, Setting]) -> None:
    """Fill the outbox's ports.

    Raises:
        BadSetting: a stand-in outside a demonstration, or a gateway whose settings don't suffice.
    """
    from telesphore.connectors import absent, local_outbox, smtp
    from telesphore.outbox import ports

    values = {name: setting.value for name, setting in settings.items()}
    folder, sender = values["home"] / "outbox", values["mail_sender"]
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

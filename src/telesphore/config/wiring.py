"""Who answers each port, according to the settings. A stand-in refuses to be bound outside a demonstration."""

import functools
import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from telesphore.config.options import PREFIX, BadSetting, Setting, read_secret

if TYPE_CHECKING:
    from telesphore.ades.algorithms import AlgorithmPolicy
    from telesphore.pki.ports import AnchorSource, RevocationSource


def bind() -> None:
    """Fill every room's ports."""
    from telesphore.config.cards import bind_agents, bind_cards
    from telesphore.config.identity import bind_identity_provider
    from telesphore.config.settings import SETTINGS
    from telesphore.config.tokens import bind_seal, bind_tokens

    bind_audit(SETTINGS)
    bind_agents(SETTINGS)
    bind_cards(SETTINGS)
    bind_vault(SETTINGS)
    bind_links()
    bind_records()
    bind_office(SETTINGS)
    bind_pki(SETTINGS)
    bind_pki_keys(SETTINGS)
    bind_anchors(SETTINGS)
    bind_tokens(SETTINGS)
    bind_seal(SETTINGS)
    bind_retention(SETTINGS)
    bind_gateways(SETTINGS)
    bind_webhooks(SETTINGS)
    bind_identity_provider(SETTINGS)


def bind_records() -> None:
    """What accounts open in the room of records."""
    from telesphore.accounts.ports import patients_records
    from telesphore.records import queries

    patients_records.bind(lambda: queries)


def bind_office(settings: Mapping[str, Setting]) -> None:
    """Who turns office files into PDF: LibreOffice, when it is installed."""
    from telesphore.paper import ports

    home: Path = settings["home"].value

    def libreoffice() -> ports.OfficeConverter:
        from telesphore.connectors.libreoffice.converter import LibreOffice

        return LibreOffice(home / "office.lock")

    ports.office.bind(libreoffice)


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

    def module_key() -> ports.MasterKey:
        from telesphore.connectors.pkcs11.master import Pkcs11MasterKey

        return Pkcs11MasterKey(
            Path(needed(settings, "master_key_library")),
            token=needed(settings, "master_key_token"),
            pin=read_secret(Path(needed(settings, "master_key_pin_file"))),
            key=needed(settings, "master_key_label"),
        )

    def folder() -> ports.BlobStore:
        from telesphore.connectors.folder.store import FolderStore

        return FolderStore(home / "vault")

    def bucket() -> ports.BlobStore:
        from telesphore.connectors.s3.store import Place, S3Store

        return S3Store(
            Place(
                endpoint=needed(settings, "s3_endpoint"),
                bucket=needed(settings, "s3_bucket"),
                region=needed(settings, "s3_region"),
                key_id=needed(settings, "s3_key_id"),
                secret=read_secret(Path(needed(settings, "s3_secret_file"))),
                prefix=needed(settings, "s3_prefix"),
            )
        )

    def earlier_keys() -> tuple[ports.MasterKey, ...]:
        """The file of an instance that has moved to an HSM, until `vault rotate` has emptied it and it is removed."""
        from telesphore.config.master_key import MASTER_KEY_FILE

        moved = settings["master_key"].value != "file" and MASTER_KEY_FILE.exists()
        return (file_key(),) if moved else ()

    ports.earlier_master_keys.bind(earlier_keys)
    ports.master_key.bind(file_key if settings["master_key"].value == "file" else module_key)
    ports.store.bind({"folder": folder, "s3": bucket}[settings["vault_store"].value])


def bind_links() -> None:
    """The address that links begin with, and the secret under which codes are hashed."""
    from telesphore.config.settings import BASE_URL, SECRET_KEY
    from telesphore.links import ports

    ports.base_url.bind(lambda: BASE_URL)
    ports.code_secret.bind(lambda: hmac.digest(SECRET_KEY.encode(), b"links.code_secret", hashlib.sha256))


def bind_retention(settings: Mapping[str, Setting]) -> None:
    """How proofs are kept, and the table of algorithms."""
    from telesphore.pki import ports as pki
    from telesphore.signature import ports

    pki.algorithm_policy.bind(lambda: algorithm_policy(settings))
    values = {name: setting.value for name, setting in settings.items()}
    ports.retention.bind(
        lambda: ports.Retention(
            policy=algorithm_policy(settings),
            margin=timedelta(days=values["retention_margin_days"]),
            means=values["retention_means"],
            batch=values["retention_batch"],
        )
    )


def algorithm_policy(settings: Mapping[str, Setting]) -> "AlgorithmPolicy":
    """The dated table of algorithms, as the operator amended it.

    Raises:
        BadSetting: the file can't be read, or says what it may not.
    """
    from telesphore.ades.algorithms import TS_119_312, AlgorithmPolicy
    from telesphore.ades.errors import BadPolicy

    file: Path | None = settings["algorithm_policy_file"].value
    if file is None:
        return TS_119_312
    try:
        return AlgorithmPolicy.parse(file.read_text(), amends=TS_119_312)
    except (OSError, UnicodeDecodeError):
        raise BadSetting(f"{PREFIX}ALGORITHM_POLICY_FILE is {file}, which can't be read.") from None
    except BadPolicy as bad:
        raise BadSetting(f"{PREFIX}ALGORITHM_POLICY_FILE is {file}: {bad.params['what']}.") from None


def bind_pki(settings: Mapping[str, Setting]) -> None:
    """The address written into certificates, who gives the time, and who is asked whether certificates hold.

    Raises:
        BadSetting: the list of time-stamping authorities, or the file with anchors, can't be used.
    """
    from telesphore.config.settings import BASE_URL
    from telesphore.connectors.local_pki import LocalRevocation, LocalTimestamper
    from telesphore.pki import ports

    ports.base_url.bind(lambda: BASE_URL)
    place: str | Path = settings["timestamp_authorities"].value
    if isinstance(place, Path):
        from telesphore.connectors import tsa

        try:
            authorities = tsa.read_authorities(place, read_secret)
        except tsa.BadAuthorities as bad:
            raise BadSetting(f"{PREFIX}TIMESTAMP_AUTHORITIES: {bad}") from None
        ports.timestamper.bind(lambda: tsa.HttpTimestamper(authorities))
    else:
        ports.timestamper.bind(LocalTimestamper)
    ports.revocation_source.bind(LocalRevocation)
    elsewhere = revocation_elsewhere(settings)
    if elsewhere is not None:
        from telesphore.connectors.revocation import FirstWhoKnows

        ports.revocation_source.bind(lambda: FirstWhoKnows(LocalRevocation(), elsewhere))


def revocation_elsewhere(settings: Mapping[str, Setting]) -> "RevocationSource | None":
    """Who asks authorities elsewhere whether certificates hold; None when nobody does.

    Raises:
        BadSetting: the file with anchors can't be used.
    """
    if settings["revocation_anchors_file"].value is None:
        return None
    from telesphore.connectors.revocation import HttpRevocation

    anchors = certificates_in(settings, "revocation_anchors_file")
    return HttpRevocation(lambda: anchors, hosts=settings["revocation_hosts"].value)


def certificates_in(settings: Mapping[str, Setting], name: str) -> frozenset[bytes]:
    """DER of those in the PEM file that a setting names.

    Raises:
        BadSetting: there are none.
    """
    from telesphore.connectors import revocation

    path: Path = settings[name].value
    try:
        return revocation.read_anchors(path)
    except revocation.AnchorsUnreadable:
        raise BadSetting(f"{PREFIX}{name.upper()} is {path}; it accepts {settings[name].option.accepts}.") from None


def bind_pki_keys(settings: Mapping[str, Setting]) -> None:
    """Where the local authority's keys are."""
    from telesphore.pki import ports

    def module_keys() -> ports.KeyHolder:
        from telesphore.connectors.pkcs11.keys import Pkcs11Keys

        return Pkcs11Keys(
            Path(needed(settings, "pki_keys_library")),
            token=needed(settings, "pki_keys_token"),
            pin=read_secret(Path(needed(settings, "pki_keys_pin_file"))),
        )

    ports.key_holder.bind(module_keys if settings["pki_keys"].value == "pkcs11" else lambda: None)


def bind_anchors(settings: Mapping[str, Setting]) -> None:
    """Who is trusted besides the local authorities."""
    from telesphore.pki import ports

    source = anchors_of(settings)
    ports.anchor_source.bind(lambda: source)


def anchors_of(settings: Mapping[str, Setting]) -> "AnchorSource":
    """Where those who are trusted besides the local authorities are read."""
    from telesphore.connectors.trusted_lists.anchors import LOTL, KeptAnchors
    from telesphore.connectors.trusted_lists.fetching import in_folder, over_https

    values = {name: setting.value for name, setting in settings.items()}
    place: str | Path | None = values["trusted_lists"]
    if place is not None:
        needed(settings, "trusted_list_signers")
    return KeptAnchors(
        certificates=values["anchors_folder"],
        kept=values["home"] / "trusted-lists",
        lists=f"{LOTL}.xml" if isinstance(place, Path) else place,
        signers=values["trusted_list_signers"],
        territories=values["trusted_list_countries"],
        fetch=functools.partial(in_folder, place) if isinstance(place, Path) else over_https,
    )


def bind_webhooks(settings: Mapping[str, Setting]) -> None:
    """Who calls other software."""
    from telesphore.webhooks import ports

    def caller() -> ports.Caller:
        from telesphore.connectors.webhooks.caller import HttpsCaller

        return HttpsCaller(hosts=frozenset(settings["webhook_hosts"].value))

    ports.caller.bind(caller)


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
        check_demonstration(settings, "mail_gateway")
        ports.mail.bind(lambda: local_outbox.LocalMail(folder, sender or "demonstration@telesphore.invalid"))
    elif values["mail_gateway"] == "smtp":
        gateway = smtp.SmtpGateway(
            host=needed(settings, "smtp_host"),
            port=values["smtp_port"],
            security=values["smtp_security"],
            sender=needed(settings, "mail_sender"),
            user=values["smtp_user"],
            password=read_secret(Path(needed(settings, "smtp_password_file"))) if values["smtp_user"] else None,
            authorities=values["smtp_authorities_file"],
        )
        if gateway.security == "none" and gateway.host not in ("localhost", "127.0.0.1", "::1"):
            raise BadSetting(f"{PREFIX}SMTP_SECURITY accepts none only when the mail server is on this machine.")
        ports.mail.bind(lambda: gateway)
    else:
        ports.mail.bind(absent.NoMail)
    if values["sms_gateway"] == "local":
        check_demonstration(settings, "sms_gateway")
        ports.sms.bind(lambda: local_outbox.LocalSms(folder))
    else:
        ports.sms.bind(absent.NoSms)


def check_demonstration(settings: Mapping[str, Setting], name: str) -> None:
    if not settings["demonstration"].value:
        accepts = settings[name].option.accepts
        raise BadSetting(
            f"{PREFIX}{name.upper()} is {settings[name].value} outside a demonstration: it would stand in for the real "
            f"thing. It accepts {accepts}."
        )


def needed(settings: Mapping[str, Setting], name: str) -> str:
    setting = settings[name]
    if setting.value is None:
        raise BadSetting(f"{PREFIX}{name.upper()} is missing; it accepts {setting.option.accepts}.")
    return str(setting.value)

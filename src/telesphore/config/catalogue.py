"""Every setting of an instance, with its meaning, its default and what it accepts. How they are read: `options`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import UUID

from telesphore.config.options import Option, Setting, read


def _yes_or_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(text)
    return text == "yes"


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _lists(text: str) -> str | Path | None:
    """None for off, an address as text, a folder as a path."""
    if text == "off":
        return None
    if "://" in text:
        if not text.startswith("https://"):
            raise ValueError(text)
        return text
    return _path(text)


def _countries(text: str) -> tuple[str, ...]:
    found = _words(text)
    if not all(len(one) == 2 and one.isascii() and one.isupper() for one in found):
        raise ValueError(text)
    return found


def _at_least(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if value < least:
            raise ValueError(text)
        return value

    return parse


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(text)
        return text

    return parse


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


OPTIONS: tuple[Option, ...] = (
    Option(
        name="home",
        meaning="Folder that holds everything this instance keeps on its own disk: keys, embedded database, documents.",
        accepts="a path",
        parse=_path,
        default="var",
    ),
    Option(
        name="demonstration",
        meaning="Whether this is a demonstration: stand-ins for mail and SMS gateways start only in one.",
        accepts="yes or no",
        parse=_yes_or_no,
        default="no",
    ),
    Option(
        name="database",
        meaning="PostgreSQL as the application's role, e.g. postgresql://telesphore_app@db/telesphore; its password is "
        "read from `database_password_file`. `embedded` runs the database in the home folder.",
        accepts="embedded, or a postgresql:// address without a password",
        parse=str,
        default="embedded",
    ),
    Option(
        name="database_owner",
        meaning="User name of the role that owns the tables: used by migrations and retention only.",
        accepts="a role's name",
        parse=str,
        default="telesphore_owner",
    ),
    Option(
        name="database_password_file",
        meaning="File with the application role's password.",
        accepts="a path to a file that only its owner may read",
        parse=_path,
        default=None,
    ),
    Option(
        name="database_owner_password_file",
        meaning="File with the owner role's password.",
        accepts="a path to a file that only its owner may read",
        parse=_path,
        default=None,
    ),
    Option(
        name="base_url",
        meaning="Address at which people reach this instance; links in notices begin with it.",
        accepts="http://… or https://…, without a final slash",
        parse=lambda text: _base_url(text),
        default="http://localhost:8000",
    ),
    Option(
        name="hosts",
        meaning="Host names that this instance answers to.",
        accepts="names separated by commas",
        parse=_words,
        default="localhost,127.0.0.1,[::1]",
    ),
    Option(
        name="trusted_proxies",
        meaning="Addresses of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.",
        accepts="addresses separated by commas",
        parse=_words,
        default="",
    ),
    Option(
        name="listen",
        meaning="Address and port on which the web server listens.",
        accepts="address:port",
        parse=lambda text: _listen(text),
        default="127.0.0.1:8000",
    ),
    Option(
        name="web_workers",
        meaning="Processes that answer requests.",
        accepts="a whole number, at least 1",
        parse=_at_least(1),
        default="1",
    ),
    Option(
        name="worker_jobs",
        meaning="Jobs that one worker runs at the same time.",
        accepts="a whole number, at least 1",
        parse=_at_least(1),
        default="4",
    ),
    Option(
        name="time_zone",
        meaning="Time zone in which dates are shown.",
        accepts="a name of the time zone database, e.g. Europe/Paris",
        parse=lambda text: _time_zone(text),
        default="Europe/Paris",
    ),
    Option(
        name="vault_store",
        meaning="Where encrypted documents lie: a folder of the home, or an S3 bucket.",
        accepts="folder or s3",
        parse=_one_of("folder", "s3"),
        default="folder",
    ),
    Option(
        name="s3_endpoint",
        meaning="Address of the S3 service that holds the bucket (`vault_store` = s3).",
        accepts="http://… or https://…, without a final slash",
        parse=lambda text: _base_url(text),
        default=None,
    ),
    Option(
        name="s3_bucket",
        meaning="Bucket that holds encrypted documents; it exists already.",
        accepts="a bucket's name",
        parse=str,
        default="telesphore",
    ),
    Option(
        name="s3_prefix",
        meaning="What the names in the bucket begin with, when several instances share it.",
        accepts="a path without a leading or final slash, or nothing",
        parse=str,
        default="",
    ),
    Option(
        name="s3_region",
        meaning="Region named in the signature of requests; most services of one's own accept any.",
        accepts="a region's name",
        parse=str,
        default="us-east-1",
    ),
    Option(
        name="s3_key_id",
        meaning="Access key id as which this instance speaks to the bucket.",
        accepts="an access key id",
        parse=str,
        default=None,
    ),
    Option(
        name="s3_secret_file",
        meaning="File with the secret of that access key.",
        accepts="a path to a file that only its owner may read",
        parse=_path,
        default=None,
    ),
    Option(
        name="master_key",
        meaning="Where the vault's master key is: a file of the home, or a PKCS#11 module.",
        accepts="file or pkcs11",
        parse=_one_of("file", "pkcs11"),
        default="file",
    ),
    Option(
        name="master_key_library",
        meaning="The PKCS#11 library of the module that holds the vault's master key.",
        accepts="a path",
        parse=_path,
        default=None,
    ),
    Option(
        name="master_key_token",
        meaning="Label of the token that holds the vault's master key.",
        accepts="a label of 1 to 32 characters",
        parse=str,
        default=None,
    ),
    Option(
        name="master_key_label",
        meaning="Label of the vault's master key in its token; changed to begin wrapping by a new key.",
        accepts="a label",
        parse=str,
        default="telesphore-vault",
    ),
    Option(
        name="master_key_pin_file",
        meaning="File with the PIN of that token.",
        accepts="a path to a file that only its owner may read",
        parse=_path,
        default=None,
    ),
    Option(
        name="tokens",
        meaning="Where professionals' signing keys are: cards or tokens behind a PKCS#11 library, a remote signing "
        "service (CSC), PKCS#12 files of the home's `tokens` folder (for a trial), or nowhere.",
        accepts="pkcs11, pkcs12, csc or none",
        parse=_one_of("pkcs11", "pkcs12", "csc", "none"),
        default="none",
    ),
    Option(
        name="tokens_rsa",
        meaning="How RSA keys of professionals, and of a provider's seal, sign: by PKCS#1 v1.5, which every reader "
        "knows, or by RSASSA-PSS.",
        accepts="pkcs1 or pss",
        parse=_one_of("pkcs1", "pss"),
        default="pkcs1",
    ),
    Option(
        name="seal",
        meaning="Where the seal of the organisation named by `seal_organisation` is: at the local authority, which is "
        "not qualified, or a provider's, in a PKCS#11 token, at the remote signing service of the `csc_` settings, or "
        "in a PKCS#12 file (weaker: whoever copies it can try passphrases). Others keep the local authority's.",
        accepts="local, pkcs11, csc or pkcs12",
        parse=_one_of("local", "pkcs11", "csc", "pkcs12"),
        default="local",
    ),
    Option(
        name="seal_organisation",
        meaning="Id of the organisation whose seal a provider gives; no other is ever sealed with it.",
        accepts="an organisation's id",
        parse=UUID,
        default=None,
    ),
    Option(
        name="seal_library",
        meaning="The PKCS#11 library of the module that holds the seal (`seal` = pkcs11).",
        accepts="a path",
        parse=_path,
        default=None,
    ),
    Option(
        name="seal_token",
        meaning="Label of the token that holds the seal: one key with its certificate for signing (`seal` = pkcs11).",
        accepts="a label of 1 to 32 characters",
        parse=str,
        default=None,
    ),
    Option(
        name="seal_credential",
        meaning="Identifier of the seal's credential at the remote signing service; one that asks for no code "
        "(`seal` = csc).",
        accepts="a credential's identifier",
        parse=str,
        default=None,
    ),
    Option(
        name="seal_file",
        meaning="PKCS#12 file that holds the seal (`seal` = pkcs12).",
        accepts="a path to a file that only its owner may read",
        parse=_path,
        default=None,
    ),
    Option(
        name="seal_pin_file",
        meaning="File with the PIN, or passphrase, of a provider's seal.",
        accepts="a path to a file that only its owner may read",
        parse=_path,
        default=None,
    ),
    Option(
        name="seal_chain_file",
        meaning="File with the certificates above that of a provider's seal, up to the root, when its token does not "
        "hold them.",
        accepts="a path to a PEM file",
        parse=_path,
        default=None,
    ),
    Option(
        name="signature_level",
        meaning="To which level of EN 319 142-1 completed documents are brought; below B-LTA their proof weakens with "
        "the certificates, and B-B asks nobody for the time.",
        accepts="B-B, B-T, B-LT or B-LTA",
        parse=_one_of("B-B", "B-T", "B-LT", "B-LTA"),
        default="B-LTA",
    ),
    Option(
        name="csc_address",
        meaning="Address of the remote signing service's API up to its version, e.g. https://sign.example/csc/v2; "
        "people are known there by their e-mail address.",
        accepts="http://… or https://…, ending in /v1 or /v2",
        parse=lambda text: _csc_address(text),
        default=None,
    ),
    Option(
        name="csc_token_address",
        meaning="OAuth 2.0 token endpoint of the remote signing service; without one, this instance signs in there by "
        "user name and password (auth/login).",
        accepts="http://… or https://…, without a final slash",
        parse=lambda text: _base_url(text),
        default=None,
    ),
    Option(
        name="csc_client",
        meaning="Client id, or user name, of this instance at the remote signing service.",
        accepts="a name",
        parse=str,
        default=None,
    ),
    Option(
        name="csc_secret_file",
        meaning="File with the client secret, or password, of this instance at the remote signing service.",
        accepts="a path to a file that only its owner may read",
        parse=_path,
        default=None,
    ),
    Option(
        name="pkcs11_library",
        meaning="The PKCS#11 library of the cards or tokens; SoftHSM2's in a demonstration.",
        accepts="a path",
        parse=_path,
        default=None,
    ),
    Option(
        name="timestamp_authorities",
        meaning="Who gives the time on signatures: this instance's own unit, which is not qualified, or the "
        "authorities that a file lists in the order in which they are asked.",
        accepts="local, or a path to a TOML or JSON file",
        parse=lambda text: text if text == "local" else _path(text),
        default="local",
    ),
    Option(
        name="revocation_anchors_file",
        meaning="File with the authorities elsewhere whose certificates are asked after (OCSP, CRL) over the network; "
        "without one, only this instance's own authorities answer, and nothing leaves.",
        accepts="a path to a PEM file",
        parse=_path,
        default=None,
    ),
    Option(
        name="revocation_hosts",
        meaning="Host names that may be asked after certificates although their addresses are not public.",
        accepts="names separated by commas",
        parse=_words,
        default="",
    ),
    Option(
        name="webhook_hosts",
        meaning="Host names that webhooks may call although their addresses are not public.",
        accepts="names separated by commas",
        parse=_words,
        default="",
    ),
    Option(
        name="card_anchors_file",
        meaning="File with the authorities whose cards (and certificates behind a proxy) let people in: roots, and "
        "those between (IGC-Santé’s). Without one, nobody comes in by card. Their lists are fetched over the network.",
        accepts="a path to a PEM file",
        parse=_path,
        default=None,
    ),
    Option(
        name="card_list_grace_hours",
        meaning="How long beyond its end the last list of revoked cards is used while its authority does not answer; "
        "then cards are refused.",
        accepts="a whole number of hours, at least 0",
        parse=_at_least(0),
        default="24",
    ),
    Option(
        name="client_certificates",
        meaning="Whether people may come in by the TLS client certificate that a trusted proxy saw, and in which "
        "header it says so: `Client-Cert` and `Client-Cert-Chain` (RFC 9440), or `X-SSL-Client-Cert` (nginx’s "
        "$ssl_client_escaped_cert).",
        accepts="off, rfc9440 or nginx",
        parse=_one_of("off", "rfc9440", "nginx"),
        default="off",
    ),
    Option(
        name="pki_keys",
        meaning="Where new keys of the local authority (issuing, seal, time-stamps, OCSP) are made and kept: sealed in "
        "the vault, or in a PKCS#11 module. Root keys are always in the vault, until they are exported.",
        accepts="vault or pkcs11",
        parse=_one_of("vault", "pkcs11"),
        default="vault",
    ),
    Option(
        name="pki_keys_library",
        meaning="The PKCS#11 library of the module that holds the authority's keys.",
        accepts="a path",
        parse=_path,
        default=None,
    ),
    Option(
        name="pki_keys_token",
        meaning="Label of the token that holds the authority's keys.",
        accepts="a label of 1 to 32 characters",
        parse=str,
        default=None,
    ),
    Option(
        name="pki_keys_pin_file",
        meaning="File with the PIN of that token.",
        accepts="a path to a file that only its owner may read",
        parse=_path,
        default=None,
    ),
    Option(
        name="psc_issuer",
        meaning="Issuer of Pro Santé Connect, as its tokens write it; without one, nobody signs in by it.",
        accepts="https://…, or http://… on this machine, without a final slash",
        parse=lambda text: _protected(text),
        default=None,
    ),
    Option(
        name="psc_discovery",
        meaning="Where Pro Santé Connect describes itself, when not at the issuer's "
        "/.well-known/wallet-openid-configuration.",
        accepts="https://…, or http://… on this machine, without a final slash",
        parse=lambda text: _protected(text),
        default=None,
    ),
    Option(
        name="psc_client",
        meaning="Client id of this instance at Pro Santé Connect.",
        accepts="a name",
        parse=str,
        default=None,
    ),
    Option(
        name="psc_secret_file",
        meaning="File with the client secret of this instance at Pro Santé Connect (client_secret_basic).",
        accepts="a path to a file that only its owner may read",
        parse=_path,
        default=None,
    ),
    Option(
        name="psc_key_file",
        meaning="PEM file with the private key by which this instance proves itself at Pro Santé Connect "
        "(private_key_jwt), instead of a secret.",
        accepts="a path to a file that only its owner may read",
        parse=_path,
        default=None,
    ),
    Option(
        name="psc_tls_certificate_file",
        meaning="PEM file with the certificate, and its chain, that this instance shows to Pro Santé Connect for TLS.",
        accepts="a path to a PEM file",
        parse=_path,
        default=None,
    ),
    Option(
        name="psc_tls_key_file",
        meaning="PEM file with the private key of `psc_tls_certificate_file`.",
        accepts="a path to a file that only its owner may read",
        parse=_path,
        default=None,
    ),
    Option(
        name="psc_session_minutes",
        meaning="Minutes that a session lasts at Pro Santé Connect, from the proof of who one is; a session here ends "
        "no later, nor than what Pro Santé Connect says.",
        accepts="a whole number, at least 1",
        parse=_at_least(1),
        default="240",
    ),
    Option(
        name="mail_gateway",
        meaning="How e-mails leave: the local outbox (demonstration only) or an SMTP server.",
        accepts="local, smtp or none",
        parse=_one_of("local", "smtp", "none"),
        default="none",
    ),
    Option(
        name="sms_gateway",
        meaning="How SMS leave: the local outbox (demonstration only).",
        accepts="local or none",
        parse=_one_of("local", "none"),
        default="none",
    ),
    Option(
        name="mail_sender",
        meaning="Address from which e-mails leave.",
        accepts="an e-mail address",
        parse=lambda text: _address(text),
        default=None,
    ),
    Option(
        name="smtp_host",
        meaning="Name of the SMTP server.",
        accepts="a host name",
        parse=str,
        default=None,
    ),
    Option(
        name="smtp_port",
        meaning="Port of the SMTP server.",
        accepts="a whole number, at least 1",
        parse=_at_least(1),
        default="587",
    ),
    Option(
        name="smtp_security",
        meaning="How the connection to the SMTP server is protected; none is for a server on this machine.",
        accepts="starttls, tls or none",
        parse=_one_of("starttls", "tls", "none"),
        default="starttls",
    ),
    Option(
        name="smtp_user",
        meaning="Name with which to sign in to the SMTP server; without one, it is used without signing in.",
        accepts="a name",
        parse=str,
        default=None,
    ),
    Option(
        name="smtp_password_file",
        meaning="File with the password for the SMTP server.",
        accepts="a path to a file that only its owner may read",
        parse=_path,
        default=None,
    ),
    Option(
        name="smtp_authorities_file",
        meaning="File with the authorities that may vouch for the SMTP server; the system's own when absent.",
        accepts="a path to a PEM file",
        parse=_path,
        default=None,
    ),
    Option(
        name="metrics_token_file",
        meaning="File with the token that opens /metrics from elsewhere than this machine.",
        accepts="a path to a file that only its owner may read",
        parse=_path,
        default=None,
    ),
    Option(
        name="audit_access_retention_days",
        meaning="How long access events keep their detail (patients see theirs for at least 3 years: EHDS art. 9).",
        accepts="a whole number of days, at least 1096",
        parse=_at_least(1096),
        default="3653",
    ),
    Option(
        name="audit_witnesses",
        meaning="Public keys of the witnesses whose cosignatures of the audit trail's checkpoints are accepted.",
        accepts="verifier keys (name+id+base64) separated by commas",
        parse=_words,
        default="",
    ),
    Option(
        name="algorithm_policy_file",
        meaning="File that amends the dated table of algorithms (docs/operations.md); the built-in one when absent.",
        accepts="a path to a TOML or JSON file",
        parse=_path,
        default=None,
    ),
    Option(
        name="retention_means",
        meaning="How the proofs of sealed documents are renewed: a timestamp in each file, which every reader checks, "
        "or evidence records (RFC 4998), one timestamp for many documents.",
        accepts="file or record",
        parse=_one_of("file", "record"),
        default="file",
    ),
    Option(
        name="retention_margin_days",
        meaning="How long before a proof weakens it is renewed.",
        accepts="a whole number of days, at least 30",
        parse=_at_least(30),
        default="180",
    ),
    Option(
        name="retention_batch",
        meaning="Documents of each organisation renewed in one hour, and under one timestamp of an evidence record.",
        accepts="a whole number, at least 1",
        parse=_at_least(1),
        default="1000",
    ),
    Option(
        name="audit_technical_retention_days",
        meaning="How long technical events keep their detail.",
        accepts="a whole number of days, at least 1",
        parse=_at_least(1),
        default="365",
    ),
    Option(
        name="anchors_folder",
        meaning="Folder of certificates (PEM or DER) that are trusted when a signature is judged, besides the "
        "authorities of this instance.",
        accepts="a path",
        parse=_path,
        default=None,
    ),
    Option(
        name="trusted_lists",
        meaning="Where the EU list of trusted lists is: its address, or a folder that holds it as `lotl.xml`, beside "
        "the national lists under the names of their own addresses. Fetched every day; the last good copies are kept.",
        accepts="off, an https:// address or a path",
        parse=_lists,
        default="off",
    ),
    Option(
        name="trusted_list_signers",
        meaning="Folder of the certificates (PEM or DER) that may sign the list of trusted lists, as the Official "
        "Journal gives them.",
        accepts="a path",
        parse=_path,
        default=None,
    ),
    Option(
        name="trusted_list_countries",
        meaning="Countries whose trusted lists are used.",
        accepts="codes of two letters separated by commas",
        parse=_countries,
        default="FR",
    ),
)


def _base_url(text: str) -> str:
    if not text.startswith(("http://", "https://")) or text.endswith("/"):
        raise ValueError(text)
    return text


def _protected(text: str) -> str:
    from urllib.parse import urlsplit

    parts = urlsplit(_base_url(text))
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError(text)
    return text


def _csc_address(text: str) -> str:
    if not _base_url(text).endswith(("/v1", "/v2")):
        raise ValueError(text)
    return text


def _listen(text: str) -> tuple[str, int]:
    address, _, port = text.rpartition(":")
    if not address or not 0 < int(port) < 65536:
        raise ValueError(text)
    return address, int(port)


def _address(text: str) -> str:
    from telesphore.outbox.formats import mail

    return mail.address(text)


def _time_zone(text: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(text) from error
    return text


def read_settings(environment: Mapping[str, str]) -> dict[str, Setting]:
    """All settings of an instance, by name.

    Raises:
        BadSetting: see `options.read`.
    """
    return read(environment, OPTIONS)

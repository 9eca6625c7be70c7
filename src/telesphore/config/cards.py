"""The key that card agents believe, and the authorities whose cards let people in, according to the settings."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from telesphore.config import keys
from telesphore.config.options import PREFIX, BadSetting, Setting, read_secret
from telesphore.config.wiring import certificates_in

if TYPE_CHECKING:
    from telesphore.accounts.ports import AgentServer


def bind_agents(settings: Mapping[str, Setting]) -> None:
    """The key that card agents believe."""
    from telesphore.accounts import ports

    ports.agent_server.bind(lambda: _agent_server(settings))


def _agent_server(settings: Mapping[str, Setting]) -> "AgentServer":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from telesphore.accounts import ports
    from telesphore.config.settings import BASE_URL, SECRET_KEY

    path = keys.folder(settings) / keys.AGENTS
    if not path.exists():
        # An instance that is looked at, or tested, without having been started.
        keys.make(settings)
    try:
        key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(read_secret(path), validate=True))
    except ValueError:
        raise BadSetting(f"{path} holds no key of card agents: restore it, or remove it and pair all again.") from None
    secret = hmac.digest(SECRET_KEY.encode(), b"accounts.agent_server", hashlib.sha256)
    return ports.AgentServer(origin_of(BASE_URL), key, secret)


def origin_of(address: str) -> str:
    """As browsers write it: in lowercase, without a usual port (RFC 6454 §6.2)."""
    parts = urlsplit(address)
    usual = {"http": 80, "https": 443}[parts.scheme]
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def bind_cards(settings: Mapping[str, Setting]) -> None:
    """The authorities whose cards let people in.

    Raises:
        BadSetting: their file can't be used.
    """
    from cryptography import x509

    from telesphore.accounts import ports
    from telesphore.connectors.revocation.cards import KeptLists

    found = certificates_in(settings, "card_anchors_file") if settings["card_anchors_file"].value else frozenset()
    loaded = {one: x509.load_der_x509_certificate(one) for one in found}
    roots = tuple(one for one, parsed in loaded.items() if parsed.issuer == parsed.subject)
    if found and not roots:
        raise BadSetting(f"{PREFIX}CARD_ANCHORS_FILE holds no root, which signs itself.")
    if settings["client_certificates"].value != "off" and not roots:
        raise BadSetting(f"{PREFIX}CLIENT_CERTIFICATES needs {PREFIX}CARD_ANCHORS_FILE: who issued them.")
    lists = KeptLists(
        settings["home"].value / "card-lists",
        anchors=roots,
        hosts=settings["revocation_hosts"].value,
        grace=timedelta(hours=settings["card_list_grace_hours"].value),
    )
    between = tuple(one for one in found if one not in roots)
    ports.card_authorities.bind(lambda: ports.CardAuthorities(roots, between, lists))

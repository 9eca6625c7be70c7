"""Where people's and organisations' signing keys are, according to the settings; tokens for a demonstration."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from telesphore.config.options import PREFIX, BadSetting, Setting, check_secret, read_secret
from telesphore.config.wiring import certificates_in, check_demonstration, needed
from telesphore.kernel.actors import Actor

if TYPE_CHECKING:
    from telesphore.connectors.csc import CscReader
    from telesphore.connectors.seal import Opener, ProviderSeal


def bind_tokens(settings: Mapping[str, Setting]) -> None:
    """The professionals' tokens, and the level that signatures are brought to."""
    from telesphore.ades.verdict.result import Level
    from telesphore.connectors.pkcs12.reader import Pkcs12Reader
    from telesphore.signature import ports

    ports.level.bind(lambda: Level(settings["signature_level"].value))
    kind: str = settings["tokens"].value
    pss = settings["tokens_rsa"].value == "pss"
    if kind == "pkcs11":
        from telesphore.connectors.pkcs11.reader import Pkcs11Reader

        library = _pkcs11_library(settings)
        ports.token_reader.bind(lambda: Pkcs11Reader(library, pss=pss))
    elif kind == "pkcs12":
        ports.token_reader.bind(lambda: Pkcs12Reader(settings["home"].value / "tokens", pss=pss))
    elif kind == "csc":
        reader = _remote_reader(settings)
        ports.token_reader.bind(lambda: reader)
    else:
        from telesphore.connectors.absent import NoTokens

        ports.token_reader.bind(NoTokens)


def _remote_reader(settings: Mapping[str, Setting]) -> "CscReader":
    from telesphore.accounts import queries as accounts
    from telesphore.connectors.csc import Account, CscReader

    base, token_url = needed(settings, "csc_address"), settings["csc_token_address"].value or ""
    for name, address in (("csc_address", base), ("csc_token_address", token_url)):
        if urlsplit(address).scheme == "http" and urlsplit(address).hostname not in ("localhost", "127.0.0.1", "::1"):
            raise BadSetting(f"{PREFIX}{name.upper()} accepts http only for a service on this machine.")
    account = Account(
        base=base,
        version=int(base[-1]),
        token_url=token_url,
        client_id=needed(settings, "csc_client"),
        secret=read_secret(Path(needed(settings, "csc_secret_file"))),
    )
    return CscReader(
        account,
        user_of=lambda person_id: accounts.person_card(person_id).email,
        pss=settings["tokens_rsa"].value == "pss",
    )


def bind_seal(settings: Mapping[str, Setting]) -> None:
    """Where organisations' seals are."""
    from telesphore.connectors.local_pki import LocalSeal
    from telesphore.signature import ports

    provider = provider_seal(settings)
    ports.seal_source.bind(lambda: provider or LocalSeal())


def provider_seal(settings: Mapping[str, Setting]) -> "ProviderSeal | None":
    """The seal that a provider gives one organisation; None when all have the local authority's.

    Raises:
        BadSetting: a setting that it needs is missing, or a file that is open to other users.
    """
    if settings["seal"].value == "local":
        return None
    from telesphore.connectors.local_pki import LocalSeal
    from telesphore.connectors.seal import ProviderSeal

    needed(settings, "seal_organisation")
    chain = certificates_in(settings, "seal_chain_file") if settings["seal_chain_file"].value else ()
    return ProviderSeal(
        settings["seal_organisation"].value, _seal_opener(settings), others=LocalSeal(), chain=tuple(chain)
    )


def _seal_opener(settings: Mapping[str, Setting]) -> "Opener":
    kind, pin = settings["seal"].value, read_secret(Path(needed(settings, "seal_pin_file")))
    pss = settings["tokens_rsa"].value == "pss"
    if kind == "pkcs11":
        from telesphore.connectors.pkcs11.reader import Pkcs11Reader

        cards, label = Pkcs11Reader(Path(needed(settings, "seal_library")), pss=pss), needed(settings, "seal_token")
        return lambda: cards.open_labelled(label, pin=pin)
    if kind == "csc":
        remote, credential = _remote_reader(settings), needed(settings, "seal_credential")
        return lambda: remote.open_credential(credential, pin=pin)
    from telesphore.connectors.pkcs12.reader import Pkcs12Reader

    file = Path(needed(settings, "seal_file"))
    check_secret(file)
    files = Pkcs12Reader(file.parent, pss=pss)
    return lambda: files.open_file(file.name, pin=pin)


def _pkcs11_library(settings: Mapping[str, Setting]) -> Path:
    from telesphore.connectors.pkcs11.module import SOFTHSM_PLACES, find_library
    from telesphore.connectors.pkcs11.softhsm import configuration

    if settings["demonstration"].value and settings["pkcs11_library"].value is None:
        # SoftHSM reads where its tokens are from the process's environment, at its first call.
        os.environ["SOFTHSM2_CONF"] = str(configuration(settings["home"].value / "softhsm"))
        if library := find_library(SOFTHSM_PLACES):
            return library
    return Path(needed(settings, "pkcs11_library"))


def provision_token(*, actor: Actor, pin: str) -> str:
    """Give a member of a demonstration a signing token with a certificate of the local authority; says what it is.

    Raises:
        BadSetting: this is not a demonstration.
    """
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from telesphore.accounts import queries as accounts
    from telesphore.config.settings import SETTINGS
    from telesphore.connectors.pkcs11 import softhsm
    from telesphore.connectors.pkcs12 import reader as pkcs12
    from telesphore.kernel.clock import now
    from telesphore.pki import actions as pki

    check_demonstration(SETTINGS, "tokens")
    assert actor.person_id is not None
    assert actor.organisation_id is not None
    person_id, organisation_id = actor.person_id, actor.organisation_id
    person = accounts.person_card(person_id)

    def certify(public_key: bytes) -> tuple[bytes, tuple[bytes, ...]]:
        return pki.issue_for_key(
            organisation_id=organisation_id,
            public_key_der=public_key,
            given_name=person.given_name,
            family_name=person.family_name,
            title=person.title,
            rpps=person.rpps,
            holder_id=person_id,
            actor=Actor.system(organisation_id),
            at=now(),
        )

    if SETTINGS["tokens"].value == "pkcs11":
        softhsm.provision(_pkcs11_library(SETTINGS), person_id=person_id, pin=pin, certify=certify)
        return "a PKCS#11 token (SoftHSM2)"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate, chain = certify(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    folder = SETTINGS["home"].value / "tokens"
    pkcs12.write(folder, person_id=person_id, pin=pin, key=key, certificate=certificate, chain=chain)
    return "a PKCS#12 file, standing in for a PKCS#11 token: SoftHSM2 is not installed"

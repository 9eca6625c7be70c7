"""People's credentials at a remote signing service."""

import base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from telesphore.ades import der
from telesphore.ades.algorithms import Algorithm, Scheme, algorithm_for, check
from telesphore.ades.errors import SignatureDoesNotMatch, UnknownKeyType
from telesphore.connectors.csc.client import Account, Client, CredentialWithdrawn, ServiceLies, bytes_of, text_of
from telesphore.connectors.validity import check_valid
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.signature.ports import (
    BatchTooLarge,
    CodeNeeded,
    CodeSent,
    KeyWithoutCertificate,
    NoToken,
    PersonalToken,
    TokenLocked,
    WrongPin,
)

MOST_CREDENTIALS = 20
MOST_CERTIFICATES = 10
LONGEST_PIN = 64
IN_ONE_REQUEST = 100
"""Hashes in one `signatures/signHash`: several requests spend one authorisation."""
KEY_OIDS = {
    Scheme.RSA_PKCS1: "1.2.840.113549.1.1.1",
    Scheme.RSA_PSS: "1.2.840.113549.1.1.10",
    Scheme.ECDSA: "1.2.840.10045.2.1",
}
"""Not Ed25519: it signs the content itself (RFC 8032 §5.1), and the API takes digests only."""


@dataclass(frozen=True, slots=True)
class _Credential:
    """What `credentials/info` says, in the words of both versions.

    Attributes:
        names: OIDs of the algorithms that its key offers.
        most: how many signatures one authorisation allows.
        pin, code: ids of what must be entered; empty when it need not be. Version 1 calls them PIN and OTP.
        code_is_sent: the service sends the code when asked, rather than a device of the person showing it.
    """

    identifier: str
    certificate: bytes
    chain: tuple[bytes, ...]
    names: frozenset[str]
    most: int
    pin: str
    code: str
    code_is_sent: bool


class CscReader:
    """A `signature.ports.TokenReader` over the credentials of a service's users.

    Args:
        user_of: the name under which the service knows a person.
        pss: RSA keys sign by RSASSA-PSS rather than PKCS#1 v1.5.
    """

    def __init__(
        self,
        account: Account,
        *,
        user_of: Callable[[UUID], str],
        pss: bool = False,
        clock: Callable[[], datetime] = now,
        client: Client | None = None,
    ) -> None:
        self._client = client or Client(account)
        self._version = account.version
        self._user_of = user_of
        self._pss = pss
        self._clock = clock

    @contextmanager
    def open(self, *, person_id: UUID, pin: str, code: str = "") -> Iterator[PersonalToken]:
        _check_length(pin)
        yield self._opened(self._find(self._user_of(person_id)), pin, code)

    @contextmanager
    def open_credential(self, identifier: str, *, pin: str) -> Iterator[PersonalToken]:
        """The credential of this identifier, whosever it is; see `signature.ports.TokenReader.open`."""
        _check_length(pin)
        yield self._opened(self._usable(identifier), pin, "")

    def _opened(self, credential: _Credential, pin: str, code: str) -> "_RemoteToken":
        # The PIN is checked by the service, at the first signature: to open is to know who would sign.
        check_valid(credential.certificate, self._clock())
        algorithm = algorithm_for(credential.certificate, pss=self._pss)
        name = _signature_name(algorithm, credential.names)
        if credential.code and not code:
            if not credential.code_is_sent:
                raise CodeNeeded
            self._send_code(credential)
            raise CodeSent
        return _RemoteToken(self._client, self._version, credential, algorithm, name, pin, code)

    def _find(self, user: str) -> _Credential:
        """The first credential of this user that may sign.

        Raises:
            NoToken: there is none.
            CredentialWithdrawn, TokenLocked: there are some, and this is why none may.
        """
        listed = self._client.call(
            "credentials/list", userID=user, maxResults=MOST_CREDENTIALS if self._version == 1 else None
        )
        identifiers = listed.get("credentialIDs")
        if not isinstance(identifiers, list) or len(identifiers) > MOST_CREDENTIALS:
            raise ServiceLies
        why: DomainError = NoToken()
        for identifier in identifiers:
            if not isinstance(identifier, str) or len(identifier) > 1000:
                raise ServiceLies
            try:
                return self._usable(identifier)
            except (CredentialWithdrawn, TokenLocked) as refused:
                why = refused
        raise why

    def _usable(self, identifier: str) -> _Credential:
        info = self._client.call(
            "credentials/info", credentialID=identifier, certificates="chain", certInfo=False, authInfo=True
        )
        key, status = _table(info, "key"), _table(info, "cert").get("status", "valid")
        if status in ("revoked", "suspended"):
            raise CredentialWithdrawn
        if key.get("status") != "enabled":
            raise TokenLocked
        return _read(identifier, info, self._version)

    def _send_code(self, credential: _Credential) -> None:
        if self._version == 1:
            self._client.call("credentials/sendOTP", credentialID=credential.identifier)
        else:
            self._client.call(
                "credentials/getChallenge", credentialID=credential.identifier, authObjectID=credential.code
            )


@dataclass(frozen=True, slots=True)
class _RemoteToken:
    _client: Client
    _version: int
    _credential: _Credential
    algorithm: Algorithm
    _name: str
    """OID of how it signs, as the service names it."""
    _pin: str = field(repr=False)
    _code: str = field(repr=False)

    @property
    def certificate(self) -> bytes:
        return self._credential.certificate

    @property
    def chain(self) -> Sequence[bytes]:
        return self._credential.chain

    def sign(self, to_be_signed: bytes) -> bytes:
        return self.sign_many([to_be_signed])[0]

    def sign_many(self, contents: Sequence[bytes]) -> list[bytes]:
        """One authorisation for all of them, bound to their digests (SCAL2)."""
        if len(contents) > self._credential.most:
            raise BatchTooLarge(most=self._credential.most)
        if not contents:
            return []
        digest = self.algorithm.digest
        hashes = [base64.b64encode(digest.of(content)).decode() for content in contents]
        sad = self._authorise(hashes)
        signatures: list[bytes] = []
        for start in range(0, len(hashes), IN_ONE_REQUEST):
            signatures += self._sign_hashes(sad, hashes[start : start + IN_ONE_REQUEST])
        for content, signature in zip(contents, signatures, strict=True):
            try:
                check(self.certificate, self.algorithm, content, signature)
            except SignatureDoesNotMatch:
                # Another key's, another document's, or two that changed places.
                raise ServiceLies from None
        return signatures

    def _authorise(self, hashes: list[str]) -> str:
        credential = self._credential
        given: dict[str, Any] = {"credentialID": credential.identifier, "numSignatures": len(hashes)}
        if self._version == 1:
            given["hash"] = hashes
            given["PIN"] = self._pin if credential.pin else None
            given["OTP"] = self._code if credential.code else None
        else:
            given["hashes"], given["hashAlgorithmOID"] = hashes, self._digest_name()
            entered = ((credential.pin, self._pin), (credential.code, self._code))
            given["authData"] = [{"id": name, "value": value} for name, value in entered if name]
        return text_of(self._client.call("credentials/authorize", **given), "SAD")

    def _sign_hashes(self, sad: str, hashes: list[str]) -> list[bytes]:
        given: dict[str, Any] = {"credentialID": self._credential.identifier, "SAD": sad, "signAlgo": self._name}
        if self._version == 1:
            given["hash"], given["hashAlgo"] = hashes, self._digest_name()
        else:
            given["hashes"], given["hashAlgorithmOID"] = hashes, self._digest_name()
        if self.algorithm.scheme is Scheme.RSA_PSS:
            given["signAlgoParams"] = base64.b64encode(_taken_apart(self.algorithm.identifier)[1]).decode()
        answered = self._client.call("signatures/signHash", **given).get("signatures")
        if not isinstance(answered, list) or len(answered) != len(hashes):
            raise ServiceLies
        return [bytes_of(one) for one in answered]

    def _digest_name(self) -> str:
        return _taken_apart(self.algorithm.digest.identifier)[0]


def _check_length(pin: str) -> None:
    if not 0 < len(pin) <= LONGEST_PIN:
        raise WrongPin


def _taken_apart(identifier: bytes) -> tuple[str, bytes]:
    """The OID and the parameters (DER, or nothing) of an AlgorithmIdentifier."""
    name, *parameters = der.whole(identifier, der.SEQUENCE)
    return der.read_oid(identifier, name), b"".join(der.encoding(identifier, one) for one in parameters)


def _signature_name(algorithm: Algorithm, offered: frozenset[str]) -> str:
    """The OID by which this service offers the algorithm: the full one, or its key's.

    Raises:
        UnknownKeyType: it does not.
    """
    full, _parameters = _taken_apart(algorithm.identifier)
    for name in (full, KEY_OIDS.get(algorithm.scheme)):
        if algorithm.scheme in KEY_OIDS and name in offered:
            return name
    raise UnknownKeyType


def _read(identifier: str, info: dict[str, Any], version: int) -> _Credential:
    certificates = _table(info, "cert").get("certificates")
    if not isinstance(certificates, list) or not 0 < len(certificates) <= MOST_CERTIFICATES:
        raise KeyWithoutCertificate
    signer, *chain = map(bytes_of, certificates)
    names, most = _table(info, "key").get("algo"), info.get("multisign")
    if not isinstance(names, list) or not isinstance(most, int) or most < 1:
        raise ServiceLies
    pin, code, sent = _entered_v1(info) if version == 1 else _entered_v2(info)
    return _Credential(identifier, signer, tuple(chain), frozenset(map(str, names[:50])), most, pin, code, sent)


def _entered_v1(info: dict[str, Any]) -> tuple[str, str, bool]:
    if info.get("authMode") not in ("explicit", "implicit"):
        # `oauth2code` sends the person's browser elsewhere, which the pages don't do.
        raise UnknownKeyType
    pin, code = _table(info, "PIN"), _table(info, "OTP")
    return (
        "PIN" if pin.get("presence") in ("true", "optional") else "",
        "OTP" if code.get("presence") == "true" else "",
        code.get("type") == "online",
    )


def _entered_v2(info: dict[str, Any]) -> tuple[str, str, bool]:
    auth = _table(info, "auth")
    if auth.get("mode") not in ("explicit", "implicit"):
        raise UnknownKeyType
    objects = auth.get("objects", [])
    if not isinstance(objects, list) or len(objects) > 5 or not all(isinstance(one, dict) for one in objects):
        raise ServiceLies
    pin = code = ""
    sent = False
    for one in objects:
        kind, name = one.get("type"), text_of(one, "id")
        if kind == "Password" and "generator" not in one and not pin:
            pin = name
        elif kind in ("Password", "ChallengeResponse") and not code:
            # A code that a device of the person makes (`totp`), or one that the service sends.
            code, sent = name, kind == "ChallengeResponse"
        else:
            raise UnknownKeyType
    return pin, code, sent


def _table(answer: dict[str, Any], name: str) -> dict[str, Any]:
    value = answer.get(name, {})
    if not isinstance(value, dict):
        raise ServiceLies
    return value

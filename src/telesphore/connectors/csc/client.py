"""Requests to a CSC service, and what it answers, both bounded. Its words are foreign: nothing of them is shown."""

import base64
import binascii
import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import httpx

from telesphore.kernel.errors import DomainError, Refusal
from telesphore.signature.ports import TokenLocked, WrongCode, WrongPin

logger = logging.getLogger(__name__)

LARGEST = 4 * 2**20
"""Bytes of an answer: 500 RSA-4096 signatures in base64 are 350 KB."""
PATIENCE = 30.0
"""Seconds for one exchange, all in all."""
FRESH = 30.0
"""Seconds before its end at which an access token is no longer used."""


class ServiceAway(DomainError):
    """The remote signing service does not answer. Nothing was signed; try again in a moment."""

    refusal = Refusal.UNAVAILABLE
    code = "signing-service-away"


class ServiceRefused(DomainError):
    """The remote signing service refused this platform’s request. Nothing was signed: tell your administrator."""

    refusal = Refusal.UNAVAILABLE
    code = "signing-service-refused"


class ServiceLies(DomainError):
    """The remote signing service answered with something else than what was asked for. Nothing was signed: tell your
    administrator."""

    refusal = Refusal.UNAVAILABLE
    code = "signing-service-lies"


class AuthorisationLost(DomainError):
    """The remote signing service no longer accepts its own authorisation. Nothing was signed: sign again."""

    refusal = Refusal.UNAVAILABLE
    code = "signing-authorisation-lost"


class CredentialWithdrawn(DomainError):
    """The remote signing service says that your certificate was revoked or suspended. Ask it for another."""

    refusal = Refusal.INVALID
    code = "credential-withdrawn"


@dataclass(frozen=True, slots=True)
class Account:
    """This platform's account with a service.

    Attributes:
        base: address of the API up to its version, e.g. `https://service.example/csc/v2`.
        version: 1 or 2.
        token_url: OAuth 2.0 token endpoint (client credentials grant, RFC 6749 §4.4); empty for `auth/login` with HTTP
            basic authentication.
        client_id, secret: the client's, or the user name and password for `auth/login`.
    """

    base: str
    version: int
    token_url: str
    client_id: str
    secret: str = field(repr=False)


class Client:
    """Speaks to one service. Safe in threads; an access token is kept until it nears its end."""

    def __init__(self, account: Account, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.account = account
        self._http = httpx.Client(
            timeout=PATIENCE / 3, follow_redirects=False, trust_env=False, headers={"Accept-Encoding": "identity"}
        )
        self._monotonic = monotonic
        self._token: tuple[str, float] | None = None

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One method of the API, e.g. `credentials/info`; an access token that was refused is asked for anew, once.

        Raises:
            ServiceAway, ServiceRefused, ServiceLies, WrongPin, WrongCode, TokenLocked, AuthorisationLost
        """
        content = json.dumps({name: value for name, value in parameters.items() if value is not None}).encode()
        for anew in (False, True):
            headers = {"Authorization": f"Bearer {self._access(anew)}", "Content-Type": "application/json"}
            status, answer = self._post(f"{self.account.base}/{method}", content, headers)
            if status != 401:
                break
        if status == 204:
            return {}
        if status != 200:
            _refuse(method, status, answer)
        return answer

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def _access(self, anew: bool) -> str:
        if self._token is not None and not anew and self._monotonic() < self._token[1]:
            return self._token[0]
        account = self.account
        if account.token_url:
            form = httpx.QueryParams(
                grant_type="client_credentials", client_id=account.client_id, client_secret=account.secret,
                scope="service",
            )  # fmt: skip
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            status, answer = self._post(account.token_url, str(form).encode(), headers)
        else:
            basic = base64.b64encode(f"{account.client_id}:{account.secret}".encode()).decode()
            headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}
            status, answer = self._post(f"{account.base}/auth/login", b"{}", headers)
        if status != 200:
            _refuse("token", status, answer)
        token = text_of(answer, "access_token")
        if not token.isascii() or not token.isprintable():
            raise ServiceLies
        lasts = answer.get("expires_in", 3600)
        if not isinstance(lasts, int | float):
            raise ServiceLies
        self._token = (token, self._monotonic() + max(float(lasts) - FRESH, 0))
        return token

    def _post(self, url: str, content: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        deadline, parts, size = self._monotonic() + PATIENCE, [], 0
        try:
            with self._http.stream("POST", url, content=content, headers=dict(headers)) as answer:
                if "content-encoding" in answer.headers:
                    raise ServiceLies
                # As they come: waiting for more would let a service that drips be waited for without end.
                for part in answer.iter_raw():
                    size += len(part)
                    if size > LARGEST:
                        raise ServiceLies
                    if self._monotonic() > deadline:
                        raise ServiceAway
                    parts.append(part)
                status = answer.status_code
        except httpx.HTTPError:
            raise ServiceAway from None
        if status == 204:
            return status, {}
        try:
            read = json.loads(b"".join(parts))
        except (ValueError, RecursionError):
            read = None
        if status == 200 and not isinstance(read, dict):
            raise ServiceLies
        return status, read if isinstance(read, dict) else {}


def text_of(answer: Mapping[str, Any], name: str) -> str:
    """A text of an answer, at most 64 Ki characters.

    Raises:
        ServiceLies: it is missing, empty or something else.
    """
    value = answer.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 65536:
        raise ServiceLies
    return value


def bytes_of(value: object) -> bytes:
    """Bytes that came as base64.

    Raises:
        ServiceLies: they did not.
    """
    if not isinstance(value, str) or len(value) > 65536:
        raise ServiceLies
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ServiceLies from None


def _refuse(method: str, status: int, answer: Mapping[str, Any]) -> NoReturn:
    """Errors of §10.1 (v1) and §10.1, §11 (v2): the code is compared; the description tells some of them apart."""
    error = str(answer.get("error", ""))[:100]
    description = str(answer.get("error_description", ""))[:200].lower()
    logger.warning("remote signing: %s refused with status %d", method, status)
    if status >= 500 or status == 429:
        raise ServiceAway
    if error == "invalid_pin":
        raise WrongPin
    if error == "invalid_otp":
        raise WrongCode
    if "locked" in description:
        raise TokenLocked
    if error == "invalid_authentication_data" or (method == "credentials/authorize" and error == "access_denied"):
        # v2 does not say which of the two was wrong.
        raise WrongPin
    if method == "signatures/signHash" and re.search(r"\bsad\b", description):
        raise AuthorisationLost
    raise ServiceRefused

"""The real provider, run by node for as long as a test needs it, and a professional's browser in front of it."""

import contextlib
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from telesphore.accounts.ports import Asked
from telesphore.connectors.psc import Client, Registration
from tests.connectors.psc.identities import IDENTITIES

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
BACK = "http://localhost:8000/sign-in/psc/back/"
SECRET = "a secret that the provider gave, with + and : in it"


@dataclass
class Provider:
    """A provider that runs.

    Attributes:
        issuer: its address.
    """

    issuer: str

    @property
    def discovery(self) -> str:
        return f"{self.issuer}/.well-known/wallet-openid-configuration"


@contextlib.contextmanager
def provide(
    *, back: str = BACK, logout: str = "", key: Any = None, identities: Any = None, **options: Any
) -> Iterator[Provider]:
    """Run it, with three clients: `secret`, `signed` (its userinfo are a JWT) and `key` (private_key_jwt)."""
    common: dict[str, Any] = {"redirect_uris": [back], "grant_types": ["authorization_code"]}
    if logout:
        common |= {"backchannel_logout_uri": logout, "backchannel_logout_session_required": True}
    algorithm = options.get("signing", "RS256")
    clients = [
        common | {"client_id": "secret", "client_secret": SECRET},
        common | {"client_id": "signed", "client_secret": SECRET, "userinfo_signed_response_alg": algorithm},
    ]
    if key is not None:
        kind = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
        public = kind.to_jwk(key.public_key(), as_dict=True)
        clients.append(
            common | {"client_id": "key", "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [public]}}
        )
    given = json.dumps({"identities": identities or IDENTITIES, "clients": clients, **options})
    process = subprocess.Popen(
        [ROOT / "scripts" / "node", HERE / "provider.mjs", given],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        issuer = ""
        while not issuer.startswith("http://127.0.0.1:"):
            issuer = process.stdout.readline().strip()
            assert issuer or process.poll() is None, "the provider did not start: `npm ci` installs what it needs"
        yield Provider(issuer)
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(10)


class Browser:
    """A professional's browser at the provider: answers its pages, and stops where it leads back to us."""

    def __init__(self, back: str = BACK) -> None:
        self._back = back
        self._http = httpx.Client(follow_redirects=False, timeout=10)
        self.pages: list[str] = []

    def go(self, address: str, login: str, **form: str) -> dict[str, str]:
        """Come in there as `login`; the query with which the provider leads back."""
        for _ in range(20):
            if address.startswith(self._back):
                return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
            response = self._http.get(address)
            if response.status_code == 200:
                page = re.search(r'name="(login|consent)"', response.text)
                assert page is not None, response.text
                self.pages.append(page[1])
                given = {"login": login, **form} if page[1] == "login" else {"consent": "yes"}
                response = self._http.post(address, data=given)
            assert response.is_redirect, response.text
            address = urljoin(address, response.headers["Location"])
        raise AssertionError("the provider leads nowhere")

    def leave(self, provider: Provider) -> None:
        """Sign out there."""
        page = self._http.get(f"{provider.issuer}/session/end")
        found = re.search(r'name="xsrf" value="([^"]+)"', page.text)
        assert found is not None, page.text
        self._http.post(f"{provider.issuer}/session/end/confirm", data={"xsrf": found[1], "logout": "yes"})

    def close(self) -> None:
        self._http.close()


def registration(provider: Provider, client_id: str = "secret", credential: Any = SECRET) -> Registration:
    """Ours at this provider."""
    return Registration(
        issuer=provider.issuer, discovery=provider.discovery, client_id=client_id, credential=credential,
        context=None, lasts=timedelta(minutes=240),
    )  # fmt: skip


def client(provider: Provider, client_id: str = "secret", credential: Any = SECRET) -> Client:
    return Client(registration(provider, client_id, credential))


def asked(at: datetime, *, again: bool = False, state: str = "s" * 43, nonce: str = "n" * 43) -> Asked:
    return Asked(state=state, nonce=nonce, verifier="v" * 43, back=BACK, again=again, at=at)

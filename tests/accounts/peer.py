"""A card agent of the suite's own, written from docs/agent.md alone: what the server says must suit it."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.test import Client

from telesphore.accounts.ports import CardAuthorities, card_authorities
from telesphore.kernel.clock import now
from tests.certificates import Signer, TestAuthority

ORIGIN = "http://localhost:8000"
LEBRUN = "810101234567"
"""The national identifier on Dr Lebrun's card."""


def url64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def unurl64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def join(*fields: bytes) -> bytes:
    return b"".join(len(one).to_bytes(4, "big") + one for one in fields)


@dataclass
class Peer:
    """An agent, before and after it is paired."""

    origin: str = ORIGIN
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    workstation: str = ""
    server: Ed25519PublicKey | None = None

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def keyed(self, code: str) -> bytes:
        salt = join(b"telesphore-agent", self.origin.encode())
        return hashlib.scrypt(code.replace("-", "").encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)

    def question(self, code: str) -> dict[str, str]:
        """What is POSTed to be paired."""
        mac = hmac.digest(
            self.keyed(code), join(b"telesphore-agent pair 1", self.origin.encode(), self.public_key), hashlib.sha256
        )
        return {"code_id": code[:5], "public_key": url64(self.public_key), "mac": url64(mac)}

    def pair(self, client: Client, code: str) -> int:
        """Type the code; gives HTTP's status."""
        answer = client.post("/agents/pair", self.question(code), content_type="application/json")
        if answer.status_code == 200:
            said = answer.json()
            fields = (
                b"telesphore-agent paired 1", said["workstation"].encode(), said["origin"].encode(),
                unurl64(said["public_key"]), self.public_key,
            )  # fmt: skip
            assert hmac.compare_digest(
                hmac.digest(self.keyed(code), join(*fields), hashlib.sha256), unurl64(said["mac"])
            )
            assert said["origin"] == self.origin
            self.workstation = said["workstation"]
            self.server = Ed25519PublicKey.from_public_bytes(unurl64(said["public_key"]))
        return answer.status_code

    def read(self, request: str, op: str) -> dict[str, Any]:
        """The claims of a request, once it is believed."""
        header, payload, signature = request.split(".")
        assert self.server is not None
        self.server.verify(unurl64(signature), f"{header}.{payload}".encode())
        assert json.loads(unurl64(header)) == {"alg": "EdDSA", "typ": "telesphore-agent+jwt"}
        claims: dict[str, Any] = json.loads(unurl64(payload))
        assert (claims["iss"], claims["aud"], claims["op"]) == (self.origin, self.workstation, op)
        assert 0 < claims["exp"] - claims["iat"] <= 120
        assert len(claims["jti"]) >= 16
        return claims

    def authenticate(self, request: str, card: Signer) -> dict[str, Any]:
        """What the card answers to `authenticate`."""
        nonce = unurl64(self.read(request, "authenticate")["nonce"])
        assert len(nonce) == 32
        return proof(card, self.origin, nonce)

    def sign(self, request: str, card: Signer) -> dict[str, Any]:
        """What the card answers to `sign`."""
        claims = self.read(request, "sign")
        assert claims["certificate"] == hashlib.sha256(card.certificate).hexdigest()
        return {
            "signatures": [
                {"id": one["id"], "signature": plain64(card.sign(base64.b64decode(one["to_be_signed"])))}
                for one in claims["documents"]
            ]
        }


def plain64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def proof(card: Signer, origin: str, nonce: bytes) -> dict[str, Any]:
    """The answer to `authenticate`, over this nonce."""
    content = join(b"telesphore-agent authenticate 1", origin.encode(), nonce)
    assert isinstance(card.key, ec.EllipticCurvePrivateKey)
    return {
        "certificate": plain64(card.certificate),
        "chain": [plain64(one) for one in card.chain],
        "algorithm": "ecdsa-sha256",
        "signature": plain64(card.key.sign(content, ec.ECDSA(hashes.SHA256()))),
    }


@dataclass
class Status:
    """Implements `accounts.ports.CardStatus`, as a test says."""

    revoked_ones: set[bytes] = field(default_factory=set)
    away: bool = False

    def revoked(self, chain: Any, *, at: Any) -> bool:
        from telesphore.accounts.errors import CardStatusUnknown

        if self.away:
            raise CardStatusUnknown
        return bool(self.revoked_ones & set(chain))


class Cards:
    """An authority that issues cards, believed here: a root, and one under it."""

    def __init__(self, url: str | None = None) -> None:
        born = now() - timedelta(days=30)
        self.root = TestAuthority("AC RACINE", born=born, days=60, url=url and f"{url}/root")
        self.issuing = TestAuthority("AC PERSONNES", issuer=self.root, born=born, days=60, url=url and f"{url}/issuing")
        self.status = Status()

    def trust(self) -> None:
        card_authorities.bind(lambda: CardAuthorities((self.root.certificate,), (), self.status))

    def card(
        self, name: str = LEBRUN, *, by: TestAuthority | None = None, age: timedelta = timedelta(0), **options: Any
    ) -> Signer:
        """The authentication part of a card of ten days, given an hour ago, or so much longer ago."""
        options["since"] = now() - timedelta(hours=1) - age
        by = by or self.issuing
        key = ec.generate_private_key(ec.SECP256R1())
        options.setdefault("extensions", [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)])
        options.setdefault("for_signing", False)
        return Signer(by.issue(name, key.public_key(), **options), by.chain, key)

    def signing_card(self, name: str = LEBRUN, key: rsa.RSAPrivateKey | None = None) -> Signer:
        """The signature part of a card."""
        return self.issuing.signer(name, key, since=now() - timedelta(hours=1))


def paired(client: Client) -> Peer:
    """An agent paired by the person who is signed in."""
    answer = client.post("/security/workstations/pair", {"name": "Poste 3"})
    assert answer.status_code == 200, answer
    peer = Peer()
    assert peer.pair(Client(), answer.context["code"]) == 200
    return peer

"""A remote signing service that behaves like one: the CSC API, v1.0.4.0 and v2.0.0.2, over real HTTP.

It checks what a service checks: the access token, PIN and code, how many signatures were authorised, which hashes, the
age of the SAD; and it lies when told to.
"""

import base64
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from telesphore.ades.algorithms import PrivateKey

PIN, CODE = "135790", "738496"
CLIENT, SECRET = "telesphore", "un secret du service"
SHA256, SHA384 = "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2"
TRIES = 3


class Refused(Exception):
    def __init__(self, error: str, description: str, status: int = 400) -> None:
        self.error, self.description, self.status = error, description, status


@dataclass
class Credential:
    """One key of one user."""

    user: str
    key: PrivateKey
    certificates: list[bytes]
    algorithms: list[str]
    identifier: str = field(default_factory=lambda: secrets.token_hex(8))
    most: int = 200
    enabled: bool = True
    status: str = "valid"
    scal: str = "2"
    code: str = ""
    """`online` (sent when asked), `offline` (a device shows it), or none."""
    wrong: int = 0
    sent: int = 0


@dataclass
class Authorised:
    credential: str
    left: int
    hashes: list[str]
    spoiled: str = ""


@dataclass
class Service:
    """What the service knows, and how it misbehaves.

    Attributes:
        lie: what it does wrong, by name (see `_misbehave` and `sign_hash`).
    """

    version: int
    credentials: list[Credential] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    authorised: dict[str, Authorised] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    lie: str = ""
    elapsed: float = 0.0
    """Seconds that it says have passed; each byte takes ten when it drips."""

    def answer(self, path: str, authorization: str, body: bytes) -> tuple[int, bytes]:
        prefix = f"/csc/v{self.version}/"
        if path == "/oauth2/token":
            return self._done(self.oauth_token(body))
        if not path.startswith(prefix):
            return 404, b"{}"
        method = path.removeprefix(prefix)
        if method == "auth/login":
            return self._done(self.login(authorization))
        if authorization.removeprefix("Bearer ") not in self.tokens:
            return 401, b'{"error": "invalid_token"}'
        given = json.loads(body)
        assert isinstance(given, dict)
        self.calls.append((method, given))
        known = {
            "info": self.info,
            "credentials/list": self.list,
            "credentials/info": self.credential_info,
            "credentials/authorize": self.authorize,
            "signatures/signHash": self.sign_hash,
        }
        known |= {"credentials/sendOTP": self.send} if self.version == 1 else {"credentials/getChallenge": self.send}
        if method not in known:
            return 404, b"{}"
        if self.lie == "500":
            return 500, b"<html>down</html>"
        answered = known[method](given)
        return self._done(answered) if answered is not None else (204, b"")

    def _done(self, answered: dict[str, Any]) -> tuple[int, bytes]:
        if self.lie == "not-json":
            return 200, b"<html>"
        if self.lie == "a-list":
            return 200, b"[]"
        if self.lie == "deep":
            return 200, b"[" * 100_000
        return 200, json.dumps(answered).encode()

    # Service authorisation

    def oauth_token(self, body: bytes) -> dict[str, Any]:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if form.get("grant_type") != "client_credentials":
            raise Refused("unsupported_grant_type", "")
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            raise Refused("invalid_client", "", 401)
        return self._token() | {"token_type": "Bearer"}

    def login(self, authorization: str) -> dict[str, Any]:
        if authorization != "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode():
            raise Refused("authentication_error", "An error occurred during authentication process")
        return self._token()

    def _token(self) -> dict[str, Any]:
        token = secrets.token_urlsafe()
        self.tokens.add(token)
        return {"access_token": token, "expires_in": 3600}

    # Methods

    def info(self, _given: dict[str, Any]) -> dict[str, Any]:
        return {"specs": "1.0.4.0" if self.version == 1 else "2.0.0.2", "name": "Montfaucy Sign"}

    def list(self, given: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(given.get("userID"), str):
            raise Refused("invalid_request", "Invalid parameter userID")
        return {"credentialIDs": [one.identifier for one in self.credentials if one.user == given["userID"]]}

    def _find(self, given: dict[str, Any]) -> Credential:
        for one in self.credentials:
            if one.identifier == given.get("credentialID"):
                return one
        raise Refused("invalid_request", "Invalid parameter credentialID")

    def credential_info(self, given: dict[str, Any]) -> dict[str, Any]:
        one = self._find(given)
        info: dict[str, Any] = {
            "key": {
                "status": "enabled" if one.enabled else "disabled", "algo": one.algorithms, "len": 2048,
            },
            "cert": {"status": one.status, "certificates": [base64.b64encode(c).decode() for c in one.certificates]},
            "SCAL": one.scal,
            "multisign": one.most,
        }  # fmt: skip
        if self.version == 1:
            code = {"presence": "true", "type": one.code, "format": "N"} if one.code else {"presence": "false"}
            return info | {"authMode": "explicit", "PIN": {"presence": "true", "format": "N"}, "OTP": code}
        objects: list[dict[str, Any]] = [{"type": "Password", "id": "PIN", "format": "N", "label": "PIN"}]
        if one.code == "online":
            objects.append({"type": "ChallengeResponse", "id": "SMS", "label": "Code"})
        elif one.code:
            objects.append({"type": "Password", "id": "TOTP", "generator": "totp", "label": "Code"})
        expression = " AND ".join(item["id"] for item in objects)
        return info | {"auth": {"mode": "explicit", "expression": expression, "objects": objects}}

    def send(self, given: dict[str, Any]) -> None:
        one = self._find(given)
        if self.version == 2 and given.get("authObjectID") != "SMS":
            raise Refused("invalid_request", "Invalid parameter authObjectID")
        one.sent += 1

    def authorize(self, given: dict[str, Any]) -> dict[str, Any]:
        one, count = self._find(given), given.get("numSignatures")
        if not one.enabled:
            raise Refused("invalid_request", "The credential identified by credentialID is disabled")
        if one.wrong >= TRIES:
            raise Refused("invalid_request", "Credential locked")
        if not isinstance(count, int) or count < 1:
            raise Refused("invalid_request", "Invalid value for parameter numSignatures")
        if count > one.most:
            raise Refused("invalid_request", "Numbers of signatures is too high")
        bound = given.get("hash" if self.version == 1 else "hashes")
        if one.scal == "2" and (not isinstance(bound, list) or len(bound) != count):
            raise Refused("invalid_request", "Missing (or invalid type) array parameter hash")
        if self.version == 2 and "hashAlgorithmOID" not in given:
            raise Refused("invalid_request", "Missing (or invalid type) string parameter hashAlgorithmOID")
        self._check_entered(one, given)
        sad = secrets.token_urlsafe()
        self.authorised[sad] = Authorised(one.identifier, count, list(bound or []))
        if self.lie == "expired-sad":
            self.authorised[sad].spoiled = "SAD expired"
        if self.lie == "fewer-signatures":
            self.authorised[sad].left = count - 1
        return {"SAD": "another" if self.lie == "bad-sad" else sad, "expiresIn": 300}

    def _check_entered(self, one: Credential, given: dict[str, Any]) -> None:
        if self.version == 1:
            entered = {"PIN": given.get("PIN"), "code": given.get("OTP")}
        else:
            values = {item["id"]: item["value"] for item in given.get("authData", [])}
            entered = {"PIN": values.get("PIN"), "code": values.get("SMS" if one.code == "online" else "TOTP")}
        if entered["PIN"] != PIN:
            one.wrong += 1
            raise Refused("invalid_pin" if self.version == 1 else "invalid_authentication_data", "The PIN is invalid")
        if one.code and (entered["code"] != CODE or (one.code == "online" and not one.sent)):
            raise Refused("invalid_otp", "The OTP is invalid")
        one.wrong = 0

    def sign_hash(self, given: dict[str, Any]) -> dict[str, Any]:
        one, asked = self._find(given), given.get("hash" if self.version == 1 else "hashes")
        held = self.authorised.get(given.get("SAD", ""))
        if held is None or held.credential != one.identifier:
            raise Refused("invalid_request", "Invalid parameter SAD")
        if held.spoiled:
            raise Refused("invalid_request", held.spoiled)
        if not isinstance(asked, list) or not asked:
            raise Refused("invalid_request", "Empty hash array")
        if given.get("signAlgo") not in one.algorithms:
            raise Refused("invalid_request", "Invalid parameter signAlgo")
        if len(asked) > held.left:
            raise Refused("invalid_request", "Invalid parameter SAD: too many signatures")
        if one.scal == "2":
            # In the order in which they were authorised.
            if asked != held.hashes[: len(asked)]:
                raise Refused("invalid_request", "Hash is not authorized by the SAD")
            del held.hashes[: len(asked)]
        held.left -= len(asked)
        name = given.get("hashAlgo" if self.version == 1 else "hashAlgorithmOID")
        signatures = [self._sign(one.key, base64.b64decode(item, validate=True), name, given) for item in asked]
        if self.lie == "other-key":
            signatures = [self._sign(rsa.generate_private_key(65537, 2048), base64.b64decode(item), name, given)
                          for item in asked]  # fmt: skip
        if self.lie == "other-order":
            signatures.reverse()
        if self.lie == "too-few":
            signatures.pop()
        encoded = [base64.b64encode(item).decode() for item in signatures]
        if self.lie == "not-base64":
            encoded[0] = "«»"
        if self.lie == "enormous":
            encoded[0] = "A" * 6_000_000
        return {"signatures": encoded}

    @staticmethod
    def _sign(key: PrivateKey, digest: bytes, name: Any, given: dict[str, Any]) -> bytes:
        chosen: hashes.HashAlgorithm = {SHA256: hashes.SHA256(), SHA384: hashes.SHA384()}[name]
        if len(digest) != chosen.digest_size:
            raise Refused("invalid_request", "Invalid digest value length")
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(digest, ec.ECDSA(Prehashed(chosen)))
        assert isinstance(key, rsa.RSAPrivateKey)
        if given["signAlgo"] == "1.2.840.113549.1.1.10":
            assert base64.b64decode(given["signAlgoParams"])[:1] == b"\x30"
            return key.sign(digest, padding.PSS(padding.MGF1(chosen), chosen.digest_size), Prehashed(chosen))
        return key.sign(digest, padding.PKCS1v15(), Prehashed(chosen))


@contextmanager
def running(service: Service) -> Iterator[str]:
    """Serve it on a port of this machine; yields the address that its versions' paths follow."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                status, content = service.answer(self.path, self.headers.get("Authorization", ""), body)
            except Refused as refused:
                status = refused.status
                content = json.dumps({"error": refused.error, "error_description": refused.description}).encode()
            if service.lie == "redirect":
                status = 307
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            if status == 307:
                self.send_header("Location", "http://192.0.2.1/")
            self.send_header("Connection", "close")
            if service.lie == "compressed":
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            if service.lie == "cut":
                content = content[: len(content) // 2]
            if service.lie == "drip":
                for byte in content:
                    service.elapsed += 10
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.02)
            else:
                self.wfile.write(content)
            self.close_connection = True

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

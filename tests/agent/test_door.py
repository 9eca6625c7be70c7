"""The loopback door: it opens to pages of a paired origin that carry what their server signed, and to nobody else."""

import json
import os
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.agent.conftest import CardBox, StartAgent
from tests.agent.workstation import Agent, PairedServer, base64url, document, keep

REFUSED = (403, {"Content-Length": "0", "Connection": "close"}, b"")
OURS = "https://telesphore.montfaucy.example"


def test_a_page_of_a_paired_origin_is_answered(door: Agent) -> None:
    status, headers, body = door.send("GET", "/who")
    assert (status, json.loads(body)) == (200, {"workstation": door.server.workstation})
    assert headers["Access-Control-Allow-Origin"] == OURS
    assert (headers["Vary"], headers["Cache-Control"]) == ("Origin", "no-store")
    assert door.ask("status")[1]["version"]


def test_a_browser_that_asks_first_is_told_that_it_may(door: Agent) -> None:
    status, headers, _ = door.send(
        "OPTIONS", "/request",
        {"Access-Control-Request-Method": "POST", "Access-Control-Request-Private-Network": "true"},
    )  # fmt: skip
    assert (status, headers["Access-Control-Allow-Private-Network"]) == (204, "true")
    assert headers["Access-Control-Allow-Headers"] == "Content-Type"


@pytest.mark.parametrize("path", ["/request", "/who", "/watch?request=x"])
@pytest.mark.parametrize("method", ["OPTIONS", "GET", "POST"])
@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "https://evil.example",
        f"{OURS}.",
        f"{OURS}:443",
        f"{OURS}:4430",
        f"{OURS}.evil.example",
        f"{OURS}/",
        OURS.upper(),
        OURS.replace("https", "http"),
        OURS.replace("https://", "https://x@"),
        f"{OURS}, https://evil.example",
    ],
)
def test_a_page_of_another_origin_gets_nothing(door: Agent, origin: str, method: str, path: str) -> None:
    body = json.dumps({"request": door.server.request("status")}).encode() if method == "POST" else None
    assert door.send(method, path, {"Origin": origin}, body) == REFUSED


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:{port}", "127.0.0.1", "localhost.:{port}", "127.0.0.1:{port}.", "[::1]:{port}"],
)
def test_a_name_that_was_made_to_point_here_gets_nothing(door: Agent, host: str) -> None:
    for method, path in [("GET", "/who"), ("OPTIONS", "/request")]:
        assert door.send(method, path, {"Host": host.format(port=door.port)}) == REFUSED


def test_localhost_is_a_name_of_ours(door: Agent) -> None:
    assert door.send("GET", "/who", {"Host": f"localhost:{door.port}"})[0] == 200


def test_two_origins_or_two_hosts_are_none(door: Agent) -> None:
    for double in (f"Origin: {OURS}\r\nOrigin: {OURS}", f"Origin: {OURS}\r\nHost: {door.host}"):
        answer = raw(door, f"GET /who HTTP/1.1\r\nHost: {door.host}\r\n{double}\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/../who",
        "/who/",
        "/who?x",
        "/%77ho",
        "/etc/passwd",
        "/../../../../etc/passwd",
        "/Request",
        "/watch",
        "/request/../who",
    ],
)
def test_no_other_address_exists(door: Agent, path: str) -> None:
    assert door.send("GET", path) == REFUSED


@pytest.mark.parametrize("method", ["PUT", "DELETE", "TRACE", "HEAD", "CONNECT", "<script>"])
def test_no_other_method_exists(door: Agent, method: str) -> None:
    answer = raw(door, f"{method} /who HTTP/1.1\r\nHost: {door.host}\r\nOrigin: {OURS}\r\n\r\n".encode())
    assert answer == b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_post_that_a_form_could_make_is_refused(door: Agent, content_type: str) -> None:
    token = door.server.request("status")
    status, _, body = door.send(
        "POST", "/request", {"Content-Type": content_type}, json.dumps({"request": token}).encode()
    )
    assert (status, json.loads(body)) == (400, {"error": "bad-request"})
    # It was not even looked at.
    assert door.carry(token)[0] == 200


@pytest.mark.parametrize("length", ["2097153", "99999999999999999999", "-1", "0x10", "²", "1, 1"])
def test_a_body_too_large_or_of_no_length_is_refused_unread(door: Agent, length: str) -> None:
    head = f"POST /request HTTP/1.1\r\nHost: {door.host}\r\nOrigin: {OURS}\r\nContent-Type: application/json\r\n"
    answer = raw(door, f"{head}Content-Length: {length}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400")
    answer = raw(door, f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"request": 1}',
        b'{"request": "a", "request": "b"}',
        b"[" * 200_000,
        b"\xff",
        b'{"request": NaN}',
    ],
)
def test_a_body_that_is_no_request_is_refused(door: Agent, body: bytes) -> None:
    status, _, answer = door.send("POST", "/request", None, body)
    assert (status, json.loads(answer)) == (400, {"error": "bad-request"})


def test_what_was_sent_is_never_sent_back(door: Agent) -> None:
    for request in (
        b"<script>\r\n\r\n",
        b"GET /<script> HTTP/9.9\r\nX: <script>\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
    ):
        assert b"script" not in raw(door, request)
    status, headers, body = door.send("OPTIONS", "/request", {"Access-Control-Request-Headers": "X-Evil"})
    assert (status, body) == (204, b"")
    assert "Evil" not in str(headers)


def test_who_expects_to_go_on_is_sent_away(door: Agent) -> None:
    head = f"POST /request HTTP/1.1\r\nHost: {door.host}\r\nOrigin: {OURS}\r\nExpect: 100-continue\r\n\r\n"
    assert raw(door, head.encode()).startswith(b"HTTP/1.1 403")


def test_it_listens_on_the_loopback_alone(door: Agent) -> None:
    # 0 0100007F: the IPv4 loopback, as the kernel writes it.
    listening = {
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{door.port:04X}")
    }
    assert listening == {f"0100007F:{door.port:04X}"}


# What a request must be


def test_each_request_is_taken_once(door: Agent) -> None:
    token = door.server.request("status")
    assert door.carry(token)[0] == 200
    assert door.carry(token) == (400, {"error": "replayed-request"})


def test_a_request_signed_by_another_is_refused(door: Agent) -> None:
    assert door.carry(door.server.request("status", key=Ed25519PrivateKey.generate())) == (
        400,
        {"error": "bad-request"},
    )


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "typ": "telesphore-agent+jwt"},
        {"alg": "HS256", "typ": "telesphore-agent+jwt"},
        {"alg": "EdDSA"},
        {"alg": "EdDSA", "typ": "JWT"},
        {"alg": "EdDSA", "typ": "telesphore-agent+jwt", "crit": ["x"]},
        [],
    ],
)
def test_a_token_of_another_kind_is_refused(door: Agent, header: object) -> None:
    assert door.carry(door.server.request("status", header=header)) == (400, {"error": "bad-request"})


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"},
        {"aud": "00000000-0000-0000-0000-000000000000"},
        {"aud": None},
        {"exp": 10**10},
        {"exp": None},
        {"iat": True},
        {"iat": 1.5},
        {"jti": None},
        {"jti": ""},
        {"jti": "x" * 501},
        {"op": "format"},
        {"op": ["status"]},
        {"lang": "de"},
        {"op": "watch"},
        {"op": "authenticate"},
        {"op": "authenticate", "nonce": base64url(bytes(31))},
        {"op": "authenticate", "nonce": base64url(bytes(32)) + "="},
    ],
)
def test_a_request_with_a_wrong_claim_is_refused(door: Agent, claims: dict[str, object]) -> None:
    token = door.server.request(**{"op": "status", **claims})  # type: ignore[arg-type]  # Wrong ones are the point.
    assert door.carry(token) == (400, {"error": "bad-request"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"documents": []},
        {"documents": [document(number) for number in range(501)]},
        {"documents": [document(1), document(1)]},
        {"documents": [document(title="")]},
        {"documents": [document(title="\u202e\u200b")]},
        {"documents": [document(title="x" * 501)]},
        {"documents": [document(pages=0)]},
        {"documents": [document(pages="2")]},
        {"documents": [document(sha256="A" * 64)]},
        {"documents": [document(to_be_signed="")]},
        {"documents": [document(to_be_signed="A" * (88 << 10))]},
        {"documents": [document(to_be_signed="é")]},
        {"documents": [document(algorithm="rsa-pkcs1-sha1")]},
        {"documents": ["d1"]},
        {"documents": None},
        {"purpose": None},
        {"certificate": "x"},
    ],
)
def test_a_list_with_something_wrong_is_refused_whole(door: Agent, rsa_box: CardBox, wrong: dict[str, object]) -> None:
    claims = {"certificate": rsa_box.card.fingerprint, "purpose": "Seen", "documents": [document()], **wrong}
    assert door.ask("sign", **claims) == (400, {"error": "bad-request"})
    assert "PIN" not in door.screen


@pytest.mark.parametrize(("iat", "exp"), [(-181, -61), (61, 181), (-200, -100)])
def test_a_request_too_old_or_too_new_is_stale(door: Agent, iat: int, exp: int) -> None:
    now = int(time.time())
    assert door.ask("status", iat=now + iat, exp=now + exp) == (400, {"error": "stale-request"})


def test_a_clock_somewhat_ahead_is_borne(door: Agent) -> None:
    now = int(time.time())
    assert door.ask("status", iat=now + 40, exp=now + 160)[0] == 200


def test_a_request_from_before_the_agent_s_start_is_stale(start: StartAgent, rsa_box: CardBox) -> None:
    # An earlier run of the agent may have taken it: what it took is not remembered.
    earlier = int(time.time()) - 1
    agent = start(rsa_box)
    assert agent.ask("status", iat=earlier, exp=earlier + 120) == (400, {"error": "stale-request"})
    assert agent.ask("status")[0] == 200


def test_one_server_s_request_is_nothing_at_another_s_page(start: StartAgent, rsa_box: CardBox) -> None:
    ours, theirs = PairedServer(), PairedServer("https://vieuxmoulin.example")
    agent = start(rsa_box, servers=[ours, theirs])
    assert agent.carry(ours.request("status"))[0] == 200
    assert agent.carry(theirs.request("status"), Origin=theirs.origin)[0] == 200
    for token in (ours.request("status"), ours.request("status", iss=theirs.origin, aud=theirs.workstation)):
        assert agent.carry(token, Origin=theirs.origin) == (400, {"error": "bad-request"})


def test_a_server_unpaired_while_the_agent_runs_gets_nothing_more(agent: Agent) -> None:
    assert agent.send("GET", "/who")[0] == 200
    keep(agent.home, [])
    assert agent.send("GET", "/who") == REFUSED


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_pairings_that_another_user_can_read_are_not_used(agent: Agent) -> None:
    (agent.home / "telesphore-agent" / "servers.json").chmod(0o640)
    assert agent.send("GET", "/who") == REFUSED


# Floods


def test_requests_that_never_end_do_not_keep_others_out(agent: Agent) -> None:
    held = [socket.create_connection(("127.0.0.1", agent.port)) for _ in range(40)]
    for connection in held:
        connection.sendall(b"GET /who HTTP/1.1\r\nX: ")
    began = time.monotonic()
    deadline = began + 15
    while True:
        # Slower and slower bytes don't help: each request has five seconds in all.
        for connection in held:
            with suppress(OSError):
                connection.sendall(b"x")
        try:
            status = agent.send("GET", "/who")[0]
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.25)
    assert status == 200
    assert time.monotonic() - began < 8
    for connection in held:
        connection.close()


def test_a_page_that_asks_without_end_is_slowed(agent: Agent) -> None:
    codes = [agent.send("GET", "/who")[0] for _ in range(241)]
    assert codes == [200] * 240 + [429]


def test_only_some_can_watch_at_once(agent: Agent) -> None:
    watching = [watch(agent) for _ in range(9)]
    heads = [connection.recv(12) for connection in watching]
    # Whichever comes last.
    assert sorted(heads) == [b"HTTP/1.1 200"] * 8 + [b"HTTP/1.1 429"]
    for connection in watching:
        connection.close()


def watch(agent: Agent) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", agent.port), timeout=10)
    path = f"/watch?request={agent.server.request('watch')}"
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {agent.host}\r\nOrigin: {OURS}\r\n\r\n".encode())
    return connection


def raw(agent: Agent, content: bytes) -> bytes:
    """All that is answered to these bytes."""
    with socket.create_connection(("127.0.0.1", agent.port), timeout=10) as connection:
        connection.sendall(content)
        answer = b""
        with suppress(ConnectionResetError):
            while part := connection.recv(65536):
                answer += part
    return answer

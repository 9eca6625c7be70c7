"""An HTTP exchange within bounds, against servers that mean no good."""

import ipaddress
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from telesphore.connectors.fetching import AnswerTooLarge, NoAnswer, NotAllowed, Refused, TooSlow, fetch, public
from tests.certificates import TestAuthority
from tests.connectors.servers import Answer, serve, took


def test_an_answer_comes_back() -> None:
    with serve(lambda asked: b"answer to " + asked.content) as server:
        assert fetch(f"{server.url}/x?y", seconds=5, most=100, content=b"me", headers={"A": "b"}) == b"answer to me"
        assert fetch(server.url, seconds=5, most=100) == b"answer to "
    assert [(asked.method, asked.path) for asked in server.asked] == [("POST", "/x?y"), ("GET", "/")]
    assert server.asked[0].headers["A"] == "b"


@pytest.mark.parametrize(
    "answer", [Answer(b"x", wait=60), Answer(bytes(1000), drip=0.05), Answer(b"x", wait=60, cut=True)]
)
def test_a_slow_server_is_left_in_time(answer: Answer) -> None:
    begun = time.monotonic()
    with serve(lambda asked: answer) as server, pytest.raises(TooSlow):
        fetch(server.url, seconds=0.4, most=10_000)
    assert took(begun) < 2


def test_headers_that_come_one_byte_at_a_time_are_left_in_time() -> None:
    begun = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                for byte in b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000:
                    try:
                        connection.sendall(bytes([byte]))
                    except OSError:
                        return
                    time.sleep(0.05)

        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(TooSlow):
            fetch(f"http://127.0.0.1:{listening.getsockname()[1]}", seconds=0.4, most=10_000)
        assert took(begun) < 2
        thread.join()


@pytest.mark.parametrize("answer", [Answer(bytes(1001)), Answer(endless=True)])
def test_a_large_answer_is_not_read_to_its_end(answer: Answer) -> None:
    with serve(lambda asked: answer) as server, pytest.raises(AnswerTooLarge):
        fetch(server.url, seconds=5, most=1000)


@pytest.mark.parametrize("status", [204, 301, 302, 401, 404, 500, 503])
def test_another_status_is_a_refusal_and_redirections_are_not_followed(status: int) -> None:
    answer = Answer(status=status, headers={"Location": "http://localhost/"})
    with serve(lambda asked: answer) as server, pytest.raises(Refused) as refused:
        fetch(server.url, seconds=5, most=1000)
    assert refused.value.status == status
    assert len(server.asked) == 1


def test_nobody_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(NoAnswer):
        fetch(f"http://127.0.0.1:{port}", seconds=5, most=10)
    with serve(lambda asked: Answer(cut=True)) as server, pytest.raises(NoAnswer):
        fetch(server.url, seconds=5, most=10)
    with pytest.raises(NoAnswer):
        fetch("http://nowhere.invalid/", seconds=5, most=10)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://localhost/", "ldap://localhost/", "http://", "x", "http://[", "http://a\n/"]
)
def test_what_is_not_a_web_address_is_refused(url: str) -> None:
    with pytest.raises(NoAnswer):
        fetch(url, seconds=5, most=10)


def test_a_name_of_this_machine_is_not_reached_from_foreign_bytes() -> None:
    with serve(lambda asked: b"secret") as server, pytest.raises(NotAllowed):
        fetch(server.url, seconds=5, most=10, allowed=public)
    assert server.asked == []


@pytest.mark.parametrize(
    ("address", "reached"),
    [
        ("127.0.0.1", False), ("10.1.2.3", False), ("172.16.0.1", False), ("192.168.1.1", False),
        ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False), ("224.0.0.1", False),
        ("255.255.255.255", False), ("::1", False), ("::", False), ("fe80::1", False), ("fd00::1", False),
        ("::ffff:127.0.0.1", False), ("::ffff:10.0.0.1", False), ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False),
        ("ff02::1", False), ("93.184.216.34", True), ("2606:4700::1111", True), ("64:ff9b::808:808", True),
    ],
)  # fmt: skip
def test_only_public_addresses_are_reached_from_foreign_bytes(address: str, reached: bool) -> None:
    assert public("host", ipaddress.ip_address(address)) is reached


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's side, and the file with its authority."""
    root, key = TestAuthority(), ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate = root.issue("localhost", key.public_key(), extensions=[(names, False)])
    pair, authority = tmp_path / "pair.pem", tmp_path / "root.pem"
    pair.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM)
    )
    authority.write_bytes(x509.load_der_x509_certificate(root.certificate).public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    return context, authority


def test_tls_is_verified(tls: tuple[ssl.SSLContext, Path]) -> None:
    context, authority = tls
    with serve(lambda asked: b"answer", tls=context) as server:
        believed = ssl.create_default_context(cafile=authority)
        assert fetch(server.url, seconds=5, most=100, context=believed) == b"answer"
        with pytest.raises(NoAnswer) as refused:
            fetch(server.url, seconds=5, most=100)
        assert str(refused.value) == "tls"
        with pytest.raises(NoAnswer):
            fetch(server.url.replace("localhost", "127.0.0.1"), seconds=5, most=100, context=believed)

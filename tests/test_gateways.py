"""Gateways: one suite for every one that carries mail, then what each must withstand by itself."""

import datetime as dt
import email
import email.policy
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telesphore.config.catalogue import read_settings
from telesphore.config.options import BadSetting
from telesphore.config.wiring import bind, bind_gateways
from telesphore.connectors.local_outbox import LocalMail, LocalSms
from telesphore.connectors.smtp import GatewayNotTrusted, GatewayRefusedUs, SmtpGateway
from telesphore.outbox import ports
from telesphore.outbox.formats import mail
from telesphore.outbox.ports import AddressRefused, GatewayAway, MailGateway

# The server of these tests tells of each connection, from a thread that outlives the output of the test.
logging.getLogger("mail.log").setLevel(logging.WARNING)

SENDER = "notices@hopital.example"
ALICE = "alice@example.org"


def _parse(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mailbox:
    """What a real SMTP server took charge of, and how it answers recipients."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.rcpt = "250 OK"
        self.data = "250 OK"
        self.sender = "250 OK"

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd's name.
        envelope.mail_from = address
        return self.sender

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd's name.
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name.
        if self.data.startswith("250"):
            self.received.append(envelope.content)
        return self.data


@dataclass(frozen=True)
class Authority:
    """A certificate for localhost, and the context of a server that shows it."""

    file: Path
    server: ssl.SSLContext


def _make_authority(folder: Path, name: str = "localhost") -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key_file)
    return Authority(file, context)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return _make_authority(tmp_path)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def start(mailbox: Mailbox) -> Iterator[Callable[..., int]]:
    """Starts a real SMTP server on a port of its own; returns the port."""
    running: list[Controller] = []

    def run(**options: Any) -> int:
        controller = Controller(mailbox, hostname="127.0.0.1", port=_free_port(), **options)
        controller.start()
        running.append(controller)
        return int(controller.port)

    yield run
    for controller in running:
        controller.stop()


def _smtp(port: int, authority: Authority | None = None, security: str = "starttls") -> SmtpGateway:
    return SmtpGateway(
        host="localhost",
        port=port,
        security=security,
        sender=SENDER,
        authorities=authority.file if authority else None,
        timeout=2,
    )


# The contract of mail gateways


@dataclass
class Carried:
    """A gateway, and all that it took charge of."""

    gateway: MailGateway
    contents: Callable[[], list[bytes]]


@pytest.fixture(params=["smtp", "local"])
def carried(
    request: pytest.FixtureRequest,
    start: Callable[..., int],
    mailbox: Mailbox,
    authority: Authority,
    tmp_path: Path,
) -> Carried:
    if request.param == "smtp":
        port = start(tls_context=authority.server, require_starttls=True)
        return Carried(_smtp(port, authority), lambda: mailbox.received)
    folder = tmp_path / "outbox"
    return Carried(LocalMail(folder, SENDER), lambda: [path.read_bytes() for path in folder.glob("*.eml")])


def test_a_message_arrives_with_its_accents(carried: Carried) -> None:
    carried.gateway.send(
        to=ALICE, subject="À signer : votre consentement", text="Bonjour,\n\nœuvre à Noël.\n", message_id="n-1"
    )
    [content] = carried.contents()
    message = _parse(content)
    assert message["To"] == ALICE
    assert message["From"] == f"Télesphore <{SENDER}>"
    assert message["Subject"] == "À signer : votre consentement"
    assert message["Message-ID"] == "<n-1@hopital.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().replace("\r\n", "\n") == "Bonjour,\n\nœuvre à Noël.\n"


def test_a_second_try_of_one_message_is_recognised(carried: Carried) -> None:
    for _ in range(2):
        carried.gateway.send(to=ALICE, subject="S", text="T", message_id="same")
    assert {_parse(content)["Message-ID"] for content in carried.contents()} == {"<same@hopital.example>"}


@pytest.mark.parametrize(
    "address",
    [
        "", "alice", "@example.org", "alice@", "a b@example.org", "alice@example.org, bob@example.org",
        "Alice <alice@example.org>", "alice@example.org\nBcc: bob@example.org", "alice@exam_ple.org",
        '"alice"@example.org', "alice@[127.0.0.1]", ".a@example.org", "a..b@example.org", "a@" + "b" * 250 + ".org",
        "alice@example.org>\r\nRCPT TO:<bob@example.org", "alicé@example.org", "alice@-example.org",
    ],
)  # fmt: skip
def test_what_is_not_one_plain_address_is_refused_for_good(carried: Carried, address: str) -> None:
    with pytest.raises(AddressRefused):
        carried.gateway.send(to=address, subject="S", text="T", message_id="n-2")
    assert carried.contents() == []


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r", "\u2028", "\x0b", "\x00"])
def test_no_header_can_be_slipped_in(carried: Carried, break_: str) -> None:
    carried.gateway.send(
        to=ALICE,
        subject=f"Hello{break_}Bcc: bob@example.org",
        text=f"Text{break_}.{break_}RCPT TO:<bob@example.org>",
        message_id=f"n-3{break_}Bcc: bob@example.org",
    )
    [content] = carried.contents()
    message = _parse(content)
    assert message["Bcc"] is None
    assert message["To"] == ALICE
    assert message["Subject"] == "Hello Bcc: bob@example.org"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(subject=st.text(max_size=300), text=st.text(max_size=300), message_id=st.text(min_size=1, max_size=80))
def test_whatever_is_written_headers_stay_ours(subject: str, text: str, message_id: str) -> None:
    try:
        built = mail.message(
            sender=SENDER, to=ALICE, subject=subject, text=text, message_id=message_id, at=dt.datetime.now(dt.UTC)
        )
    except ValueError:
        assert not any(c.isascii() and c.isalnum() for c in message_id)
        return
    except UnicodeEncodeError:
        return
    message = _parse(built.as_bytes())
    assert [name for name, _ in message.items()] == [
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding",
        "MIME-Version",
    ]  # fmt: skip


# SMTP


def test_a_message_leaves_over_implicit_tls(start: Callable[..., int], mailbox: Mailbox, authority: Authority) -> None:
    class Tls(Controller):
        def _trigger_server(self) -> None:
            # The base class would knock with the server's own context, which modern Python refuses.
            client = ssl.create_default_context(cafile=authority.file)
            with (
                socket.create_connection((self.hostname, self.port), timeout=5) as plain,
                client.wrap_socket(plain, server_hostname="localhost") as knock,
            ):
                knock.recv(100)

    port = _free_port()
    controller = Tls(mailbox, hostname="127.0.0.1", port=port, ssl_context=authority.server)
    controller.start()
    try:
        _smtp(port, authority, "tls").send(to=ALICE, subject="S", text="T", message_id="n")
    finally:
        controller.stop()
    assert len(mailbox.received) == 1


def test_a_server_that_is_away_is_tried_again_later() -> None:
    with pytest.raises(GatewayAway):
        _smtp(_free_port(), security="none").send(to=ALICE, subject="S", text="T", message_id="n")


@pytest.mark.parametrize(
    ("stage", "reply", "error"),
    [
        ("rcpt", "550 no such mailbox", AddressRefused),
        ("rcpt", "450 mailbox busy", GatewayAway),
        ("data", "554 refused", AddressRefused),
        ("data", "452 disk full", GatewayAway),
        ("sender", "550 you may not", GatewayRefusedUs),
        ("sender", "451 later", GatewayAway),
    ],
)
def test_a_reply_of_the_server_says_whether_to_try_again(
    start: Callable[..., int], mailbox: Mailbox, authority: Authority, stage: str, reply: str, error: type[Exception]
) -> None:
    gateway = _smtp(start(tls_context=authority.server), authority)
    setattr(mailbox, stage, reply)
    with pytest.raises(error) as raised:
        gateway.send(to=ALICE, subject="S", text="T", message_id="n")
    assert type(raised.value) is error
    assert mailbox.received == []


def test_a_server_that_never_answers_is_left_after_a_bounded_wait() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        gateway = replace(_smtp(silent.getsockname()[1], security="none"), timeout=0.2)
        with pytest.raises(GatewayAway):
            gateway.send(to=ALICE, subject="S", text="T", message_id="n")


def test_a_server_that_hangs_up_in_the_middle_is_tried_again_later() -> None:
    with socket.socket() as rude:
        rude.bind(("127.0.0.1", 0))
        rude.listen()

        def hang_up() -> None:
            connection, _ = rude.accept()
            connection.sendall(b"220 hello\r\n")
            connection.recv(100)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(GatewayAway):
            _smtp(rude.getsockname()[1], security="none").send(to=ALICE, subject="S", text="T", message_id="n")
        thread.join()


def test_a_server_whose_certificate_nobody_vouches_for_is_sent_nothing(
    start: Callable[..., int], mailbox: Mailbox, authority: Authority
) -> None:
    with pytest.raises(GatewayNotTrusted):
        _smtp(start(tls_context=authority.server)).send(to=ALICE, subject="S", text="T", message_id="n")
    assert mailbox.received == []


def test_a_server_that_bears_another_name_is_sent_nothing(
    start: Callable[..., int], mailbox: Mailbox, tmp_path: Path
) -> None:
    other = _make_authority(tmp_path, "elsewhere.example")
    with pytest.raises(GatewayNotTrusted):
        _smtp(start(tls_context=other.server), other).send(to=ALICE, subject="S", text="T", message_id="n")
    assert mailbox.received == []


def test_a_server_that_does_not_offer_tls_is_sent_nothing(start: Callable[..., int], mailbox: Mailbox) -> None:
    with pytest.raises(GatewayNotTrusted):
        _smtp(start()).send(to=ALICE, subject="S", text="T", message_id="n")
    assert mailbox.received == []


def test_a_wrong_password_is_the_operators_affair(
    start: Callable[..., int], mailbox: Mailbox, authority: Authority
) -> None:
    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"telesphore", b"right")
        return AuthResult(success=right, handled=False)

    port = start(tls_context=authority.server, authenticator=authenticate, auth_required=True)
    gateway = replace(_smtp(port, authority), user="telesphore", password="right")
    gateway.send(to=ALICE, subject="S", text="T", message_id="n")
    assert len(mailbox.received) == 1
    with pytest.raises(GatewayRefusedUs):
        replace(gateway, password="wrong").send(to=ALICE, subject="S", text="T", message_id="n")
    assert len(mailbox.received) == 1


# The local outbox


def test_a_full_or_closed_folder_is_tried_again_later(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file where a folder should be")
    with pytest.raises(GatewayAway):
        LocalMail(tmp_path / "outbox", SENDER).send(to=ALICE, subject="S", text="T", message_id="n")


def test_an_sms_is_written_for_a_number_only(tmp_path: Path) -> None:
    gateway = LocalSms(tmp_path)
    gateway.send(to="+33612345678", text="Code : 123456", message_id="c-1")
    message = _parse((tmp_path / "c-1.txt").read_bytes())
    assert message["To"] == "+33612345678"
    assert message.get_content() == "Code : 123456\n"
    for number in ("0612345678", "+33", "+33612345678\nTo: +33600000000", "+٣٣٦١٢٣٤٥٦", ""):
        with pytest.raises(AddressRefused):
            gateway.send(to=number, text="T", message_id="c-2")


# Which gateway answers


def _read(tmp_path: Path, **given_: str) -> Any:
    return read_settings(
        {f"TELESPHORE_{name.upper()}": value for name, value in {"home": str(tmp_path), **given_}.items()}
    )


@pytest.fixture
def rebind() -> Iterator[None]:
    yield
    bind()


@pytest.mark.parametrize("name", ["mail_gateway", "sms_gateway"])
def test_the_local_outbox_stops_the_start_outside_a_demonstration(rebind: None, tmp_path: Path, name: str) -> None:
    with pytest.raises(BadSetting, match=f"TELESPHORE_{name.upper()} is local outside a demonstration"):
        bind_gateways(_read(tmp_path, **{name: "local"}))
    bind_gateways(_read(tmp_path, **{name: "local", "demonstration": "yes"}))


@pytest.mark.parametrize("missing", ["smtp_host", "mail_sender"])
def test_a_gateway_whose_settings_do_not_suffice_stops_the_start(rebind: None, tmp_path: Path, missing: str) -> None:
    given_ = {"mail_gateway": "smtp", "smtp_host": "smtp.example", "mail_sender": SENDER}
    bind_gateways(_read(tmp_path, **given_))
    assert isinstance(ports.mail.get(), SmtpGateway)
    del given_[missing]
    with pytest.raises(BadSetting, match=f"TELESPHORE_{missing.upper()} is missing"):
        bind_gateways(_read(tmp_path, **given_))


def test_mail_never_leaves_in_the_clear_for_another_machine(rebind: None, tmp_path: Path) -> None:
    given_ = {"mail_gateway": "smtp", "smtp_host": "smtp.example", "mail_sender": SENDER, "smtp_security": "none"}
    with pytest.raises(BadSetting, match="TELESPHORE_SMTP_SECURITY"):
        bind_gateways(_read(tmp_path, **given_))
    bind_gateways(_read(tmp_path, **{**given_, "smtp_host": "localhost"}))


def test_without_a_gateway_notices_wait(rebind: None, tmp_path: Path) -> None:
    bind_gateways(_read(tmp_path))
    with pytest.raises(GatewayAway):
        ports.mail.get().send(to=ALICE, subject="S", text="T", message_id="n")
    with pytest.raises(GatewayAway):
        ports.sms.get().send(to="+33612345678", text="T", message_id="n")

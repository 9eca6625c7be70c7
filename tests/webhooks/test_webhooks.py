"""Other software is told of what happens: by signed calls to a real server, tried again, given up, sent again."""

import datetime as dt
import hashlib
import hmac
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from telesphore.accounts.errors import NotAllowed
from telesphore.audit.models import Event
from telesphore.connectors.webhooks.caller import HttpsCaller
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.reactions import tell_subscribers
from telesphore.signature.actions import close
from telesphore.signature.facts import EnvelopeMoved
from telesphore.webhooks import actions, ports
from telesphore.webhooks.errors import AddressNotAllowed, DeliveryNotFound, NothingToTell, SubscriptionNotFound
from telesphore.webhooks.models import Delivery, Subscription
from telesphore.webhooks.ports import NotTaken
from telesphore.webhooks.states import DELAYS, What
from tests.cast import Cast
from tests.entering import as_person
from tests.rest.test_tokens import administrator, mona
from tests.signature.circuits import by, sent

__all__ = ["mona"]
OURS = frozenset({"localhost"})


class Receiver(HTTPServer):
    """Somebody's software: keeps what it is sent, and answers as it is told to."""

    status = 204
    got: list[tuple[dict[str, str], bytes]]
    context: ssl.SSLContext

    @property
    def url(self) -> str:
        return f"https://localhost:{self.server_port}/calls"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers.items()), content))
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    place = tmp_path_factory.mktemp("tls") / "both.pem"
    place.write_bytes(_certificate())
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=str(place))
    theirs.load_cert_chain(place)
    with Receiver(("127.0.0.1", 0), _Handler) as made:
        made.socket = theirs.wrap_socket(made.socket, server_side=True)
        made.context = ours
        thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def _certificate() -> bytes:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dpi")])
    today = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(today - timedelta(days=1)).not_valid_after(today + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ), critical=False,
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def receiver(server: Receiver) -> Iterator[Receiver]:
    server.status, server.got = 204, []
    ports.caller.bind(lambda: HttpsCaller(hosts=OURS, context=server.context))
    yield server
    ports.caller.bind(lambda: HttpsCaller())


def subscribed(mona: Actor, url: str, *events: str) -> actions.Issued:
    return actions.subscribe(url=url, events=events or tuple(What.values), actor=mona, at=now() - timedelta(hours=1))


def told(mona: Actor, what: What = What.SENT) -> Delivery:
    actions.tell(event_id=uuid7(), what=what, envelope_id=uuid7(), actor=mona, at=now())
    return Delivery.objects.latest("happened_at")


def deliver(row: Delivery) -> Delivery:
    """One try, now: whatever was planned."""
    Delivery.objects.filter(id=row.id).exclude(next_try_at=None).update(next_try_at=now())
    actions.deliver(organisation_id=str(row.organisation_id), delivery_id=str(row.id))
    row.refresh_from_db()
    return row


def is_ours(secret: str, headers: dict[str, str], content: bytes) -> bool:
    """What `docs/api.md` tells a receiver to do."""
    parts = [part.split("=", 1) for part in headers["Telesphore-Signature"].split(",")]
    made = next(value for name, value in parts if name == "t")
    expected = hmac.new(secret.encode(), made.encode() + b"." + content, hashlib.sha256).hexdigest()
    ours = any(hmac.compare_digest(expected, value) for name, value in parts if name == "v1")
    return ours and abs(now().timestamp() - int(made)) < 300


def test_a_call_is_signed_and_says_nothing_of_health(mona: Actor, receiver: Receiver) -> None:
    issued = subscribed(mona, receiver.url)
    row = deliver(told(mona))
    [(headers, content)] = receiver.got
    assert (row.state, row.tries) == ("delivered", 1)
    assert is_ours(issued.secret, headers, content)
    assert not is_ours(issued.secret, headers, content + b" ")
    assert not is_ours("another", headers, content)
    body = json.loads(content)
    assert body.keys() == {"id", "type", "envelope_id", "at"}
    assert (body["id"], body["type"]) == (str(row.event_id), "envelope.sent")


def test_a_call_that_is_not_taken_is_tried_again_less_and_less_often_then_given_up(
    mona: Actor, receiver: Receiver
) -> None:
    subscribed(mona, receiver.url)
    receiver.status, row, waits = 503, told(mona), []
    for _ in DELAYS:
        row = deliver(row)
        assert (row.state, row.why) == ("waiting", "503")
        assert row.next_try_at is not None
        waits.append(round((row.next_try_at - now()).total_seconds()))
    assert waits == sorted(waits)
    assert waits == [round(delay.total_seconds()) for delay in DELAYS]
    row = deliver(row)
    assert (row.state, row.tries) == ("dead", len(DELAYS) + 1)
    deliver(row)
    assert len(receiver.got) == len(DELAYS) + 1


def test_what_was_given_up_is_sent_again_from_the_page_under_the_same_id(mona: Actor, receiver: Receiver) -> None:
    subscribed(mona, receiver.url)
    row = deliver(told(mona))
    answer = as_person(mona.person_id).post(f"/webhooks/deliveries/{row.id}/again")
    assert answer.status_code == 302
    row.refresh_from_db()
    assert row.state == "waiting"
    deliver(row)
    assert [json.loads(content)["id"] for _headers, content in receiver.got] == [str(row.event_id)] * 2


def test_a_try_that_is_planned_for_later_is_not_made_now(mona: Actor, receiver: Receiver) -> None:
    subscribed(mona, receiver.url)
    row = told(mona)
    Delivery.objects.update(next_try_at=now() + timedelta(hours=1))
    actions.deliver(organisation_id=str(row.organisation_id), delivery_id=str(row.id))
    assert receiver.got == []


def test_another_secret_signs_at_once_and_the_one_before_for_a_day(mona: Actor, receiver: Receiver) -> None:
    first = subscribed(mona, receiver.url)
    second = actions.change_secret(subscription_id=first.subscription_id, actor=mona, at=now())
    deliver(told(mona))
    Subscription.objects.update(before_until=now() - timedelta(seconds=1))
    deliver(told(mona))
    during, after = receiver.got
    assert is_ours(first.secret, *during)
    assert is_ours(second.secret, *during)
    assert is_ours(second.secret, *after)
    assert not is_ours(first.secret, *after)


def test_the_secret_before_lasts_a_day(mona: Actor, receiver: Receiver) -> None:
    first, at = subscribed(mona, receiver.url), now()
    actions.change_secret(subscription_id=first.subscription_id, actor=mona, at=at)
    assert Subscription.objects.get().before_until == at + timedelta(hours=24)


def test_what_was_settled_long_ago_is_forgotten(mona: Actor, receiver: Receiver) -> None:
    subscribed(mona, receiver.url)
    deliver(told(mona))
    waiting = told(mona)
    Delivery.objects.update(happened_at=now() - timedelta(days=120))
    system = Actor.system()
    assert actions.forget_settled(actor=system, at=now() + timedelta(days=89)) == 0
    assert actions.forget_settled(actor=system, at=now() + timedelta(days=91)) == 1
    assert Delivery.objects.get().id == waiting.id


def test_a_secret_is_kept_sealed(mona: Actor, receiver: Receiver) -> None:
    issued = subscribed(mona, receiver.url)
    row = Subscription.objects.get()
    assert issued.secret.encode() not in bytes(row.secret_sealed)
    assert issued.secret not in str(Event.objects.values())


def test_who_ended_is_told_nothing_more(mona: Actor, receiver: Receiver) -> None:
    issued = subscribed(mona, receiver.url)
    row = told(mona)
    actions.unsubscribe(subscription_id=issued.subscription_id, actor=mona, at=now())
    deliver(row)
    assert receiver.got == []
    actions.tell(event_id=uuid7(), what=What.SENT, envelope_id=uuid7(), actor=mona, at=now())
    assert Delivery.objects.count() == 1
    with pytest.raises(DeliveryNotFound):
        actions.send_again(delivery_id=row.id, actor=mona, at=now())


def test_only_what_was_asked_for_is_told_and_once(mona: Actor, receiver: Receiver) -> None:
    subscribed(mona, receiver.url, "envelope.completed")
    told_of = EnvelopeMoved(mona.organisation, uuid7(), "completed", uuid7())
    tell_subscribers.tell_subscribers(told_of)
    tell_subscribers.tell_subscribers(told_of)
    tell_subscribers.tell_subscribers(EnvelopeMoved(mona.organisation, uuid7(), "sent", uuid7()))
    assert [row.what for row in Delivery.objects.all()] == ["envelope.completed"]


def test_sending_and_withdrawing_are_announced(cast: Cast, mona: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[str, str]] = []

    def enqueue(name: str, **given: Any) -> None:
        if name == "reactions:tell_subscribers":
            heard.append((given["how"], str(given["envelope_id"])))

    monkeypatch.setattr("telesphore.jobs.actions.enqueue", enqueue)
    envelope_id = sent(cast, [by(cast.lebrun)])
    close.void(envelope_id=envelope_id, reason="", actor=cast.sylvie, at=now())
    assert heard == [("sent", str(envelope_id)), ("voided", str(envelope_id))]


# Where calls never go


@pytest.mark.parametrize(
    "url",
    ["http://dpi.example/", "https://u:p@dpi.example/", "https:///x", "https://dpi.example/#f", "ftp://dpi.example",
     "https://dpi.example:99999/", "https://dpi.example/ x", "https://" + "a" * 600],
)  # fmt: skip
def test_an_address_that_is_no_https_address_is_refused(mona: Actor, url: str) -> None:
    with pytest.raises(AddressNotAllowed):
        subscribed(mona, url)


def test_nothing_to_tell_is_refused(mona: Actor) -> None:
    with pytest.raises(NothingToTell):
        actions.subscribe(url="https://dpi.example/", events=[], actor=mona, at=now())


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "169.254.169.254", "10.0.0.1", "[fd00::1]"])
def test_the_operators_own_network_is_never_called(server: Receiver, host: str) -> None:
    server.got = []
    with pytest.raises(NotTaken) as refused:
        HttpsCaller(context=server.context).call(url=f"https://{host}:{server.server_port}/", content=b"{}", headers={})
    assert refused.value.why == "address"
    assert server.got == []


def test_a_redirection_is_not_followed(receiver: Receiver) -> None:
    receiver.status = 302
    with pytest.raises(NotTaken) as refused:
        ports.caller.get().call(url=receiver.url, content=b"{}", headers={})
    assert refused.value.why == "302"
    assert len(receiver.got) == 1


# Whose they are


def test_only_an_administrator_of_the_organisation_has_a_say(cast: Cast, mona: Actor) -> None:
    issued = subscribed(mona, "https://dpi.example/")
    row = told(mona)
    elsewhere = administrator(cast.elsewhere, "marc.aubry@aulnes.example")
    with pytest.raises(SubscriptionNotFound):
        actions.unsubscribe(subscription_id=issued.subscription_id, actor=elsewhere, at=now())
    with pytest.raises(DeliveryNotFound):
        actions.send_again(delivery_id=row.id, actor=elsewhere, at=now())
    with pytest.raises(NotAllowed):
        actions.change_secret(subscription_id=issued.subscription_id, actor=cast.lebrun, at=now())
    assert as_person(cast.lebrun.person_id).get("/webhooks/").status_code == 403


def test_the_page_makes_a_subscription_and_shows_its_secret_once(mona: Actor) -> None:
    browser = as_person(mona.person_id)
    made = browser.post("/webhooks/", {"url": "https://dpi.example/calls", "events": ["envelope.sent"]})
    assert b"telesphore_hook_" in made.content
    page = browser.get("/webhooks/").content
    assert b"https://dpi.example/calls" in page
    assert b"telesphore_hook_" not in page
    assert browser.post("/webhooks/", {"url": "http://dpi.example/", "events": ["envelope.sent"]}).status_code == 422


def test_the_page_says_what_it_tells_of_in_the_readers_language(mona: Actor) -> None:
    browser = as_person(mona.person_id)
    for language, said in (("fr", "envoyé (envelope.sent)"), ("en", "sent (envelope.sent)")):
        browser.cookies["django_language"] = language
        assert f"<span>{said}</span>" in browser.get("/webhooks/").content.decode()

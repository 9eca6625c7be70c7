"""What the outbox needs from outside: gateways that carry a message to an address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from telesphore.kernel.errors import DomainError, Refusal
from telesphore.kernel.ports import Port


class GatewayAway(DomainError):
    """The gateway did not answer; the notice stays in the outbox and will be tried again."""

    refusal = Refusal.UNAVAILABLE
    code = "gateway-away"


class AddressRefused(DomainError):
    """The gateway refused this address for good: correct it."""

    refusal = Refusal.INVALID
    code = "address-refused"


class MailGateway(Protocol):
    """Carries an e-mail."""

    def send(self, *, to: str, subject: str, text: str, message_id: str) -> None:
        """Hand one plain-text message over; when it returns, the gateway has taken charge of it.

        `message_id` is the same at every try of one notice (RFC 5322 §3.6.4), so that a double is recognised.

        Raises:
            GatewayAway: try again later.
            AddressRefused: trying again is useless.
        """


class SmsGateway(Protocol):
    """Carries an SMS."""

    def send(self, *, to: str, text: str, message_id: str) -> None:
        """Hand one message over to the number `to` (E.164). Raises as `MailGateway.send`."""


mail: Port[MailGateway] = Port("outbox.mail")
sms: Port[SmsGateway] = Port("outbox.sms")


@dataclass(frozen=True, slots=True)
class LocalMessage:
    """A message that a stand-in gateway received."""

    channel: str
    to: str
    subject: str
    text: str
    at: datetime


class LocalOutbox(Protocol):
    """What the stand-in gateways of a demonstration received."""

    def messages(self) -> Sequence[LocalMessage]:
        """All of it, oldest first."""


local: Port[LocalOutbox] = Port("outbox.local")

"""E-mail through the operator's SMTP server (RFC 5321), with TLS verified and every wait bounded."""

import smtplib
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from telesphore.kernel.errors import Refusal
from telesphore.outbox.formats import mail
from telesphore.outbox.ports import AddressRefused, GatewayAway

PERMANENT = range(500, 600)
"""Replies after which trying again is useless (RFC 5321 §4.2.1)."""


class GatewayNotTrusted(GatewayAway):
    """The mail server did not prove who it is (TLS): check smtp_host, smtp_security and its certificate."""

    refusal = Refusal.UNAVAILABLE
    code = "gateway-not-trusted"


class GatewayRefusedUs(GatewayAway):
    """The mail server refused this instance, not the recipient: check smtp_user, its password, and mail_sender."""

    refusal = Refusal.UNAVAILABLE
    code = "gateway-refused-us"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpGateway:
    """Carries each message over a connection of its own.

    Attributes:
        security: `starttls`, `tls`, or `none` (a server on this very machine).
        user: name to sign in with; None to send without signing in.
        authorities: PEM file with the authorities believed; the system's when None.
        timeout: seconds to wait for any one answer.
    """

    host: str
    port: int
    security: str
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    authorities: Path | None = None
    timeout: float = 20

    def send(self, *, to: str, subject: str, text: str, message_id: str) -> None:
        """Hand one message over; see `outbox.ports.MailGateway`."""
        try:
            message = mail.message(
                sender=self.sender, to=to, subject=subject, text=text, message_id=message_id, at=datetime.now(UTC)
            )
        except mail.NotAnAddress:
            raise AddressRefused from None
        try:
            self._carry(message.as_bytes(), mail.address(to))
        except smtplib.SMTPRecipientsRefused as refused:
            code, _ = next(iter(refused.recipients.values()))
            raise (AddressRefused() if code in PERMANENT else GatewayAway()) from None
        except smtplib.SMTPDataError as refused:
            raise (AddressRefused() if refused.smtp_code in PERMANENT else GatewayAway()) from None
        except (smtplib.SMTPSenderRefused, smtplib.SMTPAuthenticationError) as refused:
            raise (GatewayRefusedUs() if refused.smtp_code in PERMANENT else GatewayAway()) from None
        except (ssl.SSLError, smtplib.SMTPNotSupportedError):
            raise GatewayNotTrusted from None
        except (OSError, smtplib.SMTPException):
            raise GatewayAway from None

    def _carry(self, content: bytes, to: str) -> None:
        with self._connect() as server:
            if self.user is not None and self.password is not None:
                server.login(self.user, self.password)
            server.sendmail(self.sender, [to], content)

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context(cafile=self.authorities)
        if self.security == "tls":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        if self.security == "starttls":
            try:
                # Refuses, rather than going on in the clear, when the server does not offer it.
                server.starttls(context=context)
            except BaseException:
                server.close()
                raise
        return server

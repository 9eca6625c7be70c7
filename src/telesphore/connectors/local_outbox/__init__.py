"""Stand-in for mail and SMS gateways: writes each message into the folder `outbox` of the home, for a demonstration.

Files are messages as RFC 5322 has them: `*.eml` for e-mails, `*.txt` for SMS. `config/` refuses to bind this outside a
demonstration.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from telesphore.outbox.formats import mail
from telesphore.outbox.ports import AddressRefused, GatewayAway


@dataclass(frozen=True, slots=True)
class LocalMail:
    """E-mails, one file each; a second try of one message replaces its file."""

    folder: Path
    sender: str

    def send(self, *, to: str, subject: str, text: str, message_id: str) -> None:
        """Write one message; see `outbox.ports.MailGateway`."""
        try:
            message = mail.message(
                sender=self.sender, to=to, subject=subject, text=text, message_id=message_id, at=datetime.now(UTC)
            )
        except mail.NotAnAddress:
            raise AddressRefused from None
        _write(self.folder / f"{mail.identifier(message_id)}.eml", message.as_bytes())


@dataclass(frozen=True, slots=True)
class LocalSms:
    """SMS, one file each."""

    folder: Path

    def send(self, *, to: str, text: str, message_id: str) -> None:
        """Write one message; see `outbox.ports.SmsGateway`."""
        if not (to.startswith("+") and to[1:].isascii() and to[1:].isdigit() and 7 <= len(to) <= 16):  # E.164
            raise AddressRefused
        head = f"To: {to}\nDate: {format_datetime(datetime.now(UTC))}\nContent-Type: text/plain; charset=utf-8\n\n"
        _write(self.folder / f"{mail.identifier(message_id)}.txt", f"{head}{text}\n".encode())


def _write(path: Path, content: bytes) -> None:
    """All of the file, or none of it."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.rename(path)
    except OSError:
        raise GatewayAway from None

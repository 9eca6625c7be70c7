"""An e-mail as RFC 5322 has it, from words that may have been typed by anyone: no header can be slipped in."""

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

# RFC 5321 §4.5.3.1: 64 octets before the @, 255 after, 254 in all (§4.5.3.1.3, less the angle brackets).
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
_DOMAIN = re.compile(
    r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE
)
_LONGEST_SUBJECT = 200


class NotAnAddress(ValueError):
    """The text is not one plain e-mail address."""


def address(text: str) -> str:
    """One plain address, its domain in ASCII (RFC 5890); nothing quoted, no display name, no list.

    Raises:
        NotAnAddress: it is anything else.
    """
    local, at, domain = text.strip(" ").rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise NotAnAddress from None
    dots = local.startswith(".") or local.endswith(".") or ".." in local
    if not at or dots or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(ascii_domain):
        raise NotAnAddress
    whole = f"{local}@{ascii_domain}"
    if len(whole) > 254:
        raise NotAnAddress
    return whole


def message(*, sender: str, to: str, subject: str, text: str, message_id: str, at: datetime) -> EmailMessage:
    """A plain-text message, marked as sent by a machine (RFC 3834 §5).

    Line breaks and other control characters of `subject` and `message_id` are taken out.

    Raises:
        NotAnAddress: `to` or `sender` is not one.
    """
    origin, recipient = address(sender), address(to)
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address("Télesphore", addr_spec=origin)
    mail["To"] = Address(addr_spec=recipient)
    mail["Subject"] = " ".join("".join(c if c.isprintable() else " " for c in subject).split())[:_LONGEST_SUBJECT]
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{identifier(message_id)}@{origin.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    return mail


def identifier(message_id: str) -> str:
    """`message_id` as it may stand before the @ of a Message-ID, and in a file's name."""
    kept = re.sub(r"[^A-Za-z0-9.-]", "-", message_id)[:64].strip(".-")
    if not kept:
        raise ValueError(message_id)
    return kept

"""Read back what the stand-in wrote, for the outbox page of a demonstration."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from telesphore.outbox.ports import LocalMessage

NEWEST = 500


@dataclass(frozen=True, slots=True)
class LocalMessages:
    """The messages in the folder; answers `outbox.ports.LocalOutbox`."""

    folder: Path

    def messages(self) -> Sequence[LocalMessage]:
        """The newest `NEWEST`, oldest first: their names are notices' ids, which begin with the time."""
        paths = sorted(path for path in self.folder.glob("[!.]*") if path.suffix in (".eml", ".txt"))
        return [_read(path) for path in paths[-NEWEST:]]


def _read(path: Path) -> LocalMessage:
    content = path.read_bytes()
    at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    message = message_from_bytes(content, policy=default)
    if path.suffix == ".txt":
        head, _, text = content.decode().partition("\n\n")
        return LocalMessage("sms", head.partition("\n")[0].removeprefix("To: "), "", text.strip(), at)
    body = message.get_body(("plain",))
    text = body.get_content() if body is not None else ""
    return LocalMessage("email", str(message["To"]), str(message["Subject"]), text, at)

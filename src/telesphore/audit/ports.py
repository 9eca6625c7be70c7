"""What the trail needs to know of its instance."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from telesphore.audit.formats.notes import PublicKey
from telesphore.kernel.ports import Port


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """This instance's log.

    Attributes:
        key_file: the log's private key; only the machine that seals needs it.
        origin: the name that a new key is given. An existing key keeps its own: the log's identity outlives an address.
        witnesses: the keys whose cosignatures are accepted.
        access_retention: how long access events keep their detail.
        technical_retention: how long technical events are kept.
    """

    key_file: Path
    origin: str
    witnesses: tuple[PublicKey, ...]
    access_retention: timedelta
    technical_retention: timedelta


LOG: Port[Log] = Port("audit.log")

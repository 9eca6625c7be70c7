"""What this room needs from outside: the key that card agents believe; whom cards are believed by."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from telesphore.kernel.ports import Port


@dataclass(frozen=True, slots=True)
class AgentServer:
    """This server, as card agents know it.

    Attributes:
        origin: its address, as browsers spell an origin.
        key: signs the requests to agents.
        secret: 32 bytes, under which pairings that wait are hashed and sealed.
    """

    origin: str
    key: Ed25519PrivateKey = field(repr=False)
    secret: bytes = field(repr=False)


class CardStatus(Protocol):
    """Knows whether cards' certificates were revoked."""

    def revoked(self, chain: Sequence[bytes], *, at: datetime) -> bool:
        """Whether one of these certificates (DER, from the card's to the anchor) was revoked. Asks the network.

        Raises:
            CardStatusUnknown: nobody answers, and what was last heard is too old.
        """


@dataclass(frozen=True, slots=True)
class CardAuthorities:
    """Whom cards are believed by.

    Attributes:
        anchors: DER of the certificates to which a card's must lead; without any, nobody comes in by card.
        between: DER of authorities between those and cards, which cards may lack.
    """

    anchors: tuple[bytes, ...]
    between: tuple[bytes, ...]
    status: CardStatus


agent_server: Port[AgentServer] = Port("accounts.agent_server")
card_authorities: Port[CardAuthorities] = Port("accounts.card_authorities")

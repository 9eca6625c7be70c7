"""What this room needs from outside: an identity provider that recognises health professionals; the key that card
agents believe, the authorities of cards, and who answers for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from telesphore.kernel.errors import DomainError, Refusal
from telesphore.kernel.ports import Port


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to an identity provider, kept in the asker's session until its answer comes back, once.

    Attributes:
        state, nonce, verifier: unguessable; the verifier is PKCE's (RFC 7636).
        back: our address to which the provider leads the person back.
        again: the person must prove who they are now, even if the provider knows them already.
        at: when it was asked.
    """

    state: str
    nonce: str
    verifier: str
    back: str
    again: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Activity:
    """One of a professional's activities, as the national directory has it; any part may be empty.

    Attributes:
        profession: TRE_G15 code. `specialty`: TRE_R38 code. `sector`: TRE_R02 code, e.g. `SA01`.
        finess: of the site. `legal_finess`: of the legal entity.
    """

    profession: str = ""
    specialty: str = ""
    sector: str = ""
    structure: str = ""
    postcode: str = ""
    finess: str = ""
    legal_finess: str = ""
    siret: str = ""


@dataclass(frozen=True, slots=True)
class Recognised:
    """Who came back from the identity provider.

    Attributes:
        national_id: IDNPS, the key by which the person is known here.
        activities: none for an establishment's staff.
        acr: the level reached.
        until: the end of their session at the provider; ours ends no later.
        subject, session: what the provider calls the person and their session there; `session` may be empty.
    """

    national_id: str
    given_name: str
    family_name: str
    activities: tuple[Activity, ...]
    acr: str
    until: datetime
    subject: str
    session: str


@dataclass(frozen=True, slots=True)
class Ended:
    """What the provider says is over: a person's session, or all of them when `session` is empty.

    Attributes:
        token_id: of the message, which counts once.
    """

    subject: str
    session: str
    token_id: str


class ProviderAway(DomainError):
    """Pro Santé Connect does not answer. Come in another way, or try again in a few minutes."""

    refusal: ClassVar[Refusal] = Refusal.UNAVAILABLE
    code: ClassVar[str] = "psc-away"


class ProviderRefused(DomainError):
    """Pro Santé Connect did not confirm who you are. Start again; if that changes nothing, tell your administrator."""

    refusal: ClassVar[Refusal] = Refusal.FORBIDDEN
    code: ClassVar[str] = "psc-refused"


class AnswerNotTrusted(DomainError):
    """What came back from Pro Santé Connect cannot be trusted, so nobody was let in. Start again; if that changes
    nothing, tell your administrator."""

    refusal: ClassVar[Refusal] = Refusal.FORBIDDEN
    code: ClassVar[str] = "psc-not-trusted"


class LevelTooLow(DomainError):
    """Pro Santé Connect recognised you less surely than health data ask for. Use your e-CPS or your card there."""

    refusal: ClassVar[Refusal] = Refusal.FORBIDDEN
    code: ClassVar[str] = "psc-level-too-low"


class IdentityProvider(Protocol):
    """An OpenID Connect provider of professionals' identities."""

    def address(self, asked: Asked) -> str:
        """Where to send the person.

        Raises:
            ProviderAway
        """

    def recognise(self, *, code: str, issuer: str, asked: Asked, at: datetime) -> Recognised:
        """Exchange the code that came back for who the person is.

        Args:
            issuer: who says to have answered (RFC 9207); empty when not said.

        Raises:
            ProviderAway, ProviderRefused, AnswerNotTrusted, LevelTooLow
        """

    def read_logout(self, *, token: str, at: datetime) -> Ended:
        """What a logout token says (OpenID Connect Back-Channel Logout 1.0 §2.6).

        Raises:
            ProviderAway, AnswerNotTrusted
        """


identity_provider: Port[IdentityProvider | None] = Port("accounts.identity_provider")
"""Pro Santé Connect; None where it is switched off."""


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


class Records(Protocol):
    """Knows what accounts open in the rooms above."""

    def opens_a_record(self, *, person_id: UUID) -> bool:
        """Whether a patient's record is opened by this account: their own, or one of whom they represent."""


patients_records: Port[Records] = Port("accounts.patients_records")

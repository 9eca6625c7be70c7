"""What signing needs from outside: a token that holds a person's key; how the operator wants proofs to be kept."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from telesphore.ades.algorithms import AlgorithmPolicy
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.kernel.ports import Port


class SigningToken(Protocol):
    """A key that signs, and who it belongs to.

    Attributes:
        certificate: DER of the signer's.
        chain: DER of the certificates above it, as far as the token knows them.
    """

    @property
    def certificate(self) -> bytes: ...

    @property
    def chain(self) -> Sequence[bytes]: ...

    def sign(self, to_be_signed: bytes) -> bytes:
        """Hash with SHA-256 and sign: RSA PKCS#1 v1.5, or the DER of an ECDSA P-256 signature.

        Raises:
            TokenGone: it was taken out.
        """


class TokenReader(Protocol):
    """Opens people's tokens."""

    def open(self, *, person_id: UUID, pin: str) -> AbstractContextManager[SigningToken]:
        """The token of this person, unlocked for the length of a `with` block.

        Raises:
            NoToken, WrongPin, TokenLocked, TokenGone, KeyWithoutCertificate, CertificateExpired
        """


token_reader: Port[TokenReader] = Port("signature.token_reader")


@dataclass(frozen=True, slots=True)
class Retention:
    """How the operator wants proofs to be kept.

    Attributes:
        policy: the dated table by which algorithms weaken.
        margin: how long before a proof weakens it is renewed.
        means: `file` or `record`.
        batch: documents renewed in one turn, and under one tree.
    """

    policy: AlgorithmPolicy
    margin: timedelta
    means: str
    batch: int


retention: Port[Retention] = Port("signature.retention")


class NoToken(DomainError):
    """No card or token of yours is known here. Insert it, or ask your administrator for one."""

    refusal = Refusal.INVALID
    code = "no-token"


class WrongPin(DomainError):
    """This PIN is wrong. Check it before trying again: after several wrong ones, the card locks itself."""

    refusal = Refusal.INVALID
    code = "wrong-pin"


class LastPinTry(WrongPin):
    """This PIN is wrong, and only one try is left before the card locks itself. Check it before trying again."""

    code = "last-pin-try"


class TokenLocked(DomainError):
    """This card is locked after too many wrong PINs. Nothing was signed; your administrator can unlock it."""

    refusal = Refusal.INVALID
    code = "token-locked"


class TokenGone(DomainError):
    """The card or token does not answer: it was taken out. Nothing was signed; put it back and sign again."""

    refusal = Refusal.UNAVAILABLE
    code = "token-gone"


class KeyWithoutCertificate(DomainError):
    """This card or token holds no key with a certificate to sign with. Ask your administrator to complete it."""

    refusal = Refusal.INVALID
    code = "key-without-certificate"


class CertificateExpired(DomainError):
    """The certificate on this card or token is not valid today. Ask your administrator for another."""

    refusal = Refusal.INVALID
    code = "certificate-expired"

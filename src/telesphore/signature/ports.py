"""What signing needs from outside: a token that holds a person's key; how the operator wants proofs to be kept."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from telesphore.ades.algorithms import Algorithm, AlgorithmPolicy
from telesphore.ades.verdict.result import Level
from telesphore.kernel.actors import Actor
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.kernel.ports import Port


class SigningToken(Protocol):
    """A key that signs, and who it belongs to.

    Attributes:
        certificate: DER of the signer's.
        chain: DER of the certificates above it, as far as the token knows them.
        algorithm: how it signs.
    """

    @property
    def certificate(self) -> bytes: ...

    @property
    def chain(self) -> Sequence[bytes]: ...

    @property
    def algorithm(self) -> Algorithm: ...

    def sign(self, to_be_signed: bytes) -> bytes:
        """Hash and sign: RSA's octets (RFC 8017), the DER of ECDSA's r and s (RFC 3279 §2.2.3), or Ed25519's 64 octets.

        Raises:
            TokenGone: it was taken out.
        """


class PersonalToken(SigningToken, Protocol):
    """A person's token, unlocked: it signs a batch after one PIN."""

    def sign_many(self, contents: Sequence[bytes]) -> list[bytes]:
        """The signatures, in the order of the contents; all or none. See `sign`.

        Raises:
            TokenGone, and what a remote service refuses: WrongPin, WrongCode, TokenLocked, BatchTooLarge.
        """


class TokenReader(Protocol):
    """Opens people's tokens."""

    def open(self, *, person_id: UUID, pin: str, code: str = "") -> AbstractContextManager[PersonalToken]:
        """The token of this person, unlocked for the length of a `with` block.

        Args:
            code: the one-time code that a remote service wants (`CodeNeeded`); cards need none.

        Raises:
            NoToken, WrongPin, TokenLocked, TokenGone, KeyWithoutCertificate, CertificateExpired, UnknownKeyType,
            CodeNeeded
        """


class SealSource(Protocol):
    """Opens organisations' seals: each its own, never another's."""

    def open(
        self, *, organisation_id: UUID, organisation_name: str, actor: Actor, at: datetime
    ) -> AbstractContextManager[SigningToken]:
        """The seal of this organisation, for the length of a `with` block. Call it outside any transaction.

        Raises:
            AuthorityEnded: the local authority, whose seal it is, can issue no more.
            SealAway, SealPinRefused, SealUnusable, SealExpired, SealRevoked: a provider's seal can't sign; opening or
                signing says so.
        """


token_reader: Port[TokenReader] = Port("signature.token_reader")
seal_source: Port[SealSource] = Port("signature.seal_source")
level: Port[Level] = Port("signature.level")
"""To which level a completed file is brought; people's signatures on the way are timestamped from B-T on."""


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
    """The certificate on this card or token expired on %(until)s. Ask your administrator for another."""

    refusal = Refusal.INVALID
    code = "certificate-expired"


class CertificateNotYetValid(CertificateExpired):
    """The certificate on this card or token is valid from %(since)s only. If that day has come, the clock of this
    platform is wrong: tell your administrator."""

    code = "certificate-not-yet-valid"


class ChainIncomplete(DomainError):
    """The certificates above the one on this card or token are missing: nobody could check the signature. Ask your
    administrator to add them."""

    refusal = Refusal.INVALID
    code = "chain-incomplete"


class ClockWrong(DomainError):
    """The clock of this platform and that of the time-stamping authority disagree by more than five minutes. Nothing
    was signed: tell your administrator."""

    refusal = Refusal.UNAVAILABLE
    code = "clock-wrong"


class CodeNeeded(DomainError):
    """Your signing service asks for the one-time code that your device shows. Enter it with your PIN, and sign
    again."""

    refusal = Refusal.INVALID
    code = "code-needed"


class CodeSent(CodeNeeded):
    """Your signing service has sent you a one-time code. Enter it with your PIN, and sign again."""

    code = "code-sent"


class WrongCode(DomainError):
    """This one-time code is wrong or too old. Sign again without a code to be sent another."""

    refusal = Refusal.INVALID
    code = "wrong-code"


class BatchTooLarge(DomainError):
    """Your signing service signs at most %(most)s documents at once. Choose fewer."""

    refusal = Refusal.INVALID
    code = "batch-too-large"


class SealAway(DomainError):
    """The organisation’s seal does not answer: its token, file or signing service is away. The document waits, and is
    tried again by itself."""

    refusal = Refusal.UNAVAILABLE
    code = "seal-away"


class SealPinRefused(DomainError):
    """The PIN of the organisation’s seal was refused. It is not tried again before a restart, so that the seal does not
    lock itself: correct the PIN’s file, then restart. The document waits."""

    refusal = Refusal.UNAVAILABLE
    code = "seal-pin-refused"


class SealUnusable(DomainError):
    """The organisation’s seal can’t sign as it is set: see what the doctor says. The document waits, and is tried again
    by itself."""

    refusal = Refusal.UNAVAILABLE
    code = "seal-unusable"


# What a person is told at once is, of a seal, mended by the operator while documents wait: the job tries again.


class SealExpired(CertificateExpired):
    """The certificate of the organisation’s seal has expired, or is not valid yet. Have its provider renew it: the
    document waits, and is tried again by itself."""

    refusal = Refusal.UNAVAILABLE
    code = "seal-expired"


class SealRevoked(DomainError):
    """The certificate of the organisation’s seal was revoked or suspended: nothing can be sealed with it. Have its
    provider replace it: the document waits, and is tried again by itself."""

    refusal = Refusal.UNAVAILABLE
    code = "seal-revoked"


class SealChainIncomplete(ChainIncomplete):
    """The certificates above that of the organisation’s seal are missing: nobody could check the seal. Add them to its
    chain file: the document waits, and is tried again by itself."""

    refusal = Refusal.UNAVAILABLE
    code = "seal-chain-incomplete"

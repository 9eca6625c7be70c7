"""A provider's seal, for one organisation: a key in a PKCS#11 token, at a signing service, or in a PKCS#12 file.

Whatever opens it, it says why it can't sign in words for the operator.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.ades.algorithms import Algorithm
from telesphore.connectors.csc.client import CredentialWithdrawn
from telesphore.kernel.actors import Actor
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.signature.ports import (
    CertificateExpired,
    NoToken,
    SealAway,
    SealExpired,
    SealPinRefused,
    SealRevoked,
    SealSource,
    SealUnusable,
    SigningToken,
    WrongPin,
)

Opener = Callable[[], AbstractContextManager[SigningToken]]
"""Opens the token, file or credential that a setting names, with its PIN.

Raises:
    What `signature.ports.TokenReader.open` raises, and what a signing service refuses.
"""


@dataclass(frozen=True, slots=True)
class _Token:
    """A token that says for the operator why it does not sign."""

    token: SigningToken
    chain: Sequence[bytes]
    _explained: Callable[[], AbstractContextManager[None]]

    @property
    def certificate(self) -> bytes:
        return self.token.certificate

    @property
    def algorithm(self) -> Algorithm:
        return self.token.algorithm

    def sign(self, to_be_signed: bytes) -> bytes:
        with self._explained():
            return self.token.sign(to_be_signed)


class ProviderSeal:
    """A `signature.ports.SealSource`: this organisation's seal is a provider's; every other organisation keeps its own.

    A PIN that was refused is not tried again by this process.
    """

    def __init__(
        self, organisation_id: UUID, opener: Opener, *, others: SealSource, chain: Sequence[bytes] = ()
    ) -> None:
        """Opens nothing.

        Args:
            others: the seals of the other organisations.
            chain: DER of certificates above the seal's, for a token that does not hold them.
        """
        self.organisation_id = organisation_id
        self._opener = opener
        self._others = others
        self._chain = tuple(chain)
        self._pin_refused = threading.Event()

    @contextmanager
    def open(
        self, *, organisation_id: UUID, organisation_name: str, actor: Actor, at: datetime
    ) -> Iterator[SigningToken]:
        if organisation_id != self.organisation_id:
            with self._others.open(
                organisation_id=organisation_id, organisation_name=organisation_name, actor=actor, at=at
            ) as own:
                yield own
            return
        with ExitStack() as stack:
            # Not around the block: what fails there is not the seal's.
            with self._explained():
                token = stack.enter_context(self._opener())
            yield _Token(token, (*token.chain, *self._chain), self._explained)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        if self._pin_refused.is_set():
            raise SealPinRefused
        try:
            yield
        except WrongPin as refused:
            self._pin_refused.set()
            raise SealPinRefused from refused
        except CertificateExpired as refused:
            raise SealExpired from refused
        except CredentialWithdrawn as refused:
            raise SealRevoked from refused
        except DomainError as refused:
            passing = isinstance(refused, NoToken) or refused.refusal is Refusal.UNAVAILABLE
            raise (SealAway if passing else SealUnusable) from refused

"""What this room needs from outside: somebody who carries a call to an address."""

from typing import Protocol

from telesphore.kernel.errors import DomainError, Refusal
from telesphore.kernel.ports import Port


class NotTaken(DomainError):
    """The address did not take the call; it will be tried again.

    `why` is a word, or HTTP's status: `timeout`, `address`, `503`.
    """

    refusal = Refusal.UNAVAILABLE
    code = "call-not-taken"

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__()


class Caller(Protocol):
    """Carries one call."""

    def call(self, *, url: str, content: bytes, headers: dict[str, str]) -> None:
        """POST it; when it returns, a status of 200 to 299 was answered. Redirections are not followed.

        Raises:
            NotTaken
        """


caller: Port[Caller] = Port("webhooks.caller")

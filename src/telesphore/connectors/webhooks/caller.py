"""One call, within bounds of time, size and address."""

import ssl
from collections.abc import Collection
from dataclasses import dataclass

from telesphore.connectors.fetching import Address, NoAnswer, Refused, fetch, public
from telesphore.webhooks.ports import NotTaken

SECONDS = 10.0
MOST = 64 * 2**10
"""Bytes of the answer, which nobody reads."""


@dataclass(frozen=True, slots=True)
class HttpsCaller:
    """Answers `webhooks.ports.Caller`.

    Attributes:
        hosts: names inside the operator's network that may be called; of all others, only public addresses are.
        context: who is believed for TLS; the system's when None.
    """

    hosts: Collection[str] = ()
    context: ssl.SSLContext | None = None

    def call(self, *, url: str, content: bytes, headers: dict[str, str]) -> None:
        """POST it. The name is resolved once, and the address looked at before it is connected to."""
        try:
            fetch(
                url, seconds=SECONDS, most=MOST, content=content, headers=headers, context=self.context,
                allowed=self._allowed,
            )  # fmt: skip
        except Refused as refused:
            if not 200 <= refused.status < 300:
                raise NotTaken(str(refused.status)) from None
        except NoAnswer as refused:
            raise NotTaken(str(refused)) from None

    def _allowed(self, host: str, address: Address) -> bool:
        return host in self.hosts or public(host, address)

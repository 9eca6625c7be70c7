"""Why a request is refused: one code, which the page turns into words, and its HTTP status."""

STATUSES = {
    "no-reader": 409,
    "no-card": 409,
    "several-cards": 409,
    "unknown-card": 409,
    "card-removed": 409,
    "reader-removed": 409,
    "no-module": 409,
    "module-broken": 409,
    "no-such-certificate": 409,
    "wrong-pin": 409,
    "pin-locked": 409,
    "refused-by-holder": 409,
    "busy": 409,
    "bad-request": 400,
    "stale-request": 400,
    "replayed-request": 400,
    "too-many": 429,
}


class Refused(Exception):
    """A request that gets no answer but this code.

    Attributes:
        tries_left: after a wrong PIN, how many more the card takes; None when its library doesn't tell.
    """

    def __init__(self, code: str, *, tries_left: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.status = STATUSES[code]
        self.tries_left = tries_left

    def answer(self) -> dict[str, object]:
        """What the page is told."""
        return {"error": self.code} | ({} if self.tries_left is None else {"tries_left": self.tries_left})

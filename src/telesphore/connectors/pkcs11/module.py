"""One PKCS#11 library in this process.

The library is initialised without locks of its own, so calls go through one lock. Whether a PIN was given is a state
of the token for the whole process, not of one session: of two sessions at once, the second would need no PIN. So a
token has one session at a time.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pkcs11
from pkcs11.constants import TokenFlag
from pkcs11.exceptions import (
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    UserPinNotInitialized,
)

from telesphore.signature.ports import LastPinTry, NoToken, TokenGone, TokenLocked, WrongPin

SOFTHSM_PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
CPS_PLACES = (
    "/usr/lib/libcps3_pkcs11_lux.so",
    "/usr/local/lib/libcps3_pkcs11_lux.so",
)
LONGEST_PIN = 64
PATIENCE = 30.0
"""Seconds to wait for another session of the same token."""


def find_library(places: tuple[str, ...]) -> Path | None:
    """The first of these libraries that is installed here."""
    return next((Path(place) for place in places if Path(place).exists()), None)


class Module:
    """A loaded library. Make one per library and process: see `load`."""

    def __init__(self, library: Path) -> None:
        self._library = pkcs11.lib(str(library))
        self.calls = threading.RLock()
        self._tokens: dict[str, threading.Lock] = {}
        self._sessions = 0

    @contextmanager
    def session(self, label: str, pin: str, *, write: bool = False) -> Iterator[pkcs11.Session]:
        """The token of this label, unlocked; the session is closed and logged out at the end, whatever happens.

        Raises:
            NoToken, WrongPin, LastPinTry, TokenLocked, TokenGone
        """
        with self.calls:
            turn = self._tokens.setdefault(label, threading.Lock())
        if not turn.acquire(timeout=PATIENCE):
            raise TokenGone
        try:
            with self.calls:
                token = self._find(label)
                session = _open(token, pin, write)
                self._sessions += 1
            try:
                yield session
            finally:
                with self.calls:
                    self._sessions -= 1
                    # A token taken out can't be logged out of: it forgot.
                    with suppress(PKCS11Error):
                        session.close()
        finally:
            turn.release()

    def _find(self, label: str) -> pkcs11.Token:
        found = self._labelled(label)
        if not found and self._sessions == 0:
            # Some libraries see what was plugged in, or made by another process, only when they start.
            with suppress(PKCS11Error):
                self._library.reinitialize()
            found = self._labelled(label)
        if len(found) != 1:
            raise NoToken
        return found[0]

    def _labelled(self, label: str) -> list[pkcs11.Token]:
        found = []
        try:
            slots = self._library.get_slots(token_present=True)
        except PKCS11Error:
            raise TokenGone from None
        for slot in slots:
            # One that was taken out answers with an error, which must not hide the others.
            with suppress(PKCS11Error):
                token = slot.get_token()
                if token.label == label:
                    found.append(token)
        return found


def _open(token: pkcs11.Token, pin: str, write: bool) -> pkcs11.Session:
    if not pin or len(pin.encode()) > LONGEST_PIN:
        raise WrongPin
    try:
        return token.open(rw=write, user_pin=pin)
    except PinLocked:
        raise TokenLocked from None
    except (PinIncorrect, PinInvalid, PinLenRange):
        flags = token.flags
        if flags & TokenFlag.USER_PIN_LOCKED:
            raise TokenLocked from None
        raise (LastPinTry if flags & TokenFlag.USER_PIN_FINAL_TRY else WrongPin) from None
    except UserPinNotInitialized:
        raise NoToken from None
    except PKCS11Error:
        raise TokenGone from None


_loaded: dict[Path, Module] = {}
_loading = threading.Lock()


def load(library: Path) -> Module:
    """The one `Module` of this library in this process."""
    with _loading:
        if library not in _loaded:
            _loaded[library] = Module(library)
        return _loaded[library]

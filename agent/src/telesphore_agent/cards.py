"""Cards through their PKCS#11 library (OASIS PKCS#11 2.40): certificates without a PIN, then one list of signatures.

A CPS card has two keys, told apart by the last byte of CKA_ID (0x20 authentication, 0x10 signature) or by their labels.
Other cards are read by what their certificates say that they are for.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pkcs11 import exceptions
from pkcs11.constants import Attribute, ObjectClass, SlotFlag, TokenFlag
from pkcs11.mechanisms import MGF, Mechanism
from pkcs11.types import PROTECTED_AUTH
from pkcs11.util.ec import encode_ecdsa_signature

from telesphore_agent.errors import Refused
from telesphore_agent.pins import Pin
from telesphore_agent.readers import Readers

MOST_CERTIFICATES = 32
LARGEST_CERTIFICATE = 16 << 10
LONGEST_PIN = 64
PATIENCE = 5.0
"""Seconds to wait for the library while another thread uses it."""

_WAYS: dict[str, tuple[Mechanism, Any]] = {
    "rsa-pkcs1-sha256": (Mechanism.SHA256_RSA_PKCS, None),
    "rsa-pss-sha256": (Mechanism.SHA256_RSA_PKCS_PSS, (Mechanism.SHA256, MGF.SHA256, 32)),
    "ecdsa-sha256": (Mechanism.ECDSA_SHA256, None),
    "ecdsa-sha384": (Mechanism.ECDSA_SHA384, None),
}
"""Mechanisms that hash by themselves: a CPS card does the last round of the hash itself."""
_BARE_ECDSA = {"ecdsa-sha256": hashlib.sha256, "ecdsa-sha384": hashlib.sha384}
"""What is hashed here, for the many cards that sign by ECDSA a digest only."""

_GONE = (
    exceptions.DeviceRemoved,
    exceptions.KeyHandleInvalid,
    exceptions.ObjectHandleInvalid,
    exceptions.SessionClosed,
    exceptions.SessionHandleInvalid,
    exceptions.SlotIDInvalid,
    exceptions.TokenNotPresent,
    exceptions.TokenNotRecognised,
    exceptions.UserNotLoggedIn,
)


class Use(Enum):
    """What a key of a card is for; the value ends its CKA_ID."""

    AUTHENTICATION = 0x20
    SIGNATURE = 0x10


_LABELS = {Use.AUTHENTICATION: "CPS_PRIV_AUT", Use.SIGNATURE: "CPS_PRIV_SIG"}


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate of a card, DER, and the CKA_ID that its key shares."""

    content: bytes
    identifier: bytes

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def algorithm(self) -> str:
        """How its key signs when the request leaves it to us."""
        key = x509.load_der_x509_certificate(self.content).public_key()
        if isinstance(key, rsa.RSAPublicKey):
            return "rsa-pkcs1-sha256"
        if isinstance(key, ec.EllipticCurvePublicKey):
            return "ecdsa-sha384" if key.curve.key_size > 256 else "ecdsa-sha256"
        raise Refused("unknown-card")


@dataclass(frozen=True, slots=True)
class Card:
    """What a card shows without its PIN.

    Attributes:
        keypad: the PIN is typed on the reader, not here.
        last_try, locked: what its library tells of the PIN.
        fixed: nobody can withdraw it: a software token.
    """

    reader: str
    label: str
    serial: str
    certificates: dict[Use, Certificate]
    chain: tuple[bytes, ...]
    keypad: bool
    last_try: bool
    locked: bool
    fixed: bool
    _token: pkcs11.Token = field(repr=False)


class Cards:
    """The cards that one library sees.

    A library is called by one thread at a time: not all of them bear two.
    """

    def __init__(self, library: Path | None, readers: Readers) -> None:
        self._path = library
        self._readers = readers
        self._calls = threading.RLock()
        self._fixed: list[str] = []

    def all(self) -> list[Card]:
        """The cards here that hold a key for us.

        Raises:
            Refused: `no-module`, `module-broken`, `no-reader`, `no-card`, `unknown-card`; `busy` while a list is done.
        """
        with self._turn():
            cards = self._seen()
            if not cards:
                # Some libraries see what came since they started only when they start again.
                with _module_errors():
                    self._library().reinitialize()
                cards = self._seen()
        if cards:
            return cards
        state = self._readers.state
        if not state.readers:
            raise Refused("no-reader")
        raise Refused("unknown-card" if state.cards else "no-card")

    def to_authenticate(self) -> Card:
        """The one card that can say who is here.

        Raises:
            Refused: as `all`; `several-cards`, or `unknown-card` when its authentication key is missing.
        """
        found = [card for card in self.all() if Use.AUTHENTICATION in card.certificates]
        if len(found) > 1:
            raise Refused("several-cards")
        if not found:
            raise Refused("unknown-card")
        return found[0]

    def to_sign(self, fingerprint: str) -> Card:
        """The card whose signature certificate has this SHA-256.

        Raises:
            Refused: as `all`; `no-such-certificate`.
        """
        for card in self.all():
            certificate = card.certificates.get(Use.SIGNATURE)
            if certificate is not None and certificate.fingerprint == fingerprint:
                return card
        raise Refused("no-such-certificate")

    def fixed(self) -> list[str]:
        """The names of tokens that nobody can withdraw, such as a software one: PC/SC doesn't know them."""
        # While a list is being signed, what was there is still there.
        if self._path is not None and self._calls.acquire(blocking=False):
            try:
                with suppress(Refused):
                    self._slots()
            finally:
                self._calls.release()
        return self._fixed

    def sign(
        self,
        card: Card,
        use: Use,
        contents: Sequence[tuple[bytes, str]],
        pin: Pin | None,
        progress: Callable[[int], bool],
    ) -> list[bytes | str]:
        """One login, then a signature for each content and algorithm; a text in its place is why there is none.

        Args:
            pin: None for a reader with its own keypad.
            progress: told how many are done; False stops there.

        Raises:
            Refused: `wrong-pin`, `pin-locked`, `card-removed`, `reader-removed`: nothing was signed.
        """
        with self._turn(), self._unlocked(card, pin) as session:
            try:
                key = _key(session, card, use)
                again = pin if _asks_each_time(key) else None
                listed = card._token.slot.get_mechanisms()
            except exceptions.PKCS11Error as error:
                raise Refused(self._why_gone(card, error)) from None
            answers: list[bytes | str] = []
            for number, (content, algorithm) in enumerate(contents):
                if not progress(number):
                    return answers + ["refused-by-holder"] * (len(contents) - number)
                try:
                    answers.append(_signature(key, content, algorithm, listed, again))
                except exceptions.PKCS11Error as error:
                    return answers + [self._why_gone(card, error)] * (len(contents) - number)
            progress(len(contents))
            return answers

    @contextmanager
    def _unlocked(self, card: Card, pin: Pin | None) -> Iterator[pkcs11.Session]:
        if pin is not None and not 0 < len(pin) <= LONGEST_PIN:
            # The card counts what it is shown: it is not shown this.
            raise Refused("wrong-pin")
        try:
            session = card._token.open(user_pin=PROTECTED_AUTH if pin is None else pin)
        except exceptions.PinLocked:
            raise Refused("pin-locked") from None
        except exceptions.FunctionCancelled:
            raise Refused("refused-by-holder") from None
        except (exceptions.PinIncorrect, exceptions.PinInvalid, exceptions.PinLenRange):
            raise self._wrong_pin(card) from None
        except exceptions.PKCS11Error as error:
            raise Refused(self._why_gone(card, error)) from None
        try:
            yield session
        finally:
            # A card that was withdrawn can't be logged out of: it forgot.
            with suppress(exceptions.PKCS11Error):
                session.close()

    def _wrong_pin(self, card: Card) -> Refused:
        flags = TokenFlag(0)
        with suppress(exceptions.PKCS11Error):
            flags = card._token.slot.get_token().flags
        if flags & TokenFlag.USER_PIN_LOCKED:
            return Refused("pin-locked")
        return Refused("wrong-pin", tries_left=1 if flags & TokenFlag.USER_PIN_FINAL_TRY else None)

    def _why_gone(self, card: Card, error: exceptions.PKCS11Error) -> str:
        """Why a card that was there fails: withdrawn, its reader too, or else the library's fault."""
        if not isinstance(error, _GONE):
            with suppress(exceptions.PKCS11Error):
                if card._token.slot.get_token().serial.decode("ascii", "replace") == card.serial:
                    return "module-broken"
        state = self._readers.state
        return "reader-removed" if state.service and not state.readers and not card.fixed else "card-removed"

    def _library(self) -> Any:
        if self._path is None or not self._path.exists():
            raise Refused("no-module")
        with _module_errors():
            return pkcs11.lib(str(self._path))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._calls.acquire(timeout=PATIENCE):
            raise Refused("busy")
        try:
            yield
        finally:
            self._calls.release()

    def _slots(self) -> list[pkcs11.Slot]:
        with _module_errors():
            slots: list[pkcs11.Slot] = self._library().get_slots(token_present=True)
        self._fixed = [slot.slot_description for slot in slots if _is_fixed(slot)]
        return slots

    def _seen(self) -> list[Card]:
        cards = []
        for slot in self._slots():
            # One that was withdrawn just now must not hide the others.
            with suppress(exceptions.PKCS11Error):
                card = _card(slot)
                if card is not None:
                    cards.append(card)
        return cards


@contextmanager
def _module_errors() -> Iterator[None]:
    try:
        yield
    except exceptions.PKCS11Error:
        raise Refused("module-broken") from None


def _is_fixed(slot: pkcs11.Slot) -> bool:
    with suppress(exceptions.PKCS11Error):
        return not slot.flags & SlotFlag.REMOVABLE_DEVICE and bool(slot.get_token().flags & TokenFlag.TOKEN_INITIALIZED)
    return False


def _card(slot: pkcs11.Slot) -> Card | None:
    token = slot.get_token()
    flags = token.flags
    if not flags & TokenFlag.TOKEN_INITIALIZED:
        return None
    found: list[tuple[Certificate, x509.Certificate, str]] = []
    with token.open() as session:
        for entry in session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}):
            content, label = bytes(entry[Attribute.VALUE]), str(entry[Attribute.LABEL] or "")
            if 0 < len(content) <= LARGEST_CERTIFICATE:
                with suppress(ValueError):
                    parsed = x509.load_der_x509_certificate(content)
                    found.append((Certificate(content, bytes(entry[Attribute.ID])), parsed, label))
            if len(found) == MOST_CERTIFICATES:
                break
    own = [entry for entry in found if not _is_authority(entry[1])]
    certificates = {use: certificate for use in Use if (certificate := _certificate_for(use, own)) is not None}
    if not certificates:
        return None
    return Card(
        reader=slot.slot_description,
        label=token.label,
        serial=token.serial.decode("ascii", "replace"),
        certificates=certificates,
        chain=tuple(certificate.content for certificate, parsed, _label in found if _is_authority(parsed)),
        keypad=bool(flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH),
        last_try=bool(flags & TokenFlag.USER_PIN_FINAL_TRY),
        locked=bool(flags & TokenFlag.USER_PIN_LOCKED),
        fixed=not slot.flags & SlotFlag.REMOVABLE_DEVICE,
        _token=token,
    )


def _certificate_for(use: Use, own: Sequence[tuple[Certificate, x509.Certificate, str]]) -> Certificate | None:
    """The one certificate for this use: by CKA_ID; on a card that follows no such rule, by its key usage."""
    told = [entry[0] for entry in own if entry[0].identifier[-1:] == bytes([use.value])]
    if not told and not any(entry[0].identifier[-1:] in (b"\x10", b"\x20") for entry in own):
        told = [entry[0] for entry in own if _use_of(entry[1]) is use]
    return told[0] if len(told) == 1 else None


def _use_of(certificate: x509.Certificate) -> Use | None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (ValueError, x509.ExtensionNotFound):
        return None
    if usage.content_commitment:
        return Use.SIGNATURE
    return Use.AUTHENTICATION if usage.digital_signature else None


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, x509.ExtensionNotFound):
        return False


def _key(session: pkcs11.Session, card: Card, use: Use) -> Any:
    """The private key of this use: the one of its certificate; of several, the one with the label."""
    identifier = card.certificates[use].identifier
    found = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: identifier}))
    if len(found) != 1:
        found = [key for key in found if key[Attribute.LABEL] == _LABELS[use]]
    if len(found) != 1:
        raise Refused("unknown-card")
    return found[0]


def _asks_each_time(key: Any) -> bool:
    try:
        return bool(key[Attribute.ALWAYS_AUTHENTICATE])
    except exceptions.AttributeTypeInvalid:
        return False


def _signature(key: Any, content: bytes, algorithm: str, listed: set[Mechanism], pin: Pin | None) -> bytes:
    mechanism, parameter = _WAYS[algorithm]
    if mechanism not in listed and algorithm in _BARE_ECDSA:
        mechanism, content = Mechanism.ECDSA, _BARE_ECDSA[algorithm](content).digest()
    signature = bytes(key.sign(content, mechanism=mechanism, mechanism_param=parameter, pin=pin))
    return bytes(encode_ecdsa_signature(signature)) if algorithm.startswith("ecdsa") else signature

"""A PIN on its way from the holder's fingers to the card."""

from typing import NoReturn


class Pin:
    """A PIN that is wiped after use, and shows itself to no log.

    python-pkcs11 only asks what it is given for `encode`: the text itself need not live on. The copy that it makes is
    freed once the card has it.
    """

    __slots__ = ("_content",)

    def __init__(self, text: str) -> None:
        self._content = bytearray(text.encode())

    def encode(self, _encoding: str = "utf-8") -> bytes:
        return bytes(self._content)

    def wipe(self) -> None:
        self._content[:] = bytes(len(self._content))
        del self._content[:]

    def __bool__(self) -> bool:
        return bool(self._content)

    def __len__(self) -> int:
        return len(self._content)

    def __repr__(self) -> str:
        return "Pin(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a PIN is not to be kept")

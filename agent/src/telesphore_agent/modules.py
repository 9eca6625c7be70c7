"""Where the card's PKCS#11 library lies on this system: Cryptolib CPS, then OpenSC for other cards."""

import os
import sys
from pathlib import Path


def places() -> list[Path]:
    """Where to look, first come first served."""
    if sys.platform == "win32":
        windows = Path(os.environ.get("SystemRoot", r"C:\Windows"))  # noqa: SIM112 - as Windows spells it.
        programs = Path(os.environ.get("ProgramFiles", r"C:\Program Files"))  # noqa: SIM112 - as Windows spells it.
        library = "cps3_pkcs11_w64.dll" if sys.maxsize > 1 << 32 else "cps3_pkcs11_w32.dll"
        return [
            windows / "System32" / library,
            programs / "santesocial" / "CPS" / library,
            programs / "santeestoolbox" / library,
            programs / "OpenSC Project" / "OpenSC" / "pkcs11" / "opensc-pkcs11.dll",
        ]
    if sys.platform == "darwin":
        return [
            Path("/usr/local/lib/libcps3_pkcs11_osx.dylib"),
            Path("/Library/OpenSC/lib/opensc-pkcs11.so"),
            Path("/opt/homebrew/lib/opensc-pkcs11.so"),
        ]
    folders = ["/usr/lib64", "/usr/lib", "/usr/local/lib", *map(str, sorted(Path("/usr/lib").glob("*-linux-gnu")))]
    return [
        *(Path(folder) / "libcps3_pkcs11_lux.so" for folder in ["/usr/local/galss", *folders]),
        *(Path(folder) / "opensc-pkcs11.so" for folder in folders),
    ]


def find() -> Path | None:
    """The library to use when none was named."""
    return next((place for place in places() if place.exists()), None)

"""Where each system keeps what the agent needs; these run here, whatever this system is."""

import sys
from pathlib import Path

import pytest

from telesphore_agent import modules, store
from telesphore_agent.words import say


@pytest.mark.parametrize(
    ("system", "environment", "expected"),
    [
        ("linux", {"XDG_CONFIG_HOME": "/c"}, "/c/telesphore-agent"),
        ("linux", {}, "{home}/.config/telesphore-agent"),
        ("win32", {"APPDATA": "/r"}, "/r/telesphore-agent"),
        ("darwin", {"XDG_CONFIG_HOME": "/c"}, "{home}/Library/Application Support/telesphore-agent"),
    ],
)
def test_pairings_are_kept_where_each_system_keeps_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str, environment: dict[str, str], expected: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for name in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert store.folder() == Path(expected.format(home=tmp_path))


@pytest.mark.parametrize(
    ("system", "library"),
    [
        ("linux", "libcps3_pkcs11_lux.so"),
        ("win32", "cps3_pkcs11_w64.dll"),
        ("darwin", "libcps3_pkcs11_osx.dylib"),
    ],
)
def test_the_card_s_own_library_comes_first(monkeypatch: pytest.MonkeyPatch, system: str, library: str) -> None:
    monkeypatch.setattr(sys, "platform", system)
    names = [place.name for place in modules.places()]
    assert names[0] == library
    assert names[-1].startswith("opensc-pkcs11")
    assert names.index("opensc-pkcs11.dll" if system == "win32" else "opensc-pkcs11.so") == 1 + max(
        index for index, name in enumerate(names) if name == library or "cps3" in name
    )


def test_texts_are_in_both_languages_and_in_french_typography() -> None:
    assert say("card", "fr", card="x") == "Carte\N{NO-BREAK SPACE}: x"
    assert say("card", "en", card="x") == "Card: x"

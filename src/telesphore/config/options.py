"""Settings, read once and strictly: each has a name, a meaning, a default and a source.

A setting comes from the environment (`TELESPHORE_<NAME>`) or from `telesphore.toml` in the home folder, in this
order. A secret is never a value: its setting names a file that only the owner may read.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PREFIX = "TELESPHORE_"


class BadSetting(Exception):
    """A setting that stops the start; the message names it and says what it accepts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One setting.

    Attributes:
        name: lower case, without the prefix.
        accepts: what a person may write, in words.
        parse: turns the text into the value; raises ValueError when it can't.
        default: the text used when nothing is set; None when the setting may be absent.
    """

    name: str
    meaning: str
    accepts: str
    parse: Callable[[str], Any]
    default: str | None


@dataclass(frozen=True, slots=True)
class Setting:
    """An option with its value and where it came from (`default`, `environment` or the file's path)."""

    option: Option
    value: Any
    source: str


def read(environment: Mapping[str, str], options: tuple[Option, ...]) -> dict[str, Setting]:
    """All settings, by name.

    Raises:
        BadSetting: a value that its option refuses, or a name that no option has.
    """
    known = {option.name: option for option in options}
    given = {
        name.removeprefix(PREFIX).lower(): (value, "environment")
        for name, value in environment.items()
        if name.startswith(PREFIX)
    }
    home: Path = known["home"].parse(given["home"][0] if "home" in given else known["home"].default or "")
    for name, value in _file_settings(home / "telesphore.toml").items():
        given.setdefault(name, (value, str(home / "telesphore.toml")))
    for name, (_, source) in given.items():
        if name not in known:
            raise BadSetting(f"{PREFIX}{name.upper()} ({source}) is not a setting; see telesphore doctor --settings.")
    settings = {}
    for option in options:
        text: str | None
        text, source = given.get(option.name, (option.default, "default"))
        try:
            parsed: Any = None if text is None else option.parse(text)
        except ValueError:
            raise BadSetting(
                f"{PREFIX}{option.name.upper()} ({source}) is {text!r}; it accepts {option.accepts}."
            ) from None
        settings[option.name] = Setting(option, parsed, source)
    return settings


def _file_settings(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"{path} is not valid TOML: {error}") from None
    for name, value in table.items():
        if not isinstance(value, str):
            raise BadSetting(f"{path}: {name} must be written between quotes.")
    return table


def read_secret(path: Path) -> str:
    """The secret that `path` holds, without its final newline.

    Raises:
        BadSetting: the file is missing, empty, or readable by others than its owner.
    """
    check_secret(path)
    secret = path.read_text().strip()
    if not secret:
        raise BadSetting(f"The secret file {path} is empty.")
    return secret


def check_secret(path: Path) -> None:
    """Refuse a file that is missing, or readable by others than its owner.

    Raises:
        BadSetting
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        raise BadSetting(f"The secret file {path} can't be read: create it, with mode 0600.") from None
    if mode & 0o077:
        raise BadSetting(f"The secret file {path} is open to other users: chmod 600 {path}")


def write_secret(path: Path, secret: str) -> None:
    """Write `secret` to a new file that only its owner may read; an existing file is never overwritten."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())

"""The sentences of the pages in their languages: `collect` finds them, `compile` makes what Django reads, `check` both.

Usage: python scripts/messages.py collect|compile|check

Besides what gettext finds, a refusal's sentence is its class's docstring, and a verdict's reasons are the values of an
enumeration: `collect` hands these over in a file that stands only as long as it takes. `compile` needs nothing but
Python, so an instance is built without gettext's tools.
"""

import ast
import re
import struct
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src" / "telesphore"
CATALOGUES = sorted((SOURCE / "locale").glob("*/LC_MESSAGES/django.po"))
SENTENCES = SOURCE / "refusals_of_every_room.py"
OPTIONS = ("--no-location", "--no-wrap", "--no-obsolete")
LOOSE_SIGN = re.compile(r"[^\s\u00a0\u202f][:;?!»](\s|$)| [:;?!»]|« ")
"""A sign before which French wants a space that does not break, without one."""

PLACE = re.compile(r"%\(\w+\)|(?<!\{)\{\w+\}(?!\})")
"""A name to be filled: `%(name)s`, `{name}`."""

Entry = tuple[str | None, str, str | None, list[str], bool]
"""Context, message, plural, translations, whether it is fuzzy."""


def refusals() -> list[str]:
    """The first paragraph of the docstring of every class that refuses, the labels of states, a verdict's reasons."""
    found: dict[str, None] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and any(_sets(part, "code") for part in node.body):
                text = ast.get_docstring(node)
                if text and node.name != "DomainError":
                    found[" ".join(text.split("\n\n")[0].split())] = None
            # Of a verdict: an effect, then a sentence.
            if isinstance(node, ast.Tuple) and (sentence := _reason(node)):
                found[sentence] = None
            # Labels of states: gettext's tools don't know our name for its lazy form.
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_lazy":
                found[ast.literal_eval(node.args[0])] = None
    return list(found)


def _reason(value: ast.Tuple) -> str:
    """The sentence in `Effect.INVALID, "…"`; empty for another tuple."""
    match value.elts:
        case [ast.Attribute(value=ast.Name(id="Effect")), ast.Constant(value=str(sentence))]:
            return sentence
    return ""


def _sets(node: ast.stmt, name: str) -> bool:
    """Whether a class says `name = "…"`, with or without its type."""
    if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(node.value, ast.Constant):
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def collect() -> None:
    """Bring the catalogues up to date with the sources. Needs gettext's tools."""
    lines = ["from django.utils.translation import gettext as _", *(f"_({text!r})" for text in refusals())]
    SENTENCES.write_text("\n".join(lines))
    try:
        subprocess.run(
            [sys.executable, "-m", "django", "makemessages", "--all", "--ignore=static/*", *OPTIONS],
            cwd=SOURCE,
            check=True,
        )
    finally:
        SENTENCES.unlink()
    for catalogue in CATALOGUES:
        # A date of collection would change at every run.
        text = re.sub(r'"(POT-Creation-Date|Report-Msgid-Bugs-To): .*\\n"\n', "", catalogue.read_text())
        catalogue.write_text(text)


def entries(catalogue: Path) -> list[Entry]:
    """What a catalogue holds."""
    found: list[Entry] = []
    for block in re.split(r"\n\s*\n", catalogue.read_text()):
        parts: dict[str, str] = {}
        last = ""
        for line in block.splitlines():
            if match := re.match(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?) (".*")$', line):
                last = match[1]
                parts[last] = ast.literal_eval(match[2])
            elif line.startswith('"') and last:
                parts[last] += ast.literal_eval(line)
        if "msgid" in parts:
            texts = [text for name, text in sorted(parts.items()) if name.startswith("msgstr")]
            fuzzy = any(line.startswith("#,") and "fuzzy" in line for line in block.splitlines())
            found.append((parts.get("msgctxt"), parts["msgid"], parts.get("msgid_plural"), texts, fuzzy))
    return found


def compile_() -> None:
    """Write each catalogue's machine form (GNU gettext's MO files, "The Format of GNU MO Files")."""
    for catalogue in CATALOGUES:
        pairs = []
        for context, message, plural, texts, fuzzy in entries(catalogue):
            if all(texts) and (not fuzzy or not message):
                key = (f"{context}\x04" if context else "") + message + (f"\0{plural}" if plural else "")
                pairs.append((key.encode(), "\0".join(texts).encode()))
        pairs.sort()
        head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 28 + 16 * len(pairs))
        offset = 28 + 16 * len(pairs)
        tables, texts_ = [b"", b""], b""
        for column in (0, 1):
            for pair in pairs:
                tables[column] += struct.pack("<2I", len(pair[column]), offset + len(texts_))
                texts_ += pair[column] + b"\0"
        catalogue.with_suffix(".mo").write_bytes(head + tables[0] + tables[1] + texts_)


def check() -> int:
    """Say what is not translated, and what is not written as the language wants."""
    before = {catalogue: catalogue.read_text() for catalogue in CATALOGUES}
    collect()
    wrong = []
    for catalogue in CATALOGUES:
        name = catalogue.parent.parent.name
        known = {(entry[0], entry[1]) for entry in entries(catalogue)}
        current = catalogue.read_text()
        catalogue.write_text(before[catalogue])
        wrong += [f"{name}: not collected: {m}" for c, m in sorted(known, key=str) if (c, m) not in _keys(catalogue)]
        catalogue.write_text(current)
        for _context, message, _plural, texts, fuzzy in entries(catalogue):
            if not message:
                continue
            if fuzzy or not all(texts):
                wrong.append(f"{name}: not translated: {message}")
            if name == "fr":
                wrong += [f"fr: no fixed space before a sign: {text}" for text in texts if LOOSE_SIGN.search(text)]
            places = set(PLACE.findall(message + (_plural or "")))
            wrong += [f"{name}: not the same places: {message}" for text in texts if set(PLACE.findall(text)) - places]
        catalogue.write_text(before[catalogue])
    print("\n".join(wrong) or "Every sentence is translated.")
    return 1 if wrong else 0


def _keys(catalogue: Path) -> set[tuple[str | None, str]]:
    return {(entry[0], entry[1]) for entry in entries(catalogue)}


if __name__ == "__main__":
    commands = {"collect": collect, "compile": compile_, "check": check}
    sys.exit(commands[sys.argv[1]]() or 0)

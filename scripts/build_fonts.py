"""Make the fonts of the pages that we typeset, out of the front end's packages: WOFF2 in parts to whole TrueType files.

Usage: python scripts/build_fonts.py
"""

import tempfile
from pathlib import Path

from fontTools.merge import Merger
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "node_modules" / "@fontsource"
TARGET = ROOT / "src" / "telesphore" / "paper" / "fonts"
FACES = [
    ("source-sans-3", "400-normal"),
    ("source-sans-3", "400-italic"),
    ("source-sans-3", "600-normal"),
    ("source-serif-4", "400-normal"),
    ("source-serif-4", "400-italic"),
    ("source-serif-4", "600-normal"),
]


def build(family: str, face: str) -> None:
    """Join a face's Latin parts, so that « œ » and « ş » come from the same file."""
    target = TARGET / f"{family}-{face}.ttf"
    with tempfile.TemporaryDirectory() as folder:
        parts = []
        for subset in ("latin", "latin-ext"):
            font = TTFont(PACKAGES / family / "files" / f"{family}-{subset}-{face}.woff2", recalcTimestamp=False)
            font.flavor = None
            part = Path(folder) / f"{subset}.ttf"
            font.save(part)
            parts.append(str(part))
        merged = Merger().merge(parts)
        merged.recalcTimestamp = False
        merged.save(target)


if __name__ == "__main__":
    TARGET.mkdir(parents=True, exist_ok=True)
    for family_and_face in FACES:
        build(*family_and_face)
    print(f"{len(FACES)} fonts in {TARGET.relative_to(ROOT)}")

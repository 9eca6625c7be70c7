"""A page with what differs drawn on it: hatched where nothing explains it, dotted where a later act does, numbered.

An SVG that holds the page's picture: the same drawing stands on the web page and in the PDF.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

PIN = 9.0
"""Radius in points."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on a page: `box` is (left, bottom, right, top) in points; `kind` is `differs`, `expected` or `signed`."""

    number: int
    box: tuple[float, float, float, float]
    kind: str


_STYLES = {
    "differs": 'fill="url(#h)" fill-opacity=".55" stroke="#a4133c" stroke-width="1.4"',
    "expected": 'fill="none" stroke="#9a3b10" stroke-width="1.2" stroke-dasharray="1.2 2"',
    "signed": 'fill="none" stroke="#435659" stroke-width="1.1" stroke-dasharray="4 3"',
}


def draw(png: bytes, width: float, height: float, marks: Sequence[Mark]) -> str:
    """An SVG of the page.

    Args:
        png: the page, whatever its resolution.
        width, height: of the page, in points.
    """
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.1f} {height:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}"><defs><pattern id="h" width="4" height="4" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect width="2" height="4" fill="#fbd5de"/></pattern></defs>'
        f'<image width="{width:.1f}" height="{height:.1f}" href="data:image/png;base64,{b64encode(png).decode()}"/>'
    )
    parts = [head]
    for mark in marks:
        left, bottom, right, top = mark.box
        x, y, across, down = left - 2, height - top - 2, right - left + 4, top - bottom + 4
        parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{across:.1f}" height="{down:.1f}" {_STYLES[mark.kind]}/>')
        if mark.kind != "signed":
            at = min(x + across + PIN * 0.8, width - PIN), y + down / 2
            parts.append(
                f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{PIN}" fill="#0f5260"/>'
                f'<text x="{at[0]:.1f}" y="{at[1] + 4.1:.1f}" fill="#fff" font-family="Source Sans 3, sans-serif" '
                f'font-size="12" font-weight="600" text-anchor="middle">{mark.number}</text>'
            )
    return "".join(parts) + "</svg>"

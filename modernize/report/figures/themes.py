"""One SVG for light and dark pages: drawn once, in stand-ins for the colours that the page decides on."""

from __future__ import annotations

import re

# No colour of either theme is in this range.
_FIRST = 0xFD0000
_stand_ins: dict[tuple[str, str], str] = {}
_pairs: dict[str, tuple[str, str]] = {}

_ATTRIBUTE = re.compile(r'\b(fill|stroke)="(#fd[0-9a-f]{4})"')
_DECLARED = re.compile(r"\b(fill|stroke): (#fd[0-9a-f]{4})")


def stand_in(light: str, dark: str) -> str:
    """Give a colour to draw with in place of two, one for light pages and one for dark ones.

    Examples:
        >>> stand_in("#111111", "#111111"), both(stand_in("#111111", "#EEEEEE"))
        ('#111111', ('#111111', '#eeeeee'))
    """
    pair = light.lower(), dark.lower()
    if pair[0] == pair[1]:
        return light
    found = _stand_ins.setdefault(pair, f"#{_FIRST + len(_stand_ins):06x}")
    _pairs[found] = pair
    return found


def both(colour: str) -> tuple[str, str]:
    """Give the colours that one stands for on light and on dark pages: itself twice, if it is no stand-in."""
    return _pairs.get(colour, (colour, colour))


def follow_page(svg: str) -> str:
    """Replace stand-ins: colours follow the CSS property color-scheme, light where a browser lacks light-dark()."""

    def declared(found: re.Match[str]) -> str:
        light, dark = both(found[2])
        return found[0] if light == dark else f"{found[1]}: {light}; {found[1]}: light-dark({light}, {dark})"

    # Only as a style may a colour depend on the page.
    return _DECLARED.sub(declared, _ATTRIBUTE.sub(r'style="\1: \2"', svg))

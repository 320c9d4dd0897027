"""Colours: two themes, in colours that colour-blind readers tell apart, and one SVG that serves pages of both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from matplotlib.colors import to_hex, to_rgb

from modernize.ops import Kind
from modernize.report.provenance import MEASURED, PUBLISHED

Theme = Literal["light", "dark", "page"]
"""Of "page", an SVG inside an HTML page takes light or dark from the page: see `svg_text`."""

# Okabe and Ito's palette, the lighter half of it in the dark; but their reddish purple is grey to some eyes.
_COLOURS = {
    "page": ("#FFFFFF", "#15191E"),
    "ink": ("#222222", "#ECECEC"),
    "faint": ("#696969", "#9FA7B0"),
    "grid": ("#E4E4E4", "#323941"),
    "measured": MEASURED.fill,
    "published": PUBLISHED.fill,
    "published_ink": PUBLISHED.ink,
    "other": ("#7A7A7A", "#7C858F"),
    "baseline": ("#007A5A", "#1DB98E"),
    "bad": ("#B84A00", "#FF8C4C"),
    "mark": ("#D55E00", "#FF8C4C"),
}
# Kinds of operations: how they are called, and their colours, each as much lighter than the next as grey ink shows.
_KINDS: dict[Kind, tuple[str, str, str]] = {
    "1x1": ("1×1 convolution", "#6FC3F0", "#7CC9F2"),  # noqa: RUF001 - a true multiplication sign
    "dense": ("k×k convolution", "#7B2D77", "#A64F9E"),  # noqa: RUF001
    "depthwise": ("depthwise convolution", "#008F68", "#14A97F"),
    "classifier": ("classifier", "#FBE08A", "#FFEFA8"),
    "pool": ("pooling", "#B5B5B5", "#6C747C"),
    "rest": ("norms, LayerScale, GRN", "#B5B5B5", "#6C747C"),
}
KINDS = {kind: name for kind, (name, *_) in _KINDS.items()}

# Stand-ins for colours that the page decides on; no colour of either theme is in their range.
_FIRST = 0xFD0000
_stand_ins: dict[tuple[str, str], str] = {}
_pairs: dict[str, tuple[str, str]] = {}

_ATTRIBUTE = re.compile(r'\b(fill|stroke)="(#fd[0-9a-f]{4})"')
_DECLARED = re.compile(r"\b(fill|stroke): (#fd[0-9a-f]{4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The colours of a theme.

    Attributes:
        page: Background.
        ink: Text and outlines.
        faint: Text and lines that stand back; readable on the page all the same.
        grid: Lines behind the data.
        measured: Whatever this project measured (`modernize.report.provenance` has its shape, too).
        published: Whatever a paper prints.
        published_ink: The same as text.
        other: The second published regime, and context.
        baseline: Networks of other libraries that this project trained and measured.
        bad: Runs that diverged or failed.
        mark: What changed in a diagram.
        kinds: Kinds of operations, the same in diagrams and cost figures.
    """

    page: str
    ink: str
    faint: str
    grid: str
    measured: str
    published: str
    published_ink: str
    other: str
    baseline: str
    bad: str
    mark: str
    kinds: Mapping[str, str]

    def tint(self, colour: str, share: float) -> str:
        """Mix a colour into the page's: 0 is the page, 1 the colour."""
        return stand_in(*(_mixed(*pair, share) for pair in zip(_both(colour), _both(self.page), strict=True)))

    def on(self, colour: str) -> str:
        """Choose black or white for text on a colour."""
        return stand_in(*map(_readable_on, _both(colour)))


def _mixed(colour: str, page: str, share: float) -> str:
    red, green, blue = (share * c + (1 - share) * p for c, p in zip(to_rgb(colour), to_rgb(page), strict=True))
    return to_hex((red, green, blue))


def _readable_on(colour: str) -> str:
    red, green, blue = to_rgb(colour)
    return "#000000" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.45 else "#FFFFFF"


def stand_in(light: str, dark: str) -> str:
    """Give a colour to draw with in place of two, one for light pages and one for dark ones.

    Examples:
        >>> stand_in("#111111", "#111111"), follow_page(f'<g style="fill: {stand_in("#111111", "#EEEEEE")}">')
        ('#111111', '<g style="fill: #111111; fill: light-dark(#111111, #eeeeee)">')
    """
    pair = light.lower(), dark.lower()
    if pair[0] == pair[1]:
        return light
    found = _stand_ins.setdefault(pair, f"#{_FIRST + len(_stand_ins):06x}")
    _pairs[found] = pair
    return found


def _both(colour: str) -> tuple[str, str]:
    """Give the colours that one stands for on light and on dark pages: itself twice, if it is no stand-in."""
    return _pairs.get(colour, (colour, colour))


def follow_page(svg: str) -> str:
    """Replace stand-ins: colours follow the CSS property color-scheme, light where a browser lacks light-dark()."""

    def declared(found: re.Match[str]) -> str:
        light, dark = _both(found[2])
        return found[0] if light == dark else f"{found[1]}: {light}; {found[1]}: light-dark({light}, {dark})"

    # Only as a style may a colour depend on the page.
    return _DECLARED.sub(declared, _ATTRIBUTE.sub(r'style="\1: \2"', svg))


def _look(light: int, dark: int) -> Look:
    """Take the colours of one theme, twice the same, or those that stand for both."""
    kinds: dict[str, str] = {kind: stand_in(colours[light], colours[dark]) for kind, (_, *colours) in _KINDS.items()}
    return Look(kinds=kinds, **{name: stand_in(pair[light], pair[dark]) for name, pair in _COLOURS.items()})


LOOKS: dict[str, Look] = {"light": _look(0, 0), "dark": _look(1, 1)}
PAGE_LOOK = _look(0, 1)

"""How figures look: two themes, sized for a 16:9 slide, in colours that colour-blind readers tell apart."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from textwrap import fill
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from modernize.errors import unknown_name
from modernize.report.figures.fonts import columns, drawable, families
from modernize.report.figures.themes import both, stand_in

Theme = Literal["light", "dark", "page"]
"""Of "page", an SVG inside an HTML page takes light or dark from the page: see `svg_text`."""

SLIDE_INCHES = (13.333, 7.5)
HATCH = "////"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The colours of a theme.

    Attributes:
        page: Background.
        ink: Text and outlines.
        faint: Text and lines that stand back; readable on the page all the same.
        grid: Lines behind the data.
        measured: Whatever this project measured.
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
        return stand_in(*(_mixed(*pair, share) for pair in zip(both(colour), both(self.page), strict=True)))

    def on(self, colour: str) -> str:
        """Choose black or white for text on a colour."""
        return stand_in(*map(_readable_on, both(colour)))


def _mixed(colour: str, page: str, share: float) -> str:
    red, green, blue = (share * c + (1 - share) * p for c, p in zip(to_rgb(colour), to_rgb(page), strict=True))
    return to_hex((red, green, blue))


def _readable_on(colour: str) -> str:
    red, green, blue = to_rgb(colour)
    return "#000000" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.45 else "#FFFFFF"


# Okabe and Ito's palette, the lighter half of it in the dark; but their reddish purple is grey to some eyes.
LOOKS: dict[str, Look] = {
    "light": Look(
        page="#FFFFFF",
        ink="#222222",
        faint="#696969",
        grid="#E4E4E4",
        measured="#0072B2",
        published="#E69F00",
        published_ink="#8A5F00",
        other="#ABABAB",
        baseline="#007A5A",
        bad="#B84A00",
        mark="#D55E00",
        kinds={
            "1x1": "#56B4E9",
            "dense": "#A0459B",
            "depthwise": "#009E73",
            "classifier": "#E69F00",
            "pool": "#B5B5B5",
            "rest": "#B5B5B5",
        },
    ),
    "dark": Look(
        page="#15191E",
        ink="#ECECEC",
        faint="#9FA7B0",
        grid="#323941",
        measured="#56B4E9",
        published="#E69F00",
        published_ink="#F0B53A",
        other="#7C858F",
        baseline="#1DB98E",
        bad="#FF8C4C",
        mark="#FF8C4C",
        kinds={
            "1x1": "#56B4E9",
            "dense": "#D070C0",
            "depthwise": "#1DB98E",
            "classifier": "#E69F00",
            "pool": "#6C747C",
            "rest": "#6C747C",
        },
    ),
}


def _page(light: Look, dark: Look) -> Look:
    kinds = {kind: stand_in(colour, dark.kinds[kind]) for kind, colour in light.kinds.items()}
    names = [field.name for field in fields(Look) if field.name != "kinds"]
    return Look(kinds=kinds, **{name: stand_in(getattr(light, name), getattr(dark, name)) for name in names})


_LOOKS = LOOKS | {"page": _page(LOOKS["light"], LOOKS["dark"])}

_STYLE = {
    "figure.dpi": 120,
    "savefig.dpi": "figure",
    "savefig.facecolor": "auto",
    "font.size": 12,
    "axes.titlesize": 14,
    "axes.titlelocation": "left",
    "axes.labelsize": 12.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "hatch.linewidth": 1.2,
    # A data set may be called a$b.
    "text.parse_math": False,
    "svg.hashsalt": "modernize",
    "svg.fonttype": "path",
}


@contextmanager
def house_style(theme: Theme = "light") -> Iterator[Look]:
    """Draw in the house style, whatever the user's matplotlibrc says.

    Raises:
        ModernizeError: If there is no such theme.
    """
    if theme not in _LOOKS:
        raise unknown_name("theme", theme, LOOKS)
    look = _LOOKS[theme]
    with mpl.rc_context(), _fonts_without_bold():
        mpl.rcdefaults()
        settings: Any = mpl.rcParams
        settings.update(_STYLE | {"font.family": families()})
        settings.update({"figure.facecolor": look.page, "axes.facecolor": look.page, "axes.edgecolor": look.faint})
        settings.update(dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), look.ink))
        yield look


@contextmanager
def _fonts_without_bold() -> Iterator[None]:
    """Take a regular font where a bold one is not installed, without a word in the log."""
    log = logging.getLogger("matplotlib.font_manager")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def settled(figure: Figure, look: Look) -> Figure:
    """Fix what matplotlib would otherwise look up, or lay out again, whenever the figure is drawn."""
    for axes in figure.axes:
        axes.tick_params(colors=look.ink, labelcolor=look.ink, labelfontfamily=families())
    if figure.get_layout_engine():
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
    return figure


def shortened(text: str, longest: int) -> str:
    """Cut text that would not fit, and replace what no font can draw."""
    plain = drawable(" ".join(text.split()))
    if columns(plain) <= longest:
        return plain
    while columns(plain) > longest - 3:
        plain = plain[:-1]
    return f"{plain}..."


def sentence(parts: Sequence[str], width: int = 165) -> str:
    """Join notes to one sentence, in lines that fit under a figure."""
    text = "; ".join(parts)
    return fill(f"{text[0].upper()}{text[1:]}.", width) if text else ""


def limits_around(values: Sequence[float], room: float = 0.12, least: float = 2.0) -> tuple[float, float]:
    """Give axis limits in percent that hold the values with some room, within 0 and 100."""
    if not values:
        return 0.0, 100.0
    low, high = min(values), max(values)
    margin = max((high - low) * room, least / 2)
    return max(0.0, low - margin), min(100.0, high + margin)

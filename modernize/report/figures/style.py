"""How figures look: one style, sized for a 16:9 slide, in colours that colour-blind readers tell apart."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import fill
from typing import Any

import matplotlib as mpl

from modernize.report.rows import Row
from modernize.results.study import Study

# Okabe and Ito's palette.
MEASURED = "#0072B2"
PUBLISHED = "#E69F00"
BAD = "#D55E00"
INK = "#222222"
FAINT = "#8A8A8A"
GRID = "#E4E4E4"

SLIDE_INCHES = (13.333, 7.5)
HATCH = "////"

_STYLE = {
    "figure.dpi": 120,
    "savefig.dpi": 120,
    "figure.facecolor": "white",
    "font.family": ["DejaVu Sans"],
    "font.size": 12,
    "axes.titlesize": 14,
    "axes.titlelocation": "left",
    "axes.labelsize": 12.5,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "hatch.linewidth": 1.2,
    # A data set may be called a$b.
    "text.parse_math": False,
    "svg.hashsalt": "modernize",
    "svg.fonttype": "path",
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the house style, whatever the user's matplotlibrc says."""
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        mpl.rcdefaults()
        settings: Any = mpl.rcParams
        settings.update(_STYLE)
        yield


def rung_label(row: Row) -> str:
    """Name a rung; one of a long name is cut."""
    return shortened(row.step, 20) if row.adopted else f"{shortened(row.step, 13)} (probe)"


def shortened(text: str, longest: int) -> str:
    """Cut text that would not fit."""
    plain = " ".join(text.split())
    return plain if len(plain) <= longest else f"{plain[: longest - 3]}..."


def setting(study: Study) -> str:
    """Name data and training time, short enough for a title."""
    return f"{shortened(study.data, 16)}, {study.epochs} epoch{'s' if study.epochs != 1 else ''}"


def sentence(parts: Sequence[str]) -> str:
    """Join notes to one sentence, in lines that fit under a figure."""
    text = "; ".join(parts)
    return fill(f"{text[0].upper()}{text[1:]}.", 165)


def verdict(row: Row) -> str:
    """Give in one word why a rung has no measured value."""
    return next(
        (end for end in ("diverged", "failed") if any(r.status == end for r in row.records.values())), "missing"
    )


def limits_around(values: Sequence[float], room: float = 0.12, least: float = 2.0) -> tuple[float, float]:
    """Give axis limits in percent that hold the values with some room, within 0 and 100."""
    if not values:
        return 0.0, 100.0
    low, high = min(values), max(values)
    margin = max((high - low) * room, least / 2)
    return max(0.0, low - margin), min(100.0, high + margin)

"""What all figures share: the house style, panels whose lines have names, and words about rungs and runs."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import fill, wrap
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from modernize.errors import unknown_name
from modernize.report.figures.fonts import columns, drawable, families
from modernize.report.figures.look import LOOKS, PAGE_LOOK, Look, Theme
from modernize.report.rows import Row
from modernize.results.study import Study
from modernize.words import plural

WIDTH = 13.333
"""Of a figure in inches: a 16:9 slide's."""

_TITLES = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100"}

SLIDE_INCHES = (11.2, 5.5)
"""Of a figure below a slide's heading, its letters large enough to be read from afar."""

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
    looks = LOOKS | {"page": PAGE_LOOK}
    if theme not in looks:
        raise unknown_name("theme", theme, LOOKS)
    look = looks[theme]
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


def lined(
    labels: Sequence[str],
    *,
    n_panels: int = 1,
    places: Sequence[float] = (),
    around: float = 1.9,
    line: float = 0.4,
    ticks: int = 8,
    slide: bool = False,
) -> tuple[Figure, list[Axes]]:
    """Begin a figure of panels beside each other that share lines from top to bottom, each with a name at its left.

    Args:
        labels: Of the lines.
        n_panels: How many panels.
        places: Where the lines are: 0, 1, 2 and so on by default.
        around: Inches above and below the lines.
        line: Inches a line.
        ticks: How many ticks a panel has at most.
        slide: Whether the figure has a slide's size, however many lines it has.
    """
    places = places or range(len(labels))
    last = places[-1] if places else 0
    high = (max(WIDTH, 6.4 * n_panels), max(around + 1.7, around + line * (last + 1)))
    figure = Figure(figsize=SLIDE_INCHES if slide else high)
    figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.08)
    panels = list(figure.subplots(1, n_panels, sharey=True, squeeze=False)[0])
    panels[0].set_yticks(places, labels)
    panels[0].set_ylim(last + 0.62, -0.62)
    for axes in panels:
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
        axes.xaxis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 5, 10]))
    return figure, panels


def headed(axes: Axes, title: str, about: str, colour: str, look: Look, width: int = 72) -> None:
    """Write a title over a panel, and in small letters below it what the panel is of."""
    lines = wrap(about, width)
    axes.set_title(title, color=colour, weight="bold", pad=10 + 15 * len(lines))
    at: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
    for place, line in enumerate(reversed(lines)):
        axes.annotate(line, (0, 1), (0, 6 + 15 * place), fontsize=10.5, color=look.faint, **at)


def settled(figure: Figure, look: Look, notes: Sequence[str] = ()) -> Figure:
    """Write notes at the foot, and fix what matplotlib would otherwise look up, or lay out again, at every drawing."""
    if notes:
        figure.supxlabel(sentence(notes, int(12.4 * figure.get_figwidth())), fontsize=10.5, color=look.faint)
    for axes in figure.axes:
        axes.tick_params(colors=look.ink, labelcolor=look.ink, grid_color=look.grid, labelfontfamily=families())
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


def rung_label(row: Row, longest: int = 20) -> str:
    """Name a row, with its role where it is no rung; one of a long name is cut."""
    if row.label == row.step:
        return shortened(row.step, longest)
    return f"{shortened(row.step, longest - 2 - len(row.planned.role))} ({row.planned.role})"


def setting(study: Study, rows: Sequence[Row] = ()) -> str:
    """Say what was run: "4,000 CIFAR-10 images, 14 epochs, 0.10 to 0.22 M parameters, 8 seeds"."""
    images = {record.data.num_train_images for row in rows for record in row.records.values()}
    title = data_title(study.data)
    data = shortened(title, 24)
    many = "{} images of {}" if title in study.data else "{} {} images"
    sizes = [f"{row.planned.num_params / 1e6:.2f}" for row in rows if row.on_ladder] if study.regime else []
    least, most = (min(sizes, key=float), max(sizes, key=float)) if sizes else ("", "")
    return ", ".join(
        (
            many.format(f"{images.pop():,}", data) if len(images) == 1 else data,
            plural(study.epochs, "epoch"),
            *([f"{least}{f' to {most}' if least != most else ''} M parameters"] if sizes else []),
            plural(len(study.seeds), "seed"),
        )
    )


def data_title(name: str) -> str:
    """Call data as their authors do, where that is known.

    Examples:
        >>> data_title("npz:cifar10.npz"), data_title("shapes"), data_title("folder:/home/me/photos")
        ('CIFAR-10', 'shapes', 'photos')
    """
    own = name.partition(":")[2].rstrip("/").rpartition("/")[2] or name
    plain = re.sub(r"[^a-z0-9]", "", own.lower().removesuffix(".npz"))
    return _TITLES.get(plain, own)


def verdict(row: Row) -> str:
    """Give in one word why a rung has no measured value."""
    return next(
        (end for end in ("diverged", "failed") if any(r.status == end for r in row.records.values())), "missing"
    )


def stale_notes(rows: Sequence[Row]) -> list[str]:
    """Name the rungs whose records were made with another meaning of their steps than today's."""
    stale = [row.step for row in rows if row.stale]
    return [f"stale records: {shortened(', '.join(stale), 60)}"] if stale else []

"""The paper's Figure 2 redrawn: a bar a rung, measured and published each on an axis of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from modernize.report.figures.style import (
    BAD,
    FAINT,
    GRID,
    HATCH,
    INK,
    MEASURED,
    PUBLISHED,
    house_style,
    rung_label,
    sentence,
    setting,
    shortened,
    verdict,
)
from modernize.report.numbers import macs_text, macs_unit
from modernize.report.rows import Row
from modernize.results.study import Study

MOST_DOTS = 10


@house_style()
def ladder_figure(study: Study, rows: Sequence[Row]) -> Figure:
    """Draw top-1 of every rung, measured on the left and published on the right; probes are hatched.

    Args:
        study: The plan.
        rows: In the ladder's order, drawn from top to bottom.
    """
    figure = Figure(figsize=(13.333, max(4.2, 1.9 + 0.37 * len(rows))))
    figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.08)
    left, right = figure.subplots(1, 2, sharey=True)
    places = range(len(rows))
    left.set_yticks(places, [rung_label(row) for row in rows])
    left.set_ylim(len(rows) - 0.4, -0.6)

    n_seeds = len(study.seeds)
    spread = f"mean of {n_seeds} seeds, whisker: standard deviation" if n_seeds > 1 else "one seed: no spread shown"
    unit_name, unit = macs_unit(rows)
    left.set_title(f"Measured: {setting(study)}", color=MEASURED, weight="bold")
    _panel(
        left,
        [_measured(row) for row in rows],
        rows,
        MEASURED,
        f"test top-1 on {shortened(study.data, 30)}, %\n({spread})",
    )
    _column(left, f"{unit_name}\n{study.image_size} px", [macs_text(row.planned.macs, unit) for row in rows])
    for place, row in enumerate(rows):
        if row.top1 is None:
            word = verdict(row)
            colour = FAINT if word == "missing" else BAD
            left.text(
                0.012, place, word, transform=left.get_yaxis_transform(), va="center", color=colour, style="italic"
            )
        elif 1 < row.top1.n <= MOST_DOTS:
            dots = list(row.finished.values())
            left.plot(dots, [place] * len(dots), "o", ms=4, mfc="white", mec=INK, mew=0.8, zorder=4)

    table = next((row.published.source for row in rows if row.published), "")
    right.set_title(f"Published: {table or 'nothing'}", color="#8A5F00", weight="bold")
    _panel(
        right,
        [_published(row) for row in rows],
        rows,
        PUBLISHED,
        "ImageNet-1K top-1, %\n(whisker: printed standard deviation)",
    )
    _column(
        right,
        "GMACs\nprinted",
        [f"{row.published.gmacs_text}{'*' if row.published.anomaly else ''}" if row.published else "-" for row in rows],
    )
    right.tick_params(axis="y", length=0)
    for place, row in enumerate(rows):
        if row.published is None:
            right.text(
                0.012, place, "none", transform=right.get_yaxis_transform(), va="center", color=FAINT, style="italic"
            )
    _footnote(figure, rows)
    return figure


@dataclass(frozen=True, slots=True)
class _Bar:
    """A value in percent with its spread; `reach` is where its ink ends, `note` stands behind the number."""

    mean: float
    std: float | None
    reach: float
    note: str = ""


def _measured(row: Row) -> _Bar | None:
    if row.top1 is None:
        return None
    dots = row.finished.values() if row.top1.n <= MOST_DOTS else ()
    reach = max(row.top1.mean + (row.top1.std or 0.0), *dots, row.top1.mean)
    partial = row.top1.n < len(row.planned.run_ids)
    return _Bar(row.top1.mean, row.top1.std, reach, f"  (n={row.top1.n})" if partial else "")


def _published(row: Row) -> _Bar | None:
    if row.published is None:
        return None
    mean, std = row.published.top1_percent, row.published.top1_std
    return _Bar(mean, std, mean + (std or 0.0))


def _panel(axes: Axes, bars: Sequence[_Bar | None], rows: Sequence[Row], colour: str, label: str) -> None:
    start, end = _window([bar for bar in bars if bar])
    axes.set_xlim(start, end)
    axes.set_xlabel(label.replace(")", f"; axis starts at {start:g})"))
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    axes.grid(axis="x", color=GRID)
    axes.tick_params(axis="y", length=0)
    for place, (bar, row) in enumerate(zip(bars, rows, strict=True)):
        if bar is None:
            continue
        axes.barh(
            place,
            bar.mean - start,
            left=start,
            height=0.7,
            color=colour if row.adopted else "white",
            edgecolor=colour,
            hatch=None if row.adopted else HATCH,
            linewidth=1.0,
        )
        if bar.std is not None:
            axes.errorbar(bar.mean, place, xerr=bar.std, color=INK, elinewidth=1.3, capsize=3, zorder=3)
        behind: dict[str, Any] = {"xytext": (6, 0), "textcoords": "offset points", "va": "center", "fontsize": 11}
        axes.annotate(f"{bar.mean:.2f}{bar.note}", (bar.reach, place), **behind)


def _window(bars: Sequence[_Bar]) -> tuple[float, float]:
    """Choose round limits: a short bar for the least value, and room for the number behind the longest."""
    if not bars:
        return 0.0, 100.0
    low, high = min(bar.mean - (bar.std or 0.0) for bar in bars), max(bar.reach for bar in bars)
    spread = max(high - low, 1.0)
    grain = 5.0 if spread > 12 else 1.0
    start = max(0.0, math.floor((low - 0.25 * spread) / grain) * grain)
    room = 0.36 if any(bar.note for bar in bars) else 0.24
    return start, high + room * (high - start)


def _column(axes: Axes, title: str, texts: Sequence[str]) -> None:
    place_at = axes.get_yaxis_transform()
    for place, text in enumerate(texts):
        number = text.rstrip("*")
        axes.text(1.075, place, number, transform=place_at, ha="right", va="center", fontsize=11)
        axes.text(1.077, place, text[len(number) :], transform=place_at, ha="left", va="center", fontsize=11)
    axes.text(1.075, 1.0, title, transform=axes.transAxes, ha="right", va="bottom", fontsize=11, color=FAINT)


def _footnote(figure: Figure, rows: Sequence[Row]) -> None:
    notes = []
    if not all(row.adopted for row in rows):
        notes.append("hatched: probes, tried beside the rung and not adopted")
    if any(row.top1 and 1 < row.top1.n <= MOST_DOTS for row in rows):
        notes.append("dots: single seeds")
    if any(row.published and row.published.anomaly for row in rows):
        notes.append("* printed value inconsistent, see the report")
    notes.append("the two axes are not comparable: different data and budget")
    figure.supxlabel(sentence(notes), fontsize=10.5, color=FAINT)

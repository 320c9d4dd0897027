"""Each step's effect with its interval, one under the other: a forest plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from modernize.report.contrasts import LEVEL
from modernize.report.figures.style import Look, Theme, house_style, sentence, settled, shortened
from modernize.report.figures.words import rung_label, setting, stale_notes, verdict
from modernize.report.numbers import published_verdict
from modernize.report.paper import welch_half_width
from modernize.report.roles import ladder_of, published_data
from modernize.report.rows import Row, all_contrasts
from modernize.results.study import Study
from modernize.words import plural, signed

_UP, _DOWN = -0.15, 0.2


def deltas(study: Study, rows: Sequence[Row], *, theme: Theme = "light") -> Figure:
    """Draw each rung's top-1 minus that of the rung before it, measured with its interval, and as published.

    A measured delta that the corrected test does not tell from zero is grey and open, as is a published one.

    Args:
        study: The plan; its records may be missing.
        rows: In the ladder's order, drawn from top to bottom; rungs that stand on none are left out.
        theme: "light" or "dark".

    Raises:
        ModernizeError: If there is no such theme.
    """
    ladder = {row.step: row for row in ladder_of(rows)}
    shown = [row for row in ladder.values() if row.before in ladder]
    paper = any(row.published_delta is not None for row in shown) or bool(study.published)
    alone = not any(row.records for row in rows)
    halves = _published_half_widths(rows) if alone else {}
    with house_style(theme) as look:
        figure = Figure(figsize=(13.333, max(3.6, 1.9 + 0.4 * len(shown))))
        figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.08)
        axes = figure.subplots()
        axes.set_yticks(range(len(shown)), [_label(row) for row in shown])
        axes.set_ylim(max(len(shown), 1) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=look.grid)
        axes.axvline(0, color=look.ink, lw=1.1, zorder=1)
        for place, row in enumerate(shown):
            if place:
                axes.axhline(place - 0.5, color=look.grid, lw=0.7, zorder=0)
            _measured(axes, place, row, look)
            _published(axes, place if alone else place + _DOWN, row, halves.get(row.step), look)
        axes.set_xlim(*_limits(shown, halves))
        axes.xaxis.set_major_locator(MaxNLocator(9, steps=[1, 2, 5, 10]))
        metric = study.metric
        unit = ", percentage points" if metric.unit == "%" else f"{metric.in_unit}{', less is better' * metric.falls}"
        against = "the entry named" if any(row.against for row in shown) else "the rung before"
        axes.set_xlabel(f"change of {metric.title} against {against}{unit}")
        if not shown:
            middle: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "style": "italic"}
            axes.text(0.25, 0.5, "no step to compare", color=look.faint, **middle)
        if alone:
            axes.set_title("Published, nothing measured", color=look.published_ink, pad=22, weight="bold")
        else:
            axes.set_title(f"Measured: {setting(study)}", color=look.measured, pad=22, weight="bold")
        _columns(axes, shown, published_data(study, shown) if paper else (), look)
        tested = sum(one.p_holm is not None for one in all_contrasts(rows))
        notes = _notes(study, shown, halves, tested)
        figure.supxlabel(sentence(notes), fontsize=10.5, color=look.faint)
        return settled(figure, look)


def _label(row: Row) -> str:
    name = f"{rung_label(row)} vs {shortened(row.against, 20)}" if row.against else rung_label(row)
    return f"{name}   n={row.delta.n}" if row.delta else name


def _clear(row: Row) -> bool:
    return row.verdict in ("better", "worse")


def _measured(axes: Axes, place: int, row: Row, look: Look) -> None:
    y = place + _UP
    if row.delta is None:
        return
    colour = look.measured if _clear(row) else look.faint
    if row.delta.low is not None and row.delta.high is not None:
        axes.plot([row.delta.low, row.delta.high], [y, y], color=colour, lw=2.0, solid_capstyle="butt", zorder=2)
        for end in (row.delta.low, row.delta.high):
            axes.plot([end, end], [y - 0.1, y + 0.1], color=colour, lw=1.4, zorder=2)
    axes.plot(row.delta.mean, y, "s", ms=7.5, mec=colour, mew=1.6, mfc=colour if _clear(row) else look.page, zorder=3)


def _published_half_widths(rows: Sequence[Row]) -> dict[str, float]:
    """Half of the 95 % interval of each printed change, by step, where both spreads are printed."""
    printed = {row.step: row.published for row in rows if row.published}
    found: dict[str, float] = {}
    for row in rows:
        after, before = printed.get(row.step), printed.get(row.before)
        if after and before and row.published_delta is not None:
            half = welch_half_width(after.top1_std, before.top1_std)
            found |= {} if half is None else {row.step: half}
    return found


def _published(axes: Axes, y: float, row: Row, half: float | None, look: Look) -> None:
    if row.published_delta is None:
        return
    if half is not None:
        ends = [row.published_delta - half, row.published_delta + half]
        axes.plot(ends, [y, y], color=look.published, lw=2.0, solid_capstyle="butt", zorder=2)
        for end in ends:
            axes.plot([end, end], [y - 0.1, y + 0.1], color=look.published, lw=1.4, zorder=2)
    clear = row.published_reading is not None and row.published_reading.verdict == "clear"
    axes.plot(
        row.published_delta,
        y,
        "D",
        ms=6.5,
        mec=look.published,
        mew=1.6,
        mfc=look.published if clear else look.page,
        zorder=3,
    )


def _limits(rows: Sequence[Row], halves: Mapping[str, float]) -> tuple[float, float]:
    values = [0.0]
    for row in rows:
        if row.published_delta is not None:
            half = halves.get(row.step, 0.0)
            values += [row.published_delta - half, row.published_delta + half]
        if row.delta:
            values += [v for v in (row.delta.low, row.delta.mean, row.delta.high) if v is not None]
    margin = 0.05 * (max(values) - min(values)) or 0.5
    return min(values) - margin, max(values) + margin


def _columns(axes: Axes, rows: Sequence[Row], data: Sequence[str], look: Look) -> None:
    """Write the numbers behind the right edge: a column of what was measured, one of what was published."""
    measured = [("measured, 95 % interval", look.measured, 304)] if any(row.records for row in rows) else []
    heads = [*measured, *([(f"published ({shortened(', '.join(data), 24)})", look.published_ink, 0)] if data else [])]
    style: dict[str, Any] = {"textcoords": "offset points", "annotation_clip": False}
    at, x = axes.get_yaxis_transform(), 14
    for text, colour, width in heads:
        axes.annotate(text, (1, 1), (x, 6), xycoords="axes fraction", color=colour, fontsize=11, weight="bold", **style)
        for place, row in enumerate(rows):
            words, ink = _measured_text(row, look) if width else (_published_text(row), look.ink)
            axes.annotate(words, (1, place), (x, 0), xycoords=at, va="center", color=ink, fontsize=10.5, **style)
        x += width


def _measured_text(row: Row, look: Look) -> tuple[str, str]:
    if row.delta is None:
        word = "-" if row.value else verdict(row)
        return word, look.bad if word in ("diverged", "failed") else look.faint
    interval = "" if row.delta.low is None else f" [{signed(row.delta.low)}, {signed(row.delta.high)}]"
    reading = row.verdict.partition(" at n=")[0].partition(":")[0]
    return f"{signed(row.delta.mean)}{interval}  {reading}", look.ink if _clear(row) else look.faint


def _published_text(row: Row) -> str:
    return "-" if row.published_delta is None else f"{signed(row.published_delta)}  {published_verdict(row)}"


def _notes(study: Study, rows: Sequence[Row], halves: Mapping[str, float], tested: int) -> list[str]:
    notes = ["square: measured, paired over seeds"] if any(row.delta for row in rows) else []
    if tested:
        notes.append(
            f"filled: not zero at {100 * LEVEL:.0f} % after Holm's correction for "
            f"{plural(tested, 'comparison')} (the intervals are not corrected)"
        )
    if len(study.seeds) == 1 and any(row.delta for row in rows):
        notes.append("one seed: no interval")
    if any(row.published_delta is not None for row in rows):
        readings = any(row.published_reading for row in rows)
        notes.append(f"diamond: published{', filled where its own test is clear' if readings else ''}")
        if halves:
            notes.append("line: 95 % interval from the printed standard deviations (Welch, n = 3), not corrected")
        if not readings:
            notes.append("the table prints no standard deviation to test a change by")
        if any(row.delta for row in rows):
            notes.append("other data and budget: compare signs")
    if sources := sorted({shortened(row.published.source, 60) for row in rows if row.published}):
        notes.append(", ".join(sources))
    return notes + stale_notes(rows)

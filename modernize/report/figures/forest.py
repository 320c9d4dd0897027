"""Each step's effect with its interval, one under the other: a forest plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from modernize.report.figures.look import Look, Theme
from modernize.report.figures.style import (
    house_style,
    lined,
    rung_label,
    setting,
    settled,
    shortened,
    stale_notes,
    verdict,
)
from modernize.report.numbers import published_verdict
from modernize.report.paper import welch_half_width
from modernize.report.provenance import MEASURED, PUBLISHED
from modernize.report.roles import ladder_of, published_data
from modernize.report.rows import Row, all_contrasts
from modernize.results.statistics import LEVEL
from modernize.results.study import Study
from modernize.words import plural, signed

_UP, _DOWN = -0.15, 0.2


def deltas(study: Study, rows: Sequence[Row], *, slide: bool = False, theme: Theme = "light") -> Figure:
    """Draw each rung's top-1 minus that of the rung before it, measured with its interval, and as published.

    A measured delta that the corrected test does not tell from zero is grey and open, as is a published one.

    Args:
        study: The plan; its records may be missing.
        rows: In the ladder's order, drawn from top to bottom; rungs that stand on none are left out.
        slide: Whether it is drawn for a slide.
        theme: "light" or "dark".

    Raises:
        ModernizeError: If there is no such theme.
    """
    ladder = {row.step: row for row in ladder_of(rows)}
    shown = [row for row in ladder.values() if row.before in ladder]
    alone = not any(row.records for row in rows)
    halves = _published_half_widths(rows) if alone else {}
    with house_style(theme) as look:
        figure, (axes,) = lined([_label(row) for row in shown], ticks=9, slide=slide)
        axes.axvline(0, color=look.ink, lw=1.1, zorder=1)
        for place, row in enumerate(shown):
            if place:
                axes.axhline(place - 0.5, color=look.grid, lw=0.7, zorder=0)
            if row.delta:
                ends = (row.delta.low, row.delta.high)
                colour, clear = (look.measured, True) if _clear(row) else (look.faint, False)
                _mark(axes, row.delta.mean, place + _UP, ends, colour, look, MEASURED.marker, 7.5, filled=clear)
            if row.published_delta is not None:
                half, clear = (
                    halves.get(row.step),
                    bool(row.published_reading and row.published_reading.verdict == "clear"),
                )
                ends = (None, None) if half is None else (row.published_delta - half, row.published_delta + half)
                y = place if alone else place + _DOWN
                _mark(axes, row.published_delta, y, ends, look.published, look, PUBLISHED.marker, 6.5, filled=clear)
        axes.margins(x=0.05)
        against = "the entry named" if any(row.against for row in shown) else "the rung before"
        metric = study.metric
        unit = ", percentage points" if metric.unit == "%" else f"{metric.in_unit}{', less is better' * metric.falls}"
        axes.set_xlabel(f"change of {metric.title} against {against}{unit}")
        if not shown:
            middle: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "style": "italic"}
            axes.text(0.25, 0.5, "no step to compare", color=look.faint, **middle)
        title = "Published, nothing measured" if alone else f"Measured: {setting(study)}"
        axes.set_title(title, color=look.published_ink if alone else look.measured, pad=22, weight="bold")
        _columns(axes, study, shown, look)
        return settled(
            figure, look, _notes(study, shown, halves, sum(c.p_holm is not None for c in all_contrasts(rows)))
        )


def _label(row: Row) -> str:
    name = f"{rung_label(row)} vs {shortened(row.against, 20)}" if row.against else rung_label(row)
    return f"{name}   n={row.delta.n}" if row.delta else name


def _clear(row: Row) -> bool:
    return row.verdict in ("better", "worse")


def _mark(
    axes: Axes,
    x: float,
    y: float,
    ends: tuple[float | None, float | None],
    colour: str,
    look: Look,
    marker: str,
    size: float,
    *,
    filled: bool,
) -> None:
    """Draw a value, open where it may be zero, with its interval if it has one."""
    low, high = ends
    if low is not None and high is not None:
        axes.plot([low, high], [y, y], "|-", color=colour, lw=2.0, ms=8, mew=1.4, solid_capstyle="butt", zorder=2)
    axes.plot(x, y, marker, ms=size, mec=colour, mew=1.6, mfc=colour if filled else look.page, zorder=3)


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


def _columns(axes: Axes, study: Study, rows: Sequence[Row], look: Look) -> None:
    """Write the numbers behind the right edge: a column of what was measured, one of what was published."""
    heads = [("measured, 95 % interval", look.measured, 304)] if any(row.records for row in rows) else []
    if study.published or any(row.published_delta is not None for row in rows):
        data = shortened(", ".join(published_data(study, rows)), 24)
        heads.append((f"published ({data})", look.published_ink, 0))
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
    verdict = published_verdict(row).partition(",")[0]
    return "-" if row.published_delta is None else f"{signed(row.published_delta)}  {verdict}"


def _notes(study: Study, rows: Sequence[Row], halves: Mapping[str, float], tested: int) -> list[str]:
    measured, published = (any(has) for has in ((r.delta for r in rows), (r.published_delta is not None for r in rows)))
    readings = any(row.published_reading for row in rows)
    said = {
        "square: measured, paired over seeds": measured,
        f"filled: not zero at {100 * LEVEL:.0f} % after Holm's correction for {plural(tested, 'comparison')} (the "
        "intervals are not corrected)": tested,
        "one seed: no interval": len(study.seeds) == 1 and measured,
        f"diamond: published{', filled where its own test is clear' if readings else ''}": published,
        "line: 95 % interval from the printed standard deviations (Welch, n = 3), not corrected": halves,
        "the table prints no standard deviation to test a change by": published and not readings,
        "other data and budget: compare signs": published and measured,
    }
    sources = sorted({shortened(row.published.source, 60) for row in rows if row.published})
    return [*(note for note, holds in said.items() if holds), *filter(None, [", ".join(sources)]), *stale_notes(rows)]

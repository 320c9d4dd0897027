"""Each step's effect with its intervals, one under the other: a forest plot, measured and published apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from modernize.metrics import TOP1
from modernize.report.figures.crosses import crosses, diverged_notes
from modernize.report.figures.look import Look, Theme
from modernize.report.figures.style import (
    headed,
    house_style,
    lined,
    rung_label,
    setting,
    settled,
    shortened,
    stale_notes,
    verdict,
)
from modernize.report.paper import welch_half_width
from modernize.report.provenance import MEASURED, PUBLISHED, Provenance
from modernize.report.roles import ladder_of, published_data
from modernize.report.rows import Row, all_contrasts
from modernize.results.statistics import LEVEL, sampling_error_percent
from modernize.results.study import Study
from modernize.words import plural

Ends = tuple[float, float]
_THICK, _THIN, _BAND = 4.0, 1.3, 0.5


def deltas(study: Study, rows: Sequence[Row], *, slide: bool = False, theme: Theme = "light") -> Figure:
    """Draw each rung's result minus that of the rung before it, measured and as published, on an axis each.

    A delta that its corrected test does not tell from zero is open. Thick lines are 95 % intervals; thin ones hold for
    all steps together. One seed has neither: a band shows what the test images alone leave open.

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
    kinds = [MEASURED] if any(row.records for row in rows) else []
    kinds += [PUBLISHED] if not kinds or any(row.published_delta is not None for row in shown) else []
    with house_style(theme) as look:
        figure, panels = lined(
            [_label(row, study) for row in shown], n_panels=len(kinds), ticks=7 if len(kinds) > 1 else 9, slide=slide
        )
        for axes, kind in zip(panels, kinds, strict=True):
            axes.axvline(0, color=look.ink, lw=1.1, zorder=1)
            for place in range(1, len(shown)):
                axes.axhline(place - 0.5, color=look.grid, lw=0.7, zorder=0)
            (_measured if kind is MEASURED else _published)(axes, study, shown, ladder, look)
            axes.margins(x=0.05)
            if not shown:
                middle: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "style": "italic"}
                axes.text(0.25, 0.5, "no step to compare", color=look.faint, **middle)
        tested = sum(one.p_holm is not None for one in all_contrasts(rows))
        return settled(figure, look, _notes(study, shown, kinds, tested))


def _measured(axes: Axes, study: Study, shown: Sequence[Row], ladder: Mapping[str, Row], look: Look) -> None:
    for place, row in enumerate(shown):
        if row.delta is None:
            word = "" if row.value else verdict(row)
            colour = look.bad if word in ("diverged", "failed") else look.faint
            axes.text(0, place, f"  {word}", color=colour, va="center", style="italic", fontsize=11)
            continue
        tests, mean = row.contrast.tests, row.delta.mean
        if tests and tests.low is not None and tests.high is not None:
            _line(axes, (tests.low, tests.high), place, look.measured, _THIN)
        if row.delta.low is not None and row.delta.high is not None:
            _line(axes, (row.delta.low, row.delta.high), place, look.measured, _THICK)
        elif half := _images_leave(row, ladder.get(row.before)):
            band: dict[str, Any] = {"facecolor": look.tint(look.measured, 0.25), "edgecolor": "none", "zorder": 1}
            axes.barh(place, 2 * half, left=mean - half, height=_BAND, **band)
        _mark(axes, mean, place, MEASURED, look.measured, look, filled=row.verdict in ("better", "worse"))
    crosses(axes, dict(enumerate(shown)), look, along="y")
    metric = study.metric
    unit = ", percentage points" if metric.unit == "%" else f"{metric.in_unit}{', less is better' * metric.falls}"
    named = [bool(row.against) for row in shown]
    against = "the entry named" if all(named) else f"the rung before{', or the entry named' if any(named) else ''}"
    axes.set_xlabel(f"change of {metric.title}{unit}")
    headed(axes, f"Measured: change against {against}", setting(study, shown), look.measured, look, 66)


def _published(axes: Axes, study: Study, shown: Sequence[Row], ladder: Mapping[str, Row], look: Look) -> None:
    for place, row in enumerate(shown):
        if row.published_delta is None:
            continue
        foot = ladder[row.before].published
        half = welch_half_width(row.published.top1_std, foot.top1_std) if row.published and foot else None
        if half is not None:
            _line(axes, (row.published_delta - half, row.published_delta + half), place, look.published, _THICK)
        clear = bool(row.published_reading and row.published_reading.verdict == "clear")
        _mark(axes, row.published_delta, place, PUBLISHED, look.published, look, filled=clear)
    sources = ", ".join(sorted({row.published.source for row in shown if row.published}))
    axes.set_xlabel("change of top-1, percentage points")
    about = f"{', '.join(published_data(study, shown))}; {sources}"
    headed(axes, "Published: the same change", about, look.published_ink, look)


def _label(row: Row, study: Study) -> str:
    name = f"{rung_label(row)} vs {shortened(row.against, 20)}" if row.against else rung_label(row)
    return f"{name}   n={row.delta.n}" if row.delta and row.delta.n < len(study.seeds) else name


def _line(axes: Axes, ends: Ends, y: float, colour: str, width: float) -> None:
    axes.plot(ends, [y, y], color=colour, lw=width, solid_capstyle="butt", zorder=2)


def _mark(axes: Axes, x: float, y: float, kind: Provenance, colour: str, look: Look, *, filled: bool) -> None:
    face = colour if filled else look.page
    axes.plot(x, y, kind.marker, ms=8.5, mec=colour, mew=1.8, mfc=face, zorder=3)


def _images_leave(row: Row, foot: Row | None) -> float:
    """Half of what the number of test images leaves of a difference of two runs (95 %), as if independent."""
    if row.planned.metric != TOP1 or not row.value or not foot or not foot.value:
        return 0.0
    images = next(iter(row.records.values())).data.num_test_images
    return math.hypot(*(sampling_error_percent(one.value.mean, images) for one in (row, foot) if one.value))


def _notes(study: Study, rows: Sequence[Row], kinds: Sequence[Provenance], tested: int) -> list[str]:
    measured, published = MEASURED in kinds and any(row.delta for row in rows), PUBLISHED in kinds
    readings = any(row.published_reading for row in rows)
    one_seed = len(study.seeds) == 1 and measured
    images = one_seed and study.metric == TOP1
    level = f"{100 * LEVEL:.0f} %"
    said = {
        f"filled: not zero at {level} after Holm's correction for {plural(tested, 'comparison')}": tested,
        f"filled: not zero at {level} after Holm's correction": readings and not tested,
        "thick: 95 % interval": tested,
        "thin: intervals that hold together in 95 % of such studies": tested,
        "one seed: no interval": one_seed,
        "band: what the test images alone leave of a difference (95 %, binomial, as if independent)": images,
        "published: 95 % interval from the printed standard deviations (Welch, n = 3), not corrected": published
        and readings,
        "the table prints no standard deviation to test a change by": published and not readings,
        "other data and budget: compare signs": published and measured,
    }
    return [*(note for note, holds in said.items() if holds), *diverged_notes(rows), *stale_notes(rows)]

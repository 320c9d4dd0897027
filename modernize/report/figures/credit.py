"""What each step adds in the ladder's order, over orders, and at both ends: three panels that share their lines."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from modernize.analysis.attribution import Effect
from modernize.report.credit import attribution_in, credits_in, orders_text, published_delta
from modernize.report.figures.crosses import diverged_notes
from modernize.report.figures.look import Look, Theme
from modernize.report.figures.style import WIDTH, house_style, lined, setting, settled, shortened, stale_notes
from modernize.report.provenance import MEASURED, PUBLISHED
from modernize.report.rows import Row
from modernize.results.statistics import LEVEL
from modernize.results.study import Study

_UP, _DOWN = -0.16, 0.19


def credit(study: Study, rows: Sequence[Row], *, theme: Theme = "light") -> Figure | None:
    """Draw an attribution; None where a study is none.

    An effect that its corrected test does not tell from zero is grey and open.

    Args:
        study: The plan.
        rows: Of it.
        theme: "light" or "dark".
    """
    if study.attribution is None or not any(row.finished for row in rows):
        return None
    found, metric = credits_in(study, rows), study.metric
    published = [published_delta(study, one.player) for one in found.players]
    with house_style(theme) as look:
        figure, panels = lined([shortened(one.player.name, 30) for one in found.players], n_panels=3, ticks=6)
        figure.set_size_inches(WIDTH, figure.get_figheight())
        panels[1].sharex(panels[0])
        panels[2].sharex(panels[0])
        for axes, title in zip(
            panels, ("in the ladder's order", "Shapley value: over orders", "at both ends"), strict=True
        ):
            axes.axvline(0, color=look.ink, lw=1.1, zorder=1)
            axes.set_title(title, color=look.measured, weight="bold")
        for place, (one, printed) in enumerate(zip(found.players, published, strict=True)):
            _mark(panels[0], one.in_order, place + _UP * (printed is not None), look)
            if printed is not None:
                edge = look.published
                panels[0].plot(
                    printed, place + _DOWN, PUBLISHED.marker, ms=6.5, mec=edge, mew=1.6, mfc=look.page, zorder=3
                )
            _mark(panels[1], one.shapley, place, look)
            _mark(panels[2], one.left_out, place + _UP, look)
            _mark(panels[2], one.added, place + _DOWN, look, marker="o")
        for axes in panels:
            axes.margins(x=0.06)
            for place in range(1, len(found.players)):
                axes.axhline(place - 0.5, color=look.grid, lw=0.7, zorder=0)
        unit = "percentage points" if metric.unit == "%" else metric.unit or "its unit"
        panels[1].set_xlabel(f"change of {metric.title}, {unit}{', less is better' * metric.falls}")
        over = f"; Shapley values over {orders_text(attribution_in(study), found)}" if found.total else ""
        notes = [
            f"measured: {setting(study)}{over}",
            "square: in the ladder's order, over orders, and what is lost when left out of all; circle: added to none",
            "line: 95 % interval, not corrected" if len(study.seeds) > 1 else "one seed: no interval",
            *(
                [f"filled: not zero at {100 * LEVEL:.0f} % after Holm's correction over the steps"]
                * (len(study.seeds) > 1)
            ),
            *(
                ["diamond: published on ImageNet, other data and budget: compare signs"]
                * any(p is not None for p in published)
            ),
            *diverged_notes(rows),
            *stale_notes(rows),
        ]
        return settled(figure, look, notes)


def _mark(axes: Axes, effect: Effect, y: float, look: Look, marker: str = MEASURED.marker) -> None:
    if effect.delta is None:
        return
    clear = effect.p_holm is not None and effect.p_holm < LEVEL
    colour = look.measured if clear else look.faint
    if effect.delta.low is not None and effect.delta.high is not None:
        ends = [effect.delta.low, effect.delta.high]
        axes.plot(ends, [y, y], "|-", color=colour, lw=2.0, ms=8, mew=1.4, solid_capstyle="butt", zorder=2)
    face = colour if clear else look.page
    axes.plot(effect.delta.mean, y, marker, ms=7.5, mec=colour, mew=1.6, mfc=face, zorder=3)

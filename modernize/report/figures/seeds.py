"""How many seeds a change of a size needs, given the spread that a study's comparisons showed."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

from modernize.report.evidence import power
from modernize.report.figures.look import Theme
from modernize.report.figures.style import WIDTH, headed, house_style, setting, settled
from modernize.report.provenance import MEASURED
from modernize.report.rows import Row, all_contrasts
from modernize.results.statistics import LEVEL, POWER, smallest_delta
from modernize.results.study import Study
from modernize.words import plural

_SEEDS = (2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64)


def seeds_needed(study: Study, rows: Sequence[Row], *, theme: Theme = "light") -> Figure | None:
    """Draw the smallest change that a number of paired seeds finds, and the changes that this study measured.

    Args:
        study: The plan.
        rows: Of the study.
        theme: "light" or "dark".

    Returns:
        None where the comparisons show no spread.

    Raises:
        ModernizeError: If there is no such theme.
    """
    seen = power(study, rows)
    if seen is None:
        return None
    changes = [(abs(one.delta.mean), one.verdict) for one in all_contrasts(rows) if one.delta and one.delta.n == seen.n]
    numbers = [n for n in _SEEDS if n <= max(32, 2 * seen.n)]
    with house_style(theme) as look:
        figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
        axes = figure.add_subplot(xscale="log", yscale="log")
        axes.grid()
        found = [smallest_delta(seen.pooled_std, n) for n in numbers]
        axes.plot(numbers, found, color=look.ink, lw=1.8, marker="_", ms=10)
        for n, size in zip(numbers, found, strict=True):
            axes.annotate(
                f"{size:.{study.metric.digits}f}",
                (n, size),
                (12 if n == seen.n else 3, 5),
                textcoords="offset points",
                fontsize=10,
            )
        for size, verdict in changes:
            face = look.measured if verdict in ("better", "worse") else look.page
            if size > found[-1] / 20:
                axes.plot(seen.n, size, MEASURED.marker, mfc=face, mec=look.measured, mew=1.6, ms=8, zorder=3)
        axes.set(
            xlabel="paired seeds", ylabel=f"size of a change{f', {unit}' if (unit := study.metric.delta_unit) else ''}"
        )
        axes.xaxis.set_major_locator(FixedLocator(numbers))
        axes.yaxis.set_major_locator(FixedLocator([0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50]))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_minor_locator(NullLocator())
            axis.set_major_formatter(ScalarFormatter())
        headed(axes, "Measured: seeds that a change needs", setting(study, rows), look.measured, look, 120)
        over = f"from the pooled spread of {plural(len(changes), 'comparison')}"
        test = f"one paired t test at {100 * LEVEL:.0f} %, {over}; a correction for their number raises it"
        notes = [
            f"line: smallest change found with {100 * POWER:.0f} % power in {test}",
            f"squares: changes measured with {plural(seen.n, 'seed')}, filled where told from none",
        ]
        return settled(figure, look, notes)

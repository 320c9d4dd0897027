"""The same steps in two published ladders: what each changes from ResNet-50 against what it changes from ResNet-200."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from modernize.published import published_rows
from modernize.report.figures.labels import place_labels
from modernize.report.figures.look import Theme
from modernize.report.figures.style import headed, house_style, settled
from modernize.report.provenance import PUBLISHED
from modernize.report.rows import Row
from modernize.results.study import Study

_AXES = ("resnet50", "resnet200")
_NAMES = ("change from ResNet-50 on, top-1, points", "change from ResNet-200 on, top-1, points")


def changes_in_both(study: Study, rows: Sequence[Row], *, theme: Theme = "light") -> Figure | None:
    """Draw each adopted step as a point: its change in Table 10 and in Table 11.

    Args:
        study: A published ladder (see `modernize.report.specs.paper_study`).
        rows: Of the study.
        theme: "light" or "dark".

    Returns:
        None for a study that plans runs: it has no second ladder.

    Raises:
        ModernizeError: If there is no such theme.
    """
    if not study.published or any(row.planned.run_ids for row in rows):
        return None
    both = [_changes(regime) for regime in _AXES]
    steps = [step for step in both[0] if step in both[1]]
    points = [(both[0][step], both[1][step]) for step in steps]
    with house_style(theme) as look:
        figure = Figure(figsize=(11.0, 6.6))
        figure.subplots_adjust(left=0.09, right=0.98, top=0.86, bottom=0.12)
        axes = figure.add_subplot()
        axes.grid()
        ends = min(min(point) for point in points) - 0.3, max(max(point) for point in points) + 0.3
        axes.set(xlim=ends, ylim=ends, xlabel=_NAMES[0], ylabel=_NAMES[1])
        axes.plot(ends, ends, color=look.faint, lw=1.0, ls=(0, (4, 3)), zorder=1)
        for line in (axes.axhline, axes.axvline):
            line(0, color=look.ink, lw=1.0, zorder=1)
        for x, y in points:
            axes.plot(x, y, PUBLISHED.marker, color=look.published, mec=look.ink, ms=8, zorder=3)
        agree = sum(x * y > 0 for x, y in points)
        about = f"ImageNet-1K; same sign in {agree} of {len(points)} steps; dashed: the same change in both"
        headed(axes, "Published: each step in Tables 10 and 11", about, look.published_ink, look, 110)
        place_labels(axes, points, steps, [(ends[:1] * 2, ends[1:] * 2)], look, [look.ink] * len(steps))
        return settled(figure, look)


def _changes(regime: str) -> dict[str, float]:
    """Change of each adopted step of a table against the row that it was made from."""
    rows = {row.step: row for row in published_rows(regime)}
    return {
        row.step: row.top1_percent - rows[row.before].top1_percent
        for row in rows.values()
        if row.adopted and row.before in rows
    }

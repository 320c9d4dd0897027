"""Which figures a report has: each by a key, drawn from a study, and written to files."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from matplotlib.figure import Figure

from modernize.errors import unknown_name
from modernize.report.figures.bars import figure2
from modernize.report.figures.blocks import blocks_side_by_side
from modernize.report.figures.costs import By, cost_breakdown
from modernize.report.figures.curves import curves
from modernize.report.figures.forest import deltas
from modernize.report.figures.output import Format, figure_bytes
from modernize.report.figures.style import Theme
from modernize.report.figures.tradeoff import pareto
from modernize.report.figures.words import rung_label
from modernize.report.roles import ladder_of
from modernize.report.rows import Row
from modernize.report.specs import rung_specs
from modernize.results.files import write_atomically
from modernize.results.study import Study

_FORMATS: tuple[Format, ...] = ("png", "svg")


class _Draw(Protocol):
    def __call__(self, study: Study, rows: Sequence[Row], *, theme: Theme = "light") -> Figure | None:
        """Draw a study; None where it has nothing for the figure."""


def _ladder(study: Study, rows: Sequence[Row], *, theme: Theme = "light") -> Figure:
    if any(row.records for row in rows):
        return figure2(study, rows, theme=theme)
    return figure2(regime=study.published, theme=theme)


def _deltas(study: Study, rows: Sequence[Row], *, theme: Theme = "light") -> Figure | None:
    on_ladder = {row.step for row in ladder_of(rows)}
    return deltas(study, rows, theme=theme) if any({row.step, row.before} <= on_ladder for row in rows) else None


def _costs(study: Study, rows: Sequence[Row], *, by: By, theme: Theme = "light") -> Figure | None:
    known = rung_specs(study, rows)
    specs = {rung_label(row): spec for row in ladder_of(rows) if (spec := known[row.step])}
    return cost_breakdown(specs, by, study.image_size, theme=theme) if specs else None


def _ends(study: Study, rows: Sequence[Row], *, theme: Theme = "light") -> Figure | None:
    known = rung_specs(study, rows)
    found = [(row.step, spec) for row in rows if row.adopted and (spec := known[row.step])]
    if len(found) < 2:
        return None
    (first, before), (last, after) = found[0], found[-1]
    return blocks_side_by_side(before, after, titles=(first, last), theme=theme)


FIGURES: dict[str, tuple[str, _Draw]] = {
    "ladder": ("ladder", _ladder),
    "deltas": ("deltas", _deltas),
    "path": ("accuracy-macs", pareto),
    "params": ("accuracy-params", partial(pareto, against="params")),
    "speed": ("accuracy-speed", partial(pareto, against="images_per_second")),
    "seconds": ("accuracy-seconds", partial(pareto, against="seconds")),
    "metric": ("curves-{metric}", curves),
    "loss": ("curves-loss", partial(curves, of="loss")),
    "lr": ("curves-lr", partial(curves, of="lr")),
    "costs": ("costs-kinds", partial(_costs, by="kind")),
    "stages": ("costs-stages", partial(_costs, by="stage")),
    "ends": ("block-ends", _ends),
}
"""By key: file name without suffix, where the study's metric may be named, and how to draw it."""

MAIN = ("ladder", "deltas", "path", "speed", "metric", "loss", "costs", "ends")
"""The figures of a study's report where nothing else is asked for."""


def draw(key: str, study: Study, rows: Sequence[Row], *, theme: Theme = "light") -> Figure | None:
    """Draw one of `FIGURES`; None where the study has nothing for it.

    Raises:
        ModernizeError: If there is no such figure or theme.
    """
    if key not in FIGURES:
        raise unknown_name("figure", key, FIGURES)
    return FIGURES[key][1](study, rows, theme=theme)


def write_figures(
    study: Study,
    rows: Sequence[Row],
    folder: Path,
    *,
    keys: Collection[str] = MAIN,
    theme: Theme = "light",
) -> tuple[dict[str, str], list[Path]]:
    """Draw and write figures as PNG and SVG.

    Args:
        study: The plan.
        rows: In the ladder's order.
        folder: Where the files go.
        keys: Of `FIGURES`.
        theme: "light" or "dark"; names of dark files end in "-dark".

    Returns:
        The file name without suffix of each figure by its key, and the files written. A figure that the study has
        nothing for is left out.

    Raises:
        ModernizeError: If there is no such figure or theme, or a file cannot be written.
    """
    names: dict[str, str] = {}
    written: list[Path] = []
    metric = study.metric.name.removesuffix("_percent").replace("_", "-")
    for key in keys:
        figure = draw(key, study, rows, theme=theme)
        if figure is None:
            continue
        names[key] = FIGURES[key][0].format(metric=metric) + ("-dark" if theme == "dark" else "")
        written += [write_atomically(folder / f"{names[key]}.{s}", figure_bytes(figure, s)) for s in _FORMATS]
    return names, written

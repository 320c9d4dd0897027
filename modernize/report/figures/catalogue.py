"""The figures of a report: a row for each with its place, its file, its words and how it is drawn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

from matplotlib.figure import Figure

from modernize.errors import unknown_name
from modernize.path import BASE
from modernize.report.figures.blocks import blocks_beside_swin
from modernize.report.figures.breakdown import By, cost_breakdown
from modernize.report.figures.credit import credit
from modernize.report.figures.curves import curves
from modernize.report.figures.dots import figure2
from modernize.report.figures.forest import deltas
from modernize.report.figures.look import Theme
from modernize.report.figures.output import FORMATS, Format, figure_bytes
from modernize.report.figures.pictures import pictures, samples
from modernize.report.figures.regimes import changes_in_both
from modernize.report.figures.seeds import seeds_needed
from modernize.report.figures.style import rung_label
from modernize.report.figures.told import confusion, mistakes
from modernize.report.figures.tradeoff import pareto
from modernize.report.figures.waterfall import waterfall
from modernize.report.roles import ladder_of, noun_of
from modernize.report.rows import Row
from modernize.report.specs import rung_specs
from modernize.results.files import write_atomically
from modernize.results.study import Study


class _Draw(Protocol):
    def __call__(self, study: Study, rows: Sequence[Row], *, theme: Theme = "light") -> Figure | None:
        """Draw a study; None where it has nothing for the figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A figure of reports.

    Attributes:
        section: Of the report, by its id.
        file: Name without suffix; "{metric}" is the study's.
        draw: Draws a study.
        alt: What it shows, for those who do not see it; "{noun}" is what a row is, "{metric}" the study's.
        published: The same of a ladder as published; "" for `alt`.
        place: In the section: "above" or "below" its first block, or "folded", for those who look for it.
        main: Whether Markdown shows it; HTML shows all.
        measured: Whether it shows measurements alone.
        any_metric: Whether it also shows rows that measure something else than the study's metric.
    """

    section: str
    file: str
    draw: _Draw
    alt: str
    published: str = ""
    place: Literal["above", "below", "folded"] = "above"
    main: bool = False
    measured: bool = False
    any_metric: bool = False


def _deltas(study: Study, rows: Sequence[Row], *, theme: Theme = "light") -> Figure | None:
    on_ladder = {row.step for row in ladder_of(rows)}
    return deltas(study, rows, theme=theme) if any({row.step, row.before} <= on_ladder for row in rows) else None


def _costs(study: Study, rows: Sequence[Row], *, by: By, theme: Theme = "light") -> Figure | None:
    known = rung_specs(study, rows)
    specs = {rung_label(row): spec for row in ladder_of(rows) if (spec := known[row.step])}
    speeds = {rung_label(row): row.images_per_second for row in ladder_of(rows) if row.images_per_second is not None}
    return cost_breakdown(specs, by, study.image_size, speeds=speeds, theme=theme) if specs else None


_KINDS = {BASE: "ResNet", "downsample": "ConvNeXt", "grn": "ConvNeXt V2"}
"""What a block of the rung is called in the field."""


def _ends(study: Study, rows: Sequence[Row], *, theme: Theme = "light") -> Figure | None:
    known = rung_specs(study, rows)
    found = [(row.step, spec) for row in rows if row.adopted and (spec := known[row.step])]
    if len(found) < 2:
        return None
    (first, before), (last, after) = found[0], found[-1]
    titles = (f"{_KINDS.get(first, 'Block')} ({first})", f"{_KINDS.get(last, 'Block')} ({last})")
    return blocks_beside_swin(before, after, titles=titles, theme=theme)


FIGURES: dict[str, Drawing] = {
    "credit": Drawing(
        section="credit",
        file="credit",
        draw=credit,
        alt="What each step adds to {metric}: in the ladder's order, over orders, left out of all and added to none",
        main=True,
        measured=True,
    ),
    "waterfall": Drawing(
        section="answer",
        file="waterfall",
        draw=waterfall,
        alt="What each step changes of {metric}, from the first {noun} to the last, measured and published each on an "
        "axis of its own, with sums by section and MACs beneath",
        published="What each step changes of top-1 as published, from the first rung to the last, with sums by section "
        "and MACs beneath",
        main=True,
    ),
    "samples": Drawing(
        section="rungs",
        file="samples",
        draw=samples,
        alt="Sample images of the data, a row a class",
        place="folded",
        main=True,
        measured=True,
        any_metric=True,
    ),
    "ladder": Drawing(
        section="rungs",
        file="ladder",
        draw=figure2,
        alt="{Metric} of every {noun}, measured and published each on an axis of its own",
        published="Top-1 of every rung as published",
        place="below",
        main=True,
    ),
    "deltas": Drawing(
        section="deltas",
        file="deltas",
        draw=_deltas,
        alt="Change of {metric} at each step, measured with its interval, beside the published change",
        published="Change of top-1 at each step, as published",
        main=True,
    ),
    "both": Drawing(
        section="deltas",
        file="deltas-both-tables",
        draw=changes_in_both,
        alt="Change of top-1 at each step from ResNet-50 on against that from ResNet-200 on, as published",
        place="folded",
        main=True,
    ),
    "seeds": Drawing(
        section="deltas",
        file="seeds-needed",
        draw=seeds_needed,
        alt="How many paired seeds a change of a size needs",
        place="folded",
        main=True,
        measured=True,
    ),
    "path": Drawing(
        section="cost",
        file="accuracy-macs",
        draw=pareto,
        alt="{Metric} of every {noun} against multiply-accumulates, the ladder as a numbered path",
        published="Published top-1 against multiply-accumulates, the ladder as a numbered path among other networks",
        main=True,
    ),
    "costs": Drawing(
        section="cost",
        file="costs-kinds",
        draw=partial(_costs, by="kind"),
        alt="Multiply-accumulates and parameters of every rung by kind of operation, and its measured training speed",
        published="Multiply-accumulates and parameters of every rung by kind of operation",
        place="folded",
        main=True,
    ),
    "stages": Drawing(
        section="cost",
        file="costs-stages",
        draw=partial(_costs, by="stage"),
        alt="Multiply-accumulates and parameters of every rung by stage",
    ),
    "metric": Drawing(
        section="training",
        file="curves-{metric}",
        draw=curves,
        alt="{Metric} by epoch, a panel for each {noun}, and below it the change against the one before",
        main=True,
        measured=True,
    ),
    "loss": Drawing(
        section="training",
        file="curves-loss",
        draw=partial(curves, of="loss"),
        alt="Training loss by epoch, a panel for each {noun}",
        place="folded",
        main=True,
        measured=True,
    ),
    "lr": Drawing(
        section="training",
        file="curves-lr",
        draw=partial(curves, of="lr"),
        alt="Learning rate by epoch",
        measured=True,
    ),
    "pictures": Drawing(
        section="training",
        file="pictures",
        draw=pictures,
        alt="The first test images, and what each network makes of them",
        main=True,
        measured=True,
        any_metric=True,
    ),
    "confusion": Drawing(
        section="predictions",
        file="confusion",
        draw=confusion,
        alt="How many test images of each class were taken for each class",
        main=True,
        measured=True,
    ),
    "mistakes": Drawing(
        section="predictions",
        file="mistakes",
        draw=mistakes,
        alt="The test images that were mistaken most surely, and those told least surely",
        main=True,
        measured=True,
    ),
    "ends": Drawing(
        section="steps",
        file="block-ends",
        draw=_ends,
        alt="A block of the first and of the last rung, and of Swin-T, side by side",
        main=True,
    ),
}
"""By key, in the order of the report."""

MAIN = tuple(key for key, figure in FIGURES.items() if figure.main)
"""The figures of a study's report where nothing else is asked for."""


def alt_text(key: str, study: Study, rows: Sequence[Row]) -> str:
    """Say what a figure shows, for those who do not see it."""
    figure = FIGURES[key]
    planned = any(row.planned.run_ids for row in rows)
    if figure.published and not planned:
        return figure.published
    title = study.metric.title
    return figure.alt.format(noun=noun_of(rows), metric=title, Metric=study.metric.heading)


def draw(key: str, study: Study, rows: Sequence[Row], *, theme: Theme = "light") -> Figure | None:
    """Draw one of `FIGURES`; None where the study has nothing for it.

    Raises:
        ModernizeError: If there is no such figure or theme.
    """
    if key not in FIGURES:
        raise unknown_name("figure", key, FIGURES)
    # What measures something else has no place on the axes of the study's metric.
    figure = FIGURES[key]
    shown = [row for row in rows if figure.any_metric or row.planned.metric == study.metric]
    return figure.draw(study, shown, theme=theme)


def write_figures(
    study: Study,
    rows: Sequence[Row],
    folder: Path,
    *,
    keys: Collection[str] = MAIN,
    theme: Theme = "light",
    formats: Sequence[Format] = FORMATS,
) -> tuple[dict[str, str], list[Path]]:
    """Draw and write figures as PNG and SVG.

    Args:
        study: The plan.
        rows: In the ladder's order.
        folder: Where the files go.
        keys: Of `FIGURES`.
        theme: "light" or "dark"; names of dark files end in "-dark".
        formats: Any of "png" and "svg".

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
        names[key] = FIGURES[key].file.format(metric=metric) + ("-dark" if theme == "dark" else "")
        written += [write_atomically(folder / f"{names[key]}.{s}", figure_bytes(figure, s)) for s in formats]
    return names, written

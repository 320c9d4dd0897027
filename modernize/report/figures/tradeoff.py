"""Results against the MACs of each rung, as the path that the ladder takes, with the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from modernize.cost import cost
from modernize.published import family_rows, published_rows
from modernize.report.figures.crosses import crosses, diverged_notes
from modernize.report.figures.fonts import drawable
from modernize.report.figures.labels import Point
from modernize.report.figures.look import Look, Theme
from modernize.report.figures.plane import Mark, draw_path
from modernize.report.figures.style import (
    WIDTH,
    headed,
    house_style,
    sentence,
    setting,
    settled,
    shortened,
    stale_notes,
    verdict,
)
from modernize.report.provenance import MEASURED, PUBLISHED
from modernize.report.roles import ladder_of, on_paper_ladder
from modernize.report.rows import Row
from modernize.report.specs import paper_rungs
from modernize.results.study import Study
from modernize.words import macs_unit

# Context no farther off than this factor from the ladder's own costs: more would press the ladder together.
_NEARBY = 1.6
# What comes near the ladder's own training: ImageNet-1K alone, supervised.
_COMPARABLE_TRAINING = ("ImageNet-1K", "supervised")
# Names of rungs stand beside the panels, as far as there is room.
_MOST_NAMES = 26


def pareto(study: Study, rows: Sequence[Row], *, theme: Theme = "light") -> Figure:
    """Draw results against counted MACs: measured at the left, published at the right.

    Rungs are numbered in their order. The thick line behind the path is the Pareto front: no rung is better and
    cheaper than one on it. The published panel also shows other published networks of about the ladder's cost, and
    beside a rung whose printed MACs cannot be, where they are printed.

    Args:
        study: The plan; its records may be missing.
        rows: In the study's order; probes hang beside the path by a dashed line, what is no rung stands by itself.
        theme: "light" or "dark".

    Raises:
        ModernizeError: If there is no such theme.
    """
    metric = study.metric
    published = on_paper_ladder(study, rows)
    measured = any(row.records for row in rows) or not published
    numbers = {row.step: str(number) for number, row in enumerate(row for row in ladder_of(rows) if row.adopted)}
    with house_style(theme) as look:
        figure = Figure(figsize=(WIDTH, 6.4))
        panels = list(figure.subplots(1, measured + published, squeeze=False)[0])
        right = 0.865 if numbers else 0.985
        figure.subplots_adjust(left=0.065, right=right, top=0.86, bottom=0.185, wspace=0.17)
        mixed = len({row.on_ladder for row in rows}) > 1
        notes = [f"thick line: Pareto front{' of the ladder' if mixed else ''}"]
        if any(row.planned.role == "probe" for row in rows):
            notes.append("open: probes, not adopted")
        letters = int(60 / len(panels) * 2 * (right / 0.985))
        if measured:
            left = panels[0]
            headed(left, "Measured", setting(study, rows), look.measured, look, letters)
            name, unit = macs_unit(row.planned.macs for row in rows)
            left.set(xlabel=f"{name} at {study.image_size} px", ylabel=f"test {metric.title}{metric.in_unit}")
            marks = [_measured_mark(row, numbers, unit) for row in rows if row.value]
            costs = {row.planned.macs / unit: row for row in rows if row.num_diverged} if marks else {}
            draw_path(left, marks, MEASURED, look.measured, look, falls=metric.falls, costs=[*costs])
            crosses(left, costs, look, along="x")
            if absent := [f"{row.step} ({verdict(row)})" for row in rows if row.value is None]:
                notes.append(f"not measured: {shortened(', '.join(absent), 60)}")
            if any(row.value and row.value.std is not None for row in rows):
                notes.append("lines: standard deviation over seeds")
            notes += [*diverged_notes(rows), *stale_notes(rows)]
        if published:
            source = next((row.published.source for row in rows if row.published and row.on_ladder), "nothing")
            headed(panels[-1], "Published", f"ImageNet-1K, {source}", look.published_ink, look, letters)
            panels[-1].set(xlabel="GMACs at 224 px, counted", ylabel="ImageNet-1K top-1, %")
            marks = _published_marks(study, rows, numbers)
            draw_path(panels[-1], marks, PUBLISHED, look.published, look)
            if any(mark.role == "context" for mark in marks):
                notes.append("grey: other published networks, with recipes of their own")
            if any(mark.printed is not None for mark in marks):
                notes.append("small and open: MACs as printed, which no count gives")
        others = ", of other libraries also attention" if any(row.planned.model for row in rows) else ""
        notes.append(f"MACs: convolutions and classifier{others}")
        figure.text(0.5, 0.02, sentence(notes), ha="center", fontsize=10.5, color=look.faint)
        _key(figure, numbers, look)
        return settled(figure, look)


def _key(figure: Figure, numbers: dict[str, str], look: Look) -> None:
    """List which rung has which number."""
    names = [f"{number:>2}  {shortened(drawable(step), 15)}" for step, number in numbers.items()]
    if len(names) > _MOST_NAMES:
        names[_MOST_NAMES - 1 :] = ["and more"]
    for line, name in enumerate(names):
        figure.text(
            0.878, 0.85 - 0.0375 * line * min(1.0, 18 / len(names)), name, fontsize=10.5, color=look.ink, va="top"
        )


def _measured_mark(row: Row, numbers: dict[str, str], unit: float) -> Mark:
    mean, std = (row.value.mean, row.value.std) if row.value else (0.0, None)
    return Mark(
        name=numbers.get(row.step, row.step),
        at=(row.planned.macs / unit, mean),
        role="adopted" if row.planned.role == "rung" else row.planned.role,
        step=row.step if row.on_ladder else "",
        before=row.before if row.on_ladder else "",
        std=std,
    )


def _published_marks(study: Study, rows: Sequence[Row], numbers: dict[str, str]) -> list[Mark]:
    counted = {step: cost(rung.spec).macs / 1e9 for step, rung in paper_rungs(study.published).items()}
    marks = [
        Mark(
            name=numbers.get(row.step, row.step),
            at=(counted.get(row.step, row.published.gmacs), row.published.top1_percent),
            role="adopted" if row.adopted else "probe",
            step=row.step,
            before=row.before,
            std=row.published.top1_std,
            printed=row.published.gmacs if row.published.anomaly else None,
        )
        for row in rows
        if row.published and row.on_ladder
    ]
    if not marks:
        return []
    costs = [mark.at[0] for mark in marks]
    low, high = min(costs) / _NEARBY, max(costs) * _NEARBY
    marks += [Mark(name=name, at=at, role="context") for name, at in _context(study.published) if low <= at[0] <= high]
    return marks


def _context(regime: str) -> list[tuple[str, Point]]:
    """Name other networks trained on ImageNet-1K alone, at 224 px, supervised: published with cost and top-1."""
    references = [row for row in published_rows(regime) if row.role == "reference"]
    found: list[tuple[str, Point]] = [(row.label, (row.gmacs, row.top1_percent)) for row in references]
    models: set[tuple[tuple[int, ...], tuple[int, ...], bool]] = set()
    for row in family_rows():
        # ConvNeXt V2's table repeats models of V1's under longer names.
        model = (row.depths, row.widths, " V2" in row.model)
        if row.training in _COMPARABLE_TRAINING and row.image_size == 224 and model not in models:
            models.add(model)
            found.append((row.model, (row.gmacs, row.top1_percent)))
    return found

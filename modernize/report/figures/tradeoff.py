"""Top-1 against what a rung costs, as the path that the ladder takes, with the Pareto front."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from matplotlib.figure import Figure

from modernize.cost import cost
from modernize.errors import unknown_name
from modernize.published import family_rows, published_rows
from modernize.report.figures.labels import Point
from modernize.report.figures.look import Theme
from modernize.report.figures.plane import Mark, draw_path
from modernize.report.figures.style import (
    WIDTH,
    house_style,
    sentence,
    setting,
    settled,
    shortened,
    stale_notes,
    verdict,
)
from modernize.report.machines import machine_of, usual_machine
from modernize.report.roles import on_paper_ladder
from modernize.report.rows import Row
from modernize.report.specs import paper_rungs
from modernize.results.statistics import summarise
from modernize.results.study import Study
from modernize.words import macs_unit

Against = Literal["macs", "params", "images_per_second", "seconds"]

# Context no farther off than this factor from the ladder's own costs: more would press the ladder together.
_NEARBY = 1.6
# What comes near the ladder's own training: ImageNet-1K alone, supervised.
_COMPARABLE_TRAINING = ("ImageNet-1K", "supervised")


@dataclass(frozen=True, slots=True)
class _Axis:
    """What stands on the horizontal axis.

    Attributes:
        label: Over what was measured.
        values: Of the measured rungs.
        note: For the foot of the figure.
        published: Its label over what was published; "" where nothing comparable is.
        less_is_better: Which way the front faces.
    """

    label: str
    values: Mapping[str, float]
    note: str
    published: str = ""
    less_is_better: bool = True


def pareto(study: Study, rows: Sequence[Row], against: Against = "macs", *, theme: Theme = "light") -> Figure:
    """Draw top-1 against a cost: measured at the left, published at the right where it is comparable.

    The thick line behind the path is the Pareto front: no rung is better and cheaper than one on it. The published
    panel also shows other published networks of about the ladder's cost.

    Args:
        study: The plan; its records may be missing.
        rows: In the study's order; probes hang beside the path by a dashed line, what is no rung stands by itself.
        against: "macs", "params", "images_per_second" (training) or "seconds" (of a whole run); the last two are
            measured only, on the machine that most runs were made on.
        theme: "light" or "dark".

    Raises:
        ModernizeError: If there is no such cost or theme.
    """
    if against not in _AXES:
        raise unknown_name("cost", against, _AXES)
    axis, metric = _AXES[against](study, rows), study.metric
    measured = any(row.records for row in rows) or not axis.published
    published = bool(axis.published) and on_paper_ladder(study, rows)
    with house_style(theme) as look:
        figure = Figure(figsize=(WIDTH, 7.5))
        panels = list(figure.subplots(1, measured + published, squeeze=False)[0])
        figure.subplots_adjust(left=0.065, right=0.985, top=0.925, bottom=0.15, wspace=0.17)
        mixed = len({row.on_ladder for row in rows}) > 1
        notes = [f"thick line: Pareto front{' of the ladder' if mixed else ''}"]
        if any(row.planned.role == "probe" for row in rows):
            notes.append("open markers: probes, not adopted")
        if any(row.on_ladder for row in rows):
            notes.append("arrows: the order of the steps")
        if measured:
            left = panels[0]
            left.set_title(f"Measured: {setting(study)}", color=look.measured, weight="bold")
            left.set(xlabel=axis.label, ylabel=f"test {metric.title} on {shortened(study.data, 30)}{metric.in_unit}")
            marks = _measured_marks(rows, axis.values)
            draw_path(left, marks, look.measured, look, less_is_better=axis.less_is_better, falls=metric.falls)
            if absent := [f"{row.step} ({verdict(row)})" for row in rows if row.value is None]:
                notes.append(f"not measured: {shortened(', '.join(absent), 60)}")
            notes += stale_notes(rows)
        if published:
            right = panels[-1]
            source = next((row.published.source for row in rows if row.published and row.on_ladder), "nothing")
            right.set_title(f"Published: {source}", color=look.published_ink, weight="bold")
            right.set(xlabel=axis.published, ylabel="ImageNet-1K top-1, %")
            marks = _published_marks(study, rows, against)
            draw_path(right, marks, look.published, look, less_is_better=axis.less_is_better)
            if any(mark.role == "context" for mark in marks):
                notes.append("grey: other published networks, with recipes of their own")
            doubtful = [row.step for row in rows if row.published and row.published.anomaly]
            if doubtful and against == "macs":
                notes.append(f"printed MACs inconsistent: {', '.join(doubtful)}")
        figure.text(
            0.5, 0.02, sentence([*notes, *filter(None, [axis.note])]), ha="center", fontsize=10.5, color=look.faint
        )
        return settled(figure, look)


def _macs(study: Study, rows: Sequence[Row]) -> _Axis:
    name, unit = macs_unit(row.planned.macs for row in rows)
    others = ", of other libraries also attention" if any(row.planned.model for row in rows) else ""
    values = {row.step: row.planned.macs / unit for row in rows}
    note = f"MACs: convolutions and classifier{others}"
    return _Axis(f"{name} at {study.image_size} px", values, note, "GMACs at 224 px, as printed")


def _params(study: Study, rows: Sequence[Row]) -> _Axis:
    large = max((row.planned.num_params for row in rows), default=0) >= 1e6
    values = {row.step: row.planned.num_params / (1e6 if large else 1e3) for row in rows}
    note = "parameters of rungs: counted from their specs, of other networks as printed"
    if not on_paper_ladder(study, rows):
        note = "parameters: counted"
    return _Axis(f"parameters, {'millions' if large else 'thousands'}", values, note, "parameters, millions")


def _speed(study: Study, rows: Sequence[Row]) -> _Axis:  # noqa: ARG001 - one form for every axis
    values = {row.step: row.images_per_second for row in rows if row.images_per_second is not None}
    return _Axis("training throughput, images/s", values, _machine_note(rows), less_is_better=False)


def _seconds(study: Study, rows: Sequence[Row]) -> _Axis:  # noqa: ARG001
    usual = usual_machine(record for row in rows for record in row.records.values())
    values = {}
    for row in rows:
        runs = [r for r in row.records.values() if r.status == "finished" and machine_of(r) == usual]
        if mean := summarise([r.speed.seconds for r in runs]):
            values[row.step] = mean.mean
    return _Axis("seconds a run, with start and evaluation", values, _machine_note(rows))


_AXES: dict[str, Callable[[Study, Sequence[Row]], _Axis]] = {
    "macs": _macs,
    "params": _params,
    "images_per_second": _speed,
    "seconds": _seconds,
}


def _machine_note(rows: Sequence[Row]) -> str:
    usual = usual_machine(record for row in rows for record in row.records.values())
    return f"{usual[0].device}: {shortened(usual[0].processor, 50)}" if usual else ""


def _measured_marks(rows: Sequence[Row], values: Mapping[str, float]) -> list[Mark]:
    return [
        Mark(
            row.step,
            (values[row.step], row.value.mean),
            "adopted" if row.planned.role == "rung" else row.planned.role,
            row.before if row.on_ladder else "",
        )
        for row in rows
        if row.value and row.step in values
    ]


def _published_marks(study: Study, rows: Sequence[Row], against: Against) -> list[Mark]:
    counted = _counted_params(study.published) if against == "params" else {}
    marks = []
    for row in rows:
        if row.published and row.on_ladder and (against == "macs" or row.step in counted):
            x = row.published.gmacs if against == "macs" else counted[row.step]
            role: Literal["adopted", "probe"] = "adopted" if row.adopted else "probe"
            marks.append(Mark(row.step, (x, row.published.top1_percent), role, row.before))
    if not marks:
        return []
    costs = [mark.at[0] for mark in marks]
    low, high = min(costs) / _NEARBY, max(costs) * _NEARBY
    for name, at in _context(study.published, against):
        if low <= at[0] <= high and all(mark.name != name for mark in marks):
            marks.append(Mark(name, at, "context"))
    return marks


def _context(regime: str, against: Against) -> list[tuple[str, Point]]:
    """Name other networks trained on ImageNet-1K alone, at 224 px, supervised: published with cost and top-1."""
    found = []
    if against == "macs":
        references = [row for row in published_rows(regime) if row.role == "reference"]
        found += [(row.label, (row.gmacs, row.top1_percent)) for row in references]
    models: set[tuple[tuple[int, ...], tuple[int, ...], bool]] = set()
    for row in family_rows():
        # ConvNeXt V2's table repeats models of V1's under longer names.
        model = (row.depths, row.widths, " V2" in row.model)
        if row.training in _COMPARABLE_TRAINING and row.image_size == 224 and model not in models:
            models.add(model)
            found.append((row.model, (row.gmacs if against == "macs" else row.params_m, row.top1_percent)))
    return found


def _counted_params(regime: str) -> dict[str, float]:
    """Count the published rungs' parameters, in millions: the paper prints them for its ends only."""
    return {step: cost(rung.spec).num_params / 1e6 for step, rung in paper_rungs(regime).items()}

"""Training curves: one panel a rung, its seeds as a band and the rung before it dashed; or one rung by itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from modernize.errors import unknown_name
from modernize.metrics import Metric
from modernize.report.figures.crosses import cross, diverged_notes
from modernize.report.figures.look import Look, Theme
from modernize.report.figures.style import house_style, rung_label, sentence, settled, shortened, stale_notes, verdict
from modernize.report.rows import Row
from modernize.results.record import Curves
from modernize.results.statistics import Delta, paired_delta
from modernize.results.study import Study
from modernize.words import listed, plural

Of = Literal["metric", "loss", "lr"]
# Where the axes of one rung's curve begin and end, as shares of the width.
_LEFT, _RIGHT = 0.1, 0.97


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quantity:
    """What the panels show: where it stands in a record, how it is called, and its digits.

    Attributes:
        paired: Whether rungs may be subtracted from each other.
    """

    series: Callable[[Curves], Sequence[float]]
    label: str
    number: Callable[[float], str]
    falls: bool = True
    most: float = math.inf
    paired: bool = False


def curves(study: Study, rows: Sequence[Row], of: Of = "metric", *, theme: Theme = "light") -> Figure:
    """Draw a quantity by epoch, one panel a rung: the mean over seeds, and a band from the least to the greatest.

    The rung before is dashed; below stands the change against it, paired by seed. Learning rates share one panel.

    Args:
        study: The plan.
        rows: In the ladder's order.
        of: "metric", the study's (validation where the data have such a split, else test), "loss" (training) or "lr".
        theme: "light" or "dark".

    Raises:
        ModernizeError: If there is no such quantity or theme.
    """
    quantities = _quantities(rows, study.metric)
    if of not in quantities:
        raise unknown_name("curve", of, quantities)
    with house_style(theme) as look:
        drawn = _rates if of == "lr" else _panels
        return settled(drawn(study, rows, quantities[of], look), look)


@dataclass(frozen=True, slots=True)
class RungCurve:
    """A quantity of one rung by epoch.

    Attributes:
        figure: The drawing.
        title: What it shows, for those who do not see it.
        epochs: The values of each epoch, in words.
        ends: Where the first and the last epoch stand, as shares of the figure's width.
    """

    figure: Figure
    title: str
    epochs: tuple[str, ...]
    ends: tuple[float, float]


def rung_curve(row: Row, before: Row | None, of: Of, *, theme: Theme = "light") -> RungCurve | None:
    """Draw a quantity of a rung by epoch as `curves` does, and the mean of the rung it is compared with.

    Args:
        row: The rung.
        before: What it is compared with.
        of: See `curves`.
        theme: "light" or "dark".

    Returns:
        None where no run of two epochs or more finished.
    """
    shown = [row, before] if before else [row]
    quantity = _quantities([row], row.planned.metric)[of]
    table, *behind = [_table(one, quantity) for one in shown]
    if table.shape[1] < 2:
        return None
    label = f"{quantity.label} of {row.step} by epoch"
    number = quantity.number
    epochs = [f"epoch {i}: {number(float(mean))}" for i, mean in enumerate(table.mean(axis=0), 1)]
    if len(table) > 1:
        ends = zip(epochs, table.min(axis=0), table.max(axis=0), strict=True)
        epochs = [f"{text} ({number(float(least))} to {number(float(most))})" for text, least, most in ends]
    with house_style(theme) as look:
        figure = Figure(figsize=(5.2, 2.7))
        axes = figure.add_axes((_LEFT, 0.17, _RIGHT - _LEFT, 0.68))
        axes.set_xlim(1, max(one.shape[1] for one in (table, *behind)))
        axes.set_ylim(*_limits(shown, quantity))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.grid()
        title = quantity.label
        for mean in (one.mean(axis=0) for one in behind if before and one.shape[1] > 1):
            axes.plot(range(1, len(mean) + 1), mean, color=look.faint, lw=1.2, ls=(0, (4, 3)), zorder=1)
            title += f" (grey: {shortened(before.step, 20)})" if before else ""
            epochs = [f"{text}, before {number(float(v))}" for text, v in zip(epochs, mean, strict=False)]
        axes.set_title(title, fontsize=12)
        _finished(axes, row, table, quantity, look.measured)
        return RungCurve(settled(figure, look), f"{label}; last {epochs[-1]}", tuple(epochs), (_LEFT, _RIGHT))


def _quantities(rows: Sequence[Row], metric: Metric) -> dict[str, _Quantity]:
    held_out = any(r.curves.split == "val" for row in rows for r in row.records.values())
    return {
        "metric": _Quantity(
            series=lambda c: c.metrics.get(metric.name, ()),
            label=f"{'validation' if held_out else 'test'} {metric.label}",
            number=(lambda v: f"{v:.1f}") if metric.unit == "%" else (lambda v: f"{v:.{metric.digits}f}"),
            falls=metric.falls,
            most=100.0 if metric.unit == "%" else math.inf,
            paired=True,
        ),
        "loss": _Quantity(series=lambda c: c.train_loss, label="training loss", number="{:.2f}".format),
        "lr": _Quantity(series=lambda c: c.lr, label="learning rate", number="{:.1e}".format),
    }


def _panels(study: Study, rows: Sequence[Row], quantity: _Quantity, look: Look) -> Figure:
    columns = min(range(4, 7), key=lambda c: -len(rows) % c) if len(rows) > 4 else max(1, len(rows))
    lines = max(1, math.ceil(len(rows) / columns))
    by_step = {row.step: row for row in rows}
    # Losses of different recipes cannot be subtracted.
    differences = {row.step: _differences(row, by_step.get(row.before), quantity) for row in rows if quantity.paired}
    differences = {step: found for step, found in differences.items() if len(found) > 1}
    tall = 2.5 if differences else 1.62
    figure = Figure(figsize=(13.333, max(4.0, 1.3 + tall * lines)), layout="constrained")
    outer = figure.add_gridspec(lines, columns)
    tables = {row.step: _table(row, quantity) for row in rows}
    first: tuple[Axes, Axes] | None = None
    few = FixedLocator(range(1, study.epochs + 1))
    for i, row in enumerate(rows):
        # The last panel of a column carries its epochs, also above a gap.
        lowest, leftmost = i + columns >= len(rows), i % columns == 0
        cell = outer[i // columns, i % columns]
        if differences:
            inner = cell.subgridspec(2, 1, height_ratios=(1.9, 1), hspace=0.04)
            axes = figure.add_subplot(inner[0], sharex=first and first[0], sharey=first and first[0])
            below = figure.add_subplot(inner[1], sharex=first and first[0], sharey=first and first[1])
        else:
            axes = below = figure.add_subplot(cell, sharex=first and first[0], sharey=first and first[0])
        if first is None:
            axes.set_xlim(0.5, study.epochs + 0.5)
            axes.set_ylim(*_limits(rows, quantity))
            axes.xaxis.set_major_locator(few if study.epochs <= 4 else MaxNLocator(4, integer=True))
        first = first or (axes, below)
        axes.grid()
        axes.set_title(rung_label(row), fontsize=11.5, pad=3)
        before = by_step.get(row.before)
        if before and len(tables[before.step]):
            mean = tables[before.step].mean(axis=0)
            axes.plot(range(1, len(mean) + 1), mean, color=look.faint, lw=1.3, ls=(0, (4, 2)), zorder=1)
        _finished(
            axes, row, tables[row.step], quantity, look.baseline if row.planned.role == "baseline" else look.measured
        )
        _unfinished(axes, row, quantity, look)
        axes.tick_params(labelbottom=lowest and not differences, labelleft=leftmost)
        if differences:
            if row.step in differences:
                _difference(below, differences[row.step], look)
            else:
                below.set_axis_off()
            below.tick_params(labelbottom=lowest, labelleft=leftmost)
    if differences and first:
        first[1].set_ylim(*_room_for(differences.values()))
    most = max(map(len, tables.values()), default=0)
    notes = [f"line: mean of {most} seeds", "band: least to greatest of them"] if most > 1 else ["one seed"]
    notes += ["dashed: the rung before"] if any(row.before in by_step for row in rows) else []
    notes += ["number: last epoch"]
    if differences:
        banded = any(one.low is not None for found in differences.values() for one in found)
        notes.append(f"below: change against it, paired by seed{', with its 95 % interval' if banded else ''}")
    notes += diverged_notes(rows)
    figure.supylabel(quantity.label, fontsize=13)
    words = sentence([f"epoch of training on {shortened(study.data, 30)}", *notes, *stale_notes(rows)], 150)
    figure.supxlabel(words, fontsize=11.5)
    return figure


def _differences(row: Row, before: Row | None, quantity: _Quantity) -> list[Delta]:
    """Change against the rung before at each epoch, over the seeds that both finished."""
    if before is None:
        return []
    after, foot = (
        {seed: quantity.series(r.curves) for seed, r in one.records.items() if r.status == "finished"}
        for one in (row, before)
    )
    both = after.keys() & foot.keys()
    length = min((len(of[seed]) for of in (after, foot) for seed in both), default=0)
    at = ([{seed: of[seed][epoch] for seed in both} for of in (after, foot)] for epoch in range(length))
    return [delta for one, other in at if (delta := paired_delta(one, other))]


def _difference(axes: Axes, found: Sequence[Delta], look: Look) -> None:
    axes.grid()
    axes.axhline(0, color=look.ink, lw=0.9, zorder=1)
    axes.yaxis.set_major_locator(MaxNLocator(3))
    epochs = range(1, len(found) + 1)
    axes.plot(epochs, [one.mean for one in found], color=look.measured, lw=1.6, zorder=3)
    banded = [(epoch, one.low, one.high) for epoch, one in zip(epochs, found, strict=True) if one.low is not None]
    if banded:
        where, low, high = zip(*banded, strict=True)
        axes.fill_between(where, low, high, color=look.tint(look.measured, 0.3), lw=0, zorder=2)


def _room_for(every: Iterable[Sequence[Delta]]) -> tuple[float, float]:
    """Limits for the second half of training: what comes before may leave the panel."""
    late = [one for found in every for one in found[len(found) // 2 :]]
    ends = [end for one in late for end in (one.mean, one.low, one.high) if end is not None]
    low, high = min([*ends, 0.0]), max([*ends, 0.0])
    margin = 0.08 * (high - low) or 1.0
    return low - margin, high + margin


def _rates(study: Study, rows: Sequence[Row], quantity: _Quantity, look: Look) -> Figure:
    """Draw the learning rates in one panel, a line for all that share one."""
    alike: dict[tuple[float, ...], list[str]] = {}
    for row in rows:
        record = next(iter(row.records.values()), None)
        if record and record.curves.lr:
            alike.setdefault(tuple(record.curves.lr), []).append(row.step)
    figure = Figure(figsize=(13.333, 3.6), layout="constrained")
    axes = figure.add_subplot()
    axes.grid()
    for number, (values, steps) in enumerate(alike.items()):
        name = listed(steps) if len(steps) < 4 else f"{steps[0]} to {steps[-1]}, {plural(len(steps), 'row')}"
        style = ("-", (0, (5, 2)), ":", "-.")[number % 4]
        axes.plot(range(1, len(values) + 1), values, color=look.measured, ls=style, lw=2.0, label=shortened(name, 90))
    axes.set(xlabel=f"epoch of training on {shortened(study.data, 30)}", ylabel=quantity.label)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.margins(x=0.02)
    if alike:
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), frameon=False, ncols=min(3, len(alike)), fontsize=11)
    return figure


def _finished(
    axes: Axes, row: Row, table: np.ndarray[tuple[int, ...], np.dtype[np.float64]], quantity: _Quantity, colour: str
) -> None:
    if not table.size:
        return
    mean, epochs = table.mean(axis=0), range(1, table.shape[1] + 1)
    if len(table) > 1:
        least, greatest = table.min(axis=0), table.max(axis=0)
        axes.fill_between(epochs, least, greatest, color=colour, alpha=0.28, lw=0, zorder=2)
    axes.plot(epochs, mean, color=colour, lw=1.9, marker="o" if len(mean) == 1 else None, zorder=3)
    n = f" (n={len(table)})" if len(table) < len(row.planned.run_ids) else ""
    _corner(axes, quantity, 0, f"{quantity.number(float(mean[-1]))}{n}", color=colour, weight="bold")


def _unfinished(axes: Axes, row: Row, quantity: _Quantity, look: Look) -> None:
    """Draw how far a run came that diverged or failed, or say that there is none."""
    ended = [record for record in row.records.values() if record.status != "finished"]
    for record in ended:
        values = [v for v in quantity.series(record.curves) if math.isfinite(v)]
        axes.plot(range(1, len(values) + 1), values, color=look.bad, lw=1.4, zorder=3)
        if record.status == "diverged":  # also where no epoch was finished, or the last one is out of sight
            low, high = axes.get_ylim()
            cross(axes, max(1, len(values)), min(max(values[-1], low), high) if values else low, look)
    if ended or not row.records:
        word = verdict(row)
        count = f"{len(ended)} {word}" if len(row.planned.run_ids) > 1 and ended else word
        _corner(axes, quantity, 1, count, color=look.bad if ended else look.faint, style="italic")


def _corner(axes: Axes, quantity: _Quantity, line: int, text: str, **style: Any) -> None:
    """Write into the corner that the curves leave free."""
    y = 0.95 - 0.19 * line if quantity.falls else 0.05 + 0.19 * line
    place: dict[str, Any] = {
        "transform": axes.transAxes,
        "ha": "right",
        "va": "top" if quantity.falls else "bottom",
        "fontsize": 11,
    }
    axes.text(0.97, y, text, **place, **style)


def _table(row: Row, quantity: _Quantity) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Curves of the finished runs as rows; a shorter one cuts the others."""
    series = [quantity.series(r.curves) for r in row.records.values() if r.status == "finished"]
    length = min((len(values) for values in series), default=0)
    return np.array([values[:length] for values in series], dtype=np.float64).reshape(len(series), length)


def _limits(rows: Sequence[Row], quantity: _Quantity) -> tuple[float, float]:
    """Limits of the finished runs: a loss about to diverge must not flatten all others."""
    records = [r for row in rows for r in row.records.values()]
    chosen = [r for r in records if r.status == "finished"] or records
    values = [v for r in chosen for v in quantity.series(r.curves) if math.isfinite(v)]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    margin = 0.06 * (high - low) if high - low > 1e-9 * high else 0.1 * high or 0.1
    return max(0.0, low - margin), min(quantity.most, high + margin)

"""Steps against the one thing in which studies differ, epochs for example: which begin to pay with more of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from modernize.errors import ModernizeError
from modernize.metrics import Metric
from modernize.report.contrasts import Contrast
from modernize.report.gather import read_study
from modernize.report.rows import Row
from modernize.results.record import Record
from modernize.results.statistics import Delta, Summary, corrected, welch
from modernize.results.store import find_study
from modernize.results.study import Study
from modernize.spec import Arch, Recipe
from modernize.words import listed, value_text

_DEFAULTS = {part: json.loads(json.dumps(asdict(made))) for part, made in (("arch", Arch()), ("recipe", Recipe()))}
_NAMES = {
    "recipe.epochs": "epochs",
    "recipe.lr": "learning rate",
    "arch.stem_stride": "stem stride",
    "arch.depths": "blocks",
    "arch.kernel_size": "kernel",
}
# What follows from the length of training is compared as a share of it.
_SHARES = ("warmup_epochs", "step_epochs", "step_every_epochs")
# What follows from another fact: the spread that suits a width, and which images there are.
_FOLLOWS = {"arch.init_std": "width", "images": ("training images", "test images", "image size")}
_NO_DIFFERENCE = {"recipe.name", "arch.num_classes", "arch.width", "arch.dims"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A step in one study.

    Attributes:
        study: Its name.
        pair: Names of the two entries: the first against the second.
        at: What the studies differ in, of the first entry: a number, or what stands for one.
        contrast: What was measured.
        num_diverged: Of the runs of the two.
    """

    study: str
    pair: tuple[str, str]
    at: Any
    contrast: Contrast
    num_diverged: int = 0

    @property
    def delta(self) -> Delta | None:
        """Paired by seed in its study."""
        return self.contrast.delta


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A step in all studies that have it.

    Attributes:
        step: What it is called.
        points: By what the studies differ in.
        change: Of its delta from the first to the last point, between independent samples; None without both.
        p_holm: Of that change, Holm-corrected over the lines.
    """

    step: str
    points: tuple[Point, ...]
    change: Delta | None = None
    p_holm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Steps against the one thing in which studies differ.

    Attributes:
        studies: Their names.
        axis: That thing.
        metric: What the deltas are of.
        places: Its values, in order.
        lines: A step each.
    """

    studies: tuple[str, ...]
    axis: str
    metric: Metric
    places: tuple[Any, ...]
    lines: tuple[Line, ...]


def trend(names: Sequence[str], results_dir: Path) -> Trend:
    """Read studies that differ in one thing, or one study that makes the same changes at several values of it.

    Args:
        names: Studies under `results_dir`, or their folders.
        results_dir: Where names are looked up.

    Raises:
        MissingResultsError: If one has no record.
        ModernizeError: If they differ in nothing or in more than one thing.
    """
    read = {}
    for name in names:
        study, rows, _ = read_study(find_study(results_dir, name))
        read[study.name] = (study, rows)
    metrics = {study.metric for study, _ in read.values()}
    if len(metrics) > 1:
        raise ModernizeError(f"the studies measure {listed(sorted(one.title for one in metrics))}: they make no trend.")
    by_step = _by_step(read.values())
    if not by_step:
        both = "they have no comparison in common" if len(read) > 1 else "it makes each change once"
        raise ModernizeError(f"{listed(read)}: {both}, so there is no trend; give studies that differ in one thing.")
    axis = _axis(by_step, read)
    lines = [_line(step, points, axis) for step, points in by_step.items()]
    p_values = corrected(line.change.p_value if line.change else None for line in lines)
    places = {json.dumps(point.at): point.at for line in lines for point in line.points}
    return Trend(
        studies=tuple(read),
        axis=axis,
        metric=metrics.pop(),
        places=tuple(sorted(places.values(), key=_order)),
        lines=tuple(
            Line(step=line.step, points=line.points, change=line.change, p_holm=p_holm)
            for line, p_holm in zip(lines, p_values, strict=True)
        ),
    )


_Found = dict[str, list[tuple[Point, dict[str, Any]]]]


def _by_step(read: Iterable[tuple[Study, Sequence[Row]]]) -> _Found:
    """Collect the contrasts that are made at least twice, each with the facts of its first entry."""
    studies = list(read)
    found: _Found = {}
    for study, rows in studies:
        firsts = {row.step: _facts(next(iter(row.records.values()))) for row in rows if row.records}
        diverged = {row.step: row.num_diverged for row in rows}
        for row in rows:
            for contrast in row.contrasts:
                pair = (contrast.entry, contrast.before)
                ended = sum(diverged.get(name, 0) for name in pair)
                if (contrast.delta is None and not ended) or not {*pair} <= firsts.keys():
                    continue
                facts = firsts[contrast.entry]
                step = " against ".join(pair) if len(studies) > 1 else _changed(firsts[contrast.before], facts)
                point = Point(study=study.name, pair=pair, at=None, contrast=contrast, num_diverged=ended)
                found.setdefault(step, []).append((point, facts))
    return {step: points for step, points in found.items() if len(points) > 1}


def _facts(record: Record) -> dict[str, Any]:
    """Say all that a record tells of how a run was trained, fields that it lacks at their defaults."""
    arch = _DEFAULTS["arch"] | record.arch
    recipe = _DEFAULTS["recipe"] | record.trained_recipe
    for name in _SHARES:
        value = recipe[name]
        shares = [one / recipe["epochs"] for one in (value if isinstance(value, list | tuple) else [value])]
        recipe[name] = [round(share, 9) for share in shares]
    widths = arch["dims"] or [arch["width"] * 2**i for i in range(len(arch["depths"]))]
    facts = {f"arch.{name}": value for name, value in arch.items()}
    facts |= {f"recipe.{name}": value for name, value in recipe.items()}
    facts = {name: value for name, value in facts.items() if name not in _NO_DIFFERENCE}
    plain: dict[str, Any] = json.loads(json.dumps(facts))
    return plain | {
        "width": widths[0],
        "widths over the first": [round(width / widths[0], 1) for width in widths],
        "network": record.model.get("external", ""),
        "data": record.data.name,
        "images": record.data.fingerprint,
        "training images": record.data.num_train_images,
        "test images": record.data.num_test_images,
        "validation images": record.data.num_val_images,
        "image size": record.data.image_size,
        "device": record.hardware.device,
        "precision": record.execution.precision,
    }


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Say which fields tell two entries apart, and how."""
    changes = [name for name in after if before[name] != after[name] and name != "arch.init_std"]
    return "; ".join(f"{name}: {value_text(before[name])} -> {value_text(after[name])}" for name in changes)


def _axis(found: _Found, read: Mapping[str, Any]) -> str:
    """Name the one fact that differs along the lines."""
    differs = {
        name
        for points in found.values()
        for name in points[0][1]
        if len({json.dumps(facts.get(name)) for _, facts in points}) > 1
    }
    for name, of in _FOLLOWS.items():
        if differs & {*([of] if isinstance(of, str) else of)}:
            differs.discard(name)
    if len(differs) == 1:
        return differs.pop()
    words = (
        f"differ in {listed(sorted(map(axis_name, differs)))}" if differs else "do not differ in how they were trained"
    )
    what = f"{listed(read)} {words}"
    raise ModernizeError(f"{what}; a trend is over studies that differ in one thing alone.")


def axis_name(axis: str) -> str:
    """Call a fact by a word of the field."""
    return _NAMES.get(axis, axis)


def _line(step: str, found: Sequence[tuple[Point, dict[str, Any]]], axis: str) -> Line:
    placed = [replace(one, at=facts[axis]) for one, facts in found]
    points = tuple(sorted(placed, key=lambda point: _order(point.at)))
    first, last = (_summary(point.delta) for point in (points[0], points[-1]))
    return Line(step=step, points=points, change=welch(last, first) if first and last else None)


def _summary(delta: Delta | None) -> Summary | None:
    return None if delta is None else Summary(n=delta.n, mean=delta.mean, std=delta.std)


def _order(value: Any) -> tuple[float, str]:
    """Sort numbers by size, lists of them by their sum, and anything else by its text."""
    numbers = value if isinstance(value, list) else [value]
    if all(isinstance(one, int | float) for one in numbers):
        return (float(sum(numbers)), "")
    return (0.0, str(value))


def place_text(value: Any) -> str:
    """Write a value of the axis.

    Examples:
        >>> place_text(14), place_text(0.004), place_text([2, 4, 3])
        ('14', '0.004', '2-4-3')
    """
    if isinstance(value, list):
        return "-".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)

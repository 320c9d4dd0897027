"""Training curves of one rung as SVG paths: mean over seeds, single seeds or their range, and the rung before."""

from __future__ import annotations

import math
from collections.abc import Sequence

from modernize.report.rows import Row
from modernize.report.view import Chart, Line
from modernize.results.record import Curves

# With more seeds, their range stands for the single curves.
MOST_LINES = 8
_TRAINING = "train-loss"
LEFT, RIGHT, TOP, BOTTOM = 38, 6, 8, 22


def curve_charts(row: Row, before: Row | None, key: str) -> tuple[Chart, ...]:
    """Draw the primary metric and training loss of a rung's finished runs by epoch.

    Args:
        row: The rung.
        before: The rung it is compared with.
        key: Unique in the page.

    Returns:
        No chart where no run finished.
    """
    own, other = _finished(row), _finished(before) if before else []
    held_out, metric = any(curves.split == "val" for curves in own), row.planned.metric
    quantities = (
        (metric.name, f"{'validation' if held_out else 'test'} {metric.label}", metric.digits),
        (_TRAINING, "training loss", 3),
    )
    charts = []
    for name, label, digits in quantities:
        series = [_series(curves, name) for curves in own]
        if series := [values for values in series if len(values) > 1]:
            behind = [values for curves in other if len(values := _series(curves, name)) > 1]
            step = before.step if before and behind else ""
            charts.append(_chart(f"{key}-{name}", label, digits, series, behind, step))
    return tuple(charts)


def _finished(row: Row) -> list[Curves]:
    return [record.curves for record in row.records.values() if record.status == "finished"]


def _series(curves: Curves, name: str) -> tuple[float, ...]:
    return curves.train_loss if name == _TRAINING else curves.metrics.get(name, ())


def _chart(
    key: str,
    label: str,
    digits: int,
    series: Sequence[Sequence[float]],
    behind: Sequence[Sequence[float]],
    before: str,
) -> Chart:
    mean, low, high = _by_epoch(series)
    other = _by_epoch(behind)[0] if behind else []
    drawn = [v for v in (*low, *high, *other) if math.isfinite(v)] or [0.0]
    bottom, top = min(drawn), max(drawn)
    margin = 0.05 * (top - bottom) or 0.5
    bottom, top = bottom - margin, top + margin
    length = max(len(mean), len(other))

    def x(epoch: int) -> float:
        return LEFT + (Chart.width - LEFT - RIGHT) * (epoch - 1) / max(1, length - 1)

    def y(value: float) -> float:
        return TOP + (Chart.height - TOP - BOTTOM) * (top - value) / (top - bottom)

    def path(values: Sequence[float]) -> str:
        return "M" + "L".join(f"{x(i + 1):.1f} {y(v):.1f}" for i, v in enumerate(values) if math.isfinite(v))

    lines = [Line(role="before", path=path(other))] if other else []
    if 1 < len(series) <= MOST_LINES:
        lines += [Line(role="seed", path=path(values)) for values in series]
    elif len(series) > 1:
        back = "L".join(f"{x(i + 1):.1f} {y(low[i]):.1f}" for i in reversed(range(len(low))))
        lines.append(Line(role="band", path=f"{path(high)}L{back}Z"))
    lines.append(Line(role="mean", path=path(mean)))
    beside = f", {before} {other[-1]:.{digits}f}" if other else ""
    return Chart(
        key=key,
        label=label,
        lines=tuple(lines),
        y_ticks=tuple((round(y(v), 1), f"{v:g}") for v in _ticks(bottom, top)),
        x_ticks=tuple((round(x(int(e)), 1), f"{e:g}") for e in _ticks(1, length) if e == int(e) and e >= 1),
        before=before,
        values={
            "x": [round(x(1), 1), round(x(length), 1)],
            "mean": _rounded(mean, digits),
            "low": _rounded(low, digits) if len(series) > 1 else [],
            "high": _rounded(high, digits) if len(series) > 1 else [],
            "before": _rounded(other, digits),
        },
        summary=f"last epoch: {mean[-1]:.{digits}f}{beside}",
    )


def _by_epoch(series: Sequence[Sequence[float]]) -> tuple[list[float], list[float], list[float]]:
    """Mean, least and greatest value of each epoch that all curves have."""
    columns = list(zip(*series, strict=False))
    return [math.fsum(c) / len(c) for c in columns], [min(c) for c in columns], [max(c) for c in columns]


def _ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round values between two limits."""
    raw = (high - low) / most or 1.0
    power = 10 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= raw)
    first = math.ceil(low / step)
    return [round(step * i, 10) for i in range(first, math.floor(high / step) + 1)]


def _rounded(values: Sequence[float], digits: int) -> list[float]:
    return [round(v, digits) if math.isfinite(v) else 0.0 for v in values]

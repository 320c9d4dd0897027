"""What a source says about a step: better, worse, or no clear change, and how that was judged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Literal

from modernize.published import published_row, published_rows
from modernize.report.numbers import delta_text, mean_text, p_text, published_text
from modernize.report.paper import CLEAR_BELOW, N_SEEDS, Reading
from modernize.report.rows import Row
from modernize.results.statistics import LEVEL
from modernize.words import signed

Truth = Literal["better", "no clear change", "worse"]
TRUTHS: tuple[Truth, ...] = ("better", "no clear change", "worse")

# The table whose printed spread is borrowed where a table prints none.
SPREAD_TABLE = "resnet50"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One source's answer.

    Attributes:
        truth: None where the source cannot say.
        delta_points: Change of top-1, in points.
        delta: The same as printed, with its interval where there is one.
        before: Top-1 before the step, as printed.
        after: Top-1 after it.
        reading: How it was judged, a phrase.
    """

    truth: Truth | None
    delta_points: float
    delta: str
    before: str
    after: str
    reading: str


def published_evidence(table: str, row: Row) -> Evidence | None:
    """Read a published table on a row's step; None if it has no such change from the rung before.

    Args:
        table: "resnet50" or "resnet200".
        row: Of a study that has this table beside it.
    """
    foot, printed, delta = published_row(table, row.before), row.published, row.published_delta
    if printed is None or foot is None or delta is None:
        return None
    truth, reading = _judge(row.published_reading, delta)
    if foot.note:
        reading += f"; {foot.top1_text} is {foot.note}"
    return Evidence(
        truth=truth,
        delta_points=delta,
        delta=signed(delta),
        before=published_text(foot),
        after=published_text(printed),
        reading=reading,
    )


def measured_evidence(row: Row, before: Row | None) -> Evidence | None:
    """Read a study's row on its step; None without a delta."""
    if row.delta is None or before is None:
        return None
    truths: dict[str, Truth] = {"better": "better", "worse": "worse"}
    truth: Truth | None = truths.get(row.verdict, "no clear change") if row.p_holm is not None else None
    reading = row.verdict
    if row.p_holm is not None:
        reading += f": paired t test, Holm-corrected p {_equals(row.p_holm)}, at {LEVEL:.0%}".replace("%", " %")
    return Evidence(
        truth=truth,
        delta_points=row.delta.mean,
        delta=delta_text(row.delta, len(row.planned.run_ids)),
        before=mean_text(before.value),
        after=mean_text(row.value),
        reading=reading,
    )


def _judge(found: Reading | None, delta: float) -> tuple[Truth, str]:
    """Take the test of a published delta where standard deviations are printed, else compare with a borrowed spread."""
    if found:
        clear = found.p_holm < CLEAR_BELOW
        how = f"{found.verdict}: Welch test, n={N_SEEDS}, Holm-corrected p {_equals(found.p_holm)}"
        if found.verdict == "borderline":
            how += f", uncorrected {_equals(found.p_value)}"
    else:
        std, least = borrowed_spread()
        clear = abs(delta) >= least
        how = f"judged by the spread of the ResNet-50 table, {std:.2f} points: clear from {least:.2f} on"
    return ("better" if delta > 0 else "worse") if clear else "no clear change", how


@cache
def borrowed_spread() -> tuple[float, float]:
    """Pool the standard deviations that the ResNet-50 table prints.

    Returns:
        The pooled one, in points, and the smallest difference of two means that it lets a t test at 5 % tell from zero.
    """
    from scipy.special import stdtrit

    stds = [
        row.top1_std for row in published_rows(SPREAD_TABLE) if row.role != "reference" and row.top1_std is not None
    ]
    pooled = math.sqrt(math.fsum(std**2 for std in stds) / len(stds))
    quantile = float(stdtrit(len(stds) * (N_SEEDS - 1), 1 - CLEAR_BELOW / 2))
    return pooled, quantile * pooled * math.sqrt(2 / N_SEEDS)


def borrowed_words(table: str) -> str:
    """Say by what spread a table without standard deviations is judged; "" for one with."""
    if table == SPREAD_TABLE:
        return ""
    std, least = borrowed_spread()
    return (
        f"{published_rows(table)[0].source} prints no standard deviations: its changes are judged by the spread of "
        f"the ResNet-50 table, {std:.2f} points, with which {least:.2f} points would be clear."
    )


def _equals(p_value: float) -> str:
    text = p_text(p_value)
    return text.replace("<", "< ") if text.startswith("<") else f"= {text}"

"""What a source says about a step: better, worse or no clear change; or a sign alone, where no test can judge it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from modernize.published import published_row
from modernize.report.numbers import delta_text, mean_text, p_text, published_text
from modernize.report.paper import CLEAR_BELOW, N_SEEDS, SIGN_ONLY, Reading
from modernize.report.rows import Row
from modernize.results.statistics import LEVEL
from modernize.words import signed

Truth = Literal["better", "no clear change", "worse"]
TRUTHS: tuple[Truth, ...] = ("better", "no clear change", "worse")
Sign = Literal["higher", "lower"]
SIGNS: tuple[Sign, ...] = ("higher", "lower")
Answer = Truth | Sign
MARKS: dict[Answer, str] = {"better": "▲", "no clear change": "=", "worse": "▼", "higher": "△", "lower": "▽"}
"""Filled is what a test says, hollow a sign alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One source's answer.

    Attributes:
        truth: What a test says; None where there is none.
        sign: Where the printed value lies, if its source prints nothing to test it by; None otherwise.
        delta_points: Change of top-1, in points.
        delta: The same as printed, with its interval where there is one.
        before: Top-1 before the step, as printed.
        after: Top-1 after it.
        reading: How it was judged, a phrase.
    """

    truth: Truth | None
    sign: Sign | None = None
    delta_points: float
    delta: str
    before: str
    after: str
    reading: str

    @property
    def answer(self) -> Answer | None:
        """The answer to a prediction; None where this source has none."""
        return self.truth or self.sign

    @property
    def verdict(self) -> str:
        """The answer in a few words, or why there is none."""
        return self.truth or (f"{self.sign}: {SIGN_ONLY}" if self.sign else self.reading)

    @property
    def choices(self) -> tuple[Answer, ...]:
        """What can be predicted."""
        return SIGNS if self.sign else TRUTHS


def published_evidence(table: str, row: Row) -> Evidence | None:
    """Read a published table on a row's step; None if it has no such change from the rung before.

    Args:
        table: "resnet50" or "resnet200".
        row: Of a study that has this table beside it.
    """
    foot, printed, delta = published_row(table, row.before), row.published, row.published_delta
    if printed is None or foot is None or delta is None:
        return None
    found = row.published_reading
    reading = _welch(found) if found else SIGN_ONLY
    if foot.note:
        reading += f"; {foot.top1_text} is {foot.note}"
    return Evidence(
        truth=_truth(delta, clear=found.p_holm < CLEAR_BELOW) if found else None,
        sign=None if found or not delta else "higher" if delta > 0 else "lower",
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


def _truth(delta: float, *, clear: bool) -> Truth:
    return ("better" if delta > 0 else "worse") if clear else "no clear change"


def _welch(found: Reading) -> str:
    how = f"{found.verdict}: Welch test, n={N_SEEDS}, Holm-corrected p {_equals(found.p_holm)}"
    return f"{how}, uncorrected {_equals(found.p_value)}" if found.verdict == "borderline" else how


def _equals(p_value: float) -> str:
    text = p_text(p_value)
    return text.replace("<", "< ") if text.startswith("<") else f"= {text}"

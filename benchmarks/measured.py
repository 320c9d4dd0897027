"""What a benchmark measured, beside its goal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One comparison.

    Attributes:
        goal: For example "P2"; "" for a comparison that only informs.
        what: What was measured.
        ours: Its median; None if it was not measured.
        unit: Of both medians.
        against: What it is compared with; "" where the goal is an absolute number.
        other: The median of that.
        better: "higher" if the value is a gain (other / ours, at least so much), "lower" if it is an overhead
            (ours / other) or an absolute number (at most so much).
        at_least: What has to be met; None where there is no goal.
        aim: What is hoped for.
        note: How it was measured, or why it was not, where that needs saying.
    """

    goal: str
    what: str
    ours: float | None
    unit: str
    against: str = ""
    other: float | None = None
    better: Literal["higher", "lower"] = "higher"
    at_least: float | None = None
    aim: float | None = None
    note: str = ""

    @property
    def value(self) -> float | None:
        """The ratio, or the number itself where there is nothing to compare with; None if it was not measured."""
        if self.ours is None or self.other is None:
            return self.ours
        return self.other / self.ours if self.better == "higher" else self.ours / self.other

    @property
    def verdict(self) -> str:
        """Say whether the goal was met."""
        if self.value is None:
            return "not measured"
        if self.at_least is None:
            return ""
        sign = 1 if self.better == "higher" else -1
        if self.aim is not None and sign * self.value >= sign * self.aim:
            return "aim"
        return "met" if sign * self.value >= sign * self.at_least else "MISSED"

    def cells(self) -> tuple[str, ...]:
        """Return the table row: see `HEADER`."""
        end = f" {self.unit}" if self.other is None and self.ours is not None else "x"
        return (
            self.goal,
            self.what,
            self.against,
            _number(self.ours, f" {self.unit}"),
            _number(self.other, f" {self.unit}"),
            _number(self.value, end),
            _number(self.at_least, end),
            _number(self.aim, end),
            self.verdict,
        )


HEADER = ("goal", "what", "against", "ours", "other", "result", "at least", "aim", "verdict")


def _number(value: float | None, end: str) -> str:
    if value is None:
        return ""
    digits = 0 if value >= 1000 or value == int(value) else 1 if value >= 100 else 2
    return f"{value:,.{digits}f}{end}"

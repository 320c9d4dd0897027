"""How sure the paper's own deltas are, from the means and standard deviations it prints."""

from __future__ import annotations

import math
from dataclasses import dataclass

from modernize.published import published_rows
from modernize.results.statistics import Summary, holm, welch_p_value

# Each mean of Table 10 is over three seeds (arXiv:2201.03545).
N_SEEDS = 3
CLEAR_BELOW = 0.05
BORDERLINE_BELOW = 0.1
NO_STD = "no std printed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Two-sided Welch test of one published delta; `p_holm` is Holm-corrected over all deltas of its table."""

    p_value: float
    p_holm: float

    @property
    def verdict(self) -> str:
        """The test in words: "clear" (corrected), "borderline" (uncorrected, at 10 %) or "not distinguishable"."""
        if self.p_holm < CLEAR_BELOW:
            return "clear"
        return "borderline" if self.p_value < BORDERLINE_BELOW else "not distinguishable"


# What `welch_readings` gives, to six digits, so that a report of one seed need not import scipy.
READINGS: dict[str, dict[str, Reading]] = {
    "resnet50": {
        "stage-ratio": Reading(p_value=0.000699887, p_holm=0.00909853),
        "patchify": Reading(p_value=0.284148, p_holm=0.852443),
        "depthwise": Reading(p_value=0.00243238, p_holm=0.0254216),
        "width": Reading(p_value=0.00020969, p_holm=0.00314535),
        "inverted": Reading(p_value=0.0041158, p_holm=0.0288106),
        "move-up": Reading(p_value=0.00158541, p_holm=0.0190249),
        "kernel-5": Reading(p_value=0.00275697, p_holm=0.0254216),
        "kernel-7": Reading(p_value=0.00497364, p_holm=0.0298418),
        "kernel-9": Reading(p_value=0.000530692, p_holm=0.00742968),
        "kernel-11": Reading(p_value=0.00304677, p_holm=0.0254216),
        "gelu": Reading(p_value=0.684395, p_holm=0.920102),
        "fewer-acts": Reading(p_value=0.00717394, p_holm=0.0358697),
        "fewer-norms": Reading(p_value=0.0983758, p_holm=0.393503),
        "ln": Reading(p_value=0.460051, p_holm=0.920102),
        "downsample": Reading(p_value=0.00231106, p_holm=0.0254216),
    },
    "resnet200": {},
}


def welch_readings(regime: str) -> dict[str, Reading]:
    """Test every delta of a published table that has both standard deviations.

    Args:
        regime: "resnet50" (Table 10) or "resnet200" (Table 11, which prints none).

    Returns:
        By step id, in the table's order; probes are compared with the rung they change, as in the table's `before`.
    """
    rows = {row.step: row for row in published_rows(regime)}
    printed = {step: Summary(n=N_SEEDS, mean=row.top1_percent, std=row.top1_std) for step, row in rows.items()}
    tested = {step: welch_p_value(printed[step], printed[row.before]) for step, row in rows.items() if row.before}
    p_values = {step: p for step, p in tested.items() if p is not None}
    return {step: Reading(p_value=p_values[step], p_holm=p) for step, p in holm(p_values).items()}


def welch_half_width(std: float | None, other: float | None) -> float | None:
    """Half of Welch's 95 % interval of the difference of two printed means, in points; None without both spreads."""
    if not std or not other:
        return None
    from scipy.special import stdtrit

    a, b = std**2 / N_SEEDS, other**2 / N_SEEDS
    degrees = (a + b) ** 2 / (a**2 + b**2) * (N_SEEDS - 1)
    return float(stdtrit(degrees, 1 - CLEAR_BELOW / 2)) * math.sqrt(a + b)

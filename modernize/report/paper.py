"""What is published of a study's entries, and how sure the paper's deltas are by the spreads it prints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from modernize.published import PublishedRow, published_rows
from modernize.results.study import Study
from modernize.words import listed

# Each mean of Table 10 is over three seeds (arXiv:2201.03545).
N_SEEDS = 3
CLEAR_BELOW = 0.05
BORDERLINE_BELOW = 0.1
SIGN_ONLY = "sign only, no spread printed"
"""What is said of a published change that no test can judge, in reports, slides, quiz and handout alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Two-sided Welch test of one published delta; `p_holm` is Holm-corrected over its table's steps, or its probes."""

    p_value: float
    p_holm: float

    @property
    def verdict(self) -> str:
        """The test in words: "clear" (corrected), "borderline" (uncorrected, at 10 %) or "not distinguishable"."""
        if self.p_holm < CLEAR_BELOW:
            return "clear"
        return "borderline" if self.p_value < BORDERLINE_BELOW else "not distinguishable"


# Of every delta of a table that has both standard deviations, against the row's `before`, to six digits: what scipy
# gives (tests say so), so that a report of one seed need not import it. Adopted steps are one family of tests, probes
# another: what was tried besides says nothing about the ladder.
READINGS: dict[str, dict[str, Reading]] = {
    "resnet50": {
        "stage-ratio": Reading(p_value=0.000699887, p_holm=0.00769875),
        "patchify": Reading(p_value=0.284148, p_holm=0.852443),
        "depthwise": Reading(p_value=0.00243238, p_holm=0.0207995),
        "width": Reading(p_value=0.00020969, p_holm=0.00251628),
        "inverted": Reading(p_value=0.0041158, p_holm=0.0288106),
        "move-up": Reading(p_value=0.00158541, p_holm=0.0158541),
        "kernel-5": Reading(p_value=0.00275697, p_holm=0.00827091),
        "kernel-7": Reading(p_value=0.00497364, p_holm=0.0298418),
        "kernel-9": Reading(p_value=1, p_holm=1),
        "kernel-11": Reading(p_value=0.388588, p_holm=0.777177),
        "gelu": Reading(p_value=0.684395, p_holm=0.920102),
        "fewer-acts": Reading(p_value=0.00717394, p_holm=0.0358697),
        "fewer-norms": Reading(p_value=0.0983758, p_holm=0.393503),
        "ln": Reading(p_value=0.460051, p_holm=0.920102),
        "downsample": Reading(p_value=0.00231106, p_holm=0.0207995),
    },
    "resnet200": {},
}


def sign_only_words(table: str, steps: Sequence[str]) -> str:
    """Say of which changes of a published table the sign is all there is; "" where each has a test.

    Args:
        table: "resnet50" or "resnet200".
        steps: Those shown whose change no test can judge.
    """
    if not READINGS[table]:
        source = published_rows(table)[0].source
        return f"{source} prints neither a spread nor a number of runs: its changes have a sign, and no test."
    return f"No spread is printed for what {listed(steps)} changed: it has a sign, and no test." if steps else ""


def published_of(study: Study) -> dict[str, PublishedRow]:
    """Return what is published for the entries of a study: of the paper's table, else the first of its references."""
    found = {row.step: row for row in published_rows(study.published)} if study.published else {}
    for row in reference_rows(study):
        found.setdefault(row.step, row)
    return found


def reference_rows(study: Study) -> tuple[PublishedRow, ...]:
    """Return a study's own references as published rows."""
    return tuple(
        PublishedRow(
            step=one.entry,
            label=one.entry,
            role="reference",
            before="",
            top1_percent=one.value,
            top1_text=f"{one.value:g}",
            top1_std=one.std,
            gmacs=0.0,
            gmacs_text="",
            source=one.source,
            note="",
            anomaly="",
            data=one.data,
            n=one.n,
        )
        for one in study.references
    )


def welch_half_width(std: float | None, other: float | None) -> float | None:
    """Half of Welch's 95 % interval of the difference of two printed means, in points; None without both spreads."""
    if not std or not other:
        return None
    from scipy.special import stdtrit

    a, b = std**2 / N_SEEDS, other**2 / N_SEEDS
    degrees = (a + b) ** 2 / (a**2 + b**2) * (N_SEEDS - 1)
    return float(stdtrit(degrees, 1 - CLEAR_BELOW / 2)) * math.sqrt(a + b)

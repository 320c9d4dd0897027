"""What a study compares with what: paired differences, corrected for the number of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from modernize.metrics import TOP1, Metric
from modernize.published import PublishedRow
from modernize.report.paper import READINGS, Reading
from modernize.results.paired_tests import (
    Tests,
    equivalence_p_value,
    improvement,
    sign_flip_p_value,
    simultaneous_interval,
)
from modernize.results.rounds import Look, Values, looks
from modernize.results.statistics import LEVEL, Delta, corrected, paired_delta
from modernize.results.study import Study

LADDER = ("rung", "probe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """An entry compared with another.

    Attributes:
        entry: Name of the entry.
        before: Name of what it is compared with, "" for none.
        delta: Over the seeds both finished; None if there is none.
        p_holm: p-value of the delta, Holm-corrected over all contrasts of the study; None where there is no test.
        metric: What is compared.
        tests: What is known beside the t test; None from one seed.
        margin: Differences up to this count as none; None where the study states no margin for this metric.
        look: Where seeds come in rounds, the last one that looked at it; its delta is over the seeds until then.
        published_delta: Difference of the printed means, where one source prints both on the same data; of a paper's
            ladder, where the paper made this change to the same rung.
        published_reading: Test of that difference, None where no standard deviations are printed.
    """

    entry: str = ""
    before: str = ""
    delta: Delta | None = None
    p_holm: float | None = None
    metric: Metric = TOP1
    tests: Tests | None = None
    margin: float | None = None
    look: Look | None = None
    published_delta: float | None = None
    published_reading: Reading | None = None

    @property
    def verdict(self) -> str:
        """What the corrected test of the delta says, see `verdict_of`; "" without a delta."""
        return verdict_of(self.delta, self.p_holm, self.metric.verdicts) if self.delta else ""

    @property
    def equivalence(self) -> str:
        """Whether the corrected test of equivalence finds it within the margin; "" where it is not asked."""
        if self.margin is None or self.tests is None or self.tests.p_equivalence is None:
            return ""
        within = f"within {self.metric.difference(self.margin)}"
        return f"the same {within}" if self.tests.p_equivalence < LEVEL else f"not shown to be {within}"


def verdict_of(delta: Delta, p_holm: float | None, words: tuple[str, str] = ("better", "worse")) -> str:
    """Say what the corrected test of a difference says: one of two words, or why neither."""
    sizes = [delta.n] if delta.n_before is None else [delta.n_before, delta.n]
    if p_holm is None:
        same = "equal differences" if delta.n_before is None else "no spread"
        return f"{'one seed' if 1 in sizes else same}: no interval"
    if p_holm >= LEVEL:
        return f"not distinguishable at n={' and '.join(map(str, sizes))}"
    return words[0] if delta.mean > 0 else words[1]


def contrasts_of(study: Study, published: Mapping[str, PublishedRow], values: Values) -> tuple[Contrast, ...]:
    """Compare what a study compares, each pair once, and correct for all of them.

    Args:
        study: The plan.
        published: The published row of each entry that has one.
        values: Of each entry by seed; None of runs that ended otherwise than well.
    """
    readings = READINGS.get(study.published, {})
    metrics = {entry.name: entry.metric for entry in study.entries}
    looked = looks(study, values) if study.rounds else None
    found, differences = [], []
    for number, (entry, before) in enumerate(study.pairs):
        seeds = study.seeds[: looked[number].n] if looked else study.seeds
        one, other = (
            {seed: value for seed in seeds if (value := values[name].get(seed)) is not None} for name in (entry, before)
        )
        differences.append([one[seed] - other[seed] for seed in seeds if seed in one and seed in other])
        published_delta = _published_delta(published.get(entry), published.get(before))
        found.append(
            Contrast(
                entry=entry,
                before=before,
                delta=paired_delta(one, other) if study.comparable((entry, before)) else None,
                metric=metrics[entry],
                margin=study.margin_of((entry, before)),
                published_delta=published_delta,
                published_reading=readings.get(entry) if published_delta is not None else None,
            )
        )
    return _with_tests(found, differences, looked or _single_look(found))


def _single_look(found: Sequence[Contrast]) -> tuple[Look, ...]:
    """Test all contrasts once, and correct for their number."""
    p_holm = corrected(one.delta.p_value if one.delta else None for one in found)
    same = (equivalence_p_value(one.delta, one.margin) if one.delta and one.margin else None for one in found)
    return tuple(
        Look(p_holm=p_value, p_equivalence=p_same) for p_value, p_same in zip(p_holm, corrected(same), strict=True)
    )


def _with_tests(
    found: Sequence[Contrast], differences: Sequence[Sequence[float]], looked: Sequence[Look]
) -> tuple[Contrast, ...]:
    """Add what the tests of each contrast say, given its paired differences."""
    n_tests = max(1, sum(look.p_holm is not None for look in looked))
    whole = []
    for one, values, look in zip(found, differences, looked, strict=True):
        tests = None
        if one.delta and one.delta.n > 1:
            differs = look.p_holm is not None and look.p_holm < LEVEL
            ends = simultaneous_interval(one.delta, LEVEL * look.share / n_tests, differs=differs)
            low, high = ends or (None, None)
            tests = Tests(
                sign_flip=sign_flip_p_value(values),
                improvement=improvement(values, falls=one.metric.falls),
                low=low,
                high=high,
                p_equivalence=look.p_equivalence,
            )
        whole.append(replace(one, p_holm=look.p_holm, tests=tests, look=look if look.n else None))
    return tuple(whole)


def has_to_be_said(study: Study, entry: str, before: str) -> bool:
    """Whether a delta is against something else than the rung that a step was applied to.

    Args:
        study: The plan.
        entry: What is compared.
        before: With what.
    """
    roles = {one.name: one.role for one in study.entries}
    if roles[entry] not in LADDER or roles[before] != "rung":
        return True
    rungs = [name for name, role in roles.items() if role == "rung"]
    return entry in rungs and rungs.index(before) != rungs.index(entry) - 1


def _published_delta(row: PublishedRow | None, foot: PublishedRow | None) -> float | None:
    """Subtract printed means: of a paper's ladder where it made this change to the same row, of references as asked."""
    if not row or not foot or (row.source, row.data) != (foot.source, foot.data) or row.before not in ("", foot.step):
        return None
    # Rounded to what is printed: 81.27 - 80.62 is 0.65, not 0.6499999.
    return round(row.top1_percent - foot.top1_percent, 2)

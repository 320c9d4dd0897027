"""What stands beside a paired t test: scipy's numbers, and error rates and coverage as promised."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from factories import make_record, make_study, report_text
from scipy import stats

from modernize.errors import ModernizeError
from modernize.report.rows import make_rows
from modernize.report.tables import table_rows
from modernize.results.paired_tests import (
    MOST_FLIPPED,
    equivalence_p_value,
    improvement,
    least_sign_flip_p_value,
    seeds_for_sign_flip,
    sign_flip_p_value,
    simultaneous_interval,
)
from modernize.results.statistics import LEVEL, holm, paired_delta, welch_delta
from modernize.run.config import to_toml
from modernize.run.request import request_from
from modernize.toml import parse_toml


def delta_of(differences):
    return paired_delta(dict(enumerate(differences)), dict.fromkeys(range(len(differences)), 0.0))


@pytest.mark.parametrize("values", [(1, -1, 0.5, 2, 3.3), (0.5, 0, 0, -1.5), (2, 2, 2, -2, 1, 1), (0.1,) * 9])
def test_sign_flips_are_scipys_over_all_of_them(values):
    oracle = stats.permutation_test(
        (np.array(values),), lambda x, axis: x.sum(axis), permutation_type="samples", n_resamples=math.inf
    )
    assert sign_flip_p_value(values) == pytest.approx(oracle.pvalue)


def test_fishers_sign_flips_of_darwins_maize():
    # R. A. Fisher, The Design of Experiments, section 21: 1,726 of 32,768 flips reach the sum of 314 eighths.
    eighths = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    assert sign_flip_p_value(eighths) == 1726 / 2**15


def test_sign_flips_reach_their_smallest_p_and_no_less():
    assert sign_flip_p_value([0.3] * 8) == least_sign_flip_p_value(8) == 2 / 2**8
    assert sign_flip_p_value([1.0] * MOST_FLIPPED) == least_sign_flip_p_value(MOST_FLIPPED)
    assert sign_flip_p_value([1.0] * (MOST_FLIPPED + 1)) is None
    n = seeds_for_sign_flip(13, 0.05)
    assert (n, 13 * least_sign_flip_p_value(n) < 0.05) == (10, True)
    assert 13 * least_sign_flip_p_value(n - 1) >= 0.05


def test_sign_flips_keep_their_level_without_a_normal_distribution():
    drawn = np.random.default_rng(0).laplace(size=(2000, 8)) ** 3
    wrong = sum(sign_flip_p_value(values) <= 0.05 for values in drawn)
    # Of the 128 p-values that 8 seeds can have, 6 are up to 0.05.
    assert stats.binomtest(wrong, 2000, 6 / 128).pvalue > 0.001


def test_improvement_is_scipys_binomial():
    share = improvement([1.0, 2.0, -1.0, 0.5, 0.1])
    low, high = stats.binomtest(4, 5).proportion_ci(method="exact")
    assert (share.n, share.share) == (5, 0.8)
    assert (share.low, share.high) == pytest.approx((low, high))
    assert improvement([1.0, 2.0, -1.0, 0.5, 0.1], falls=True).share == pytest.approx(0.2)
    assert improvement([1.0, 0.0]).share == 0.75
    assert (improvement([1.0] * 3).high, improvement([-1.0] * 3).low) == (1.0, 0.0)


@pytest.mark.parametrize("n", [2, 5, 8])
def test_improvement_covers_at_least_as_often_as_it_says(n):
    intervals = [improvement([1.0] * k + [-1.0] * (n - k)) for k in range(n + 1)]
    for truth in np.linspace(0.01, 0.99, 25):
        held = sum(stats.binom.pmf(k, n, truth) for k, one in enumerate(intervals) if one.low <= truth <= one.high)
        assert held >= 0.95


@pytest.mark.parametrize("values", [(0.2, -0.3, 0.4, 0.1), (1.2, 0.9, 1.4, 1.0, 0.8), (-0.5, 0.5)])
def test_equivalence_is_two_one_sided_t_tests(values):
    tests = [
        stats.ttest_1samp(values, -1.0, alternative="greater").pvalue,
        stats.ttest_1samp(values, 1.0, alternative="less").pvalue,
    ]
    assert equivalence_p_value(delta_of(values), 1.0) == pytest.approx(max(tests))
    low, high = stats.ttest_1samp(values, 0.0).confidence_interval(0.9)
    assert (equivalence_p_value(delta_of(values), 1.0) < 0.05) == (max(-low, high) < 1)


def test_what_has_no_spread_has_neither_interval_nor_equivalence():
    for delta in (delta_of([1.0]), delta_of([1.0, 1.0]), welch_delta([1.0, 2.0], [3.0, 5.0])):
        assert equivalence_p_value(delta, 9.0) is None
        assert simultaneous_interval(delta, 0.05, differs=False) is None


def test_a_difference_as_large_as_the_margin_passes_for_none_in_5_percent():
    drawn = np.random.default_rng(1).normal(1.0, 0.5, size=(2000, 6))
    wrong = sum(equivalence_p_value(delta_of(values), 1.0) < 0.05 for values in drawn)
    assert stats.binomtest(wrong, 2000, 0.05).pvalue > 0.001


def test_a_simultaneous_interval_is_the_t_interval_at_its_level():
    values = (0.2, -0.3, 0.4, 0.1)
    oracle = stats.ttest_1samp(values, 0.0).confidence_interval(1 - 0.05 / 7)
    assert simultaneous_interval(delta_of(values), 0.05 / 7, differs=False) == pytest.approx(tuple(oracle))


def test_simultaneous_intervals_hold_together_and_agree_with_holm():
    rng, truth, trials = np.random.default_rng(2), np.array([0.0, 0.0, 1.0, 3.0, -2.0]), 1500
    missed = wrong = 0
    for _ in range(trials):
        # Neighbours share a rung, as on a ladder.
        rungs = np.concatenate([[0.0], np.cumsum(truth)])[:, None] + rng.normal(size=(6, 5))
        deltas = [delta_of(after - before) for before, after in pairwise(rungs)]
        corrected = holm({number: delta.p_value for number, delta in enumerate(deltas)})
        held = True
        for number, delta in enumerate(deltas):
            low, high = simultaneous_interval(delta, LEVEL / 5, differs=False)
            held = held and low <= truth[number] <= high
            cut = simultaneous_interval(delta, LEVEL / 5, differs=corrected[number] < LEVEL)
            assert (cut[0] < 0 < cut[1]) == (corrected[number] >= LEVEL)
        missed += not held
        wrong += any(corrected[number] < LEVEL for number in (0, 1))
    assert stats.binomtest(missed, trials, 0.05, alternative="greater").pvalue > 0.001
    assert stats.binomtest(wrong, trials, 0.05, alternative="greater").pvalue > 0.001


def rows_with(margin, **top1_by_step):
    steps = [step.replace("_", "-") for step in top1_by_step]
    seeds = tuple(range(len(next(iter(top1_by_step.values())))))
    study = make_study(upto=steps[-1], seeds=seeds, equivalence_margin=margin)
    records = [
        make_record(study, step, seed, top1_percent=value)
        for step, values in zip(steps, top1_by_step.values(), strict=True)
        for seed, value in enumerate(values)
    ]
    return study, make_rows(study, records)


TOP1 = {
    "base": (70.0, 71.0, 72.0, 70.5),
    "recipe": (75.0, 77.0, 76.0, 75.5),  # better
    "stage_ratio": (75.1, 76.9, 76.1, 75.5),  # the same within 1 point
    "patchify": (78.1, 73.9, 76.1, 74.0),  # not distinguishable, and not the same either
}


def test_the_same_is_another_verdict_than_not_distinguishable():
    study, rows = rows_with(1.0, **TOP1)
    said = {row.step: (row.verdict, row.contrast.equivalence) for row in rows[1:]}
    assert said == {
        "recipe": ("better", "not shown to be within 1 point"),
        "stage-ratio": ("not distinguishable at n=4", "the same within 1 point"),
        "patchify": ("not distinguishable at n=4", "not shown to be within 1 point"),
    }
    text = report_text(study, rows)
    assert "the same within 1 point" in text
    assert table_rows(study, rows)[2]["equivalence"] == "the same within 1 point"


def test_without_a_margin_nothing_is_said_of_equivalence():
    study, rows = rows_with(None, **TOP1)
    assert {row.contrast.equivalence for row in rows} == {""}
    assert "quivalence" not in report_text(study, rows)


def test_the_details_agree_with_the_verdicts_and_say_what_sign_flips_cannot():
    study, rows = rows_with(None, **TOP1)
    for row in rows[1:]:
        tests = row.contrast.tests
        assert (tests.low < 0 < tests.high) == (row.verdict not in ("better", "worse"))
    text = report_text(study, rows)
    assert "With 4 seeds it is at least 0.12 and 0.38 after a correction for 3 tests" in text
    assert "7 seeds could (0.047)" in text


def test_one_seed_has_no_details():
    study, rows = rows_with(None, base=(70.0,), recipe=(71.0,))
    assert "The tests in detail" not in report_text(study, rows)


@pytest.mark.parametrize("margin", [0, -1.0, math.nan, math.inf, True, "1"])
def test_a_margin_that_is_none_is_refused(margin):
    with pytest.raises(ModernizeError, match="equivalence_margin should be"):
        request_from(equivalence_margin=margin)


def test_a_margin_is_written_and_read_back():
    request = request_from(equivalence_margin=1)
    assert request_from(**parse_toml(to_toml(request))) == request
    assert request.definition.equivalence_margin == 1.0

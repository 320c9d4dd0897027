from __future__ import annotations

import math
import statistics

import pytest
from scipy import stats

from modernize.results.statistics import paired_delta, sampling_error_percent, summarise


def test_summary_is_mean_and_sample_standard_deviation():
    values = [81.2, 80.4, 83.0]
    summary = summarise(values)
    assert summary.n == 3
    assert summary.mean == pytest.approx(statistics.mean(values))
    assert summary.std == pytest.approx(statistics.stdev(values))


def test_one_value_has_no_spread_and_none_has_no_mean():
    assert summarise([80.0]).std is None
    assert summarise([]) is None


@pytest.mark.parametrize("n", [2, 3, 4, 5, 10, 31])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_interval_is_the_one_of_a_paired_t_test(n, confidence):
    before = {seed: 80 + math.sin(seed) for seed in range(n)}
    after = {seed: 81 + math.cos(3 * seed) for seed in range(n)}
    delta = paired_delta(after, before, confidence)
    oracle = stats.ttest_rel(list(after.values()), list(before.values())).confidence_interval(confidence)
    assert (delta.low, delta.high) == pytest.approx((oracle.low, oracle.high))
    assert delta.mean == pytest.approx((oracle.low + oracle.high) / 2)


def test_only_seeds_that_both_finished_are_paired():
    delta = paired_delta({0: 82.0, 2: 90.0, 3: 84.0}, {3: 83.0, 0: 80.0, 1: 10.0})
    assert (delta.n, delta.mean) == (2, 1.5)


def test_one_pair_has_no_interval():
    delta = paired_delta({0: 82.0, 1: 83.0}, {0: 81.0})
    assert (delta.n, delta.mean, delta.low, delta.high) == (1, 1.0, None, None)
    assert not delta.excludes_zero


def test_no_pair_is_no_delta():
    assert paired_delta({0: 82.0}, {1: 81.0}) is None
    assert paired_delta({}, {}) is None


def test_excludes_zero():
    before = {0: 80.0, 1: 80.5, 2: 79.5}
    assert paired_delta({s: v + 2 + 0.1 * s for s, v in before.items()}, before).excludes_zero
    assert not paired_delta({0: 83.0, 1: 79.0, 2: 80.0}, before).excludes_zero


def test_sampling_error_is_binomial():
    low, high = stats.binomtest(1600, 2000).proportion_ci(method="wilson")
    assert sampling_error_percent(80.0, 2000) == pytest.approx(100 * (high - low) / 2, rel=0.01)
    assert sampling_error_percent(100.0, 2000) == 0.0

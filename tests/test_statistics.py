from __future__ import annotations

import math
import statistics

import pytest
from scipy import stats

from modernize.results.statistics import (
    Summary,
    holm,
    paired_delta,
    power_of,
    rank_correlation,
    rank_correlation_p_value,
    sampling_error_percent,
    smallest_delta,
    summarise,
    welch,
    welch_delta,
)


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
def test_interval_is_the_one_of_a_paired_t_test(n):
    before = {seed: 80 + math.sin(seed) for seed in range(n)}
    after = {seed: 81 + math.cos(3 * seed) for seed in range(n)}
    delta = paired_delta(after, before)
    test = stats.ttest_rel(list(after.values()), list(before.values()))
    oracle = test.confidence_interval(0.95)
    assert delta.p_value == pytest.approx(test.pvalue)
    assert (delta.low, delta.high) == pytest.approx((oracle.low, oracle.high))
    assert delta.mean == pytest.approx((oracle.low + oracle.high) / 2)


def test_only_seeds_that_both_finished_are_paired():
    delta = paired_delta({0: 82.0, 2: 90.0, 3: 84.0}, {3: 83.0, 0: 80.0, 1: 10.0})
    assert (delta.n, delta.mean) == (2, 1.5)


def test_one_pair_has_no_interval():
    delta = paired_delta({0: 82.0, 1: 83.0}, {0: 81.0})
    assert (delta.n, delta.mean, delta.low, delta.high) == (1, 1.0, None, None)
    assert delta.std is delta.p_value is None
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


def test_paired_test_of_students_sleep_data():
    # Student, The probable error of a mean (1908): t = 4.0621 with 9 degrees of freedom.
    dextro = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    laevo = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    delta = paired_delta(dict(enumerate(laevo)), dict(enumerate(dextro)))
    assert delta.mean == pytest.approx(1.58)
    assert (delta.low, delta.high) == pytest.approx((0.7001142, 2.4598858), abs=1e-7)
    assert delta.p_value == pytest.approx(0.002833, abs=5e-7)


def test_paired_test_by_hand():
    # Differences 5, 6, 4: t = 5 sqrt(3); with 2 degrees of freedom p = 1 - t / sqrt(2 + t^2).
    delta = paired_delta({0: 75.0, 1: 77.0, 2: 76.0}, {0: 70.0, 1: 71.0, 2: 72.0})
    assert delta.std == 1.0
    assert delta.p_value == pytest.approx(1 - 5 * math.sqrt(3 / 77))


def test_equal_differences_have_no_spread_to_test_against():
    delta = paired_delta({0: 80.1, 1: 70.1, 2: 60.4}, {0: 79.8, 1: 69.8, 2: 60.1})
    assert delta.mean == pytest.approx(0.3)
    assert (delta.std, delta.low, delta.high, delta.p_value) == (0.0, None, None, None)


@pytest.mark.parametrize("n", [2, 3, 7])
def test_a_constant_difference_is_not_tested_through_the_last_bit_of_its_sum(n):
    for difference in [k / 100 for k in range(-100, 100)]:
        before = {seed: round(60 + 1.37 * seed, 2) for seed in range(n)}
        paired = paired_delta({seed: round(value + difference, 2) for seed, value in before.items()}, before)
        assert (paired.mean, paired.std, paired.low, paired.p_value) == (difference, 0.0, None, None)
        welch = welch_delta([60 + difference] * n, [0.1 + 0.2 + 59.7, *[60.0] * (n - 1)])
        assert (welch.mean, welch.low, welch.p_value) == (difference, None, None)


def test_holm_by_hand():
    adjusted = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert adjusted == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})
    assert list(adjusted) == ["a", "b", "c", "d"]
    assert holm({1: 0.4, 2: 0.9, 3: 0.9}) == {1: 1.0, 2: 1.0, 3: 1.0}
    assert holm({"only": 0.04}) == {"only": 0.04}
    assert holm({}) == {}


@pytest.mark.parametrize(
    ("one", "other", "p_value"),
    [
        ((15, 20.8, 7.9), (15, 23.0, 3.8), 0.021),
        ((10, 20.6, 9.0), (20, 22.1, 0.9), 0.149),
        ((10, 19.4, 1.4), (20, 21.6, 17.1), 0.036),
    ],
)
def test_welch_textbook_examples(one, other, p_value):
    # n, mean and variance of the three examples of https://en.wikipedia.org/wiki/Welch%27s_t-test
    samples = [Summary(n=n, mean=mean, std=math.sqrt(variance)) for n, mean, variance in (one, other)]
    # Means and variances are printed with one digit.
    assert welch(*samples).p_value == pytest.approx(p_value, abs=6e-3)
    (a, b) = samples
    oracle = stats.ttest_ind_from_stats(a.mean, a.std, a.n, b.mean, b.std, b.n, equal_var=False)
    assert welch(*samples).p_value == pytest.approx(oracle.pvalue)


def test_welch_needs_two_spreads():
    known, single = Summary(n=3, mean=80.0, std=0.1), Summary(n=1, mean=79.0, std=None)
    exact = Summary(n=3, mean=80.0, std=0.0)
    assert welch(known, single).p_value is None
    assert welch(exact, exact).p_value is None
    assert welch(known, exact).p_value == pytest.approx(1.0)


def test_rank_correlation_of_a_textbook_example():
    # IQ and hours of television a week: https://en.wikipedia.org/wiki/Spearman%27s_rank_correlation_coefficient
    iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
    hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]
    rho = rank_correlation(iq, hours)
    assert rho == pytest.approx(-29 / 165)
    assert rank_correlation_p_value(iq, hours) == pytest.approx(0.627188, abs=1e-6)


def test_rank_correlation_with_ties_is_scipys():
    one = [0.5, 0.15, -1.2, 2.2, 0.14, -0.7, 0.14, 0.06, 0.5]
    other = [1.0, 0.1, 0.1, 3.0, 0.0, -2.0, 0.4, 0.4, 0.4]
    oracle = stats.spearmanr(one, other)
    rho = rank_correlation(one, other)
    assert rho == pytest.approx(oracle.statistic)
    assert rank_correlation_p_value(one, other) == pytest.approx(oracle.pvalue)


def test_a_perfect_order_is_as_rare_as_one_shuffle_and_its_reverse():
    assert rank_correlation([1, 2, 3, 4, 5], [5, 4, 3, 2, 1]) == -1.0
    assert rank_correlation_p_value([1, 2, 3, 4, 5], [5, 4, 3, 2, 1]) == pytest.approx(2 / 120)
    assert rank_correlation_p_value(range(9), range(9)) == pytest.approx(2 / math.factorial(9))


@pytest.mark.parametrize("other", [[2, 1, 4, 3, 6, 5], [1, 1, 2, 3, 5, 4, 6], [2, 0, 1, 5, 4, 3, 7, 9]])
def test_the_p_of_few_ranks_is_that_of_all_their_orders(other):
    one = [*range(len(other))]
    ranks = stats.rankdata(other) - (len(other) + 1) / 2
    oracle = stats.permutation_test(
        (one,), lambda x, axis: (x * ranks).sum(axis), permutation_type="pairings", n_resamples=math.inf
    )
    assert rank_correlation_p_value(one, other) == pytest.approx(oracle.pvalue)


def test_rank_correlation_of_too_little_is_none():
    assert rank_correlation([1, 2, 3, 4], [1, 2, 3, 4]) is None
    assert rank_correlation([1, 1, 1, 1, 1], [1, 2, 3, 4, 5]) is None


def test_power_is_that_of_published_tables():
    # A paired test finds half a standard deviation with 80 % power from 34 pairs on (33.37 by R's pwr.t.test).
    assert smallest_delta(1.0, 34) < 0.5 < smallest_delta(1.0, 33)
    # R: power.t.test(n = 10, sd = 1, power = 0.8, type = "paired") gives delta = 0.996.
    assert smallest_delta(1.0, 10) == pytest.approx(0.996, abs=5e-4)
    assert smallest_delta(2.5, 10) == pytest.approx(2.5 * smallest_delta(1.0, 10))


@pytest.mark.parametrize("n", [2, 3, 5, 30])
def test_power_inverts_the_noncentral_t(n):
    shift = smallest_delta(1.0, n) * math.sqrt(n)
    critical = stats.t.ppf(0.975, n - 1)
    assert stats.nct.sf(critical, n - 1, shift) == pytest.approx(0.8, abs=1e-5)


def test_power_pools_the_spread_by_degrees_of_freedom():
    # Sample variances 1 (of three) and 8 (of two): (2 * 1 + 1 * 8) / 3. A single pair adds nothing.
    before = {0: 80.0, 1: 80.0, 2: 80.0}
    three, two, one = ({0: 84.0, 1: 85.0, 2: 86.0}, {0: 80.0, 1: 84.0}, {0: 99.0})
    power = power_of([paired_delta(after, before) for after in (three, two, one)], n=3)
    assert (power.n, power.degrees) == (3, 3)
    assert power.pooled_std == pytest.approx(math.sqrt(10 / 3))
    assert power.smallest_delta == pytest.approx(smallest_delta(power.pooled_std, 3))


def test_one_seed_has_no_power_to_speak_of():
    assert power_of([paired_delta({0: 81.0}, {0: 80.0})], n=1) is None
    assert power_of([], n=3) is None


@pytest.mark.parametrize(
    ("after", "before"),
    [([82.0, 83.0, 82.5], [80.0, 80.5, 81.9]), ([50.1, 49.0], [50.0, 48.2, 51.3, 50.7]), ([1.0, 1.1], [2.0, 3.0])],
)
def test_welch_delta_is_scipys(after, before):
    delta = welch_delta(after, before)
    oracle = stats.ttest_ind(after, before, equal_var=False)
    interval = oracle.confidence_interval(0.95)
    assert delta.mean == pytest.approx(sum(after) / len(after) - sum(before) / len(before))
    assert delta.p_value == pytest.approx(oracle.pvalue)
    assert (delta.low, delta.high) == pytest.approx((interval.low, interval.high))
    assert (delta.n, delta.n_before) == (len(after), len(before))
    assert delta.excludes_zero == (oracle.pvalue < 0.05)


def test_welch_delta_without_spread_has_no_interval():
    assert welch_delta([82.0], [80.0, 81.0]).low is None
    assert welch_delta([82.0, 82.0], [80.0, 80.0]).p_value is None
    assert welch_delta([], [80.0]) is None

"""Statistics over seeds and steps: plain numbers in, plain data out.

Distributions are scipy's, from `scipy.special`: importing `scipy.stats` takes three times as long. It is imported where
a test is computed, so that a report of one seed does without.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)

CONFIDENCE = 0.95

# With fewer pairs no order of the ranks is rarer than 5 % by chance: of four, 2 in 4! = 24.
LEAST_RANKED = 5

# Of eight there are 40,320 orders.
MOST_SHUFFLED = 8

# Values this near are one value that was computed in several ways: what a run measures moves in far larger steps, and
# decimals round at the sixteenth digit.
EQUAL_WITHIN = 1e-8


@dataclass(frozen=True, slots=True)
class Summary:
    """Mean over seeds; `std` is the sample standard deviation (n - 1), None for one seed."""

    n: int
    mean: float
    std: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """Difference of two means, with its t test: paired over seeds, or Welch's of independent samples.

    Attributes:
        n: Number of paired seeds; of independent samples, values of the second.
        n_before: Values of the first one; None where they are paired.
        mean: Mean difference.
        std: Sample standard deviation of paired differences, None for one seed and for independent samples.
        low: Lower end of the t interval, None without spread: for one seed, or if all values are equal.
        high: Its upper end.
        confidence: Of the interval. Each interval stands alone: no correction for their number.
        p_value: Two-sided, of the hypothesis of no difference; None where there is no interval.
    """

    n: int
    n_before: int | None = None
    mean: float
    std: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float = CONFIDENCE
    p_value: float | None = None

    @property
    def excludes_zero(self) -> bool:
        """Whether there is an interval and it does not hold 0."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def summarise(values: Sequence[float]) -> Summary | None:
    """Return mean and sample standard deviation, None without values; values within `EQUAL_WITHIN` have none: 0.

    Examples:
        >>> summarise([80.0, 82.0])
        Summary(n=2, mean=81.0, std=1.4142135623730951)
        >>> summarise([80.0]).std is None
        True
    """
    if not values:
        return None
    mean = math.fsum(values) / len(values)
    return Summary(n=len(values), mean=mean, std=_sample_std(values, mean))


def paired_delta(after: Mapping[int, float], before: Mapping[int, float]) -> Delta | None:
    """Compare two rungs seed by seed.

    Args:
        after: Value of each finished seed.
        before: The same for the rung compared with.

    Returns:
        The mean of after - before over the seeds in both, None if they share no seed.

    Examples:
        >>> delta = paired_delta({0: 82.0, 1: 83.0}, {0: 80.0, 1: 80.0, 2: 81.0})
        >>> delta.n, delta.mean
        (2, 2.5)
    """
    summary = summarise([after[seed] - before[seed] for seed in sorted(after.keys() & before.keys())])
    if summary is None:
        return None
    # Rounded, so that equal deltas rank alike.
    delta = Delta(n=summary.n, mean=round(summary.mean, 9), std=summary.std)
    return with_test(delta, summary.mean, summary.std / math.sqrt(summary.n), summary.n - 1) if summary.std else delta


def welch_delta(after: Sequence[float], before: Sequence[float]) -> Delta | None:
    """Compare two independent samples without assuming equal variances.

    Source: B. L. Welch, Biometrika 34 (1947).

    Args:
        after: Values of one side.
        before: Values of the other.

    Returns:
        The mean of `after` minus that of `before`; None if one of them is empty.

    Examples:
        >>> welch_delta([82.0, 83.0], [80.0, 80.0, 81.0]).mean.__round__(3)
        2.167
    """
    one, other = summarise(after), summarise(before)
    return welch(one, other) if one and other else None


def welch(one: Summary, other: Summary) -> Delta:
    """Compare two means with standard deviations likewise: the first minus the second.

    Returns:
        Without an interval if a standard deviation is missing or both are zero.
    """
    delta = Delta(n=one.n, n_before=other.n, mean=round(one.mean - other.mean, 9))
    if one.std is None or other.std is None or one.std == other.std == 0:
        return delta
    a, b = one.std**2 / one.n, other.std**2 / other.n
    degrees = (a + b) ** 2 / (a**2 / (one.n - 1) + b**2 / (other.n - 1))
    return with_test(delta, one.mean - other.mean, math.sqrt(a + b), degrees)


def with_test(delta: Delta, mean: float, error: float, degrees: float) -> Delta:
    """Add interval and p-value of a difference with this standard error."""
    from scipy.special import stdtr, stdtrit

    half = float(stdtrit(degrees, (1 + delta.confidence) / 2)) * error
    return replace(delta, low=mean - half, high=mean + half, p_value=2 * float(stdtr(degrees, -abs(mean) / error)))


def holm(p_values: Mapping[Key, float]) -> dict[Key, float]:
    """Adjust p-values for their number: those below a level hold together at that level.

    Source: S. Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6 (1979).

    Examples:
        >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
        {'a': 0.03, 'b': 0.06, 'c': 0.06}
    """
    adjusted: dict[Key, float] = {}
    least = 0.0
    for rank, key in enumerate(sorted(p_values, key=lambda key: p_values[key])):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[key]))
        adjusted[key] = least
    return {key: adjusted[key] for key in p_values}


def corrected(p_values: Iterable[float | None]) -> list[float | None]:
    """Adjust likewise those that there are.

    Examples:
        >>> corrected([0.01, None, 0.03])
        [0.02, None, 0.03]
    """
    given = dict(enumerate(p_values))
    adjusted = holm({number: p_value for number, p_value in given.items() if p_value is not None})
    return [adjusted.get(number) for number in given]


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation; None for fewer than `LEAST_RANKED` pairs, or if one side is constant.

    Examples:
        >>> rank_correlation([1, 2, 3, 4, 5], [10, 20, 40, 30, 50])
        0.9
    """
    if len(one) < LEAST_RANKED or len(set(one)) == 1 or len(set(other)) == 1:
        return None
    return round(statistics.correlation(_ranks(one), _ranks(other)), 12)


def rank_correlation_p_value(one: Sequence[float], other: Sequence[float]) -> float:
    """Test Spearman's correlation for association, two-sided: exactly up to `MOST_SHUFFLED` pairs, ties included.

    Of more, by its t approximation.

    Args:
        one: As `rank_correlation` takes them, and has one.
        other: Likewise.

    Examples:
        >>> round(rank_correlation_p_value([1, 2, 3, 4, 5], [1, 2, 3, 5, 4]), 4)
        0.0833
    """
    import numpy as np
    from scipy.special import stdtr

    n, first, second = len(one), np.array(_ranks(one)), np.array(_ranks(other))
    first, second = first - first.mean(), second - second.mean()
    if n <= MOST_SHUFFLED:
        sums = np.abs(second[np.array(list(itertools.permutations(range(n))))] @ first)
        return float(np.mean(sums >= sums[0] - EQUAL_WITHIN))
    rho = float(first @ second / np.sqrt((first @ first) * (second @ second)))
    # Even a perfect order comes about by chance once in n! shuffles, and so does its reverse.
    rarest = 2 / math.factorial(n)
    if 1 - abs(rho) <= EQUAL_WITHIN:
        return rarest
    return max(rarest, 2 * float(stdtr(n - 2, -abs(rho) * math.sqrt((n - 2) / (1 - rho**2)))))


def sampling_error_percent(top1_percent: float, num_images: int) -> float:
    """Return the 95 % half-width, in points, that the size of the test set alone leaves on one accuracy (binomial).

    Examples:
        >>> round(sampling_error_percent(80.0, 2000), 2)
        1.75
    """
    share = top1_percent / 100
    return 196 * math.sqrt(max(share * (1 - share), 0.0) / num_images)


def _sample_std(values: Sequence[float], mean: float) -> float | None:
    if len(values) < 2:
        return None
    if max(values) - min(values) <= EQUAL_WITHIN:
        return 0.0
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _ranks(values: Sequence[float]) -> list[float]:
    """Rank from 1; equal values share the mean of their ranks."""
    return [sum(v < value for v in values) + (sum(v == value for v in values) + 1) / 2 for value in values]


POWER = 0.8
LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """The smallest true difference that a paired t test finds with probability `power`.

    Attributes:
        n: Paired seeds of one comparison.
        pooled_std: Standard deviation of the paired differences, pooled over all comparisons.
        degrees: Its degrees of freedom.
        smallest_delta: In the unit of the differences.
        power: Probability to find it.
        level: Two-sided level of the single test, before any correction for the number of tests.
    """

    n: int
    pooled_std: float
    degrees: int
    smallest_delta: float
    power: float = POWER
    level: float = LEVEL


def power_of(deltas: Sequence[Delta], n: int) -> Power | None:
    """Say what a design of `n` paired seeds can see, given the spread that its comparisons showed.

    Args:
        deltas: The comparisons made; those of one seed add nothing.
        n: Planned seeds.

    Returns:
        None for one seed, or if no comparison shows a spread.
    """
    spread = [(delta.n - 1, delta.std) for delta in deltas if delta.std is not None]
    degrees = sum(weight for weight, _ in spread)
    pooled = math.sqrt(sum(weight * std**2 for weight, std in spread) / degrees) if degrees else 0.0
    if n < 2 or pooled == 0:
        return None
    return Power(n=n, pooled_std=pooled, degrees=degrees, smallest_delta=smallest_delta(pooled, n))


def smallest_delta(std: float, n: int) -> float:
    """Invert the power of a two-sided paired t test, by the noncentral t distribution.

    The chance to find a difference of the wrong sign, negligible at any useful power, is not counted.

    Args:
        std: Of the paired differences.
        n: Pairs, at least 2.

    Returns:
        The difference, in the unit of `std`.

    Examples:
        >>> round(smallest_delta(1.0, 10), 3)
        0.996
    """
    from scipy.special import nctdtrinc, stdtrit

    critical = float(stdtrit(n - 1, 1 - LEVEL / 2))
    return float(nctdtrinc(n - 1, 1 - POWER, critical)) * std / math.sqrt(n)

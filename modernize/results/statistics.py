"""Statistics over seeds: plain numbers in, plain data out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Summary:
    """Mean over seeds; `std` is the sample standard deviation (n - 1), None for one seed."""

    n: int
    mean: float
    std: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDelta:
    """Mean difference between two rungs over the seeds that both finished.

    Attributes:
        n: Number of paired seeds.
        mean: Mean difference.
        low: Lower end of the t interval, None for one seed: one seed shows no spread.
        high: Its upper end.
        confidence: Of the interval, for example 0.95. Each interval stands alone: no correction for their number.
    """

    n: int
    mean: float
    low: float | None
    high: float | None
    confidence: float

    @property
    def excludes_zero(self) -> bool:
        """Whether there is an interval and it does not hold 0."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def summarise(values: Sequence[float]) -> Summary | None:
    """Return mean and sample standard deviation, None without values.

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


def paired_delta(
    after: Mapping[int, float], before: Mapping[int, float], confidence: float = 0.95
) -> PairedDelta | None:
    """Compare two rungs seed by seed.

    Args:
        after: Value of each finished seed.
        before: The same for the rung compared with.
        confidence: Of the t interval.

    Returns:
        The mean of after - before over the seeds in both, None if they share no seed.

    Examples:
        >>> delta = paired_delta({0: 82.0, 1: 83.0}, {0: 80.0, 1: 80.0, 2: 81.0})
        >>> delta.n, delta.mean
        (2, 2.5)
    """
    differences = [after[seed] - before[seed] for seed in sorted(after.keys() & before.keys())]
    summary = summarise(differences)
    if summary is None:
        return None
    low = high = None
    if summary.std is not None:
        half = _t_quantile((1 + confidence) / 2, summary.n - 1) * summary.std / math.sqrt(summary.n)
        low, high = summary.mean - half, summary.mean + half
    return PairedDelta(n=summary.n, mean=summary.mean, low=low, high=high, confidence=confidence)


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
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


@cache
def _t_quantile(probability: float, degrees: int) -> float:
    """Invert Student's t distribution by bisection over the angle atan(t / sqrt(degrees)); `probability` above 0.5."""
    low, high = 0.0, math.pi / 2
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if _t_probability(middle, degrees) < probability else (low, middle)
    return math.tan(high) * math.sqrt(degrees)


def _t_probability(angle: float, degrees: int) -> float:
    """Give P(T < t) for whole degrees of freedom, exact.

    Source: Abramowitz and Stegun, 26.7.3 and 26.7.4. (Importing scipy.special for it takes longer than a report.)
    """
    odd = degrees % 2
    term = math.cos(angle) if odd else 1.0
    total = 0.0
    for k in range(1 + odd, degrees, 2):
        total += term
        term *= math.cos(angle) ** 2 * k / (k + 1)
    inside = 2 / math.pi * (angle + math.sin(angle) * total) if odd else math.sin(angle) * total
    return (1 + inside) / 2

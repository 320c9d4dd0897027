"""What stands beside a paired t test: sign flips, how often it is better, simultaneous intervals, equivalence.

Plain numbers in, plain data out; numpy and scipy are imported where a test is computed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from modernize.results.statistics import CONFIDENCE, EQUAL_WITHIN, Delta

# Beyond, counting takes seconds, and the smallest p is no matter any more.
MOST_FLIPPED = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How often one of a pair was better, equal ones counted half, with its exact binomial interval."""

    n: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tests:
    """What is known of a contrast of several paired seeds beside its t interval.

    Attributes:
        sign_flip: p-value of `sign_flip_p_value`; None for too many seeds.
        improvement: Seeds in which the entry was better.
        low: Lower end of its simultaneous interval, see `simultaneous_interval`; None without spread.
        high: Its upper end.
        p_equivalence: Of `equivalence_p_value`, Holm-corrected over the contrasts it was asked of; None where no margin
            is stated or there is no spread.
    """

    sign_flip: float | None
    improvement: Share
    low: float | None = None
    high: float | None = None
    p_equivalence: float | None = None


def sign_flip_p_value(differences: Sequence[float]) -> float | None:
    """Test paired differences for a centre of 0, two-sided: how rare is so large a sum when signs are coin flips?

    Exact, over all 2^n flips; assumes that differences are symmetric, not that they are normal. Source: R. A. Fisher,
    The Design of Experiments (1935), section 21.

    Returns:
        None for more than `MOST_FLIPPED` differences.

    Examples:
        >>> sign_flip_p_value([1.0, 2.0, 3.0, 4.0])
        0.125
    """
    import numpy as np

    n = len(differences)
    if n > MOST_FLIPPED:
        return None
    # Sums that are equal were added up in another order.
    least = abs(math.fsum(differences)) - n * EQUAL_WITHIN
    if least <= 0:
        return 1.0

    def sums(values: Sequence[float]) -> np.ndarray:
        found = np.zeros(1)
        for value in values:
            found = np.concatenate([found + value, found - value])
        return found

    # A sum of all is one of the first half and one of the second.
    first, second = sums(differences[: n // 2]), np.sort(sums(differences[n // 2 :]))
    # Each flip and its reverse are counted together.
    above = len(second) - np.searchsorted(second, least - first)
    return float(2 * int(above.sum()) / 2**n)


def least_sign_flip_p_value(n: int) -> float:
    """Return the smallest p that `n` pairs can reach: all of one sign, or all of the other."""
    return 2.0 ** (1 - n)


def seeds_for_sign_flip(n_tests: int, level: float) -> int:
    """Return how many pairs it takes before a sign-flip test can be below a level after a correction for so many tests.

    Examples:
        >>> seeds_for_sign_flip(13, 0.05)
        10
    """
    n = 1
    while n_tests * least_sign_flip_p_value(n) >= level:
        n += 1
    return n


def improvement(differences: Sequence[float], *, falls: bool = False, confidence: float = CONFIDENCE) -> Share:
    """Estimate the probability of improvement: that a pair's difference is positive, or where a metric falls, negative.

    The measure is that of arXiv:2108.13264 for paired seeds; the interval is Clopper and Pearson's (1934), which covers
    at least so often.

    Args:
        differences: At least one.
        falls: Whether less is better.
        confidence: Of the interval.

    Examples:
        >>> improvement([0.5, 1.0, -0.2, 0.1]).share
        0.75
    """
    from scipy.special import betaincinv

    n, tail = len(differences), (1 - confidence) / 2
    signed = [-value if falls else value for value in differences]
    better = math.fsum(0.5 if abs(value) <= EQUAL_WITHIN else float(value > 0) for value in signed)
    low = float(betaincinv(better, n - better + 1, tail)) if better > 0 else 0.0
    high = float(betaincinv(better + 1, n - better, 1 - tail)) if better < n else 1.0
    return Share(n=n, share=better / n, low=low, high=high)


def simultaneous_interval(delta: Delta, level: float, *, differs: bool) -> tuple[float, float] | None:
    """Return the t interval of a paired difference at a level of its own, in agreement with a verdict.

    At the level divided by the number of contrasts (Bonferroni), all of them hold together. Holm's step-down test can
    tell a difference from 0 which that interval still includes: then the interval ends at 0.

    Args:
        delta: Paired.
        level: Chance of a miss, of this interval alone.
        differs: Whether the corrected test tells the difference from 0.

    Returns:
        Both ends; None without spread.
    """
    from scipy.special import stdtrit

    if not delta.std:
        return None
    half = float(stdtrit(delta.n - 1, 1 - level / 2)) * delta.std / math.sqrt(delta.n)
    low, high = delta.mean - half, delta.mean + half
    if differs:
        return (max(low, 0.0), high) if delta.mean > 0 else (low, min(high, 0.0))
    return low, high


def equivalence_p_value(delta: Delta, margin: float) -> float | None:
    """Test that a paired difference is within a margin of 0, by two one-sided t tests; the larger p counts.

    Below 5 % exactly where the 90 % interval lies within the margin. Source: D. J. Schuirmann, J. Pharmacokinet.
    Biopharm. 15 (1987).

    Returns:
        None without spread.

    Examples:
        >>> round(equivalence_p_value(Delta(n=5, mean=0.0, std=1.0), 1.0), 4)
        0.0445
    """
    from scipy.special import stdtr

    if not delta.std:
        return None
    return float(stdtr(delta.n - 1, (abs(delta.mean) - margin) / (delta.std / math.sqrt(delta.n))))

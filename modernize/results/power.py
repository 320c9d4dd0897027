"""What a design can see: the smallest paired difference that a number of seeds would detect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from modernize.results.statistics import PairedDelta

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


def power_of(deltas: Sequence[PairedDelta], n: int) -> Power | None:
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


def smallest_delta(std: float, n: int, power: float = POWER, level: float = LEVEL) -> float:
    """Invert the power of a two-sided paired t test, by the noncentral t distribution.

    The chance to find a difference of the wrong sign, negligible at any useful power, is not counted.

    Args:
        std: Of the paired differences.
        n: Pairs, at least 2.
        power: Probability to find the difference.
        level: Two-sided.

    Returns:
        The difference, in the unit of `std`.

    Examples:
        >>> round(smallest_delta(1.0, 10), 3)
        0.996
    """
    from scipy.special import nctdtrinc, stdtrit

    critical = float(stdtrit(n - 1, 1 - level / 2))
    return float(nctdtrinc(n - 1, 1 - power, critical)) * std / math.sqrt(n)

"""Seeds, as a user writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from modernize.errors import ModernizeError, shown

MOST_SEEDS = 1_000
LARGEST_SEED = 2**31 - 1

_PART = re.compile(r"\s*([0-9]+)\s*(?:-\s*([0-9]+)\s*)?", re.ASCII)


def read_seeds(value: object) -> tuple[int, ...]:
    """Read seeds: a number n means 0 to n - 1; ranges and lists mean those.

    Examples:
        >>> read_seeds(3), read_seeds("3"), read_seeds("8-10"), read_seeds("0,5-6"), read_seeds([5])
        ((0, 1, 2), (0, 1, 2), (8, 9, 10), (0, 5, 6), (5,))

    Raises:
        ModernizeError: If it is none of these, a seed comes twice, or there are too many.
    """
    spans = _spans(value)
    if not spans or any(not 0 <= low <= high <= LARGEST_SEED for low, high in spans):
        raise ModernizeError(
            f"seeds should be a number (3 for 0, 1 and 2), a range (8-15) or a list (0,5,7), not {shown(value)}."
        )
    if (number := sum(high - low + 1 for low, high in spans)) > MOST_SEEDS:
        raise ModernizeError(f"seeds: {number:,} are asked for; at most {MOST_SEEDS:,} make one study.")
    seeds = sorted(seed for low, high in spans for seed in range(low, high + 1))
    if twice := [seed for seed, after in pairwise(seeds) if seed == after]:
        raise ModernizeError(f"seeds: {twice[0]} is given twice.")
    return tuple(seeds)


def seeds_text(seeds: Sequence[int]) -> str:
    """Write seeds, sorted, in short.

    Examples:
        >>> seeds_text((0, 1, 2, 5))
        '0-2,5'
    """
    spans: list[list[int]] = []
    for seed in seeds:
        if spans and seed == spans[-1][1] + 1:
            spans[-1][1] = seed
        else:
            spans.append([seed, seed])
    return ",".join(f"{low}" if low == high else f"{low}-{high}" for low, high in spans)


def _spans(value: object) -> list[tuple[int, int]]:
    """Return first and last seed of each range; none where it cannot be read."""
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,18}\s*", value, re.ASCII):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return [(0, value - 1)]
    if isinstance(value, str):
        parts = [_PART.fullmatch(part) for part in value.split(",")]
        return [(int(part[1]), int(part[2] or part[1])) for part in parts if part] if all(parts) else []
    if isinstance(value, list | tuple) and all(type(seed) is int for seed in value):
        return [(seed, seed) for seed in value]
    return []

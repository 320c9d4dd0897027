"""What a seed's spread is made of, as far as results alone can tell. Plain numbers in, plain data out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from modernize.results.statistics import CONFIDENCE, summarise


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Standard deviations of top-1 over seeds, in points.

    Attributes:
        n: Seeds.
        std: Over seeds, as measured.
        low: Lower end of its interval; takes the results of seeds to be normal.
        high: Its upper end.
        images: What the finite number of test images adds to it at most.
        rest: What is left, and was there at least before images were drawn; 0 where `images` explains all.
    """

    n: int
    std: float
    low: float
    high: float
    images: float
    rest: float

    @property
    def images_share(self) -> float:
        """Share of the variance that the test images explain at most, 0 to 1."""
        return min(1.0, (self.images / self.std) ** 2) if self.std else 1.0


def spread_of(top1_percent: Sequence[float], num_images: int) -> Spread | None:
    """Split the spread over seeds into that of a finite test set and the rest.

    A network that is trained again gets each image right with its own chance p_i. Where images fall independently, the
    mean over `num_images` of them varies by the sum of p_i (1 - p_i) over its square, which is p (1 - p) /
    `num_images` at most (all p_i alike). Source: arXiv:2304.01910; arXiv:2103.03098.

    Args:
        top1_percent: Of each seed, on the same images.
        num_images: How many test images there are.

    Returns:
        None for fewer than two seeds.

    Examples:
        >>> round(spread_of([50.0, 52.0, 48.0], 2500).images, 3)
        1.0
    """
    summary = summarise(top1_percent)
    if summary is None or summary.std is None:
        return None
    from scipy.special import chdtri

    share, degrees, tail = summary.mean / 100, summary.n - 1, (1 - CONFIDENCE) / 2
    squares = degrees * summary.std**2
    images = 100**2 * max(0.0, share * (1 - share)) / num_images
    return Spread(
        n=summary.n,
        std=summary.std,
        low=math.sqrt(squares / float(chdtri(degrees, tail))),
        high=math.sqrt(squares / float(chdtri(degrees, 1 - tail))),
        images=math.sqrt(images),
        rest=math.sqrt(max(0.0, summary.std**2 - images)),
    )


def shared_by_seed(pairs: Iterable[tuple[Sequence[float], Sequence[float]]]) -> float | None:
    """Return how much smaller pairing by seed makes the variance of a difference, pooled: a share, negative if larger.

    Args:
        pairs: Of each contrast the results of both sides, seed by seed.

    Returns:
        None where there is no spread.

    Examples:
        >>> shared_by_seed([([1.0, 2.0, 3.0], [1.5, 2.5, 3.5])])
        1.0
    """
    apart = paired = 0.0
    for one, other in pairs:
        found = [summarise(values) for values in (one, other, [a - b for a, b in zip(one, other, strict=True)])]
        squares = [(of.n - 1) * of.std**2 if of and of.std is not None else 0.0 for of in found]
        apart, paired = apart + squares[0] + squares[1], paired + squares[2]
    return 1 - paired / apart if apart else None

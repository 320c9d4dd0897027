"""What one network gets right that another does not, image by image, beside what another seed alone would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Right = Mapping[int, npt.NDArray[np.bool_]]
"""By seed, which test images a run gets right, (n,)."""

Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """How often, in percent of the images, two networks are right together or one of them alone.

    Attributes:
        both: Both are right.
        gained: Only the new one is.
        lost: Only the old one is.
        noise: One of two seeds of the same network is right, and the other is not; None from one seed.
    """

    both: float
    gained: float
    lost: float
    noise: float | None

    @property
    def neither(self) -> float:
        """None of them is right."""
        return 100.0 - self.both - self.gained - self.lost

    @property
    def new(self) -> float:
        """Top-1 of the new one."""
        return self.both + self.gained

    @property
    def old(self) -> float:
        """Top-1 of the old one."""
        return self.both + self.lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Gains:
    """One network against another.

    Attributes:
        new: Its name.
        old: Its name.
        num_seeds: That both finished.
        overall: Of all images.
        classes: Of those of each class, by its name.
        won: Images that all seeds of the new one get right and none of the old one's does, by their place.
        given_up: The other way round.
    """

    new: str
    old: str
    num_seeds: int
    overall: Exchange
    classes: dict[str, Exchange]
    won: tuple[int, ...]
    given_up: tuple[int, ...]


def gains(
    names: tuple[str, str], new: Right, old: Right, labels: npt.NDArray[np.int64], class_names: tuple[str, ...]
) -> Gains | None:
    """Compare two networks over the seeds that both have; None where there is none.

    A run is set against the runs of the other network with another seed, so that two networks which differ in nothing
    exchange as many images as two seeds of one do: that is the noise. With one seed there is no choice and no noise.

    Args:
        names: Of the new one and the old one.
        new: Its runs.
        old: Likewise.
        labels: The true classes, (n,).
        class_names: A name for each class.
    """
    seeds = sorted(new.keys() & old.keys())
    if not seeds:
        return None
    now, then = (np.array([of[seed] for seed in seeds], dtype=np.float64) for of in (new, old))
    both, gained, lost = _paired(now, then), _paired(now, 1 - then), _paired(1 - now, then)
    noise = (_paired(now, 1 - now) + _paired(then, 1 - then)) / 2 if len(seeds) > 1 else None

    def exchange(members: npt.NDArray[np.bool_]) -> Exchange:
        of_noise = None if noise is None else _percent(noise[members])
        return Exchange(
            both=_percent(both[members]), gained=_percent(gained[members]), lost=_percent(lost[members]), noise=of_noise
        )

    return Gains(
        new=names[0],
        old=names[1],
        num_seeds=len(seeds),
        overall=exchange(np.ones(len(labels), dtype=np.bool_)),
        classes={name: exchange(labels == label) for label, name in enumerate(class_names) if (labels == label).any()},
        won=_places(now.min(axis=0) > then.max(axis=0)),
        given_up=_places(then.min(axis=0) > now.max(axis=0)),
    )


def _paired(one: Shares, other: Shares) -> Shares:
    """Return of each image, (n,), how often both hold, over all pairs of runs of different seeds, (seeds, n) each."""
    count = len(one)
    if count == 1:
        of_one: Shares = one[0] * other[0]
        return of_one
    together: Shares = one.sum(axis=0) * other.sum(axis=0) - (one * other).sum(axis=0)
    together /= count * (count - 1)
    return together


def _percent(shares: Shares) -> float:
    return float(100 * shares.mean())


def _places(members: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(np.flatnonzero(members).tolist())

"""Random numbers from integer hashing: the same on every machine and under every version of numpy.

numpy's generators promise no stable stream across versions. Here a number is a pure function of (seed, split or epoch,
image, draw), so any image can be made alone and in any order, and the stream is the same for every number of processes
and workers, on every device, and wherever an epoch is resumed.

Source: splitmix64, Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
# Always float32; numpy's stubs widen mixed arithmetic with Python numbers, which numpy itself does not.
Floats = npt.NDArray[Any]

CROP, ERASING, NOISE, TRANSFORMS, BRIGHTNESS = range(5)
"""What an image's keys are drawn for in an epoch: each purpose has its own."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MASK = (1 << 64) - 1


def mix(x: Keys) -> Keys:
    """Return splitmix64's output for states `x`: a bijection on 64-bit integers, any shape."""
    x = x + _GOLDEN
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def image_keys(seed: int, split: int, index: npt.NDArray[Any]) -> Keys:
    """Return one key an image; under one seed no two images of either split share a key.

    Args:
        seed: Any integer.
        split: 0 or 1.
        index: Positions in the split, (n,).

    Returns:
        uint64, (n,).
    """
    start = mix(np.array([seed & _MASK], dtype=np.uint64))
    return mix(start + (index.astype(np.uint64) * np.uint64(2) + np.uint64(split)))


def epoch_seed(seed: int, epoch: int) -> int:
    """Return the seed of all that chance decides in an epoch."""
    return (seed * 1_000_003 + epoch) * 2 + 1


def epoch_keys(seed: int, epoch: int, index: npt.NDArray[Any], purpose: int) -> Keys:
    """Return one key an image, uint64 (n,), for images `index` (n,) of the training split."""
    return mix(image_keys(epoch_seed(seed, epoch), 0, index) + np.uint64(purpose))


class Draws:
    """A stream of uniform numbers for each of n images, in the order of the calls."""

    def __init__(self, keys: Keys) -> None:
        """Start the streams of images with keys (n,)."""
        self._keys = keys
        self._drawn = 0

    def bits(self) -> Keys:
        """Return the next 64 bits of each stream, (n,)."""
        self._drawn += 1
        return mix(self._keys ^ mix(np.array([self._drawn], dtype=np.uint64)))

    def between(self, low: float, high: float) -> Floats:
        """Return the next number of each stream, uniform in [low, high), (n, 1, 1)."""
        return np.float32(low) + unit_floats(self.bits()[:, None, None]) * np.float32(high - low)

    def lattice(self, *shape: int) -> Floats:
        """Return a whole array of numbers for each stream, uniform in [0, 1), (n, *shape)."""
        cells = np.arange(int(np.prod(shape)), dtype=np.uint64).reshape(shape)
        return unit_floats(mix(self.bits().reshape(-1, *(1 for _ in shape)) + cells))


def unit_floats(bits: Keys) -> Floats:
    """Return numbers in [0, 1) from the top 24 bits, which a float32 holds exactly."""
    return (bits >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)

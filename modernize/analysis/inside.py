"""A look inside the networks of a study, on test images: how far they look, how alike they are, what they get right.

Everything comes from the weights that runs left, so nothing is trained, and a study can be looked into at any time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice, product
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from modernize.analysis.alignment import cka, gram
from modernize.analysis.diversity import layer_diversity
from modernize.analysis.gains import Gains, Right, gains
from modernize.analysis.receptive_field import Contribution, contributions, side_px
from modernize.datasets import Dataset
from modernize.datasets.feed import Feed
from modernize.datasets.feeds import make_feed
from modernize.inference.runs import data_of, trained
from modernize.models.maps import Backbone, FeatureMap, feature_maps
from modernize.results.record import Record
from modernize.spec import Recipe
from modernize.strict import from_dict

SHARES = (0.5, 0.99)
"""Of the gradient at the input, whose squares are measured."""

BATCH_SIZE = 100

Runs = Mapping[str, Mapping[int, Record]]
"""By row and seed, those that left weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """The effective receptive field of a map, mean over seeds.

    Attributes:
        stride: Of the map: pixels of the image to a position.
        map_px: Height and width of the map.
        sides_px: Of the squares that hold each of `SHARES`.
        contribution: Of each pixel, (H, W).
    """

    stride: int
    map_px: int
    sides_px: tuple[float, ...]
    contribution: Contribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """Linear CKA of the maps of one stride, mean over pairs of runs of different seeds.

    Attributes:
        new: A row.
        old: The row before it, "" where the seeds of one row are compared.
        stride: Of the maps.
        cka: Mean over `num_pairs` pairs.
        num_pairs: How many.
    """

    new: str
    old: str
    stride: int
    cka: float
    num_pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What was found in the networks of a study.

    Attributes:
        study: Its name.
        num_images: Test images of the first three.
        num_test_images: Test images of `gains`.
        image_size: In pixels.
        seeds: Of each row, those that left weights.
        fields: Of each row by map, finest first.
        likenesses: Of each row's seeds, and of each with the row before.
        diversity: Of each row by layer, mean over seeds.
        gains: Of each row over the row before.
    """

    study: str
    num_images: int
    num_test_images: int
    image_size: int
    seeds: dict[str, tuple[int, ...]]
    fields: dict[str, tuple[Field, ...]]
    likenesses: tuple[Likeness, ...]
    diversity: dict[str, dict[str, float]]
    gains: tuple[Gains, ...]


@dataclass(slots=True)
class _Seen:
    """What was found in the runs of one row."""

    fields: dict[FeatureMap, list[Contribution]] = field(default_factory=lambda: defaultdict(list))
    grams: dict[int, dict[int, Tensor]] = field(default_factory=lambda: defaultdict(dict))
    diversity: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    right: dict[int, np.ndarray[tuple[int], np.dtype[np.bool_]]] = field(default_factory=dict)


def look_inside(
    study: str,
    runs: Runs,
    pairs: Sequence[tuple[str, str]],
    out: Path,
    *,
    num_images: int,
    data_dir: Path | None = None,
) -> Inside:
    """Look into the networks that runs left.

    Args:
        study: Its name.
        runs: Classifiers of one data set.
        pairs: Rows to compare, the new one first.
        out: Folder that holds runs/.
        num_images: How many test images receptive fields, alignment and diversity take, if there are so many.
        data_dir: Where downloaded data sets lie.

    Raises:
        ModernizeError: If weights are gone or changed.
        DataError: If the data set is not here, or is another than the runs'.
    """
    first = next(iter(next(iter(runs.values())).values()))
    data = data_of(first, data_dir)
    seen: dict[str, _Seen] = {}
    for name, of_row in runs.items():
        seen[name] = _Seen()
        for seed, record in of_row.items():
            _look(seen[name], seed, trained(record, out).eval(), _feed(record, data), num_images)
    right: dict[str, Right] = {name: one.right for name, one in seen.items()}
    labels, names = data.test.labels, data.class_names
    found = (gains((new, old), right[new], right[old], labels, names) for new, old in pairs)
    return Inside(
        study=study,
        num_images=min(num_images, len(data.test)),
        num_test_images=len(data.test),
        image_size=data.image_size,
        seeds={name: tuple(of_row) for name, of_row in runs.items()},
        fields={name: _fields(one) for name, one in seen.items()},
        likenesses=tuple(_likenesses(seen, pairs)),
        diversity={
            name: {path: float(np.mean(values)) for path, values in one.diversity.items()} for name, one in seen.items()
        },
        gains=tuple(one for one in found if one),
    )


def _feed(record: Record, data: Dataset) -> Feed:
    return make_feed(data, from_dict(Recipe, record.trained_recipe, "recipe"))


def _look(seen: _Seen, seed: int, network: nn.Module, feed: Feed, num_images: int) -> None:
    """Look into one run's network."""

    def images() -> Iterator[Tensor]:
        size = min(num_images, BATCH_SIZE)
        left = num_images
        for images_nchw, _ in islice(feed.eval_batches("test", size), -(-num_images // size)):
            yield images_nchw[:left]
            left -= len(images_nchw)

    for one, contribution in contributions(network, feed.image_size, images()).items():
        seen.fields[one].append(contribution)
    for stride, features_nf in _features(network, feed.image_size, images()).items():
        seen.grams[stride][seed] = gram(features_nf)
    for path, value in layer_diversity(network, images()).items():
        seen.diversity[path].append(value)
    with torch.inference_mode():
        answers = [network(x).argmax(dim=1) == labels for x, labels in feed.eval_batches("test", BATCH_SIZE)]
    seen.right[seed] = torch.cat(answers).numpy()


@torch.no_grad()
def _features(network: nn.Module, image_size: int, batches: Iterator[Tensor]) -> dict[int, Tensor]:
    """Return each map of all images in a row each, (n, features), by its stride."""
    maps = feature_maps(network, image_size)
    body, found = Backbone(network, maps), defaultdict(list)
    for images_nchw in batches if maps else ():
        given = body(images_nchw)
        for one in maps:
            found[one.stride].append(given[one.path].flatten(1))
    return {stride: torch.cat(parts) for stride, parts in found.items()}


def _fields(seen: _Seen) -> tuple[Field, ...]:
    return tuple(
        Field(
            stride=one.stride,
            map_px=one.size,
            sides_px=tuple(float(np.mean([side_px(each, share) for each in of_seeds])) for share in SHARES),
            contribution=np.mean(of_seeds, axis=0),
        )
        for one, of_seeds in seen.fields.items()
    )


def _likenesses(seen: Mapping[str, _Seen], pairs: Sequence[tuple[str, str]]) -> Iterator[Likeness]:
    """Compare the seeds of each row, then each row with the one before; of one seed only the latter."""
    for new, old in [*((name, "") for name in seen), *pairs]:
        for stride, of_new in seen[new].grams.items():
            of_old = seen[old or new].grams.get(stride, {})
            if old:
                several = len(of_new.keys() | of_old.keys()) > 1
                both = [(a, b) for a, b in product(of_new, of_old) if a != b or not several]
            else:
                both = list(combinations(of_new, 2))
            if both:
                values = [cka(of_new[a], of_old[b]) for a, b in both]
                yield Likeness(new=new, old=old, stride=stride, cka=float(np.mean(values)), num_pairs=len(both))

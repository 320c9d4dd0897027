"""Which feed a data set and a recipe need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modernize.datasets.dataset import Dataset
    from modernize.datasets.feed import Feed
    from modernize.spec import Recipe


def make_feed(data: Dataset, recipe: Recipe, *, decode_workers: int = 0, **where: Any) -> Feed:
    """Make what hands training and evaluation their batches; for the other arguments see `Feed`.

    `decode_workers` processes decode the images of data that is not resident; 0 for none but this one.
    """
    if data.has_objects:
        from modernize.datasets.things import ThingsFeed

        return ThingsFeed(data, recipe, **where)
    if not data.streamed and fits_resident(recipe):
        from modernize.datasets.resident import ResidentFeed

        return ResidentFeed(data, recipe, **where)
    # Imports timm and torchvision, which takes seconds.
    from modernize.datasets.decoded import DecodedFeed

    return DecodedFeed(data, recipe, decode_workers=decode_workers, **where)


def fits_resident(recipe: Recipe) -> bool:
    """Say whether a recipe asks only for what is done to whole batches on the device."""
    return not recipe.rand_augment and not recipe.color_jitter

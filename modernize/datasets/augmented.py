"""What a recipe makes of images: the batches of a training run, laid out to be looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from modernize.datasets.arrays import ImageArrays, Images
from modernize.datasets.feeds import make_feed
from modernize.datasets.files import FileSplit, ImageFiles
from modernize.datasets.normalise import statistics
from modernize.datasets.preview import lay_out
from modernize.spec import Recipe


def augmented_grid(data: ImageArrays | ImageFiles, recipe: Recipe, rows: int = 10, columns: int = 12) -> Images:
    """Lay out the first image of each class as training sees it, an epoch a column.

    Args:
        data: The data set.
        recipe: Its augmentation is shown, but for mixup and CutMix.
        rows: How many classes at most, from the first.
        columns: How many epochs.

    Returns:
        The grid, uint8 (height, width, 3).
    """
    labels, first = np.unique(data.train_labels, return_index=True)
    labels, first = labels[:rows], first[:rows]
    one_a_class: ImageArrays | ImageFiles
    if isinstance(data, ImageFiles):
        one_a_class = replace(data, train=FileSplit(data.train.names[first], labels))
    else:
        one_a_class = replace(data, train_images_nhwc=data.train_images_nhwc[first], train_labels=labels)
    feed = make_feed(one_a_class, recipe)
    mean, std = statistics(one_a_class)
    size = data.image_size
    tiles = np.empty((len(labels), columns, size, size, 3), dtype=np.uint8)
    for epoch in range(columns):
        images, batch_labels = next(feed.train_batches(len(labels), seed=0, epoch=epoch))
        pixels = (images.permute(0, 2, 3, 1) * std + mean).round().clamp(0, 255)
        tiles[np.searchsorted(labels, batch_labels.numpy()), epoch] = pixels.byte().numpy()
    return lay_out(tiles, len(labels), columns, size)

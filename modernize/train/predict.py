"""What a trained network takes the test images for, to be kept beside its weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from modernize.datasets.dataset import Dataset
from modernize.datasets.feed import Feed
from modernize.results.predictions import MOST_BYTES, Predictions

EVAL_BATCH = 250
PICTURE_PIXELS = 112


@torch.no_grad()
def predict_test(network: nn.Module, feed: Feed, data: Dataset) -> Predictions | None:
    """Predict the test images, and draw the worst mistakes and the least sure hits.

    Args:
        network: Trained; put into evaluation.
        feed: Of the only process.
        data: What the feed hands out.

    Returns:
        None where there are too many of them to keep.
    """
    if 2 * len(data.test) * data.num_classes > MOST_BYTES:
        return None
    network.eval()
    batches = feed.eval_batches("test", EVAL_BATCH)
    given = [(network(images).float().softmax(dim=1).cpu(), labels.cpu()) for images, labels in batches]
    found = Predictions(
        probabilities=torch.cat([probabilities for probabilities, _ in given]).numpy(),
        labels=torch.cat([labels for _, labels in given]).numpy(),
        class_names=data.class_names,
        pictured=np.zeros(0, dtype=np.int64),
        pictures=np.zeros((0, PICTURE_PIXELS, PICTURE_PIXELS, 3), dtype=np.uint8),
    )
    shown = np.concatenate((found.worst_mistakes, found.least_sure_hits))
    pictures = np.stack([data.test.square(int(index), PICTURE_PIXELS) for index in shown])
    return replace(found, pictured=shown, pictures=pictures)

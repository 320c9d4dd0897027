"""What a trained network says of test images, from the weights that its run left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from modernize.datasets import load_data
from modernize.datasets.dataset import Dataset, Images
from modernize.datasets.feed import make_feed
from modernize.entry import model_of
from modernize.errors import DataError
from modernize.models import build_model
from modernize.results.artifact import weights_of_run
from modernize.results.record import Record
from modernize.spec import Recipe
from modernize.strict import from_dict


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One image and what the network takes it for.

    Attributes:
        image_nhwc: As it is stored, uint8 (h, w, 3).
        true: Name of its class.
        predicted: Name of the class with the largest logit.
        probability_percent: Of that class, by softmax; a network need not know how sure it is.
    """

    image_nhwc: Images
    true: str
    predicted: str
    probability_percent: float


def predict(record: Record, out: Path, *, num_images: int, data_dir: Path | None = None) -> list[Prediction]:
    """Predict the first test images of the data set that a run was evaluated on.

    Args:
        record: Of the run.
        out: Folder that holds runs/.
        num_images: How many.
        data_dir: Where downloaded data sets lie.

    Raises:
        ModernizeError: If the weights are gone or changed.
        DataError: If the data set is not here, or is another than the run's.
    """
    weights, data = weights_of_run(record, out), data_of(record, data_dir)
    network = untrained(record)
    network.load_state_dict(load_file(weights))
    feed = make_feed(data, from_dict(Recipe, record.trained_recipe, "recipe"))
    images_nchw, labels = next(iter(feed.eval_batches("test", num_images)))
    with torch.no_grad():
        probabilities, classes = network.eval()(images_nchw).softmax(dim=1).max(dim=1)
    names = data.class_names
    return [
        Prediction(
            image_nhwc=data.test.square(index, data.image_size),
            true=names[true],
            predicted=names[predicted],
            probability_percent=100.0 * probability,
        )
        for index, (true, predicted, probability) in enumerate(
            zip(labels.tolist(), classes.tolist(), probabilities.tolist(), strict=True)
        )
    ]


def data_of(record: Record, data_dir: Path | None = None) -> Dataset:
    """Load the data set that a run was evaluated on.

    Raises:
        DataError: If it is not here, or is another than the run's.
    """
    facts = record.data
    data = load_data(
        facts.name,
        image_size=facts.image_size,
        train_images=facts.num_train_images,
        test_images=max(facts.num_test_images, facts.num_val_images),
        data_dir=data_dir,
    )
    if data.fingerprint != facts.fingerprint:
        raise DataError(f"{facts.name} is not what run {record.run_id} was evaluated on: its fingerprint is another.")
    return data


def untrained(record: Record) -> nn.Module:
    """Build the network that a run trained, with weights drawn from torch's global generator."""
    recipe, facts = from_dict(Recipe, record.trained_recipe, "recipe"), record.data
    return build_model(model_of(record.model), recipe, num_classes=facts.num_classes, image_size=facts.image_size)

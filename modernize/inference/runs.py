"""What a run trained, and on what, from its record."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from modernize.datasets import Dataset, load_data
from modernize.entry import model_of
from modernize.errors import DataError
from modernize.models import build_model
from modernize.results.record import Record
from modernize.spec import Recipe
from modernize.strict import from_dict


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
        val_share=facts.val_share,
        data_dir=data_dir,
    )
    if data.fingerprint != facts.fingerprint:
        raise DataError(f"{facts.name} is not what run {record.run_id} was evaluated on: its fingerprint is another.")
    return data


def untrained(record: Record) -> nn.Module:
    """Build the network that a run trained, with weights drawn from torch's global generator."""
    recipe, facts = from_dict(Recipe, record.trained_recipe, "recipe"), record.data
    return build_model(model_of(record.model), recipe, num_classes=facts.num_classes, image_size=facts.image_size)

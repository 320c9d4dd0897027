"""What a run trained, and on what, from its record."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file
from torch import nn

from modernize.datasets import Dataset, load_data
from modernize.entry import model_of
from modernize.errors import DataError
from modernize.models import build_model
from modernize.objectives.masking import encoder_of
from modernize.objectives.pyramid import body_of
from modernize.results.artifact import weights_of_run
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


def trained(record: Record, out: Path) -> nn.Module:
    """Build the network that a run trained, with the weights it left.

    Of a detector or segmenter it is the network below, of masked pre-training the encoder, whose head is as drawn.

    Args:
        record: Of the run.
        out: Folder that holds runs/.

    Raises:
        ModernizeError: If the weights are gone or changed.
    """
    network, state = untrained(record), load_file(weights_of_run(record, out))
    state = body_of(state) or state
    encoder = encoder_of(state)
    network.load_state_dict(encoder or state, strict=encoder is None)
    return network

"""A trained network in a file that says what it is of, without training one."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file

from modernize.entry import Model
from modernize.models import Preprocessing, build_model
from modernize.models.description import Description
from modernize.regimes import base_spec
from modernize.spec import Recipe
from modernize.verify.logits import randomise

NAMES = ("cat", "dog", "eel")


def saved_model(folder: Path, model: Model | None = None, *, image_size: int = 32, name: str = "kept") -> Path:
    """Write random weights of a network of three classes, rung 0 of the laptop regime by default."""
    model = model or base_spec("laptop").with_arch(num_classes=len(NAMES)).arch
    torch.manual_seed(0)
    network = build_model(model, Recipe(), num_classes=len(NAMES), image_size=image_size)
    randomise(network, seed=1)
    preprocessing = Preprocessing(
        mean=(120.0, 110.0, 100.0), std=(60.0, 61.0, 62.0), image_size=image_size, crop_ratio=0.875,
        interpolation="bicubic",
    )  # fmt: skip
    description = Description(
        model=model, class_names=NAMES, preprocessing=preprocessing, about={"run": "0123456789abcdef"}
    )
    path = folder / f"{name}.safetensors"
    save_file({key: one.contiguous() for key, one in network.state_dict().items()}, path, description.to_metadata())
    return path

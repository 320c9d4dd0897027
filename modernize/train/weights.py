"""Weights to start from: fine-tuning."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from modernize.errors import ModernizeError
from modernize.nn.convert import from_timm, from_torchvision
from modernize.nn.network import Network
from modernize.spec import Spec

_CLASSIFIERS = ("head.fc.bias", "classifier.2.bias", "fc.bias")
"""Of ours and timm's, and of torchvision's ConvNeXt and ResNet."""


def fitting_weights(path: Path, spec: Spec) -> dict[str, Tensor]:
    """Read weights for a spec from a safetensors file.

    The file is the `weights.safetensors` of a checkpoint, or holds a state dict of timm's or torchvision's network.

    Args:
        path: The file. Nothing in it is a pickle, so reading it runs no code.
        spec: What is trained from them; where its number of classes is another, it begins with a new classifier.

    Returns:
        A state dict, without the classifier in that case.

    Raises:
        ModernizeError: If the file cannot be read, or is of another network.
    """
    try:
        state = load_file(path)
    except FileNotFoundError:
        raise ModernizeError(f"there is no file of weights {path}.") from None
    except (OSError, SafetensorError) as error:
        raise ModernizeError(f"{path} is no readable safetensors file of weights ({type(error).__name__}).") from error
    name = next((name for name in _CLASSIFIERS if name in state), None)
    if name is None or state[name].ndim != 1:
        raise ModernizeError(f"{path} holds the weights of no network that is known here: it has no classifier.")
    whole = spec.with_arch(num_classes=len(state[name]))
    try:
        ours = _named_as_ours(state, whole)
    except ModernizeError as error:
        raise ModernizeError(f"{path}: {error}") from error
    _check_values(path, ours, whole)
    keep_classifier = whole.arch.num_classes == spec.arch.num_classes
    return {name: tensor for name, tensor in ours.items() if keep_classifier or not name.startswith("head.fc.")}


def _named_as_ours(state: dict[str, Tensor], spec: Spec) -> dict[str, Tensor]:
    if not any(".branch." in name for name in state):
        torchvisions = any(name.startswith("features.") for name in state)
        return (from_torchvision if torchvisions else from_timm)(state, spec)
    wanted = _wanted(spec)
    if differing := wanted.keys() ^ state.keys():
        raise ModernizeError(f"its weights are of another network: one has {min(differing)}, the other has not.")
    for name, tensor in wanted.items():
        if tensor.shape != state[name].shape:
            raise ModernizeError(
                f"its weights are of another network: {name} is {tuple(state[name].shape)}, "
                f"{tuple(tensor.shape)} is needed."
            )
    return state


def _wanted(spec: Spec) -> dict[str, Tensor]:
    with torch.device("meta"):
        return Network(spec).state_dict()


def _check_values(path: Path, state: dict[str, Tensor], spec: Spec) -> None:
    """Refuse whole numbers where fractions belong, which would be taken for zeros or worse, and what is not finite."""
    for name, tensor in _wanted(spec).items():
        given = state[name]
        if given.is_floating_point() != tensor.is_floating_point():
            kinds = [str(dtype).removeprefix("torch.") for dtype in (given.dtype, tensor.dtype)]
            raise ModernizeError(f"{path}: {name} holds {kinds[0]} numbers, {kinds[1]} ones are needed.")
        if given.is_floating_point() and not bool(torch.isfinite(given.float()).all()):
            raise ModernizeError(f"{path}: {name} holds values that are not finite (NaN or infinite).")

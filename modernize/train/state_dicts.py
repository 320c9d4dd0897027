"""Weights in files: those that training starts from, and those that a run leaves."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from modernize.entry import Trainable
from modernize.errors import ModernizeError
from modernize.external import External
from modernize.models import handle_of
from modernize.models.description import Description
from modernize.models.libraries import on_meta
from modernize.models.pretrained import build_pretrained, pretrained_file
from modernize.nn.convert import from_timm, from_torchvision
from modernize.nn.network import Network
from modernize.objectives.masking import encoder_of
from modernize.objectives.pyramid import body_of
from modernize.regimes import spec_of
from modernize.results.artifact import EMA_FILE, WEIGHTS_FILE
from modernize.results.files import write_atomically
from modernize.results.record import NO_WEIGHTS, WeightsFile
from modernize.spec import Arch, Spec
from modernize.train.checkpoint import contiguous
from modernize.train.learner import Learner

_TORCHS = (".pth", ".pt", ".bin", ".ckpt", ".tar")
"""Endings of files that torch saved."""

_CLASSIFIERS = ("head.fc.bias", "classifier.2.bias", "fc.bias")
"""Of ours and timm's, and of torchvision's ConvNeXt and ResNet."""


def fitting_weights(
    path: Path, entry: Trainable, *, num_classes: int | None = None, image_size: int = 224
) -> dict[str, Tensor]:
    """Read weights for a network from a file.

    The file is the `weights.safetensors` of a run or checkpoint, or holds a state dict of timm's or torchvision's.

    Args:
        path: The file: safetensors, in which nothing is a pickle, or what torch saves (.pth, .pt), of which torch reads
            tensors alone: reading neither runs code.
        entry: What is trained from them.
        num_classes: Outputs of its classifier, by default as many as its architecture has; where the file has others,
            or the recipe wants one (`new_head`), training begins with a new classifier.
        image_size: Of the images; read for another library's network.

    Returns:
        A state dict, without the classifier in that case, and without all of the head behind masked pre-training.

    Raises:
        ModernizeError: If the file cannot be read, or is of another network.
    """
    state = _read(path)
    state = body_of(state) or state
    if isinstance(entry.model, External):
        network = on_meta(entry.model, num_classes=num_classes or Arch().num_classes, image_size=image_size)
        return _of_external(path, state, network, entry)
    spec = spec_of(replace(entry.model, num_classes=num_classes or entry.model.num_classes), entry.recipe)
    return _of_ours(path, state, spec)


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise ModernizeError(f"there is no file of weights {path}.")
    if path.suffix not in _TORCHS:
        try:
            return load_file(path)
        except (OSError, SafetensorError) as error:
            kind = type(error).__name__
            raise ModernizeError(f"{path} is no readable safetensors file of weights ({kind}).") from error
    from timm.models import load_state_dict

    try:
        state: dict[str, Tensor] = load_state_dict(str(path), use_ema=False, weights_only=True)
    except Exception as error:  # a damaged file can make torch's reader raise nearly anything
        raise ModernizeError(f"{path} is no readable file of weights ({type(error).__name__}).") from error
    if not state or not all(isinstance(tensor, Tensor) for tensor in state.values()):
        raise ModernizeError(f"{path} holds no state dict: not all in it are tensors by their names.")
    return state


def _of_ours(path: Path, state: dict[str, Tensor], spec: Spec) -> dict[str, Tensor]:
    if encoder := encoder_of(state):  # its decoder has done its work, and it had no head
        with torch.device("meta"):
            wanted = Network(spec).state_dict()
        _check(path, encoder, {name: tensor for name, tensor in wanted.items() if not name.startswith("head.")})
        return encoder
    name = next((name for name in _CLASSIFIERS if name in state), None)
    if name is None or state[name].ndim != 1:
        raise ModernizeError(f"{path} holds the weights of no network that is known here: it has no classifier.")
    whole = spec.with_arch(num_classes=len(state[name]))
    with torch.device("meta"):
        wanted = Network(whole).state_dict()
    try:
        if any(".branch." in name for name in state):
            ours = state
        else:
            torchvisions = any(name.startswith("features.") for name in state)
            ours = (from_torchvision if torchvisions else from_timm)(state, whole)
    except ModernizeError as error:
        raise ModernizeError(f"{path}: {error}") from error
    _check(path, ours, wanted)
    keep_classifier = whole.arch.num_classes == spec.arch.num_classes and not spec.recipe.new_head
    return {name: tensor for name, tensor in ours.items() if keep_classifier or not name.startswith("head.fc.")}


def _of_external(path: Path, state: dict[str, Tensor], network: nn.Module, entry: Trainable) -> dict[str, Tensor]:
    # Files of old libraries lack what counts a norm's batches; nothing is computed from it.
    wanted = {
        name: tensor
        for name, tensor in network.state_dict().items()
        if name in state or not name.endswith("num_batches_tracked")
    }
    new_head = entry.recipe.new_head
    if wanted.keys() ^ state.keys() and isinstance(entry.model, External):
        with suppress(Exception):  # what does not fit is said below
            if path == pretrained_file(entry.model):
                state, new_head = build_pretrained(entry.model).state_dict(), True
    classifiers = tuple(f"{path}." for path in handle_of(network).classifiers)
    heads = [name for name in wanted.keys() & state.keys() if name.startswith(classifiers)]
    if new_head or any(state[name].shape[:1] != wanted[name].shape[:1] for name in heads):
        for name in heads:
            del wanted[name], state[name]
    _check(path, state, wanted)
    return state


def _check(path: Path, state: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    """Refuse another network's weights, whole numbers where fractions belong, and what is not finite."""
    other = f"{path}: its weights are of another network"
    if differing := wanted.keys() ^ state.keys():
        raise ModernizeError(f"{other}: one has {min(differing)}, the other has not.")
    for name, tensor in wanted.items():
        given = state[name]
        if tensor.shape != given.shape:
            raise ModernizeError(f"{other}: {name} is {tuple(given.shape)}, {tuple(tensor.shape)} is needed.")
        if given.is_floating_point() != tensor.is_floating_point():
            kinds = [str(dtype).removeprefix("torch.") for dtype in (given.dtype, tensor.dtype)]
            raise ModernizeError(f"{path}: {name} holds {kinds[0]} numbers, {kinds[1]} ones are needed.")
        if given.is_floating_point() and not bool(torch.isfinite(given.float()).all()):
            raise ModernizeError(f"{path}: {name} holds values that are not finite (NaN or infinite).")


def keep_weights(learner: Learner, folder: Path, description: Description) -> tuple[WeightsFile, WeightsFile]:
    """Write the final weights of a network, and those of their moving average where there is one.

    Args:
        learner: At the end of its run.
        folder: The run's own.
        description: Written into the files.

    Returns:
        What was written, for the record; the second is empty without a moving average.

    Raises:
        ModernizeError: If they cannot be written.
    """

    def written(name: str, state: dict[str, Tensor]) -> WeightsFile:
        data = save(contiguous(state), description.to_metadata())
        write_atomically(folder / name, data)
        return WeightsFile(file=name, sha256=hashlib.sha256(data).hexdigest(), num_bytes=len(data))

    average = learner.ema.module.state_dict() if learner.ema else None
    return (
        written(WEIGHTS_FILE, learner.network.state_dict()),
        written(EMA_FILE, average) if average is not None else NO_WEIGHTS,
    )

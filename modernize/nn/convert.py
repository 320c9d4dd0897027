"""Weights to and from torchvision and timm: ResNet at rung 0, ConvNeXt at the last rung.

The four functions take and give state dicts; a converted state dict loads strictly and gives the same logits.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from modernize.errors import ModernizeError
from modernize.nn.keymaps import KeyMap, Library, key_map, their_key
from modernize.nn.network import Network
from modernize.spec import Spec

State = Mapping[str, Tensor]


def to_torchvision(network: nn.Module | State, spec: Spec) -> dict[str, Tensor]:
    """Convert to the state dict of torchvision's `resnet50` or `convnext_*`.

    Args:
        network: A network that `build` made, or its state dict.
        spec: What it was built from.

    Returns:
        New tensors, which share no memory with the network.

    Raises:
        ModernizeError: If torchvision has no such network, or the state dict does not fit the spec.
    """
    return _export(network, spec, "torchvision")


def to_timm(network: nn.Module | State, spec: Spec) -> dict[str, Tensor]:
    """Convert to the state dict of timm's `resnet50`, `convnext_*` or `convnextv2_*`; see `to_torchvision`.

    1x1 convolutions become linear layers, but for the widths of timm's Atto to Nano, which keep convolutions.
    """
    return _export(network, spec, "timm")


def from_torchvision(state: State, spec: Spec) -> dict[str, Tensor]:
    """Convert the state dict of torchvision's `resnet50` or `convnext_*` to ours.

    Args:
        state: Their state dict.
        spec: The rung to load it into.

    Returns:
        New tensors for `build(spec).load_state_dict`.

    Raises:
        ModernizeError: If torchvision has no such network, or the state dict does not fit the spec.

    Examples:
        >>> from modernize.nn import build
        >>> from modernize.regimes import base_spec
        >>> spec = base_spec("resnet50").with_arch(depths=(1, 1, 1, 1), num_classes=10)
        >>> network = build(spec)
        >>> theirs = to_torchvision(network, spec)
        >>> list(theirs)[0]
        'conv1.weight'
        >>> network.load_state_dict(from_torchvision(theirs, spec))
        <All keys matched successfully>
    """
    return _import(state, spec, "torchvision")


def from_timm(state: State, spec: Spec) -> dict[str, Tensor]:
    """Convert the state dict of timm's `resnet50`, `convnext_*` or `convnextv2_*` to ours; see `from_torchvision`."""
    return _import(state, spec, "timm")


def _export(network: nn.Module | State, spec: Spec, library: Library) -> dict[str, Tensor]:
    keys = key_map(spec, library)
    state = network.state_dict() if isinstance(network, nn.Module) else network
    ours = _our_shapes(spec)
    _check_keys(state, ours)
    return {
        their_key(key, keys): _moved(key, state[key], _their_shape(key, shape, keys)) for key, shape in ours.items()
    }


def _import(state: State, spec: Spec, library: Library) -> dict[str, Tensor]:
    keys = key_map(spec, library)
    ours = _our_shapes(spec)
    names = {key: their_key(key, keys) for key in ours}
    _check_keys(state, {names[key]: shape for key, shape in ours.items()}, of=library)
    return {key: _moved(names[key], state[names[key]], shape) for key, shape in ours.items()}


def _our_shapes(spec: Spec) -> dict[str, torch.Size]:
    with torch.device("meta"):
        return {key: tensor.shape for key, tensor in Network(spec).state_dict().items()}


def _their_shape(key: str, shape: torch.Size, keys: KeyMap) -> torch.Size:
    if key.endswith("layer_scale.weight"):
        return torch.Size((*shape, 1, 1)[: keys.layer_scale_ndim])
    if keys.linear_pwconvs and key.endswith(("branch.pwconv1.weight", "branch.pwconv2.weight")):
        return shape[:2]
    return shape


def _check_keys(state: State, wanted: Mapping[str, torch.Size], of: str = "modernize") -> None:
    faults = []
    if missing := [key for key in wanted if key not in state]:
        faults.append(f"it lacks {missing[0]}{_more(missing)}")
    if unexpected := [key for key in state if key not in wanted]:
        faults.append(f"there is no place for {unexpected[0]}{_more(unexpected)}")
    if faults:
        raise ModernizeError(f"the {of} state dict does not fit the spec: {', and '.join(faults)}.")


def _more(keys: list[str]) -> str:
    return f" and {len(keys) - 1} more" if len(keys) > 1 else ""


def _moved(key: str, tensor: Tensor, shape: torch.Size) -> Tensor:
    """Copy a tensor into a shape that differs at most in dimensions of size 1 at the end."""
    if _trimmed(tensor.shape) != _trimmed(shape):
        raise ModernizeError(
            f"the state dict does not fit the spec: {key} has shape {tuple(tensor.shape)}, {tuple(shape)} is needed."
        )
    return tensor.detach().reshape(shape).clone(memory_format=torch.contiguous_format)


def _trimmed(shape: torch.Size) -> tuple[int, ...]:
    sizes = list(shape)
    while sizes and sizes[-1] == 1:
        sizes.pop()
    return tuple(sizes)

"""Which network of timm's or torchvision's is the same as one of ours."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from modernize.entry import Model
from modernize.errors import ModernizeError
from modernize.external import External, Library, Option
from modernize.nn.convert import to_timm, to_torchvision
from modernize.nn.keymaps import key_map
from modernize.regimes import spec_of
from modernize.spec import Arch, Depths, Recipe

_TORCHVISION_SIZES: dict[tuple[Depths, int], str] = {
    ((3, 4, 6, 3), 64): "resnet50",
    ((3, 4, 23, 3), 64): "resnet101",
    ((3, 8, 36, 3), 64): "resnet152",
    ((3, 3, 9, 3), 96): "convnext_tiny",
    ((3, 3, 27, 3), 96): "convnext_small",
    ((3, 3, 27, 3), 128): "convnext_base",
    ((3, 3, 27, 3), 192): "convnext_large",
}
"""Depths and width of those that torchvision builds; timm builds any."""


def counterpart(model: Model, library: Library) -> External:
    """Name the network of a library that is the same as this one.

    Raises:
        ModernizeError: If it has none.
    """
    if isinstance(model, External):
        if model.library != library:
            raise ModernizeError(f"{model} is no network of {library}.")
        return model
    key_map(spec_of(model, Recipe()), library)
    if library == "timm":
        return _of_timm(model)
    if name := _TORCHVISION_SIZES.get((model.depths, model.width)):
        return External(library, name)
    sizes = ", ".join(_TORCHVISION_SIZES.values())
    raise ModernizeError(f"torchvision has no network of depths {model.depths} and width {model.width}, only {sizes}.")


def state_for(model: Model, state: Mapping[str, Tensor], library: Library) -> dict[str, Tensor]:
    """Convert a state dict to that of the counterpart in a library."""
    if isinstance(model, External):
        return dict(state)
    return {"timm": to_timm, "torchvision": to_torchvision}[library](state, spec_of(model, Recipe()))


def _of_timm(arch: Arch) -> External:
    if arch.downsampling == "in-block":
        if arch.width != 64:
            raise ModernizeError(f"timm's ResNets of bottlenecks are 64 wide, not {arch.width}.")
        options: list[tuple[str, Option, Option]] = [("layers", arch.depths, (3, 4, 6, 3))]
        name = "resnet50"
    else:
        name = "convnext_tiny" if arch.layer_scale else "convnextv2_tiny"  # which has none
        options = [
            ("depths", arch.depths, (3, 3, 9, 3)),
            ("dims", arch.stage_widths, (96, 192, 384, 768)),
            ("use_grn", arch.grn, not arch.layer_scale),
            ("conv_mlp", not key_map(spec_of(arch, Recipe()), "timm").linear_pwconvs, False),
        ]
    return External("timm", name, tuple((key, value) for key, value, usual in options if value != usual))

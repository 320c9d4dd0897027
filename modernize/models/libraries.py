"""Networks of timm and torchvision, untrained, and tried out on the meta device before anything is spent on them.

Both libraries take seconds to import, so functions here import them.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from textwrap import shorten
from typing import Any

import torch
from torch import Tensor, nn

from modernize.errors import ModernizeError, unknown_name
from modernize.external import External, Option, parse_external, refusal
from modernize.nn.pairing import check_torch_pair

ONE_HEAD: Mapping[str, Mapping[str, Option]] = {
    name: {"aux_logits": False, "init_weights": True} for name in ("googlenet", "inception_v3")
}
"""torchvision's models with auxiliary classifiers, which training here has no use for: built without them."""

_SIZES = range(32, 513, 32)


def build_external(external: External, *, num_classes: int, image_size: int) -> nn.Module:
    """Build and initialise a network of another library, drawing from torch's global generator.

    Args:
        external: What to build.
        num_classes: Outputs of the classifier.
        image_size: Height and width of the images in pixels.

    Returns:
        A network in channels-last memory that maps images (N, 3, image_size, image_size) to logits (N, num_classes).

    Raises:
        ModernizeError: If the library has no such network, or it takes no such images.
    """
    on_meta(external, num_classes=num_classes, image_size=image_size)
    return _construct(external, num_classes).to(memory_format=torch.channels_last)


def on_meta(external: External, *, num_classes: int, image_size: int) -> nn.Module:
    """Build the same network without its numbers, and see that it gives logits; nothing is drawn or computed."""
    # By its text: externals are equal where 1 stands for True, texts are not.
    return _tried(str(external), num_classes, image_size)


@lru_cache(maxsize=32)
def _tried(text: str, num_classes: int, image_size: int) -> nn.Module:
    external = parse_external(text)
    check_torch_pair()
    names = _names(external.library)
    if external.name not in names:
        longer = [name for name in names if name.startswith(external.name)]
        near = longer[:3] or get_close_matches(external.name.lower(), names, n=3, cutoff=0.5)
        hint = f" Nearest: {', '.join(near)}." if near else ""
        raise ModernizeError(f"{external.library} has no classifier '{external.name}'.{hint}")
    network = _without_numbers(external, num_classes)
    try:
        outputs = _outputs(network, image_size)
    except Exception as error:
        takes = _what_it_takes(external, network, image_size)
        raise ModernizeError(
            f"{external} does not take images of {image_size} px ({_first_line(error)}); {takes}."
        ) from error
    for given in outputs:
        if not isinstance(given, Tensor) or given.shape != (2, num_classes):
            raise ModernizeError(
                f"{external} gives {type(given).__name__}, not a row of {num_classes} logits an image."
            )
    return network


def _names(library: str) -> list[str]:
    if library == "timm":
        import timm

        found: list[str] = timm.list_models()
    else:
        from torchvision import models

        found = models.list_models(module=models)
    return found


def _construct(external: External, num_classes: int) -> nn.Module:
    options: dict[str, Any] = dict(external.options)
    network: nn.Module
    if external.library == "timm":
        import timm

        network = timm.create_model(external.name, num_classes=num_classes, **options)
    else:
        from torchvision import models

        options = {**ONE_HEAD.get(external.name, {}), **options}
        network = models.get_model(external.name, weights=None, num_classes=num_classes, **options)
    return network


def _without_numbers(external: External, num_classes: int) -> nn.Module:
    """Build on the meta device, or move there what cannot be built there, leaving torch's generator as it was."""
    try:
        try:
            with torch.device("meta"):
                return _construct(external, num_classes)
        except NotImplementedError:  # torchvision's RegNet computes its widths with tensors.
            with torch.random.fork_rng(devices=[]):
                return _construct(external, num_classes).to("meta")
    except Exception as error:
        found = re.search(r"(unexpected|multiple values for) keyword argument '(\w+)'", str(error))
        if found and found[1] == "unexpected" and external.options:
            plain = _without_numbers(replace(external, options=()), num_classes)
            kind = f"option of {external.library}:{external.name}"
            raise unknown_name(kind, found[2], _options(plain)) from error
        reason = f"it sets {found[2]} itself" if found else _first_line(error)
        raise ModernizeError(f"{external} cannot be built: {reason}.") from error


def _options(network: nn.Module) -> list[str]:
    """Name the arguments of a network's constructor that an option can be."""
    plain = (int, float, str, tuple, type(None))
    given = inspect.signature(type(network).__init__).parameters.values()
    names = [each.name for each in given if isinstance(each.default, plain) or each.name == "image_size"]
    return [name for name in names if not refusal(name)]


def _outputs(network: nn.Module, image_size: int) -> list[object]:
    """Pass two images through a network on the meta device, in training and in evaluation."""
    images_nchw = torch.empty(2, 3, image_size, image_size, device="meta").to(memory_format=torch.channels_last)
    with torch.no_grad():
        return [network.train(training)(images_nchw) for training in (True, False)]


def _fits(network: nn.Module, image_size: int) -> bool:
    try:
        _outputs(network, image_size)
    except Exception:
        return False
    return True


def _what_it_takes(external: External, network: nn.Module, image_size: int) -> str:
    """Find options with which a network takes images of this size, or else the nearest size that it takes."""
    allowed = _options(network)
    # As many patches as at 224 px, and windows as large as the last of four maps.
    stride = next((module.stride[0] for module in network.modules() if isinstance(module, nn.Conv2d)), 1)
    patch = min(stride, 2 ** max(0, math.ceil(math.log2(stride * image_size / 224))))
    size, window = {"img_size": image_size, "image_size": image_size}, max(1, image_size // patch // 8)
    for wanted in (size | {"patch_size": patch, "window_size": window}, size | {"patch_size": patch}, size):
        options = dict(external.options) | {name: value for name, value in wanted.items() if name in allowed}
        other = replace(external, options=tuple(options.items()))
        try:
            fits = other != external and _fits(_without_numbers(other, num_classes=2), image_size)
        except ModernizeError:
            continue
        if fits:
            return f"try {other}"
    for other_size in sorted(_SIZES, key=lambda candidate: abs(candidate - image_size)):
        if _fits(network, other_size):
            return f"it takes {other_size} px"
    return f"nor any of {_SIZES[0]} to {_SIZES[-1]} px"


def _first_line(error: Exception) -> str:
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return shorten(line, 100, placeholder=" ...").rstrip(".!")

"""A network that sees only a part of each image, and a decoder that draws the rest: the networks of FCMAE.

Source: ConvNeXt V2 (arXiv:2301.00808), section 3. Convolutions are dense, and hidden positions are set to zero after
every operation: what a sparse convolution gives at the visible ones. Masking the image alone would not do: from the
first 7x7 on visible and hidden positions would mix, and biases fill the hidden ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from modernize.blueprint import blueprint
from modernize.errors import ModernizeError
from modernize.external import External
from modernize.nn.init import initialise
from modernize.nn.layers import GRN
from modernize.nn.network import Network, ResidualBlock
from modernize.spec import Arch, Spec

Over = Literal["image", "batch"]
"""What GRN's norm is taken over: each image alone, or all of the batch, as the authors pre-train (not fine-tune)."""

DECODER_WIDTH = 512
"""Of the paper, for encoders that end in 320 (Atto) to 2816 channels (Huge)."""

MOST_TIMES_ENCODER = 2
"""The decoder is no wider than so many times the encoder's end: a small encoder's would do all the work."""


class MaskedAutoencoder(nn.Module):
    """Encoder, mask token and decoder. The encoder's tensors are named as in `Network`, whose head is left out.

    Args:
        spec: Of the encoder; the decoder is one block of its kind.
        image_size: Height and width of the images in pixels.
        over: What GRN's norm is taken over in the encoder.

    Attributes:
        patch_size: Side in pixels of what is hidden or seen as a whole: a position of the encoder's last map.

    Raises:
        ModernizeError: If the network's norms would see hidden positions, or its last map does not divide the image.
    """

    def __init__(self, spec: Spec, *, image_size: int, over: Over = "image") -> None:
        super().__init__()
        self.over = over
        self.patch_size = patch_size(spec.arch, image_size)
        network = Network(spec)
        initialise(network, spec)
        self.stem, self.stages = network.stem, network.stages
        channels = blueprint(spec).stages[-1].blocks[-1].out_channels
        width = min(DECODER_WIDTH, MOST_TIMES_ENCODER * channels)
        block = spec.with_arch(depths=(1,), width=width, dims=(), stem_stride=1)
        (decoding,) = blueprint(block.with_recipe(stochastic_depth=0.0)).stages[0].blocks
        self.decoder = nn.ModuleDict(
            {
                "proj": nn.Conv2d(channels, width, 1),
                "block": ResidualBlock(decoding, "fast"),
                "pred": nn.Conv2d(width, 3 * self.patch_size**2, 1),
            }
        )
        initialise(self.decoder, spec)
        self.mask_token = nn.Parameter(nn.init.normal_(torch.empty(1, width, 1, 1), std=0.02))

    def forward(self, images_nchw: Tensor, hidden: Tensor) -> Tensor:
        """Draw every patch.

        Args:
            images_nchw: (N, 3, H, W).
            hidden: Which patches are not seen, bool (N, h, w).

        Returns:
            (N, 3 * patch_size**2, h, w), the pixels of a patch as `torch.nn.functional.pixel_unshuffle` lays them out.
        """
        x_nchw = self.decoder["proj"](masked_features(self, images_nchw, hidden, self.over))
        x_nchw = torch.where(hidden[:, None], self.mask_token.to(x_nchw.dtype), x_nchw)
        drawn: Tensor = self.decoder["pred"](self.decoder["block"](x_nchw))
        return drawn


def encoder_of(state: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
    """Return the encoder's tensors of a `MaskedAutoencoder`'s state dict, named as in `Network`; None of another's."""
    parts = ("stem.", "stages.")
    return {name: state[name] for name in state if name.startswith(parts)} if "mask_token" in state else None


def patch_size(arch: Arch | External, image_size: int) -> int:
    """Return the side in pixels of a position of the last map.

    Raises:
        ModernizeError: If the network cannot be masked, or its maps do not divide the image.
    """
    if isinstance(arch, External):
        raise ModernizeError(f"masked reconstruction takes networks of this toolkit, not {arch}.")
    for field, wanted in (("norm", "layer"), ("stem", "patchify")):
        if (has := getattr(arch, field)) != wanted:
            raise ModernizeError(
                f"masked reconstruction takes networks with arch.{field} '{wanted}', not '{has}': from the step ln on."
            )
    stride: int = arch.stem_stride * 2 ** (len(arch.depths) - 1)
    if image_size % stride or image_size // stride < 2:
        raise ModernizeError(
            f"masked reconstruction hides squares of {stride} px here; images of {image_size} px are not two or more "
            "of them wide and high."
        )
    return stride


def masked_features(encoder: MaskedAutoencoder | Network, images_nchw: Tensor, hidden: Tensor, over: Over) -> Tensor:
    """Map images to the last stage's map, as if the hidden patches were not there.

    Args:
        encoder: Its `stem` and `stages` are run.
        images_nchw: (N, 3, H, W).
        hidden: Patches that are not seen, bool (N, h, w).
        over: What GRN's norm is taken over.

    Returns:
        (N, C, h, w), zero where hidden.
    """
    run = _Masked(hidden, over)
    x_nchw = run.hide(images_nchw)
    x_nchw = run.along(encoder.stem, x_nchw)
    for stage in encoder.stages.children():
        x_nchw = run.along(stage.get_submodule("downsample"), x_nchw)
        for block in stage.get_submodule("blocks").children():
            x_nchw = run.block(block, x_nchw)
    return x_nchw


class _Masked:
    """Runs modules, and hides what is hidden after each."""

    def __init__(self, hidden: Tensor, over: Over) -> None:
        self.over = over
        self._by_height = {hidden.shape[1]: hidden[:, None]}
        self._patches = hidden[:, None]

    def hide(self, x_nchw: Tensor) -> Tensor:
        """Set hidden positions to zero, whatever stands there; no gradient passes."""
        height = x_nchw.shape[2]
        if height not in self._by_height:
            times = height // self._patches.shape[2]
            self._by_height[height] = self._patches.repeat_interleave(times, 2).repeat_interleave(times, 3)
        return x_nchw.masked_fill(self._by_height[height], 0.0)

    def along(self, modules: nn.Module, x_nchw: Tensor) -> Tensor:
        """Run a sequence."""
        for module in _each(modules):
            # Hidden positions are zero, so GRN's norm is over the visible ones; LayerNorm sees one position at a time.
            out = module(x_nchw, over=self.over) if isinstance(module, GRN) else module(x_nchw)
            x_nchw = self.hide(out)
        return x_nchw

    def block(self, block: nn.Module, x_nchw: Tensor) -> Tensor:
        """Run a residual block."""
        parts = dict(block.named_children())
        y_nchw = self.along(parts["before"], x_nchw)
        added = parts["drop"](self.along(parts["branch"], y_nchw)) + self.along(parts["shortcut"], y_nchw)
        return self.along(parts["after"], self.hide(added))


def _each(modules: nn.Module) -> Iterable[nn.Module]:
    """Return the operations of a sequence; where a block has none of a kind, it has an `nn.Identity`."""
    return () if isinstance(modules, nn.Identity) else modules.children()


def draw_hidden(num_images: int, patches: int, ratio: float, generator: torch.Generator) -> Tensor:
    """Choose patches to hide, as many in each image.

    Args:
        num_images: N.
        patches: Along a side of an image.
        ratio: Share of the patches; as many are seen as (1 - ratio) of them rounded down, as in the authors' code, but
            at least one, and one at least is hidden.
        generator: On the processor.

    Returns:
        bool (N, patches, patches).

    Examples:
        >>> draw_hidden(2, 7, 0.6, torch.Generator()).sum(dim=(1, 2))
        tensor([30, 30])
    """
    number = patches**2
    # 49 * (1 - 0.6) is 19.6; rounded at the ninth digit, for 10 * (1 - 0.6) is 4 and not 3.9999999999999996.
    num_seen = min(max(int(round(number * (1 - ratio), 9)), 1), number - 1)
    order = torch.rand(num_images, number, generator=generator).argsort(dim=1).argsort(dim=1)
    return (order >= num_seen).view(num_images, patches, patches)

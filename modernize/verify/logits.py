"""Logits against torchvision's and timm's own models, weight for weight, in both directions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from modernize.errors import ModernizeError
from modernize.external import External, Library
from modernize.families import FAMILIES, family_spec
from modernize.regimes import base_spec
from modernize.spec import Spec
from modernize.verify.check import Check, Finding

if TYPE_CHECKING:
    from torch import Tensor, nn

FP32_TOLERANCE = 1e-5
IMAGE_SIZE = 64
V2_PREFIX = "convnext-v2-"


@dataclass(frozen=True, slots=True)
class Oracle:
    """A model of another library, and which of our specs it is ("" for rung 0, or a model of the families)."""

    library: Library
    model: str
    family: str = ""

    @property
    def spec(self) -> Spec:
        """Our spec of the same network."""
        return family_spec(self.family) if self.family else base_spec("resnet50")

    def build(self) -> nn.Module:
        """Build it without weights of any use, ready for evaluation."""
        from modernize.models.libraries import on_meta

        network = on_meta(External(self.library, self.model), num_classes=1000, image_size=IMAGE_SIZE)
        return deepcopy(network).to_empty(device="cpu").eval()


ORACLES = (
    Oracle("torchvision", "resnet50"),
    Oracle("timm", "resnet50"),
    Oracle("torchvision", "convnext_tiny", "convnext-t"),
    Oracle("timm", "convnext_tiny", "convnext-t"),
    Oracle("torchvision", "convnext_small", "convnext-s"),
    Oracle("timm", "convnext_small", "convnext-s"),
    Oracle("torchvision", "convnext_base", "convnext-b"),
    Oracle("timm", "convnext_base", "convnext-b"),
    *(
        Oracle("timm", f"convnextv2_{size}", f"convnext-v2-{size}")
        for size in ("atto", "femto", "pico", "nano", "tiny", "base")
    ),
)


def checks() -> Iterator[Check]:
    """Whether torch and torchvision belong together, then one check a model and library."""
    yield Check(group="installation", what="torch and torchvision", against="each other", run=check_pair)
    for oracle in ORACLES:
        yield Check(
            group="weights",
            what=f"{oracle.model}: logits, weights moved both ways",
            against=oracle.library,
            run=partial(check_weights, oracle),
        )
    sizes = [name.removeprefix(V2_PREFIX) for name in FAMILIES if name.startswith(V2_PREFIX)]
    yield Check(
        group="weights",
        what=f"convnextv2_{sizes[0]} to {sizes[-1]}: names and shapes, both ways",
        against="timm",
        run=partial(check_shapes, sizes),
    )


def check_pair() -> Finding:
    """Import torchvision."""
    from modernize.nn.pairing import check_torch_pair

    try:
        return Finding("a matching pair", check_torch_pair(), "ok")
    except ModernizeError as error:
        return Finding("a matching pair", str(error), "failed")


def check_weights(oracle: Oracle) -> Finding:
    """Move random weights from a library's model to ours and others back; compare logits."""
    largest = max(logit_differences(oracle))
    got = f"largest difference {largest:.0e}"
    return Finding(f"below {FP32_TOLERANCE:.0e}", got, "ok" if largest < FP32_TOLERANCE else "failed")


def check_shapes(sizes: Sequence[str]) -> Finding:
    """Move the weights of every ConvNeXt V2 to timm's names and back, on the meta device, however large they are."""
    import torch

    from modernize.models.libraries import on_meta
    from modernize.nn import Network, convert

    wrong = []
    for size in sizes:
        spec = family_spec(f"{V2_PREFIX}{size}")
        with torch.device("meta"):
            ours = Network(spec).state_dict()
        theirs = on_meta(External("timm", f"convnextv2_{size}"), num_classes=1000, image_size=IMAGE_SIZE).state_dict()
        there = convert.to_timm(ours, spec)
        if _shapes(there) != _shapes(theirs) or _shapes(convert.from_timm(theirs, spec)) != _shapes(ours):
            wrong.append(size)
    agreeing = f"{len(sizes) - len(wrong)} of {len(sizes)} equal"
    return Finding(f"{len(sizes)} of {len(sizes)} equal", "; ".join([agreeing, *wrong]), "failed" if wrong else "ok")


def _shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def logit_differences(oracle: Oracle) -> tuple[float, float]:
    """Return the largest difference of logits, relative to the largest logit, of import and of export."""
    import torch

    from modernize.nn import Network, convert

    to_theirs, to_ours = {
        "torchvision": (convert.to_torchvision, convert.from_torchvision),
        "timm": (convert.to_timm, convert.from_timm),
    }[oracle.library]
    spec, theirs = oracle.spec, oracle.build()
    with torch.device("meta"):
        ours = Network(spec)
    ours = ours.to_empty(device="cpu").eval()
    generator = torch.Generator().manual_seed(2)
    images_nchw = torch.randn(2, 3, IMAGE_SIZE, IMAGE_SIZE, generator=generator)

    randomise(theirs, seed=0)
    ours.load_state_dict(to_ours(theirs.state_dict(), spec))
    imported = _difference(theirs, ours, images_nchw)
    randomise(ours, seed=1)
    theirs.load_state_dict(to_theirs(ours, spec))
    return imported, _difference(theirs, ours, images_nchw)


def randomise(network: nn.Module, seed: int) -> None:
    """Fill every weight, LayerScale and running statistic with seeded values that keep the signal's size."""
    import torch

    generator = torch.Generator().manual_seed(seed)

    def normal(tensor: Tensor, mean: float, std: float) -> None:
        tensor.normal_(mean, std, generator=generator)

    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if not tensor.is_floating_point():
                tensor.zero_()
            elif name.endswith("running_var"):
                tensor.uniform_(0.5, 1.5, generator=generator)
            elif tensor.ndim >= 2 and tensor[0].numel() > 1:
                normal(tensor, 0.0, tensor[0].numel() ** -0.5)
            elif name.endswith(("bias", "running_mean")):
                normal(tensor, 0.0, 0.1)
            else:
                normal(tensor, 0.5, 0.1)


def _difference(theirs: Any, ours: Any, images_nchw: Tensor) -> float:
    import torch

    with torch.inference_mode():
        expected, got = theirs(images_nchw), ours(images_nchw)
    return float((expected - got).abs().max() / expected.abs().max().clamp(min=1.0))

"""Memory traffic by arithmetic against counts by hand and against the tensors that torch's operations take and give."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.traffic import MOVES, traffic
from modernize import ops
from modernize.cost import cost
from modernize.errors import ModernizeError
from modernize.ladder import ladder, rung_of
from modernize.ops import Norm, Op

BATCH = 2


def elements(spec, part):
    """Elements moved forward and backward by each operation of a part of the network."""
    rows = traffic(spec, element_bytes=1).ops
    return {
        row.path.removeprefix(f"{part}."): (row.forward_bytes, row.backward_bytes)
        for row in rows
        if row.path.startswith(part)
    }


def test_a_bottleneck_by_hand():
    # 56 x 56 positions: 256 channels come in, 64 inside, 256 go out.
    spec = rung_of("base", "resnet50").spec
    wide, narrow = 56 * 56 * 256, 56 * 56 * 64
    assert elements(spec, "stages.0.blocks.1") == {
        "branch.pwconv1": (wide + narrow, 2 * narrow + wide + wide),
        "branch.pwconv1_norm": (3 * narrow, 5 * narrow),
        "branch.pwconv1_act": (2 * narrow, 3 * narrow),
        "branch.spatial": (2 * narrow, 4 * narrow),
        "branch.spatial_norm": (3 * narrow, 5 * narrow),
        "branch.act": (2 * narrow, 3 * narrow),
        "branch.pwconv2": (narrow + wide, 2 * wide + 2 * narrow),
        "branch.pwconv2_norm": (3 * wide, 5 * wide),
        "add": (3 * wide, 0),
        "fork": (0, 3 * wide),
        "after.act": (2 * wide, 3 * wide),
    }


def test_a_convnext_block_by_hand():
    spec = rung_of("downsample", "resnet50").spec
    narrow, wide = 56 * 56 * 96, 56 * 56 * 384
    assert elements(spec, "stages.0.blocks.1") == {
        "branch.spatial": (2 * narrow, 4 * narrow),
        "branch.spatial_norm": (2 * narrow, 3 * narrow),
        "branch.pwconv1": (narrow + wide, 2 * wide + 2 * narrow),
        "branch.act": (2 * wide, 3 * wide),
        "branch.pwconv2": (wide + narrow, 2 * narrow + 2 * wide),
        "branch.layer_scale": (2 * narrow, 3 * narrow),
        "drop": (2 * narrow, 2 * narrow),
        "add": (3 * narrow, 0),
        "fork": (0, 3 * narrow),
    }


def test_the_first_convolution_makes_no_gradient_of_the_images():
    image, out = 3 * 224**2, 64 * 112**2
    assert elements(rung_of("base", "resnet50").spec, "stem.conv") == {"stem.conv": (image + out, out + image)}


def test_stochastic_depth_is_counted_where_it_drops():
    spec = rung_of("recipe", "laptop").spec
    kept = replace(spec, recipe=replace(spec.recipe, stochastic_depth=0.0))
    dropping = [row for row in traffic(spec).ops if row.path.endswith(".drop")]
    assert len(dropping) == sum(spec.arch.depths) - 1  # the first block never drops
    assert set(traffic(spec).ops) - set(traffic(kept).ops) == set(dropping)


@pytest.mark.parametrize("regime", ["resnet50", "laptop"])
def test_every_operation_of_every_rung_is_counted_once(regime):
    for rung in ladder(regime, probes=True):
        counted = traffic(rung.spec)
        paths = [row.path for row in counted.ops]
        assert len(set(paths)) == len(paths)
        joints = (".add", ".fork", ".drop")
        assert [path for path in paths if not path.endswith(joints)] == [op.path for op in cost(rung.spec).ops]
        blocks = sum(rung.spec.arch.depths)
        assert sum(path.endswith(".add") for path in paths) == blocks
        assert sum(".after." in path for path in paths) == blocks * (rung.spec.arch.activations == "every")


def test_what_every_kind_of_operation_moves_is_said():
    known = {thing for thing in vars(ops).values() if isinstance(thing, type) and issubclass(thing, Op)}
    assert set(MOVES) == known - {Op, Norm}


@pytest.mark.parametrize("rung", ladder("resnet50"), ids=lambda rung: rung.step)
def test_traffic_grows_with_the_area_of_the_image(rung):
    def maps(image_size):
        rows = [row for row in traffic(rung.spec, image_size).ops if not row.path.startswith("head")]
        return sum(row.forward_bytes + row.backward_bytes for row in rows)

    assert maps(448) == 4 * maps(224)


def test_traffic_grows_with_the_size_of_an_element():
    spec = rung_of("ln", "laptop").spec
    assert traffic(spec, element_bytes=4).total_bytes == 2 * traffic(spec).total_bytes
    with pytest.raises(ModernizeError, match=r"an element should have at least 1 byte, not 0\."):
        traffic(spec, element_bytes=0)


# What torch's kernels read a second time, by their arguments, and what they do not move at all.
AGAIN = {"convolution_backward": (0,), "native_batch_norm": (0,), "native_batch_norm_backward": (0, 1)}
VIEWS = {"detach", "expand", "permute", "t", "view"}


@pytest.mark.parametrize("pre_activation", [False, True])
@pytest.mark.parametrize("step", ["base", "inverted", "gelu", "fewer-norms", "ln", "downsample"])
def test_torch_takes_and_gives_what_the_rules_say(step, pre_activation):
    torch = pytest.importorskip("torch")
    from modernize.nn import build

    rung = rung_of(step, "resnet50").spec
    # LayerScale and stochastic depth are several operations in torch: they are counted by hand above.
    arch, recipe = (
        replace(rung.arch, layer_scale=False, pre_activation=pre_activation),
        replace(rung.recipe, stochastic_depth=0.0),
    )
    spec = replace(rung, arch=arch, recipe=recipe)
    with torch.device("meta"):
        network, images = build(spec, formulation="plain"), torch.zeros(BATCH, 3, 224, 224)
    with counting() as forward:
        logits = network(images)
    with counting() as backward:
        logits.sum().backward()
    counted = traffic(spec, element_bytes=1)
    # 1 %: LayerNorm's statistics, and what torch passes to the pooling kernels without need.
    assert forward.elements / BATCH == pytest.approx(counted.forward_bytes, rel=0.01)
    assert backward.elements / BATCH == pytest.approx(counted.backward_bytes, rel=0.01)


def counting():
    """Count the elements of the maps that every operation takes and gives; maps are told by their batch."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    def size(tensors):
        leaves = [leaf for leaf in tree_leaves(tensors) if isinstance(leaf, torch.Tensor)]
        return sum(leaf.numel() for leaf in leaves if leaf.dim() == 4 and leaf.shape[0] == BATCH)

    class Counting(TorchDispatchMode):
        elements = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            name = func.overloadpacket.__name__
            if name not in VIEWS:
                # Without a gradient of its input a convolution has one product to do.
                again = () if isinstance(out, tuple) and out[0] is None else AGAIN.get(name, ())
                self.elements += size(args) + size(out) + sum(size(args[i]) for i in again)
            return out

    return Counting()

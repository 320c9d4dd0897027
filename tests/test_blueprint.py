"""What a spec means, operation by operation: the traps of ladder reproductions."""

from __future__ import annotations

import pytest

from modernize.blueprint import blueprint
from modernize.errors import ModernizeError
from modernize.ladder import ladder
from modernize.ops import Activation, Conv, LayerScale, MaxPool, Norm
from modernize.regimes import base_spec

RUNGS = {rung.step: rung.spec for rung in ladder("resnet50", probes=True)}


def plan(step: str, **changes):
    return blueprint(RUNGS[step].with_arch(**changes))


def block(step: str, stage: int = 1, position: int = 0, **changes):
    return plan(step, **changes).stages[stage].blocks[position]


def convs(ops) -> dict[str, Conv]:
    return {op.name: op for op in ops if isinstance(op, Conv)}


def count(ops, kind) -> int:
    return sum(isinstance(op, kind) for op in ops)


def names(ops) -> list[str]:
    return [op.name for op in ops]


def test_the_base_strides_on_the_3x3_and_projects_on_the_shortcut():
    one = block("base")
    strides = {name: conv.stride for name, conv in convs(one.branch).items()}
    assert strides == {"pwconv1": 1, "spatial": 2, "pwconv2": 1}
    assert (one.shortcut[0].kernel, one.shortcut[0].stride, one.shortcut[0].out_channels) == (1, 2, 512)
    assert names(one.after) == ["act"]


def test_the_first_block_of_stage_1_projects_until_it_need_not():
    projected = {step for step in RUNGS if block(step, stage=0).shortcut}
    assert projected == {"base", "recipe", "stage-ratio", "patchify", "depthwise", "width"}


@pytest.mark.parametrize("step", RUNGS)
def test_depthwise_means_one_filter_a_channel(step):
    spec = RUNGS[step]
    for stage in plan(step).stages:
        for one in stage.blocks:
            spatial = convs(one.branch)["spatial"]
            assert spatial.groups == (spatial.in_channels if spec.arch.spatial_conv == "depthwise" else 1)
            assert spatial.in_channels == spatial.out_channels


def test_inverted_widens_at_the_high_resolution():
    branch = convs(block("inverted").branch)
    assert (branch["pwconv1"].in_channels, branch["pwconv1"].out_channels, branch["pwconv1"].stride) == (96, 768, 1)
    assert (branch["spatial"].in_channels, branch["spatial"].stride) == (768, 2)


def test_move_up_keeps_the_incoming_channels_in_a_downsampling_block():
    branch = convs(block("move-up").branch)
    assert list(branch) == ["spatial", "pwconv1", "pwconv2"]
    assert (branch["spatial"].in_channels, branch["spatial"].out_channels, branch["spatial"].stride) == (96, 96, 2)
    assert (branch["pwconv1"].in_channels, branch["pwconv1"].out_channels) == (96, 768)


@pytest.mark.parametrize("step", RUNGS)
def test_a_block_has_one_activation_or_three_but_never_none(step):
    one = block(step)
    expected = 1 if RUNGS[step].arch.activations == "one" else 3
    assert count((*one.branch, *one.after), Activation) == expected


def test_the_one_activation_stands_between_the_1x1_convolutions():
    assert names(block("fewer-acts").branch) == [
        "spatial", "spatial_norm", "pwconv1", "pwconv1_norm", "act", "pwconv2", "pwconv2_norm", "layer_scale"
    ]  # fmt: skip
    assert block("fewer-acts").after == ()


def test_the_one_norm_follows_the_spatial_convolution():
    assert names(block("fewer-norms").branch) == ["spatial", "spatial_norm", "pwconv1", "act", "pwconv2", "layer_scale"]
    assert names(block("fewer-norms").shortcut) == ["conv", "norm"]
    assert names(block("fewer-norms", shortcut_norm="drop").shortcut) == ["conv"]
    assert names(block("fewer-acts", shortcut_norm="drop").shortcut) == ["conv", "norm"]


def test_every_norm_turns_into_layer_norm():
    for stage in plan("ln").stages:
        for one in stage.blocks:
            assert {op.norm for op in (*one.branch, *one.shortcut) if isinstance(op, Norm)} == {"layer"}
    assert [op.norm for op in plan("ln").stem if isinstance(op, Norm)] == ["layer"]


def test_separate_downsampling_ends_projections_and_brings_its_norms():
    last = plan("downsample")
    assert not any(one.shortcut for stage in last.stages for one in stage.blocks)
    assert [names(stage.downsample) for stage in last.stages] == [[], *[["norm", "conv"]] * 3]
    assert names(last.stem) == ["conv", "norm"]
    assert names(last.head) == ["pool", "norm", "fc"]


def test_the_negative_control_adds_no_norm():
    last = plan("downsample", downsample_norm=False)
    assert [names(stage.downsample) for stage in last.stages] == [[], *[["conv"]] * 3]
    assert names(last.head) == ["pool", "fc"]


def test_a_convolution_has_a_bias_unless_batch_norm_follows():
    for step in RUNGS:
        for stage in plan(step).stages:
            for one in stage.blocks:
                for ops in filter(None, (one.branch, one.shortcut)):
                    for op, following in zip(ops, (*ops[1:], None), strict=True):
                        if isinstance(op, Conv):
                            assert op.bias != (isinstance(following, Norm) and following.norm == "batch")
    assert all(conv.bias for conv in convs(block("base", conv_bias="always").branch).values())
    assert not any(conv.bias for conv in convs(block("downsample", conv_bias="never").branch).values())


def test_layer_scale_ends_the_branch_unless_told_otherwise():
    assert names(block("recipe").branch)[-2:] == ["pwconv2_norm", "layer_scale"]
    before = block("recipe", layer_scale_position="before-norm").branch
    assert names(before)[-2:] == ["layer_scale", "pwconv2_norm"]
    assert count(block("base").branch, LayerScale) == 0


def test_stochastic_depth_grows_linearly_over_the_blocks():
    rates = [one.drop_rate for stage in plan("recipe").stages for one in stage.blocks]
    assert rates == pytest.approx([0.1 * i / 15 for i in range(16)])
    assert all(one.drop_rate == 0.0 for stage in plan("base").stages for one in stage.blocks)


def test_stochastic_depth_by_stage_is_the_same_for_all_blocks_of_one():
    spec = RUNGS["downsample"].with_recipe(stochastic_depth=[0.1, 0.1, 0.2, 0.3])
    rates = [{one.drop_rate for one in stage.blocks} for stage in blueprint(spec).stages]
    assert rates == [{0.1}, {0.1}, {0.2}, {0.3}]
    with pytest.raises(ModernizeError, match=r"recipe\.stochastic_depth lists 4 stages, arch\.depths 3\."):
        blueprint(spec.with_arch(depths=(1, 1, 1)))
    for rate in ([0.1, 1.0, 0.2, 0.3], [0.1, "x", 0.2, 0.3], "x"):
        with pytest.raises(ModernizeError, match=r"recipe\.stochastic_depth.* should be "):
            spec.with_recipe(stochastic_depth=rate)


def test_dropout_stands_before_the_classifier():
    spec = RUNGS["downsample"]
    assert names(blueprint(spec.with_recipe(dropout=0.5)).head) == ["pool", "norm", "dropout", "fc"]
    assert names(blueprint(spec.with_recipe(dropout=0.0)).head) == ["pool", "norm", "fc"]


@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("stem", ["resnet", "patchify"])
def test_the_stem_has_its_total_stride(stem, stride):
    ops = blueprint(base_spec("resnet50").with_arch(stem=stem, stem_stride=stride)).stem
    total = 1
    for op in ops:
        total *= op.stride if isinstance(op, Conv | MaxPool) else 1
    assert total == stride
    assert count(ops, Activation) == (stem == "resnet")


def test_the_patchify_stem_may_go_without_its_norm():
    assert names(plan("patchify").stem) == ["conv", "norm"]
    assert names(plan("patchify", stem_norm=False).stem) == ["conv"]
    assert plan("patchify", stem_norm=False).stem[0].bias
    # The last step names a norm after the stem itself.
    assert names(plan("downsample", stem_norm=False).stem) == ["conv", "norm"]


def test_grn_follows_the_activation():
    assert names(block("downsample", position=1, grn=True, layer_scale=False).branch) == [
        "spatial", "spatial_norm", "pwconv1", "act", "grn", "pwconv2"
    ]  # fmt: skip

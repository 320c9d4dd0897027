"""Diagrams in text are right for every kind of block."""

from __future__ import annotations

import pytest

from modernize.blueprint import blueprint
from modernize.diagram import MARK, block_diagram, change_diagram, network_diagram
from modernize.families import family_spec
from modernize.ladder import ladder, rung_of
from modernize.ops import Conv
from modernize.regimes import base_spec

BLOCKS = {
    "base": """\
256 channels
├─╮
│ 1x1, 256 -> 64  BN  ReLU
│ 3x3, 64         BN  ReLU
│ 1x1, 64 -> 256  BN
+─╯
ReLU""",
    "depthwise": """\
256 channels
├─╮
│ 1x1, 256 -> 64  BN  ReLU
│ d3x3, 64        BN  ReLU
│ 1x1, 64 -> 256  BN  LayerScale
+─╯
ReLU""",
    "inverted": """\
96 channels
├─╮
│ 1x1, 96 -> 384  BN  ReLU
│ d3x3, 384       BN  ReLU
│ 1x1, 384 -> 96  BN  LayerScale
+─╯
ReLU""",
    "move-up": """\
96 channels
├─╮
│ d3x3, 96        BN  ReLU
│ 1x1, 96 -> 384  BN  ReLU
│ 1x1, 384 -> 96  BN  LayerScale
+─╯
ReLU""",
    "fewer-acts": """\
96 channels
├─╮
│ d7x7, 96        BN
│ 1x1, 96 -> 384  BN  GELU
│ 1x1, 384 -> 96  BN  LayerScale
+─╯""",
    "downsample": """\
96 channels
├─╮
│ d7x7, 96        LN
│ 1x1, 96 -> 384  GELU
│ 1x1, 384 -> 96  LayerScale
+─╯""",
}


@pytest.mark.parametrize("step", BLOCKS)
def test_blocks_of_the_ladder(step):
    assert block_diagram(rung_of(step, "resnet50").spec) == BLOCKS[step]


def test_v2_block_has_grn_and_no_layer_scale():
    assert (
        block_diagram(family_spec("convnext-v2-tiny"))
        == """\
96 channels
├─╮
│ d7x7, 96        LN
│ 1x1, 96 -> 384  GELU  GRN
│ 1x1, 384 -> 96
+─╯"""
    )


def test_a_pre_activation_block_begins_with_its_norm_and_shares_it_with_a_projection():
    spec = rung_of("base", "resnet50").spec.with_arch(pre_activation=True)
    assert (
        block_diagram(spec)
        == """\
256 channels
├─╮
│                 BN  ReLU
│ 1x1, 256 -> 64  BN  ReLU
│ 3x3, 64         BN  ReLU
│ 1x1, 64 -> 256
+─╯"""
    )
    assert (
        block_diagram(spec, stage=2, position=1)
        == """\
256 channels
BN  ReLU
├─╮
│ 1x1, 256 -> 128     BN  ReLU
│ 3x3, 128, stride 2  BN  ReLU
│ 1x1, 128 -> 512
+─╯ shortcut: 1x1, 256 -> 512, stride 2"""
    )


def test_a_stage_of_one_block_shows_its_projection():
    spec = base_spec("laptop").with_arch(depths=(1, 1, 1))
    text = block_diagram(spec)
    conv = blueprint(spec).stages[0].blocks[0].shortcut[0]
    assert isinstance(conv, Conv)
    assert f"+─╯ shortcut: 1x1, {conv.in_channels} -> {conv.out_channels}  BN" in text


def test_whole_network_of_resnet50():
    text = network_diagram(ladder("resnet50", upto="base")[0].spec)
    for line in (
        "7x7, 3 -> 64, stride 2  BN  ReLU\n3x3 max pool, stride 2",
        "blocks    3, 4, 6, 3\nchannels  256, 512, 1024, 2048",
        "│ 3x3, 128, stride 2  BN  ReLU",
        "+─╯ shortcut: 1x1, 256 -> 512, stride 2  BN",
        "global mean\nfc, 2048 -> 1000",
    ):
        assert line in text


PARTS = {
    "recipe": ["block"],
    "stage-ratio": ["stages", "block"],
    "patchify": ["stem", "block"],
    "depthwise": ["block"],
    "gelu": ["block"],
    "ln": ["stem", "block"],
    "downsample": ["downsampling", "block", "head"],
}


@pytest.mark.parametrize("step", PARTS)
def test_a_change_shows_the_parts_it_touches(step):
    rung = rung_of(step, "resnet50")
    text = change_diagram(rung.before, rung.spec)
    heads = {"stem": "stem\n", "stages": "stages\n", "downsampling": "downsampling into", "block": "stage 1, block 2"}
    heads["head"] = "head\n"
    assert [name for name, head in heads.items() if f"\n{head}" in text] == PARTS[step]


def test_only_changed_lines_are_marked():
    rung = rung_of("depthwise", "resnet50")
    marked = [line for line in change_diagram(rung.before, rung.spec).splitlines() if MARK in line]
    assert marked == [f"{MARK} │ 3x3, 64         BN  ReLU         {MARK} │ d3x3, 64        BN  ReLU"]


def test_a_moved_convolution_is_marked_where_it_was_and_where_it_is():
    rung = rung_of("move-up", "resnet50")
    lines = change_diagram(rung.before, rung.spec).splitlines()
    assert sum(line.startswith(f"{MARK} │ d3x3, 384") for line in lines) == 1
    assert sum(line.endswith(f"{MARK} │ d3x3, 96        BN  ReLU") for line in lines) == 1


def test_equal_networks_have_no_marks():
    spec = ladder("resnet50")[-1].spec
    assert MARK not in change_diagram(spec, spec)

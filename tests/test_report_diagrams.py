"""Drawn blocks and networks: every operation there, in its place, readable, and what changed marked."""

from __future__ import annotations

from collections import Counter

import pytest
from figure_texts import assert_readable, texts
from matplotlib.colors import to_hex
from matplotlib.patches import Circle

from modernize.blueprint import blueprint
from modernize.cost import cost
from modernize.errors import ModernizeError
from modernize.families import family_spec
from modernize.ladder import ladder, rung_of
from modernize.ops import Conv
from modernize.report.figures import block, blocks_side_by_side, change, cost_breakdown, network
from modernize.report.figures.look import LOOKS

RUNGS = {rung.step: rung for rung in ladder("resnet50", probes=True)}
LOOK = LOOKS["light"]


def read(figure):
    """Texts from top to bottom and from left to right, with the middle of each; the multiplication sign is an x."""
    boxes = [
        (text.replace("\u00d7", "x"), ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)) for text, box in texts(figure)
    ]
    return sorted(boxes, key=lambda item: (-round(item[1][1]), item[1][0]))


def words(figure):
    return [text for text, _ in read(figure)]


def ops_of(found):
    return (*found.before, *found.branch, *found.shortcut, *found.after)


# From top to bottom, as one reads them: channels, box, what stands beside the arrow.
BLOCKS = {
    "base": """
        256-d | 1x1, 64 | 64-d BN ReLU | 3x3, 64 | 64-d BN ReLU | 1x1, 256 | 256-d BN | + | ReLU""",
    "depthwise": """
        256-d | 1x1, 64 | 64-d BN ReLU | d3x3, 64 | 64-d BN ReLU | 1x1, 256 | 256-d BN LayerScale | + | ReLU""",
    "inverted": """
        96-d | 1x1, 384 | 384-d BN ReLU | d3x3, 384 | 384-d BN ReLU | 1x1, 96 | 96-d BN LayerScale | + | ReLU""",
    "move-up": """
        96-d | d3x3, 96 | 96-d BN ReLU | 1x1, 384 | 384-d BN ReLU | 1x1, 96 | 96-d BN LayerScale | + | ReLU""",
    "fewer-acts": """
        96-d | d7x7, 96 | 96-d BN | 1x1, 384 | 384-d BN GELU | 1x1, 96 | 96-d BN LayerScale | +""",
    "downsample": """
        96-d | d7x7, 96 | 96-d LN | 1x1, 384 | 384-d GELU | 1x1, 96 | 96-d LayerScale | +""",
    "convnext-v2-tiny": """
        96-d | d7x7, 96 | 96-d LN | 1x1, 384 | 384-d GELU GRN | 1x1, 96 | 96-d | +""",
}


def spec_named(name):
    return RUNGS[name].spec if name in RUNGS else family_spec(name)


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_are_right_at_a_glance(name):
    figure = block(spec_named(name))
    (axes,) = figure.axes
    heights = {}
    for text, (x, y) in read(figure):
        heights.setdefault(round(y), []).append((x, text))
    # The plus is the one circle with a rim.
    (plus,) = [p for p in axes.patches if isinstance(p, Circle) and p.get_radius() > 5]
    x, y = axes.transData.transform(plus.center)
    heights.setdefault(round(y), []).append((x, "+"))
    lines = [" ".join(text for _, text in sorted(heights[y])) for y in sorted(heights, reverse=True)]
    assert lines[0] == "stage 1, block 2 of 3"
    expected = BLOCKS[name].strip().split(" | ")
    assert lines[1 : 1 + len(expected)] == expected


SPECS = {
    **{step: RUNGS[step].spec for step in ("base", "patchify", "width", "move-up", "fewer-norms", "ln", "downsample")},
    "v2": family_spec("convnext-v2-atto"),
    "laptop": rung_of("inverted", "laptop").spec,
    "huge": family_spec("convnext-v2-huge"),
    "pre-activation": RUNGS["base"].spec.with_arch(pre_activation=True),
    "five stages": rung_of("patchify", "laptop").spec.with_arch(depths=(1,) * 5, stem_stride=1),
}


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("position", [1, None])
def test_every_operation_of_a_block_is_drawn_once_and_readably(name, position):
    spec = SPECS[name]
    figure = block(spec, stage=2, position=position, title=f"{name}, stage 2")
    assert_readable(figure)
    blocks = blueprint(spec).stages[1].blocks
    found = blocks[0] if position == 1 else blocks[min(1, len(blocks) - 1)]
    expected = Counter(op.box for op in ops_of(found))
    shown = Counter(words(figure))
    assert {text: shown[text] for text in expected} == dict(expected)
    arrows = Counter(f"{conv.out_channels}-d" for conv in found.branch if isinstance(conv, Conv))
    first = next(op for op in found.branch if isinstance(op, Conv))
    arrows[f"{first.in_channels}-d"] += 1
    assert {text: number for text, number in shown.items() if text.endswith("-d")} == dict(arrows)


@pytest.mark.parametrize("name", SPECS)
def test_every_operation_of_a_network_is_drawn_readably_with_its_cost(name):
    spec = SPECS[name]
    figure = network(spec, title=name)
    assert_readable(figure)
    plan = blueprint(spec)
    expected = Counter(op.box for op in (*plan.stem, *plan.head))
    for stage in plan.stages:
        expected.update(op.box for op in stage.downsample)
        for ops in dict.fromkeys(map(ops_of, stage.blocks)):
            expected.update(op.box for op in ops)
    shown = Counter(words(figure))
    assert {text: shown[text] for text in expected} == dict(expected)
    assert f"{cost(spec).num_params:,}" in shown


def test_a_network_shows_shapes_at_any_input_size():
    spec = RUNGS["downsample"].spec
    figure = network(spec, 288)
    sizes = [f"{96 * 2**i} x {72 // 2**i} x {72 // 2**i}" for i in range(4)]
    assert set(sizes) <= set(words(figure))
    assert f"{cost(spec, 288).gmacs:.3f}" in words(figure)
    with pytest.raises(ModernizeError, match="too small"):
        network(spec, 8)


def test_grouped_convolutions_say_so():
    assert Conv("spatial", 128, 128, 3, groups=32).box == "3x3, 128, 32 groups"
    assert Conv("spatial", 128, 128, 3, stride=2, groups=128).box == "d3x3, 128, stride 2"


@pytest.mark.parametrize("name", ["base", "huge"])
def test_a_text_fits_into_its_box(name):
    for figure in (block(SPECS[name], stage=4, position=1), network(SPECS[name])):
        found, num_boxes = texts(figure), 0
        for patch in figure.axes[0].patches:
            outline = patch.get_window_extent()
            inside = [box for _, box in found if outline.contains((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)]
            num_boxes += len(inside) == 1
            assert all(box.x0 > outline.x0 and box.x1 < outline.x1 for box in inside if len(inside) == 1)
        assert num_boxes >= 6


def marked(figure, theme="light"):
    """Texts inside thick outlines, left half and right half."""
    (axes,) = figure.axes
    edge = LOOKS[theme].mark.lower()
    boxes = [
        patch.get_window_extent()
        for patch in axes.patches
        if to_hex(patch.get_edgecolor()) == edge and patch.get_linewidth() > 2
    ]
    middle = figure.bbox.width / 2
    sides = ([], [])
    for text, (x, y) in read(figure):
        if any(box.contains(x, y) for box in boxes):
            sides[int(x > middle)].append(text)
    return sides


MARKS = {
    "recipe": ([], ["LayerScale"]),
    "depthwise": (["3x3, 64"], ["d3x3, 64"]),
    "inverted": (["1x1, 96", "d3x3, 96", "1x1, 384"], ["1x1, 384", "d3x3, 384", "1x1, 96"]),
    "move-up": (["d3x3, 384", "BN", "ReLU"], ["d3x3, 96", "BN", "ReLU"]),
    "kernel-7": (["d3x3, 96"], ["d7x7, 96"]),
    "gelu": (["ReLU", "ReLU", "ReLU"], ["GELU", "GELU", "GELU"]),
    "fewer-acts": (["GELU", "GELU"], []),
    "fewer-norms": (["BN", "BN"], []),
    "ln": (["BN"], ["LN"]),
    "downsample": ([], []),
}


@pytest.mark.parametrize("step", MARKS)
@pytest.mark.parametrize("theme", LOOKS)
def test_what_differs_between_two_blocks_has_a_thick_outline(step, theme):
    rung = RUNGS[step]
    figure = blocks_side_by_side(rung.before, rung.spec, titles=("left", "right"), theme=theme)
    assert_readable(figure)
    assert marked(figure, theme) == MARKS[step]
    assert ("changed" in words(figure)) == any(MARKS[step])


def test_equal_blocks_have_no_marks():
    spec = RUNGS["ln"].spec
    assert marked(blocks_side_by_side(spec, spec)) == ([], [])


PARTS = {
    "recipe": set(),
    "stage-ratio": {"stages"},
    "patchify": {"stem"},
    "width": {"stem", "stages", "head"},
    "kernel-5": set(),
    "ln": {"stem"},
    "downsample": {"downsampling into stage 2", "downsampling: stage 2, block 1", "head"},
}


@pytest.mark.parametrize("step", PARTS)
def test_a_change_shows_the_parts_it_touches(step):
    rung = RUNGS[step]
    figure = change(rung.before, rung.spec)
    assert_readable(figure)
    titles = {"stages", "stem", "head", "downsampling into stage 2", "downsampling: stage 2, block 1"}
    assert titles & set(words(figure)) == PARTS[step]
    assert words(figure).count("stage 1, block 2 of 3") == 2
    for text in map(str, rung.changes[:2]):
        assert text.replace("->", "→") in words(figure)


def test_a_change_of_stages_marks_them():
    rung = RUNGS["stage-ratio"]
    assert marked(change(rung.before, rung.spec)) == (
        ["stage 2: 4 blocks, 512-d", "stage 3: 6 blocks, 1024-d"],
        ["stage 2: 3 blocks, 512-d", "stage 3: 9 blocks, 1024-d"],
    )


def test_wide_and_narrow_show_in_the_shape_of_a_box():
    def widths(name):
        (axes,) = block(spec_named(name)).axes
        polygons = [p.get_xy() for p in axes.patches if type(p).__name__ == "Polygon" and len(p.get_xy()) == 5]
        polygons = [p for p in polygons if p[1][0] - p[0][0] > 50]
        return [(p[1][0] - p[0][0], p[2][0] - p[3][0]) for p in polygons]

    (above, below), middle, last = widths("base")
    assert above > below == middle[0] == middle[1] == last[0] < last[1]
    first, (above, below), last = widths("downsample")
    assert first[0] == first[1] == above < below == last[0] > last[1]


def test_a_block_that_is_not_there_is_refused():
    spec = RUNGS["base"].spec
    with pytest.raises(ModernizeError, match="no stage 5: the network has stages 1 to 4"):
        block(spec, stage=5)
    with pytest.raises(ModernizeError, match="no block 4 in stage 1: it has blocks 1 to 3"):
        block(spec, position=4)


def bar_lengths(axes):
    """Length of every piece by its place."""
    found = {}
    for bar in axes.patches:
        found.setdefault(round(bar.get_y() + bar.get_height() / 2), []).append(bar.get_width())
    return found


@pytest.mark.parametrize("by", ["kind", "stage"])
def test_bars_of_a_cost_breakdown_add_up(by):
    specs = {f"{step}{'' if rung.adopted else ' (probe)'}": rung.spec for step, rung in RUNGS.items()}
    figure = cost_breakdown(specs, by)
    assert_readable(figure)
    macs, params = figure.axes
    for place, spec in enumerate(specs.values()):
        counted = cost(spec)
        assert sum(bar_lengths(macs)[place]) == pytest.approx(counted.gmacs)
        assert sum(bar_lengths(params)[place]) == pytest.approx(counted.num_params / 1e6)
    assert "25.56" in [text.get_text() for text in params.texts]


def test_a_cost_breakdown_tells_kinds_of_convolutions_apart():
    spec = RUNGS["kernel-7"].spec
    (macs, _), kinds = cost_breakdown({"kernel-7": spec}).axes, {}
    for bar in macs.patches:
        kinds[to_hex(bar.get_facecolor())] = bar.get_width()
    counted = {"1x1": 0, "dense": 0, "depthwise": 0}
    ops = [op for stage in blueprint(spec).stages for b in stage.blocks for op in (*b.shortcut, *b.branch)]
    paths = {op.path: op.macs for op in cost(spec).ops}
    depthwise = sum(macs for path, macs in paths.items() if path.endswith("spatial"))
    assert kinds[LOOK.kinds["depthwise"].lower()] == pytest.approx(depthwise / 1e9)
    assert kinds[LOOK.kinds["dense"].lower()] == pytest.approx(paths["stem.conv"] / 1e9)
    assert {op.kind for op in ops} <= {*counted, "rest"}


def test_nothing_and_nonsense_are_refused():
    with pytest.raises(ModernizeError, match="no network"):
        cost_breakdown({})
    with pytest.raises(ModernizeError, match="unknown division 'layer'"):
        cost_breakdown({"base": RUNGS["base"].spec}, "layer")

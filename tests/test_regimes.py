"""The small regimes keep what their `source` promises: the paper's proportions, on maps that a kernel fits."""

from __future__ import annotations

import pytest

from modernize.blueprint import blueprint
from modernize.cost import cost
from modernize.ladder import ladder
from modernize.regimes import get_regime

SMALL = ("laptop", "cifar")


def shares(regime: str) -> dict[str, float]:
    """Return the MACs of every adopted rung over the last one's."""
    macs = {rung.step: cost(rung.spec).macs for rung in ladder(regime)}
    return {step: value / macs["downsample"] for step, value in macs.items()}


@pytest.mark.parametrize("regime", SMALL)
def test_rungs_cost_in_the_proportions_of_table_10(regime):
    paper = shares("resnet50")
    assert shares(regime) == {step: pytest.approx(share, rel=0.1) for step, share in paper.items()}


@pytest.mark.parametrize("regime", SMALL)
def test_stages_are_deep_enough_and_maps_large_enough(regime):
    ours, kernel_size = get_regime(regime), ladder(regime)[-1].spec.arch.kernel_size
    assert min(ours.ratio_depths) >= 2
    assert ours.ratio_depths.index(max(ours.ratio_depths)) == len(ours.ratio_depths) - 2
    assert {width % 8 for width in (ours.width, ours.ratio_width, ours.wide_width)} == {0}
    for rung in ladder(regime):
        last_map = {
            visit.path.split(".")[1]: visit.out_shape[1]
            for visit in blueprint(rung.spec).walk(ours.image_size)
            if visit.path.startswith("stages.")
        }
        *before, last = last_map.values()
        assert min(before) >= kernel_size / 2
        assert last >= 2

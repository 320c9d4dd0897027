"""Feature diversity: channels and networks whose answer is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from modernize.analysis.diversity import channel_diversity, layer_diversity
from modernize.ladder import ladder
from modernize.nn import build

ONE_HOT = torch.eye(4).reshape(1, 4, 2, 2)


def test_known_channels():
    x = torch.tensor([1.0, 2.0, -1.0])
    right, up = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 3.0, 0.0])
    alike, opposite, orthogonal = (torch.stack(pair) for pair in ((x, 5 * x), (x, -x), (right, up)))
    assert channel_diversity(torch.stack([alike, opposite, orthogonal])).tolist() == pytest.approx([0.0, 1.0, 0.5])
    dead = torch.stack([torch.stack([0 * x, 0 * x, 0 * x]), torch.stack([0 * x, 0 * x, x])])
    assert channel_diversity(dead).tolist() == pytest.approx([0.0, 1 / 3])


def test_it_is_the_mean_over_all_pairs_of_channels():
    features = torch.randn(3, 7, 10, generator=torch.Generator().manual_seed(0))
    cosine = nn.functional.cosine_similarity(features[:, :, None], features[:, None], dim=3)
    pairs = torch.triu_indices(7, 7, offset=1)
    expected = ((1 - cosine[:, pairs[0], pairs[1]]) / 2).mean(dim=1)
    torch.testing.assert_close(channel_diversity(features).float(), expected)


@pytest.mark.parametrize(("spread", "expected"), [(0.0, 0.0), (1.0, 0.5)])
def test_a_network_of_copies_and_one_of_orthogonal_channels(spread, expected):
    """The first convolution hands the one-hot channels on, or makes all of them the sum."""
    hands_on, narrows = nn.Conv2d(4, 4, 1, bias=False), nn.Conv2d(4, 2, 1)
    with torch.no_grad():
        hands_on.weight.copy_((spread * torch.eye(4) + (1 - spread) * torch.ones(4, 4))[:, :, None, None])
    found = layer_diversity(nn.Sequential(hands_on, narrows), [ONE_HOT, 3 * ONE_HOT])
    assert found == {"1": pytest.approx(expected, abs=1e-7)}


def test_tokens_hold_their_channels_last_and_what_has_no_positions_is_no_layer():
    tokens = nn.Sequential(nn.Flatten(2), nn.Linear(4, 2), nn.Flatten(1), nn.Linear(8, 3))
    assert layer_diversity(tokens, [ONE_HOT]) == {"1": pytest.approx(0.5)}


def test_it_looks_at_every_block_of_v2_and_leaves_the_network_as_it_was():
    network = build(ladder("laptop", path="v2")[-1].spec).train()
    blocks = [name for name, _ in network.named_modules() if name.endswith("branch.pwconv2")]
    with torch.no_grad():
        for parameter in network.stages[2].blocks[1].branch.pwconv1.parameters():
            parameter.fill_(0.1)
    found = layer_diversity(network, [torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))])
    assert list(found) == blocks
    assert [path for path, value in found.items() if value < 1e-9] == ["stages.2.blocks.1.branch.pwconv2"]
    assert all(0 <= value <= 1 and math.isfinite(value) for value in found.values())
    assert network.training
    assert not any(module._forward_pre_hooks for module in network.modules())

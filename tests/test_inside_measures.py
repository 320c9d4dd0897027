"""Receptive fields, alignment and gains of networks and answers that are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from modernize.analysis.alignment import cka, gram
from modernize.analysis.gains import gains
from modernize.analysis.receptive_field import centre, contributions, side_px

SIZE = 33


def stack(*kernels, stride=1):
    """Convolutions whose weights are all ones, then a head."""
    body = nn.Sequential()
    for kernel in kernels:
        conv = nn.Conv2d(3 if not len(body) else 2, 2, kernel, stride=stride, padding=kernel // 2, bias=False)
        nn.init.ones_(conv.weight)
        body.append(conv)
    network = nn.Module()
    network.body, network.pool, network.fc = body, nn.AdaptiveAvgPool2d(1), nn.Linear(2, 4)
    network.forward = lambda x: network.fc(network.pool(network.body(x)).flatten(1))
    return network


def field_of(network, size=SIZE):
    images = torch.randn(4, 3, size, size, generator=torch.Generator().manual_seed(0))
    return list(contributions(network, size, [images[:3], images[3:]]).values())[-1]


@pytest.mark.parametrize("kernels", [(3,), (3, 3), (7,), (3, 5, 7), (1, 1)])
def test_the_field_of_stacked_convolutions_is_the_one_they_must_have(kernels):
    found = field_of(stack(*kernels))
    profile = np.ones(1)
    for kernel in kernels:
        profile = np.convolve(profile, np.ones(kernel))
    expected = np.zeros((SIZE, SIZE))
    start = SIZE // 2 - len(profile) // 2
    inner = slice(start, start + len(profile))
    expected[inner, inner] = np.outer(profile, profile) / profile.sum() ** 2
    np.testing.assert_allclose(found, expected, atol=1e-7)
    assert centre(found) == pytest.approx((SIZE // 2, SIZE // 2))
    assert side_px(found, 1.0) == len(profile) == sum(kernel - 1 for kernel in kernels) + 1


def test_half_of_a_field_is_in_its_middle():
    deep, wide = field_of(stack(3, 3, 3)), field_of(stack(7))
    assert side_px(deep, 1.0) == side_px(wide, 1.0) == 7
    # A box holds 25 of 49 in its middle 5 x 5; three small kernels hold (19 / 27)^2 = 0.495 in their middle 3 x 3.
    assert (side_px(wide, 0.45), side_px(deep, 0.45)) == (5.0, 3.0)


def test_a_stride_widens_it_and_a_map_of_an_even_side_has_its_own_middle():
    strided = field_of(stack(3, 3, stride=2))
    assert side_px(strided, 1.0) == 3 + 2 * 2
    patches = nn.Module()
    patches.stem, patches.pool, patches.fc = nn.Conv2d(3, 2, 4, 4), nn.AdaptiveAvgPool2d(1), nn.Linear(2, 4)
    patches.forward = lambda x: patches.fc(patches.pool(patches.stem(x)).flatten(1))
    nn.init.ones_(patches.stem.weight)
    found = field_of(patches, 8)
    assert np.argwhere(found > 0).min() == 4
    assert (centre(found), side_px(found, 1.0)) == ((5.5, 5.5), 4.0)


def test_a_field_that_fills_the_image_has_its_side_wherever_its_middle_is():
    slope = np.outer(np.arange(1.0, 9.0), np.ones(8))
    assert centre(slope / slope.sum())[0] > 3.5
    assert side_px(slope / slope.sum(), 1.0) == 8.0


def test_a_network_is_left_as_it_was():
    network = stack(3).train()
    field_of(network)
    assert network.training
    assert all(parameter.grad is None for parameter in network.parameters())


def random(n, features, seed):
    return torch.randn(n, features, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_alignment_knows_no_rotation_scale_or_shift():
    x = random(40, 12, 0)
    rotation = torch.linalg.qr(random(12, 12, 1))[0]
    for same in (x, x @ rotation, 3 * x, x + 5):
        assert cka(gram(x), gram(same)) == pytest.approx(1.0)
    assert cka(gram(x), gram(x @ torch.diag(torch.arange(12.0).double()))) < 0.95


def test_independent_descriptions_are_near_0_however_wide_they_are():
    """The biased estimate of 500 independent features on 40 images would be above 0.9."""
    values = [cka(gram(random(40, 500, seed)), gram(random(40, 500, 100 + seed))) for seed in range(30)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values)) + 1e-3
    assert max(map(abs, values)) < 0.2


def test_hsic_is_the_mean_over_all_quadruples_of_images():
    """The U-statistic's definition (Song et al., 2012, equation 4), summed over every ordered quadruple."""
    from itertools import permutations

    from modernize.analysis.alignment import _hsic

    k, m = gram(random(6, 3, 0)), gram(random(6, 4, 1))
    terms = [k[i, j] * m[i, j] + k[i, j] * m[q, r] - 2 * k[i, j] * m[i, q] for i, j, q, r in permutations(range(6), 4)]
    assert float(_hsic(k, m)) == pytest.approx(float(torch.stack(terms).mean()))


def right(*answers):
    return {seed: np.array([mark == "+" for mark in of_seed]) for seed, of_seed in enumerate(answers)}


LABELS = np.array([0, 0, 1, 1])
NAMES = ("cat", "dog")


def test_gains_and_losses_of_one_seed():
    found = gains(("new", "old"), right("++-+"), right("+--+"), LABELS, NAMES)
    assert (found.overall.both, found.overall.gained, found.overall.lost) == (50, 25, 0)
    assert (found.overall.neither, found.overall.new, found.overall.old, found.overall.noise) == (25, 75, 50, None)
    assert (found.classes["cat"].gained, found.classes["dog"].gained) == (50, 0)
    assert (found.won, found.given_up) == ((1,), ())


def test_two_networks_that_are_one_exchange_what_seeds_exchange():
    runs = right("++--", "+-+-", "+--+")
    found = gains(("new", "old"), runs, runs, LABELS, NAMES)
    assert found.overall.gained == found.overall.lost == pytest.approx(found.overall.noise) == pytest.approx(25)
    assert found.overall.both == pytest.approx(25), "the first image, which every run gets right"
    assert (found.won, found.given_up) == ((), ())


def test_an_image_is_won_where_all_seeds_of_the_new_and_none_of_the_old_are_right():
    found = gains(("new", "old"), right("++-+", "++-+"), right("---+", "+--+"), LABELS, NAMES)
    assert (found.won, found.given_up) == ((1,), ())
    assert found.overall.noise == pytest.approx(100 * (0 + 0.5 / 4) / 2)
    back = gains(("new", "old"), right("---+", "+--+"), right("++-+", "++-+"), LABELS, NAMES)
    assert (back.won, back.given_up) == ((), (1,))
    assert (back.overall.lost, back.overall.gained) == (found.overall.gained, found.overall.lost)


def test_networks_without_a_seed_in_common_are_not_compared():
    runs = right("++--")
    assert gains(("new", "old"), runs, {5: runs[0]}, LABELS, NAMES) is None

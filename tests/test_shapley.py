"""What players add to a game: games whose answer is known, and intervals that cover as often as they say."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from modernize.analysis.attribution import credits_of
from modernize.results.attribution import prefixes
from modernize.results.shapley import (
    interaction,
    interaction_index,
    marginals,
    mean_marginals,
    mean_of_cells,
    sampled_orders,
    shapley,
    subsets,
)
from modernize.results.statistics import LEVEL
from modernize.studies.coalitions import AttributionOptions, plan_attribution

PLAYERS = ("a", "b", "c", "d")
WORTH = {"a": 1.5, "b": -0.5, "c": 0.0, "d": 4.0}


def additive(players=PLAYERS, worth=WORTH, start=50.0):
    return {one: start + sum(worth[player] for player in one) for one in subsets(players)}


def drawn(players=PLAYERS, seed=0):
    rng = np.random.default_rng(seed)
    return {one: float(rng.normal()) for one in subsets(players)}


def test_an_additive_game_gives_its_values_back():
    game = additive()
    assert shapley(PLAYERS, game) == pytest.approx(WORTH)
    assert mean_marginals(sampled_orders(PLAYERS, 4, 1), game) == pytest.approx(WORTH)
    assert all(interaction_index(pair, PLAYERS, game) == pytest.approx(0) for pair in ("ab", "cd"))


def test_shapley_values_are_the_mean_over_all_orders():
    game = drawn()
    orders = list(permutations(PLAYERS))
    by_hand = {p: np.mean([game[frozenset(o[: o.index(p) + 1])] - game[frozenset(o[: o.index(p)])] for o in orders])
               for p in PLAYERS}  # fmt: skip
    assert shapley(PLAYERS, game) == pytest.approx(by_hand)
    assert mean_marginals(orders, game) == pytest.approx(by_hand)


@pytest.mark.parametrize("seed", range(5))
def test_shares_add_up_to_all_minus_none_in_every_order(seed):
    game = drawn(seed=seed)
    whole = game[frozenset(PLAYERS)] - game[frozenset()]
    assert math.fsum(shapley(PLAYERS, game).values()) == pytest.approx(whole, abs=1e-12)
    for order in sampled_orders(PLAYERS, 6, seed):
        assert math.fsum(marginals(order, game).values()) == pytest.approx(whole, abs=1e-12)


def test_symmetric_players_share_alike_and_a_null_player_gets_nothing():
    # Worth 6 where a and b are both there; c changes nothing, d adds 1.
    game = {one: 6.0 * ({"a", "b"} <= one) + 1.0 * ("d" in one) for one in subsets(PLAYERS)}
    assert shapley(PLAYERS, game) == pytest.approx({"a": 3, "b": 3, "c": 0, "d": 1})


def test_a_known_interaction_of_two_is_found_and_of_others_is_not():
    game = {one: value + 2.5 * ({"a", "d"} <= one) for one, value in additive().items()}
    assert interaction(("a", "d"), game) == pytest.approx(2.5)
    assert interaction(("a", "d"), game, frozenset("bc")) == pytest.approx(2.5)
    assert interaction_index(("a", "d"), PLAYERS, game) == pytest.approx(2.5)
    assert interaction_index(("a", "b"), PLAYERS, game) == pytest.approx(0)
    assert shapley(PLAYERS, game) == pytest.approx({**WORTH, "a": 2.75, "d": 5.25})


def test_an_interaction_of_three_weighs_in_the_index_of_two_by_half():
    # Known: the index of a pair in the unanimity game of three is 1/2.
    game = {one: 1.0 * (frozenset("abc") <= one) for one in subsets("abc")}
    assert interaction_index(("a", "b"), "abc", game) == pytest.approx(0.5)


def test_orders_come_with_their_reverse_and_more_begin_with_the_same():
    orders = sampled_orders(tuple("abcdefg"), 12, 3)
    assert len(set(orders)) == 12
    assert all(orders[i + 1] == orders[i][::-1] for i in range(0, 12, 2))
    assert sampled_orders(tuple("abcdefg"), 6, 3) == orders[:6]
    assert sampled_orders(tuple("abcdefg"), 6, 4) != orders[:6]
    assert sorted(sampled_orders(("a", "b", "c"), 100, 0)) == sorted(permutations("abc"))


def test_orders_are_drawn_evenly():
    firsts = [sampled_orders(PLAYERS, 2, seed)[0] for seed in range(2400)]
    counts = [firsts.count(order) for order in permutations(PLAYERS)]
    assert stats.chisquare(counts).pvalue > 0.001


def test_without_spread_over_orders_the_interval_is_that_of_a_t_test():
    values = np.array([1.0, 2.5, 0.7, 1.9])
    delta = mean_of_cells([values.tolist()] * 3)
    known = stats.ttest_1samp(values, 0.0)
    assert (delta.low, delta.high) == pytest.approx((known.confidence_interval().low, known.confidence_interval().high))
    assert delta.p_value == pytest.approx(known.pvalue)
    assert mean_of_cells([values.tolist()]).p_value == pytest.approx(known.pvalue)


def test_spread_over_orders_widens_the_interval_as_a_model_of_both_says():
    cells = np.array([[1.0, 1.4, 0.9], [2.2, 2.5, 2.1], [0.2, 0.9, 0.1], [1.6, 2.2, 1.4]])
    n_orders, n_seeds = cells.shape
    by_order, by_seed = cells.mean(1), cells.mean(0)
    noise = ((cells - by_order[:, None] - by_seed + cells.mean()) ** 2).sum() / ((n_orders - 1) * (n_seeds - 1))
    squares = [(n_orders * by_seed.var(ddof=1), n_seeds - 1), (n_seeds * by_order.var(ddof=1), n_orders - 1),
               (-noise, (n_orders - 1) * (n_seeds - 1))]  # fmt: skip
    total = sum(square for square, _ in squares)
    degrees = total**2 / sum(square**2 / freedom for square, freedom in squares)
    half = stats.t.ppf(0.975, degrees) * math.sqrt(total / cells.size)
    delta = mean_of_cells(cells.tolist())
    assert (delta.low, delta.high) == pytest.approx((cells.mean() - half, cells.mean() + half))


def test_one_seed_has_no_interval():
    delta = mean_of_cells([[1.0], [3.0]])
    assert (delta.n, delta.mean, delta.low, delta.p_value) == (1, 2.0, None, None)


def simulated(n_players, truth, n_seeds, orders, trials, noise=1.0):
    """How often the interval of the first player's Shapley value holds the true one, over random noise and orders."""
    names = tuple("abcdefgh"[:n_players])
    game = {one: truth(one) for one in subsets(names)}
    known = shapley(names, game)["a"]
    rng, covered = np.random.default_rng(7), 0
    for trial in range(trials):
        plan = plan_attribution(AttributionOptions(orders=orders, order_seed=trial), names)
        seeds = rng.normal(size=n_seeds)
        results = {
            one.entry: {s: game[frozenset(one.players)] + seeds[s] + noise * rng.normal() for s in range(n_seeds)}
            for one in plan.coalitions
        }
        found = credits_of(plan, results, {}, {})
        assert found.exact == (n_players < 5)
        delta = found.players[0].shapley.delta
        covered += delta.low <= known <= delta.high
    return covered


def test_exact_intervals_cover_as_often_as_they_say():
    covered = simulated(4, lambda one: 3.0 * ({"a", "b"} <= one) + len(one), 3, 8, 400)
    assert stats.binomtest(covered, 400, 1 - LEVEL).pvalue > 0.01


def test_intervals_over_orders_cover_at_least_as_often_as_they_say():
    # Worth something in threes alone: orders differ, and their reverses do not make up for it.
    def threes(one):
        return 6.0 * ({"a", "b", "c"} <= one) + 4.0 * ({"a", "d", "e"} <= one)

    covered = simulated(7, threes, 4, 8, 300, noise=0.3)
    assert stats.binomtest(covered, 300, 1 - LEVEL, alternative="less").pvalue > 0.01
    assert covered < 300, "an interval that always covers says nothing"


def test_prefixes_of_an_order_lead_from_none_to_all():
    assert prefixes("ba") == (frozenset(), frozenset("b"), frozenset("ab"))

"""What each player of a game adds to its value: Shapley values, interactions, and how sure a mean over orders is.

A game says what each coalition of players is worth. Sources: L. S. Shapley, A value for n-person games (1953); pairs of
an order and its reverse: R. Mitchell et al., Sampling permutations for Shapley value estimation, JMLR 23 (2022); the
interaction index: M. Grabisch and M. Roubens, Int. J. Game Theory 28 (1999).
"""

from __future__ import annotations

import itertools
import math
import random
import statistics
from collections.abc import Iterable, Mapping, Sequence

from modernize.results.attribution import prefixes
from modernize.results.statistics import Delta, summarise, with_test

Coalition = frozenset[str]
Game = Mapping[Coalition, float]


def subsets(players: Iterable[str]) -> list[Coalition]:
    """Return every coalition of some players, the smallest first."""
    names = tuple(players)
    return [frozenset(one) for size in range(len(names) + 1) for one in itertools.combinations(names, size)]


def shapley(players: Sequence[str], game: Game) -> dict[str, float]:
    """Return each player's Shapley value: the mean over all orders of what it adds to those before it.

    Args:
        players: All of them.
        game: Every coalition's value.

    Examples:
        >>> shapley("ab", {frozenset(): 0.0, frozenset("a"): 1.0, frozenset("b"): 2.0, frozenset("ab"): 4.0})
        {'a': 1.5, 'b': 2.5}
    """
    n = len(players)
    found = {}
    for player in players:
        others = [other for other in players if other != player]
        found[player] = math.fsum(
            (game[before | {player}] - game[before]) / (n * math.comb(n - 1, len(before))) for before in subsets(others)
        )
    return found


def marginals(order: Sequence[str], game: Game) -> dict[str, float]:
    """Return what each player adds to those before it in one order; together it is the whole difference."""
    path = prefixes(order)
    return {player: game[after] - game[before] for player, before, after in zip(order, path, path[1:], strict=False)}


def mean_marginals(orders: Sequence[Sequence[str]], game: Game) -> dict[str, float]:
    """Return the mean over some orders of what each player adds to those before it."""
    found = [marginals(order, game) for order in orders]
    return {player: statistics.fmean(one[player] for one in found) for player in orders[0]}


def interaction(pair: tuple[str, str], game: Game, beside: Coalition = frozenset()) -> float:
    """Return how much more two players add together than each of them alone, to the players `beside` them."""
    one, other = pair
    return game[beside | {one, other}] - game[beside | {one}] - game[beside | {other}] + game[beside]


def interaction_index(pair: tuple[str, str], players: Sequence[str], game: Game) -> float:
    """Return the Shapley interaction index: the mean of `interaction`, every number of players beside weighing alike.

    Args:
        pair: Two of the players.
        players: All of them.
        game: Every coalition's value.
    """
    n = len(players)
    others = [player for player in players if player not in pair]
    return math.fsum(
        interaction(pair, game, beside) / ((n - 1) * math.comb(n - 2, len(beside))) for beside in subsets(others)
    )


def sampled_orders(players: Sequence[str], number: int, seed: int) -> tuple[tuple[str, ...], ...]:
    """Draw orders, each followed by its reverse; more orders of the same seed begin with the same ones.

    Args:
        players: In path order.
        number: How many, even; all there are where there are fewer.
        seed: Of the draw.

    Examples:
        >>> sampled_orders(("a", "b", "c"), 2, seed=0)
        (('a', 'b', 'c'), ('c', 'b', 'a'))
    """
    draw = random.Random(seed)  # noqa: S311 - no secret
    found: dict[tuple[str, ...], None] = {}
    while len(found) < min(number, math.factorial(len(players))):
        # As `shuffle` does it, written out: what it draws is not promised for every version of Python.
        order = list(players)
        for last in range(len(order) - 1, 0, -1):
            other = int(draw.random() * (last + 1))
            order[last], order[other] = order[other], order[last]
        found |= dict.fromkeys((tuple(order), tuple(reversed(order))))
    return tuple(found)


def mean_of_cells(cells: Sequence[Sequence[float]]) -> Delta:
    """Return the mean of a quantity that varies with orders and with seeds, and how far it is from 0.

    Every order was run with every seed. The variance of the mean is that of a model with two crossed random effects,
    its degrees of freedom are Satterthwaite's (Biometrics Bulletin 2, 1946). Orders that differ less than their noise
    count as equal, so the interval covers a little more often than it says.

    Args:
        cells: By pair of orders, the value of each seed.

    Returns:
        `n` and `std` are those of the seeds' means; without interval for one seed, or where nothing varies.
    """
    n_orders, n_seeds = len(cells), len(cells[0])
    by_seed = [statistics.fmean(column) for column in zip(*cells, strict=True)]
    summary = summarise(by_seed)
    assert summary is not None  # noqa: S101 - there are cells
    delta = Delta(n=n_seeds, mean=round(summary.mean, 9), std=summary.std)
    if summary.std is None:
        return delta
    seeds = n_orders * summary.std**2
    weights = seeds**2 / (n_seeds - 1)
    total = seeds
    if n_orders > 1:
        by_order = [statistics.fmean(row) for row in cells]
        orders = n_seeds * statistics.variance(by_order)
        freedom = (n_seeds - 1) * (n_orders - 1)
        noise = (
            math.fsum(
                (value - row_mean - column_mean + summary.mean) ** 2
                for row, row_mean in zip(cells, by_order, strict=True)
                for value, column_mean in zip(row, by_seed, strict=True)
            )
            / freedom
        )
        if orders > noise:
            total += orders - noise
            weights += orders**2 / (n_orders - 1) + noise**2 / freedom
    if total <= 0:
        return delta
    return with_test(delta, summary.mean, math.sqrt(total / (n_orders * n_seeds)), max(1.0, total**2 / weights))

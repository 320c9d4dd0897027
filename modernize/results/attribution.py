"""Among whom a study shares out its result: players, the coalitions that are trained, and the orders they come in.

A player is a step, or steps that come and go together. A coalition is some of the players; its network has their steps,
taken in path order, so that it is one network whatever the order in which its players came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modernize.errors import unknown_name
from modernize.words import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """A step or a group of steps.

    Attributes:
        name: Ids of its steps, joined by "+".
        steps: The ids.
    """

    name: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coalition:
    """Some of the players.

    Attributes:
        entry: Name of the row that is trained with their steps.
        players: Their names, in path order.
    """

    entry: str
    players: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """How a study shares out the difference between all of its players and none.

    Attributes:
        players: In path order.
        fixed: Ids of steps that every network of the study has.
        coalitions: The study's rows, those first that come first.
        orders: Of the players; each is followed by its reverse.
        pairs: Of players whose interaction is asked for.
    """

    players: tuple[Player, ...]
    fixed: tuple[str, ...] = ()
    coalitions: tuple[Coalition, ...]
    orders: tuple[tuple[str, ...], ...]
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the players."""
        return tuple(player.name for player in self.players)

    @property
    def exact(self) -> bool:
        """Whether every coalition that there can be is trained."""
        return len(self.coalitions) == 1 << len(self.players)

    @property
    def order_pairs(self) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
        """Each order with its reverse."""
        return tuple(zip(self.orders[::2], self.orders[1::2], strict=True))

    @property
    def over(self) -> str:
        """What Shapley values are a mean over, in words."""
        if self.exact:
            return f"all {len(self.coalitions)} coalitions, so all orders"
        return f"{plural(len(self.orders), 'random order')} ({len(self.order_pairs)} and their reverses)"

    @property
    def turns(self) -> dict[str, int]:
        """When each row's runs come: 0 for the ends and what stands beside them, then a turn for each two orders."""
        everyone = frozenset(self.names)
        alone = [frozenset({name}) for name in self.names]
        first = dict.fromkeys((*prefixes(self.names), *(everyone - one for one in alone), *alone), 0)
        for turn, orders in enumerate(self.order_pairs, 1):
            for order in orders:
                for coalition in prefixes(order):
                    first.setdefault(coalition, turn)
        last = len(self.order_pairs) + 1
        return {one.entry: first.get(frozenset(one.players), last) for one in self.coalitions}

    def check(self, path: str) -> None:
        """Refuse orders, coalitions and pairs of other players than there are.

        Raises:
            ModernizeError: Naming the first; `path` says where it stands.
        """
        named = [*(one.players for one in self.coalitions), *self.orders, *self.pairs]
        for name in (name for names in named for name in names):
            if name not in self.names:
                raise unknown_name(f"player ({path})", name, self.names)


def prefixes(order: Sequence[str]) -> tuple[frozenset[str], ...]:
    """Return the coalitions that grow as players come in this order: none first, all last.

    Examples:
        >>> [sorted(coalition) for coalition in prefixes(["b", "a"])]
        [[], ['b'], ['a', 'b']]
    """
    return tuple(frozenset(order[:number]) for number in range(len(order) + 1))

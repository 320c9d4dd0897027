"""The tables of a look inside a study's networks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from modernize.analysis.gains import Exchange
from modernize.analysis.inside import SHARES, Inside
from modernize.report.view import Cell, Table, table
from modernize.words import NONE

MOST_PLACES = 12
"""Of images that the page names; JSON has all."""


def _number(value: float | None, digits: int = 2, sign: str = "") -> Cell:
    return Cell(NONE) if value is None else Cell(f"{value:{sign}.{digits}f}", value=value)


def fields(found: Inside) -> Iterable[Table]:
    """Give the sides of the receptive field of every map."""
    items = [(name, one) for name, of_row in found.fields.items() for one in of_row]
    sides = (
        (f"{100 * share:.0f} % within, px>", lambda item, place=place: _number(item[1].sides_px[place], 1))
        for place, share in enumerate(SHARES)
    )
    columns = (("network", lambda item: item[0]), ("stride>", lambda item: _number(item[1].stride, 0)))
    size = ("map, px>", lambda item: _number(item[1].map_px, 0))
    yield table("fields", "Side of the square that holds a share of the gradient.", items, *columns, size, *sides)


def alignment(found: Inside) -> Iterable[Table]:
    """Give the alignment of seeds and of neighbouring rows, a column a stride."""
    by_place = {(one.new, one.old, one.stride): one for one in found.likenesses}
    strides = sorted({one.stride for one in found.likenesses})
    pairs = list(dict.fromkeys((one.new, one.old) for one in found.likenesses))

    def at(pair: tuple[str, str], stride: int) -> Cell:
        one = by_place.get((*pair, stride))
        return _number(one.cka if one else None)

    columns = ((f"stride {stride}>", lambda pair, stride=stride: at(pair, stride)) for stride in strides)
    named = ("networks", lambda pair: f"{pair[0]} and {pair[1]}" if pair[1] else f"seeds of {pair[0]}")
    yield table("alignment", "Linear CKA on the same test images.", pairs, named, *columns)


def diversity(found: Inside) -> Iterable[Table]:
    """Give the feature diversity of first, last and all layers."""
    items = [(name, list(of_row.values())) for name, of_row in found.diversity.items() if of_row]
    yield table(
        "diversity",
        "Feature diversity.",
        items,
        ("network", lambda item: item[0]),
        ("layers>", lambda item: _number(len(item[1]), 0)),
        ("first>", lambda item: _number(item[1][0], 3)),
        ("mean>", lambda item: _number(sum(item[1]) / len(item[1]), 3)),
        ("last>", lambda item: _number(item[1][-1], 3)),
    )


_Share = Callable[[Exchange], float | None]
_SHARES: tuple[tuple[str, _Share], ...] = (
    ("both, %>", lambda one: one.both),
    ("gained, %>", lambda one: one.gained),
    ("lost, %>", lambda one: one.lost),
    ("neither, %>", lambda one: one.neither),
    ("seeds alone, %>", lambda one: one.noise),
)


def gains(found: Inside) -> Iterable[Table]:
    """Give what rows gain and lose, over all and by class."""

    def share(of: Callable[[Any], Exchange], get: _Share) -> Callable[[Any], Cell]:
        return lambda item: _number(get(of(item)), 1)

    def shares(of: Callable[[Any], Exchange]) -> list[tuple[str, Callable[[Any], Cell]]]:
        return [(name, share(of, get)) for name, get in _SHARES]

    yield table(
        "gains",
        "Test images that both, one or none of two networks get right.",
        found.gains,
        ("network", lambda one: f"{one.new} after {one.old}"),
        *shares(lambda one: one.overall),
        ("always gained>", lambda one: _number(len(one.won), 0)),
        ("always lost>", lambda one: _number(len(one.given_up), 0)),
    )
    yield table(
        "images",
        f"Images by their place in the test set, at most {MOST_PLACES}: always gained, always lost.",
        [one for one in found.gains if one.won or one.given_up],
        ("network", lambda one: f"{one.new} after {one.old}"),
        ("always gained", lambda one: _places(one.won)),
        ("always lost", lambda one: _places(one.given_up)),
    )
    items = [(one, name, of_class) for one in found.gains for name, of_class in one.classes.items()]
    yield table(
        "classes",
        "The same by class.",
        items,
        ("network", lambda item: f"{item[0].new} after {item[0].old}"),
        ("class", lambda item: item[1]),
        ("before, %>", lambda item: _number(item[2].old, 1)),
        ("now, %>", lambda item: _number(item[2].new, 1)),
        *[one for one in shares(lambda item: item[2]) if one[0].partition(",")[0] not in ("both", "neither")],
    )


def _places(places: Sequence[int]) -> str:
    return ", ".join(map(str, places[:MOST_PLACES])) + ", ..." * (len(places) > MOST_PLACES) or NONE

"""What a record or a plan may hold; other values come from damage or from a hand, not from a run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

from modernize.errors import ModernizeError
from modernize.spec import Arch, Recipe
from modernize.strict import checked

is_name = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}").fullmatch


def check_name(name: str, what: str) -> None:
    """Refuse a name that would not stay where it is put.

    Args:
        name: From a command, or from a file that anybody may have written.
        what: What it names, for example "a study".

    Raises:
        ModernizeError: If it is no plain name.
    """
    if not is_name(name):
        raise ModernizeError(
            f"{name[:100]!r} cannot name {what}: use up to 100 letters, digits, '_', '-' and '.', no '.' or '-' first."
        )


_PERCENT = (0.0, 100.0)
_LOSS = (0.0, 3.5e38)  # of a float with 32 bits
_EPOCHS = (0.0, 1e7)
_OTHER = (0.0, 1e18)
_NUMBERS = {int, float}
_hints = cache(get_type_hints)

NAMES = {
    "run_id": "a run",
    "run_ids": "a run",
    "study": "a study",
    "steps": "a step",
}
"""Fields that hold names, and what they name."""

NEVER_EMPTY = ("run_id", "steps")


@cache
def limits(field: str) -> tuple[float, float]:
    """Return the least and the most that a number in a field of this name can be."""
    kind = field.rpartition("_")[2]
    return {"percent": _PERCENT, "loss": _LOSS, "best": _LOSS, "epoch": _EPOCHS, "epochs": _EPOCHS}.get(kind, _OTHER)


def check(part: Any, path: str) -> None:
    """Refuse numbers and names that cannot be.

    Args:
        part: A dataclass of right types, with others in it or without.
        path: Where it stands, for messages.

    Raises:
        ModernizeError: If there is one; NaN in a series stands for a value that was not finite.
    """
    kind: type = type(part)
    for name, low, high in _limited(kind):
        value = getattr(part, name)
        if not (type(value) in _NUMBERS and low <= value <= high):
            check_field(name, value, f"{path}.{name}")


@cache
def _limited(cls: type) -> tuple[tuple[str, float, float], ...]:
    """Return the fields that can hold what is refused, which prose cannot."""
    hints = _hints(cls)
    return tuple((name, *limits(name)) for name in hints if hints[name] is not str or name in NAMES)


def check_field(name: str, value: Any, where: str) -> None:
    """Refuse likewise the value of a field of this name, which stands at `where`."""
    low, high = limits(name)
    series = value if type(value) is tuple else (value,)
    if series and type(series[0]) in _NUMBERS and low <= min(series) <= max(series) <= high:
        return  # a series told at once; where NaN is in the way, its numbers are looked at one by one
    for item in series:
        if type(item) in _NUMBERS:
            if item < low or item > high:
                raise ModernizeError(f"{where} cannot be {str(item)[:20]}; it is between {low:g} and {high:g}.")
        elif name == "metrics":
            for metric, numbers in item.items():
                check_field(metric, numbers, f"{where}.{metric}")
        elif name in NAMES and (item or name in NEVER_EMPTY):
            try:
                check_name(item, NAMES[name])
            except ModernizeError as error:
                raise ModernizeError(f"{where}: {error}") from error
        elif is_dataclass(item):
            check(item, where)


_CLASSES = {"arch": Arch, "recipe": Recipe, "trained_recipe": Recipe}
_CHANGE = {"field", "before", "after"}
_LARGEST = 1e18


def misfit(facts: Mapping[str, Any]) -> str:
    """Name the first field with a value that none of its kind can be, for example text for a learning rate.

    Args:
        facts: A record's fields in the second schema, or some of them, as plain data.

    Returns:
        Its path, "" if there is none. Unknown fields and unknown words for a choice are let through.
    """
    parts = {**facts, "arch": facts.get("model", {}).get("arch", {})}
    for part, cls in _CLASSES.items():
        kinds = _hints(cls)
        for name, value in parts.get(part, {}).items():
            if name in kinds and not _fits(kinds[name], value):
                return f"{part}.{name}"
    for change in facts.get("entry", {}).get("changes", ()):
        if set(change) != _CHANGE or not isinstance(change["field"], str):
            return "entry.changes"
    return ""


def _fits(kind: Any, value: Any) -> bool:
    if get_origin(kind) is Literal:
        return type(value) in {type(choice) for choice in get_args(kind)}
    try:
        checked(kind, value, "")
    except ModernizeError:
        return False
    numbers = value if isinstance(value, list | tuple) else (value,)
    return all(0 <= number <= _LARGEST for number in numbers if isinstance(number, int | float))

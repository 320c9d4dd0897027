"""What a record may hold where it repeats fields of a spec: values of their kinds, or fields of another version."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from modernize.spec import Arch, Recipe

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
        kinds = _kinds(cls)
        for name, value in parts.get(part, {}).items():
            if name in kinds and not _fits(kinds[name], value):
                return f"{part}.{name}"
    for change in facts.get("entry", {}).get("changes", ()):
        if set(change) != _CHANGE or not isinstance(change["field"], str):
            return "entry.changes"
    return ""


@cache
def _kinds(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _fits(kind: Any, value: Any) -> bool:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return type(value) in {type(choice) for choice in inner}
    if origin is UnionType:
        return any(_fits(each, value) for each in inner)
    if origin is tuple:
        return isinstance(value, list | tuple) and all(_fits(inner[0], item) for item in value)
    if kind in (int, float):
        return type(value) in {int, kind} and 0 <= value <= _LARGEST
    return type(value) is kind

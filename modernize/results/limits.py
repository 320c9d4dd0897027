"""What numbers and names a record or a plan may hold; others come from damage or from a hand, not from a run."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from modernize.errors import ModernizeError
from modernize.results.names import check_name

_PERCENT = (0.0, 100.0)
_LOSS = (0.0, 3.5e38)  # of a float with 32 bits
_EPOCHS = (0.0, 1e7)
_OTHER = (0.0, 1e18)

NAMES = {
    "run_id": "a run",
    "run_ids": "a run",
    "study": "a study",
    "steps": "a step",
}
"""Fields that hold names, and what they name."""

NEVER_EMPTY = ("run_id", "steps")


def limits(field: str) -> tuple[float, float]:
    """Return the least and the most that a number in a field of this name can be."""
    kind = field.rpartition("_")[2]
    return {"percent": _PERCENT, "loss": _LOSS, "epoch": _EPOCHS, "epochs": _EPOCHS}.get(kind, _OTHER)


def check(part: Any, path: str) -> None:
    """Refuse numbers and names that cannot be.

    Args:
        part: A dataclass of right types, with others in it or without.
        path: Where it stands, for messages.

    Raises:
        ModernizeError: If there is one; NaN in a series stands for a value that was not finite.
    """
    for field in fields(part):
        value = getattr(part, field.name)
        low, high = limits(field.name)
        for item in value if isinstance(value, tuple) else (value,):
            where = f"{path}.{field.name}"
            if str(field.type) == "dict[str, str]" and not all(isinstance(text, str) for text in item.values()):
                raise ModernizeError(f"{where} should hold text only.")
            if is_dataclass(item):
                check(item, where)
            elif field.name in NAMES and (item or field.name in NEVER_EMPTY):
                try:
                    check_name(item, NAMES[field.name])
                except ModernizeError as error:
                    raise ModernizeError(f"{where}: {error}") from error
            elif isinstance(item, int | float) and (item < low or item > high):
                raise ModernizeError(f"{where} cannot be {str(item)[:20]}; it is between {low:g} and {high:g}.")

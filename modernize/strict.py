"""Plain data into frozen dataclasses, strictly: a wrong key or type is named by its path.

About what pydantic would do in strict mode, without its habit of accepting unknown keys of plain dataclasses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from modernize.errors import ModernizeError, shown, unknown_name

T = TypeVar("T")


_hints = cache(get_type_hints)


def from_dict(cls: type[T], data: Mapping[str, Any], path: str = "") -> T:
    """Build a dataclass from plain data, as `json` or `tomllib` give it.

    Args:
        cls: A dataclass type.
        data: Its fields by name; lists stand for tuples, and nested mappings for nested dataclasses.
        path: Where `data` stands, for messages.

    Raises:
        ModernizeError: If a key is unknown or missing, or a value has the wrong type.
    """
    if not isinstance(data, Mapping):
        raise ModernizeError(f"{path or cls.__name__} should be a table of fields, not {shown(data)}.")
    kind: type = cls
    values = checked_fields(kind, data, path)
    if missing := sorted(_required(kind) - set(data)):
        raise ModernizeError(f"{path or cls.__name__} lacks {', '.join(missing)}.")
    return cls(**values)


@cache
def _required(cls: type) -> set[str]:
    return {f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING}


def replace_checked(part: T, changes: Mapping[str, Any], path: str = "") -> T:
    """Return a copy of a dataclass with some fields changed, each checked like `from_dict` does."""
    return replace(part, **checked_fields(type(part), changes, path))  # type: ignore[type-var]


def checked_fields(cls: type, data: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Check some fields of a dataclass, each by its type, and return their values."""
    start, kinds = f"{path}." if path else "", _hints(cls)
    for key in data:
        if key not in kinds:
            raise unknown_name("field", f"{start}{key}", [f"{start}{name}" for name in kinds])
    return {key: checked(kinds[key], value, f"{start}{key}") for key, value in data.items()}


@cache
def _parts(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    return get_origin(kind), get_args(kind)


def checked(kind: Any, value: Any, path: str) -> Any:
    """Return `value` as `kind`, turning lists into tuples and integers into floats where that is exact.

    Raises:
        ModernizeError: If the value does not fit.
    """
    if kind is Any or kind is type(value):
        return value
    origin, args = _parts(kind)
    if origin is Literal:
        # By type too: True == 1 and 4.0 == 4, but they are not the same value.
        if any(value == allowed and type(value) is type(allowed) for allowed in args):
            return value
        raise ModernizeError(f"{path} cannot be {shown(value)}. Allowed: {', '.join(map(repr, args))}.")
    if origin in (Union, UnionType):
        if value is None and NoneType in args:
            return None
        kinds = [a for a in args if a is not NoneType]
        listed = [a for a in kinds if (get_origin(a) is tuple) == isinstance(value, list | tuple)]
        return checked((listed or kinds)[0], value, path)
    if origin is tuple:
        return _tuple(args, value, path)
    if origin in (dict, Mapping) or kind is dict:
        if isinstance(value, Mapping):
            return {key: checked(args[1], item, f"{path}.{key}") if args else item for key, item in value.items()}
    elif isinstance(kind, type) and is_dataclass(kind):
        return value if isinstance(value, kind) else from_dict(kind, value, path)
    elif kind is float and type(value) is int and abs(value) <= 2**53:
        return float(value)
    elif isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool):
        return value
    raise ModernizeError(f"{path} should be {getattr(kind, '__name__', kind)}, not {shown(value)}.")


def _tuple(args: tuple[Any, ...], value: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ModernizeError(f"{path} should be a list, not {shown(value)}.")
    if len(args) == 2 and args[1] is Ellipsis:
        if set(map(type, value)) == {args[0]}:  # numbers by the thousand, told at once
            return tuple(value)
        return tuple(checked(args[0], item, f"{path}[{i}]") for i, item in enumerate(value))
    if len(args) != len(value):
        raise ModernizeError(f"{path} should have {len(args)} values, not {len(value)}.")
    return tuple(checked(a, item, f"{path}[{i}]") for i, (a, item) in enumerate(zip(args, value, strict=True)))


def refuse_outside(part: object, ranges: Mapping[str, tuple[float, float]], path: str = "") -> None:
    """Refuse a field whose number, or one of whose numbers, is outside its range; NaN is outside every one.

    Args:
        part: A dataclass. Fields that are None are left alone.
        ranges: Smallest and largest value by field.
        path: Where `part` stands, for messages.

    Raises:
        ModernizeError: Naming the first such field and its range.
    """
    for name, (low, high) in ranges.items():
        value = getattr(part, name)
        numbers = value if isinstance(value, tuple) else (value,)
        if value is not None and not all(low <= number <= high for number in numbers):
            raise ModernizeError(f"{path}{name} should be from {low:,} to {high:,}, not {shown(value)}.")

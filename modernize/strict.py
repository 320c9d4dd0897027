"""Plain data into frozen dataclasses, strictly: a wrong key or type is named by its path.

About what pydantic would do in strict mode, without its habit of accepting unknown keys of plain dataclasses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from modernize.errors import ModernizeError, shown, unknown_name

T = TypeVar("T")


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
    if missing := sorted(_required(kind).difference(data)):
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
    start, kinds = f"{path}." if path else "", _kinds(cls)
    for key in data:
        if key not in kinds:
            raise unknown_name("field", f"{start}{key}", [f"{start}{name}" for name in kinds])
    return {
        key: value if type(value) is (kind := kinds[key])[0] else kind[1](value, start, key)
        for key, value in data.items()
    }


@cache
def _kinds(cls: type) -> dict[str, tuple[Any, _Fit]]:
    return {name: (kind, _fit(kind)) for name, kind in get_type_hints(cls).items()}


def checked(kind: Any, value: Any, path: str) -> Any:
    """Return `value` as `kind`, turning lists into tuples and integers into floats where that is exact.

    Raises:
        ModernizeError: If the value does not fit.
    """
    return _fit(kind)(value, path, "")


_Fit = Callable[[Any, str, str], Any]
"""What `checked` does for one type; the path comes in two parts, for it is seldom wanted whole."""


@cache
def _fit(kind: Any) -> _Fit:
    """Look at a type once, for values come by the thousand."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is Literal:
        return partial(_choice, args)
    if origin in (Union, UnionType):
        kinds = [a for a in args if a is not NoneType]
        lists = [a for a in kinds if get_origin(a) is tuple]
        others = [a for a in kinds if a not in lists]
        return partial(_either, NoneType in args, _fit((lists or kinds)[0]), _fit((others or kinds)[0]))
    if origin is tuple and args[1:] == (Ellipsis,):
        return partial(_series, args[0], _fit(args[0]))
    if origin is tuple:
        return partial(_several, [_fit(a) for a in args])
    if origin in (dict, Mapping) or kind is dict:
        return partial(_table, getattr(kind, "__name__", kind), _fit(args[1]) if args else _anything)
    if isinstance(kind, type) and is_dataclass(kind):
        return partial(_part, kind)
    return _anything if kind is Any else partial(_plain, kind)


def _anything(value: Any, _start: str, _key: str) -> Any:
    return value


def _choice(allowed: tuple[Any, ...], value: Any, start: str, key: str) -> Any:
    # By type too: True == 1 and 4.0 == 4, but they are not the same value.
    if any(value == each and type(value) is type(each) for each in allowed):
        return value
    raise ModernizeError(f"{start}{key} cannot be {shown(value)}. Allowed: {', '.join(map(repr, allowed))}.")


def _either(none: bool, of_list: _Fit, of_other: _Fit, value: Any, start: str, key: str) -> Any:
    if value is None and none:
        return None
    return (of_list if isinstance(value, list | tuple) else of_other)(value, start, key)


def _series(kind: Any, fit: _Fit, value: Any, start: str, key: str) -> tuple[Any, ...]:
    if isinstance(value, list | tuple) and set(map(type, value)) == {kind}:  # numbers by the thousand, told at once
        return tuple(value)
    return tuple(fit(item, f"{start}{key}", f"[{i}]") for i, item in enumerate(_listed(value, start, key)))


def _several(fits: list[_Fit], value: Any, start: str, key: str) -> tuple[Any, ...]:
    if len(_listed(value, start, key)) != len(fits):
        raise ModernizeError(f"{start}{key} should have {len(fits)} values, not {len(value)}.")
    return tuple(fit(item, f"{start}{key}", f"[{i}]") for i, (fit, item) in enumerate(zip(fits, value, strict=True)))


def _listed(value: Any, start: str, key: str) -> Any:
    if not isinstance(value, list | tuple):
        raise ModernizeError(f"{start}{key} should be a list, not {shown(value)}.")
    return value


def _table(kind: str, fit: _Fit, value: Any, start: str, key: str) -> Any:
    if not isinstance(value, Mapping):
        raise ModernizeError(f"{start}{key} should be {kind}, not {shown(value)}.")
    return {name: fit(item, f"{start}{key}.", name) for name, item in value.items()}


def _part(kind: type, value: Any, start: str, key: str) -> Any:
    return value if isinstance(value, kind) else from_dict(kind, value, f"{start}{key}")


def _plain(kind: type, value: Any, start: str, key: str) -> Any:
    if kind is float and type(value) is int and abs(value) <= 2**53:
        return float(value)
    if isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool):
        return value
    raise ModernizeError(f"{start}{key} should be {getattr(kind, '__name__', kind)}, not {shown(value)}.")


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

"""Reading many records fast: what their lines share is parsed and checked once.

Whatever is unusual goes through the strict reader of `text`, which says what is wrong with it.
"""

from __future__ import annotations

import json
from dataclasses import fields
from types import NoneType
from typing import Any

from modernize.results.record import (
    SCHEMA_VERSION,
    BudgetFacts,
    CostFacts,
    Curves,
    DataFacts,
    Execution,
    Hardware,
    Record,
    Result,
    RungFacts,
    Speed,
)
from modernize.results.text import parse, read, series, to_record

_PARTS: dict[str, type] = {
    "rung": RungFacts,
    "data": DataFacts,
    "budget": BudgetFacts,
    "curves": Curves,
    "result": Result,
    "cost": CostFacts,
    "speed": Speed,
    "hardware": Hardware,
    "execution": Execution,
}
_NUMBER: set[type] = {float, int}
_TYPES: dict[str, set[type]] = {
    "str": {str},
    "int": {int},
    "float": _NUMBER,
    "float | None": {*_NUMBER, NoneType},
    "bool": {bool},
}
# Name, default and types; an older record lacks fields that came later, and they have defaults.
_CHECKS = {
    cls: [(f.name, f.default, _TYPES[str(f.type)]) for f in fields(cls) if str(f.type) in _TYPES]
    for cls in _PARTS.values()
}
# Lines that differ from run to run; all others are worth remembering.
_OWN = {"run_id", "curves", "result", "speed", "started_at", "finished_at"}

Seen = dict[str, dict[str, Any]]

_decode = json.JSONDecoder().decode


def read_record(path: str, seen: Seen) -> Record:
    """Read one of many records.

    Args:
        path: Its file.
        seen: Lines that earlier calls have parsed; start with an empty dict and pass it along.

    Raises:
        ModernizeError: If the file cannot be read or is no record.
    """
    text = read(path)
    try:
        record = Record(**_fields(text.decode(), seen))
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError):
        return to_record(parse(text, path), path)
    return record if _sound(record) else to_record(parse(text, path), path)


def _fields(text: str, seen: Seen) -> dict[str, Any]:
    """Parse a record line by line: where each line is a JSON member, so is the whole what its lines say."""
    if text[:2] != "{\n" or text[-3:] != "\n}\n":
        return _built(_decode(text))
    facts: dict[str, Any] = {}
    for line in text[2:-3].split(",\n"):
        known = seen.get(line)
        if known is None:
            known = _built(_decode("{" + line + "}"))
            if _OWN.isdisjoint(known):
                seen[line] = known
        facts |= known
    return facts


def _built(data: dict[str, Any]) -> dict[str, Any]:
    return {key: _part(_PARTS[key], value) if key in _PARTS else value for key, value in data.items()}


def _part(cls: type, given: dict[str, Any]) -> Any:
    for name, default, types in _CHECKS[cls]:
        if type(given.get(name, default)) not in types:
            raise TypeError(name)
    return cls(**{key: series(value) if type(value) is list else value for key, value in given.items()})


def _sound(record: Record) -> bool:
    curves = record.curves
    return (
        record.schema_version == SCHEMA_VERSION
        and type(record.run_id) is type(record.study) is type(record.commit) is str
        and type(record.seed) is int
        and record.status in ("finished", "diverged", "failed")
        and not (record.status == "finished" and record.result.top1_percent is None)
        and _NUMBER.issuperset(map(type, curves.train_loss))
        and _NUMBER.issuperset(map(type, curves.test_top1_percent))
        and _NUMBER.issuperset(map(type, curves.val_top1_percent))
    )

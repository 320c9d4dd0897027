"""Reading many records fast: what their lines share is parsed and checked once.

Whatever is unusual goes through the strict reader of `text`, which says what is wrong with it.
"""

from __future__ import annotations

import json
from dataclasses import fields
from types import NoneType
from typing import Any

from modernize.entry import ROLES
from modernize.results.limits import limits
from modernize.results.names import is_name
from modernize.results.record import (
    SCHEMA_VERSION,
    BudgetFacts,
    CostFacts,
    Curves,
    DataFacts,
    EntryFacts,
    Execution,
    Hardware,
    Record,
    Result,
    Speed,
    WeightsFile,
)
from modernize.results.spec_fields import misfit
from modernize.results.text import SEALED_SINCE, no_number, read, series, to_record, unsealed
from modernize.results.upgrade import upgraded_record

_PARTS: dict[str, type] = {
    "entry": EntryFacts,
    "data": DataFacts,
    "budget": BudgetFacts,
    "curves": Curves,
    "result": Result,
    "cost": CostFacts,
    "speed": Speed,
    "hardware": Hardware,
    "execution": Execution,
    "starts_from": WeightsFile,
    "weights": WeightsFile,
    "ema_weights": WeightsFile,
}
_NUMBER: set[type] = {float, int}
_TYPES: dict[str, set[type]] = {
    "str": {str},
    "int": {int},
    "int | None": {int, NoneType},
    "float": _NUMBER,
    "float | None": {*_NUMBER, NoneType},
    "bool": {bool},
    "dict[str, Any]": {dict},
    "dict[str, str]": {dict},
}
_ITEMS: dict[str, set[type]] = {
    "tuple[float, ...]": _NUMBER,
    "tuple[str, ...]": {str},
    "tuple[dict[str, Any], ...]": {dict},
}
# Name, default, types and limits; an older record lacks fields that came later, and they have defaults.
_CHECKS = {
    cls: [(f.name, f.default, _TYPES[str(f.type)], *limits(f.name)) for f in fields(cls) if str(f.type) in _TYPES]
    for cls in (Record, *_PARTS.values())
}
_SERIES = {
    cls: [(f.name, _ITEMS[str(f.type)], *limits(f.name)) for f in fields(cls) if str(f.type) in _ITEMS]
    for cls in _PARTS.values()
}
# Lines that differ from run to run; all others are worth remembering.
_OWN = tuple(
    f' "{name}": '
    for name in ("run_id", "curves", "result", "speed", "weights", "ema_weights", "started_at", "finished_at")
)

Seen = dict[str, dict[str, Any]]

_decode = json.JSONDecoder(parse_constant=no_number).decode


def read_record(path: str, seen: Seen) -> Record:
    """Read one of many records.

    Args:
        path: Its file.
        seen: Lines that earlier calls have parsed; start with an empty dict and pass it along.

    Raises:
        ModernizeError: If the file cannot be read or is no record.
    """
    text = read(path)
    whole = unsealed(text)
    try:
        facts = _fields((whole or text).decode(), seen)
        _check(Record, facts)
        record = Record(**facts)
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError):
        return to_record(text, path)
    newest = SCHEMA_VERSION if whole else SEALED_SINCE - 1
    odd = b"\\" in text and b"\\u" in text
    return record if _sound(record, newest) and not odd else to_record(text, path)


def _fields(text: str, seen: Seen) -> dict[str, Any]:
    """Parse a record line by line: where each line is a JSON member, so is the whole what its lines say."""
    if text[:2] != "{\n" or text[-3:] != "\n}\n":
        return _built(_decode(text))
    facts: dict[str, Any] = {}
    own: list[str] = []
    for line in text[2:-3].split(",\n"):
        known = seen.get(line)
        if known is None:
            if line.startswith(_OWN):
                own.append(line)
                continue
            known = seen[line] = _built(_decode("{" + line + "}"))
        facts |= known
    return facts | _built(_decode("{" + ",".join(own) + "}"))


def _built(data: dict[str, Any]) -> dict[str, Any]:
    fields = upgraded_record(data)
    if misfit(fields):
        raise TypeError
    return {key: _part(_PARTS[key], value) if key in _PARTS else value for key, value in fields.items()}


def _part(cls: type, given: dict[str, Any]) -> Any:
    _check(cls, given)
    for name, types, low, high in _SERIES[cls]:
        if name in given:
            values = given[name]
            kinds = set(map(type, values))
            known = values
            if NoneType in kinds and cls is Curves:
                known, kinds = [v for v in values if v is not None], kinds - {NoneType}
            if type(values) is not list or not kinds <= types:
                raise TypeError(name)
            if known and types is _NUMBER and (min(known) < low or max(known) > high):
                raise ValueError(name)
            given[name] = tuple(values) if known is values else series(values)
    return cls(**given)


def _check(cls: type, given: dict[str, Any]) -> None:
    for name, default, types, low, high in _CHECKS[cls]:
        value = given.get(name, default)
        if type(value) not in types or (type(value) in _NUMBER and not low <= value <= high):
            raise TypeError(name)


def _sound(record: Record, newest: int) -> bool:
    return (
        0 < record.schema_version <= newest
        and record.status in ("finished", "diverged", "failed")
        and record.entry.role in ROLES
        and not (record.status == "finished" and record.result.top1_percent is None)
        and {str}.issuperset(map(type, record.versions.values()))
        and all(map(is_name, (record.run_id, record.entry.name, *record.entry.steps, record.study or "_")))
    )

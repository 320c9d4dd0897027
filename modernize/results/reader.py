"""Plain data as JSON text, and back: null stands where a number was not finite.

The last line of a record is the SHA-256 of what stands before it, so that damage and edits are seen:

    {
     "run_id": "ae78a1c16cbe9b71",
     ...
     "schema_version": 2,
     "sha256": "9c56cc51..."
    }

A file in another layout is as good: what counts is the text that its values would have in this one.
"""

from __future__ import annotations

import json
import math
from dataclasses import fields
from hashlib import sha256
from types import NoneType
from typing import Any, NoReturn

from modernize.entry import ROLES
from modernize.errors import ModernizeError, unusable
from modernize.results.checks import check, check_name, is_name, limits, misfit
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
from modernize.results.upgrade import upgraded_record

SEALED_SINCE = 2
"""Schema version of records since which each has its hash."""

_SEAL = b',\n "sha256": "'
_END = b"\n}\n"


def to_text(facts: dict[str, Any]) -> str:
    """Give plain data as JSON with one top-level field a line: readable, small, and a change shows as one line."""
    lines = (
        f" {json.dumps(k)}: {json.dumps(_finite(v), allow_nan=False, ensure_ascii=False)}" for k, v in facts.items()
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


def record_text(record: Record) -> bytes:
    """Give a record as the bytes of its file, hash included."""
    body = to_text(record.to_json()).encode(errors="replace").removesuffix(_END)
    return body + _SEAL + sha256(body).hexdigest().encode() + b'"' + _END


def unsealed(text: bytes) -> bytes | None:
    """Return what the hash in a record's file covers, whole again without it.

    Returns:
        None if there is no hash where `record_text` puts it, or it is another's.
    """
    body, seal, rest = text.rpartition(_SEAL)
    return body + _END if seal and rest == sha256(body).hexdigest().encode() + b'"' + _END else None


def read(path: str) -> bytes:
    """Read a file.

    Raises:
        ModernizeError: If it cannot be read.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - half the time of Path.read_bytes over 10,000 files
            return file.read()
    except OSError as error:
        raise unusable(error, f"{path} cannot be read") from error


def no_number(token: str) -> NoReturn:
    """Refuse NaN and Infinity, which JSON lacks and Python reads."""
    raise ValueError(f"it holds {token}, which is no number")


def parse(text: bytes, path: str) -> Any:
    """Parse JSON.

    Raises:
        ModernizeError: If it is none; the message names `path`.
    """
    try:
        data = json.loads(text, parse_constant=no_number)
        if b"\\u" in text:
            json.dumps(data, ensure_ascii=False).encode()  # half a character can be escaped, and never be written
    except (ValueError, RecursionError) as error:
        raise ModernizeError(f"{path} is not JSON: {error}.") from error
    return data


def to_record(text: bytes, path: str) -> Record:
    """Build a record with everything checked.

    Args:
        text: What its file holds.
        path: Where it was read, for messages.

    Raises:
        ModernizeError: If it is no record, was altered since it was written, or holds what no run can measure.
    """
    data = parse(text, path)
    try:
        if isinstance(data, dict):
            seal = data.pop("sha256", None)
            if isinstance(curves := data.get("curves"), dict):
                data |= {"curves": {k: series(v) if isinstance(v, list) else v for k, v in curves.items()}}
            body = to_text(data).encode().removesuffix(_END)
        record = Record.from_json(data, path)
    except (RecursionError, OverflowError) as error:
        raise ModernizeError(f"{path} is no record of a run: {error}.") from error
    if (seal is not None or record.schema_version >= SEALED_SINCE) and seal != sha256(body).hexdigest():
        raise ModernizeError(f"{path} was damaged or edited: its values are not those that its sha256 was made of.")
    check(record, path)
    check_name(record.entry.name, f"an entry ({path})")
    if name := misfit(upgraded_record(data)):
        raise ModernizeError(f"{path}.{name} has a value that no run has there.")
    if record.status == "finished" and record.result.top1_percent is None:
        raise ModernizeError(f"{path} is marked finished but lacks result.top1_percent.")
    return record


def series(values: list[Any]) -> tuple[Any, ...]:
    """Give the tuple of a list, with NaN for null."""
    return tuple([math.nan if v is None else v for v in values]) if None in values else tuple(values)


def _finite(value: Any) -> Any:
    """Replace NaN and infinity, which JSON lacks, by null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


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

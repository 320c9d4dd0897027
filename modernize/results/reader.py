"""Plain data as JSON text, and back: null stands where a number was not finite.

The last line of a record is the SHA-256 of what stands before it, so that damage and edits are seen:

    {
     "run_id": "ae78a1c16cbe9b71",
     ...
     "schema_version": 3,
     "sha256": "9c56cc51..."
    }

A file in another layout is as good: what counts is the text that its values would have in this one.
"""

from __future__ import annotations

import json
import math
from hashlib import sha256
from typing import Any, NoReturn

from modernize.errors import ModernizeError, unknown_name, unusable
from modernize.metrics import METRICS
from modernize.results.checks import check, check_field, check_name, misfit
from modernize.results.record import SCHEMA_VERSION, Record
from modernize.results.upgrade import upgraded_record
from modernize.strict import checked_fields

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
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - half the time of Path.read_bytes over 10,000 files
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
            body = to_text(data).encode().removesuffix(_END)
            data = with_nan(data)
        record = Record.from_json(data, path)
    except (RecursionError, OverflowError) as error:
        raise ModernizeError(f"{path} is no record of a run: {error}.") from error
    if (seal is not None or record.schema_version >= SEALED_SINCE) and seal != sha256(body).hexdigest():
        raise ModernizeError(f"{path} was damaged or edited: its values are not those that its sha256 was made of.")
    check(record, path)
    if name := misfit(upgraded_record(data)):
        raise ModernizeError(f"{path}.{name} has a value that no run has there.")
    _refuse_contradictions(record, path)
    return record


def _refuse_contradictions(record: Record, path: str) -> None:
    check_name(record.entry.name, f"an entry ({path})")
    if record.objective not in METRICS:
        raise ModernizeError(f"{path}: {unknown_name('objective', record.objective, METRICS)}")
    if record.status == "finished" and record.value is None:
        raise ModernizeError(f"{path} is marked finished but lacks {record.metric.name} in its result.")


def with_nan(data: dict[str, Any]) -> dict[str, Any]:
    """Give a record's fields with NaN for null in its curves."""
    return data | {"curves": _filled(data["curves"])} if "curves" in data else data


def _filled(curves: Any) -> Any:
    if isinstance(curves, dict):
        return {name: _filled(values) for name, values in curves.items()}
    return [math.nan if v is None else v for v in curves] if isinstance(curves, list) and None in curves else curves


def _finite(value: Any) -> Any:
    """Replace NaN and infinity, which JSON lacks, by null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


# Lines that differ from run to run; all others are worth remembering.
_OWN = tuple(
    f' "{name}": ' for name in ("run_id", "curves", "result", "speed", "weights", "seed", "started_at", "finished_at")
)

Seen = dict[str, dict[str, Any]]

_decode = json.JSONDecoder(parse_constant=no_number).decode


def read_record(path: str, seen: Seen) -> Record:
    """Read one of many records: what their lines share is parsed and checked once.

    Args:
        path: Its file.
        seen: Lines that earlier calls have parsed; start with an empty dict and pass it along.

    Raises:
        ModernizeError: If the file cannot be read or is no record.
    """
    text = read(path)
    try:
        return _by_lines(text, seen)
    except (ModernizeError, TypeError, ValueError, KeyError, AttributeError, RecursionError):
        return to_record(text, path)  # whatever is unusual: here it is said what is wrong with it


def _by_lines(text: bytes, seen: Seen) -> Record:
    """Parse a record line by line: where each line is a JSON member, so is the whole what its lines say."""
    if b"\\" in text and b"\\u" in text:  # half a character can be escaped; one byte is found sooner than two
        raise ValueError
    whole = unsealed(text)
    lines = (whole or text).decode()
    if lines[:2] != "{\n" or lines[-3:] != "\n}\n":
        facts = _fields(lines)
    else:
        own: list[str] = []
        shared: list[str] = []
        for line in lines[2:-3].split(",\n"):
            (own if line.startswith(_OWN) else shared).append(line)
        facts = _shared_fields(",\n".join(shared), seen) | _fields("{" + ",".join(own) + "}")
    record = Record(**facts)
    if not 0 < record.schema_version <= (SCHEMA_VERSION if whole else SEALED_SINCE - 1):
        raise ValueError
    _refuse_contradictions(record, "")
    return record


def _shared_fields(lines: str, seen: Seen) -> dict[str, Any]:
    if lines not in seen:
        facts: dict[str, Any] = {}
        for line in lines.split(",\n"):
            if line not in seen:
                seen[line] = _fields("{" + line + "}")
            facts |= seen[line]
        seen[lines] = facts
    return seen[lines]


def _fields(text: str) -> dict[str, Any]:
    """Return the fields of a record that JSON text holds, checked."""
    data = upgraded_record(_decode(text))
    if misfit(data):
        raise ValueError
    values = checked_fields(Record, with_nan(data))
    for name, value in values.items():
        check_field(name, value, name)
    return values

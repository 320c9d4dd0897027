"""Plain data as JSON text, and back: null stands where a number was not finite."""

from __future__ import annotations

import json
import math
from typing import Any

from modernize.errors import ModernizeError, unusable
from modernize.results.record import Record


def to_text(facts: dict[str, Any]) -> str:
    """Give plain data as JSON with one top-level field a line: readable, small, and a change shows as one line."""
    lines = (
        f" {json.dumps(k)}: {json.dumps(_finite(v), allow_nan=False, ensure_ascii=False)}" for k, v in facts.items()
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


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


def parse(text: bytes, path: str) -> Any:
    """Parse JSON.

    Raises:
        ModernizeError: If it is none; the message names `path`.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModernizeError(f"{path} is not JSON: {error}.") from error


def to_record(data: Any, path: str) -> Record:
    """Build a record with every field checked.

    Args:
        data: Parsed JSON.
        path: Where it was read, for messages.

    Raises:
        ModernizeError: If it is no record, or a finished one without a result.
    """
    if isinstance(data, dict) and isinstance(curves := data.get("curves"), dict):
        data = data | {"curves": {k: series(v) if isinstance(v, list) else v for k, v in curves.items()}}
    record = Record.from_json(data, path)
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

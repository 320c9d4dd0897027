"""Files of the first schema in the words of the second: rungs became entries, architectures models.

Works on a part of a file as on the whole, for quick reading goes line by line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def upgraded_record(data: dict[str, Any]) -> dict[str, Any]:
    """Return a record's fields as the second schema has them; those of the second come back as they are."""
    if isinstance(rung := data.get("rung"), dict):
        data = {("entry" if key == "rung" else key): _entry(rung) if key == "rung" else data[key] for key in data}
    if isinstance(arch := data.get("arch"), dict):
        data = {("model" if key == "arch" else key): {"arch": arch} if key == "arch" else data[key] for key in data}
    return data


def upgraded_study(data: dict[str, Any]) -> dict[str, Any]:
    """Return a plan's fields likewise."""
    if data.get("schema_version") != 1 or not isinstance(rungs := data.get("rungs"), list):
        return data
    rows = [dict(rung) for rung in rungs if isinstance(rung, dict)]
    pairs = [[rung.get("step"), before] for rung in rows if (before := rung.pop("before", ""))]
    rest = {key: value for key, value in data.items() if key != "rungs"}
    return rest | {"entries": [_entry(rung) for rung in rows], "contrasts": pairs}


def _entry(rung: Mapping[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in rung.items() if key not in ("step", "adopted", "spec_fingerprint")}
    found = {"name": rung.get("step"), "role": "rung" if rung.get("adopted") else "probe"}
    return found | rest | {"fingerprint": rung.get("spec_fingerprint")}

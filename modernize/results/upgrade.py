"""Files of older schemas in the words of today's.

In the second, rungs became entries, architectures models, prose facts; in the third, results got named metrics.

Works on a part of a file as on the whole, for quick reading goes line by line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

# What sentences of the first schema said that nothing else in the record does.
_BY_HAND = re.compile(r"((?:arch|recipe)\.\w+) = (.*?)(?: at the base)?(?=, (?:arch|recipe)\.\w+ = |$)", re.DOTALL)
_CUT = re.compile(r"too few training images for a batch of (\d{1,9}): ")
_MEASURED = ("top1_percent", "loss")
_START = re.compile(r"starts from the weights in (.*) \(SHA-256 (\w+)\.\.\.\)", re.DOTALL)


def upgraded_record(data: dict[str, Any]) -> dict[str, Any]:
    """Return a record's fields as the third schema has them; those of the third come back as they are."""
    if isinstance(rung := data.get("rung"), dict):
        data = {("entry" if key == "rung" else key): _entry(rung) if key == "rung" else data[key] for key in data}
    if isinstance(arch := data.get("arch"), dict):
        data = {("model" if key == "arch" else key): {"arch": arch} if key == "arch" else data[key] for key in data}
    if isinstance(budget := data.get("budget"), dict) and isinstance(said := budget.get("changes"), list):
        lines = [line for line in said if isinstance(line, str)]
        rest = {key: value for key, value in budget.items() if key != "changes"}
        data = data | {"budget": rest | {"given": _given(lines), "cut_from": _cut_from(lines)}} | _start(lines)
    for part, upgraded in (("curves", _curves), ("result", _result)):
        if isinstance(fields := data.get(part), dict) and "metrics" not in fields:
            data = data | {part: upgraded(fields)}
    return data


def upgraded_study(data: dict[str, Any]) -> dict[str, Any]:
    """Return a plan's fields likewise."""
    if data.get("schema_version") != 1 or not isinstance(rungs := data.get("rungs"), list):
        return data
    rows = [dict(rung) for rung in rungs if isinstance(rung, dict)]
    pairs = [[rung.get("step"), before] for rung in rows if (before := rung.pop("before", ""))]
    rest = {key: value for key, value in data.items() if key != "rungs"}
    return rest | {"entries": [_entry(rung) for rung in rows], "contrasts": pairs}


def _curves(fields: Mapping[str, Any]) -> dict[str, Any]:
    split = "val" if any(fields.get(f"val_{name}") for name in _MEASURED) else "test"
    own = {name: fields[f"{split}_{name}"] for name in _MEASURED if fields.get(f"{split}_{name}")}
    # What was both is no record's: it stays, to be refused.
    series = [f"{of}_{name}" for of in ("test", "val") for name in _MEASURED]
    gone = {f"{split}_{name}" for name in own} | {name for name in series if fields.get(name) in ([], ())}
    return {name: values for name, values in fields.items() if name not in gone} | {"split": split, "metrics": own}


def _result(fields: Mapping[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in fields.items() if key not in (*_MEASURED, "best_top1_percent")}
    own = {name: value for name in _MEASURED if (value := fields.get(name)) is not None}
    return {"metrics": own} | rest | {"best": fields.get("best_top1_percent")}


def _entry(rung: Mapping[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in rung.items() if key not in ("step", "adopted", "spec_fingerprint")}
    found = {"name": rung.get("step"), "role": "rung" if rung.get("adopted") else "probe"}
    return found | rest | {"fingerprint": rung.get("spec_fingerprint")}


def _given(said: Sequence[str]) -> dict[str, Any]:
    by_hand = [pair for line in said if line.startswith("set by hand: ") for pair in _BY_HAND.findall(line)]
    return {name: _value(text) for name, text in by_hand}


def _value(text: str) -> Any:
    """Read what `toml_literal` wrote, which is JSON too."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _cut_from(said: Sequence[str]) -> int | None:
    return next((int(found[1]) for line in said if (found := _CUT.match(line))), None)


def _start(said: Sequence[str]) -> dict[str, Any]:
    found = next((found for line in said if (found := _START.fullmatch(line))), None)
    return {"starts_from": {"file": found[1], "sha256": found[2], "num_bytes": 0}} if found else {}

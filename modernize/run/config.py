"""Study files: a request as TOML, read strictly and written so that it reads back the same.

regime = "laptop"
upto = "ln"
seeds = 3

[set]
recipe.lr = 2e-3
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from modernize.errors import ModernizeError, unknown_name
from modernize.regimes import REGIMES
from modernize.results.files import write_atomically
from modernize.run.request import FILE_FIELDS, RunRequest, request_from
from modernize.run.toml import MOST_BYTES, parse_toml, toml_literal

# What earlier versions called a field.
OLD_NAMES = {"from": "start", "num_seeds": "seeds", "num_processes": "gpus"}

# Not saved: they are about one invocation, and a file that repeats finished runs each time would be a trap.
UNSAVED = ("repeat", "extend", "replace")


def read_study_file(path: Path) -> dict[str, Any]:
    """Read a study file.

    Returns:
        Arguments of `request_from`, checked.

    Raises:
        ModernizeError: If the file cannot be read, or a field is unknown or has a wrong value.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1).decode("utf-8-sig")
        options = parse_toml(text)
    except FileNotFoundError:
        instead = f"--regime {path} chooses the regime" if str(path) in REGIMES else "--upto and --only choose steps"
        raise ModernizeError(f"the study file {path} does not exist ({instead}).") from None
    except (OSError, UnicodeDecodeError, ModernizeError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).rstrip(".")
        raise ModernizeError(f"the study file {path} cannot be read: {reason}.") from error
    for name in options:
        if name in OLD_NAMES:
            raise ModernizeError(f"{path}: '{name}' is called '{OLD_NAMES[name]}'.")
        if name not in FILE_FIELDS:
            raise ModernizeError(f"{path}: {unknown_name('field', name, FILE_FIELDS)}")
    try:
        request_from(**options)
    except ModernizeError as error:
        raise ModernizeError(f"{path}: {error}") from error
    return options


def merged(options: Mapping[str, Any], explicit: Mapping[str, Any]) -> RunRequest:
    """Build a request from a study file and from what the command line gives explicitly, which wins.

    Args:
        options: Of the file.
        explicit: Of the command line. Fields under `set` are added to the file's one by one.
    """
    settings = request_from(set=options.get("set", {})).overrides.flat() | dict(explicit.get("set", {}))
    return request_from(**{**options, **explicit, "set": settings})


def to_toml(request: RunRequest) -> str:
    """Write a request as a study file; fields without a value are left out."""
    values = asdict(request)
    values |= values.pop("selection")
    if request.seeds == tuple(range(len(request.seeds))):
        values["seeds"] = len(request.seeds)
    lines = ["# modernize run FILE"]
    for name in FILE_FIELDS:
        value = values.get(name)
        if name not in UNSAVED and value not in (None, "", ()):
            lines.append(f"{name} = {toml_literal(value)}")
    if request.overrides:
        lines += ["", "[set]", *(f"{name} = {toml_literal(value)}" for name, value in request.overrides.flat().items())]
    return "\n".join(lines) + "\n"


def save_request(request: RunRequest, path: Path) -> None:
    """Write a request to a study file.

    Raises:
        ModernizeError: If another file is there and the request does not replace it, or it cannot be written.
    """
    text = to_toml(request)
    if path.exists() and not request.replace:
        try:
            same = path.read_text(encoding="utf-8") == text
        except (OSError, UnicodeDecodeError):
            same = False
        if not same:
            raise ModernizeError(f"{path} is there already; choose another --save-config, or give --replace.")
        return
    write_atomically(path, text)

"""Study files: a request as TOML, read strictly and written so that it reads back the same.

regime = "laptop"
upto = "ln"
seeds = 3

[set]
recipe.lr = 2e-3

or, in place of a ladder, rows that the file lists (`[[entries]]`), what is compared with what (`contrasts`), what is
predicted (`predictions`), published values (`[[references]]`) and budgets of its own (`[budgets.NAME]`): see
`modernize.studies.definition`. `[attribution]` trains coalitions of the ladder's steps: see
`modernize.studies.coalitions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from modernize.errors import ModernizeError, unknown_name
from modernize.results.files import write_atomically
from modernize.run.identity import choices, study_name
from modernize.run.request import FILE_FIELDS, RunRequest, request_from
from modernize.studies.builtin import builtin_studies
from modernize.toml import MOST_BYTES, parse_toml, toml_literal

# What earlier versions called a field.
OLD_NAMES = {"from": "start", "num_seeds": "seeds", "num_processes": "gpus"}

# Written last, a table each.
TABLES = ("attribution", "budgets", "entries", "predictions", "references")

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
        raise ModernizeError(f"the study file {path} does not exist (--upto and --only choose steps).") from None
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


def merged(options: Mapping[str, Any], explicit: Mapping[str, Any], study: str = "") -> RunRequest:
    """Build a request from a study file and from what the command line gives explicitly, which wins.

    Args:
        options: Of the file.
        explicit: Of the command line. Fields under `set` are added to the file's one by one.
        study: Name of the built-in study, or of the file without its ending.
    """
    if "attribution" in explicit:
        options, explicit = _attributing(options, explicit)
    settings = request_from(set=options.get("set", {})).overrides.flat() | dict(explicit.get("set", {}))
    request = request_from(**{**options, **explicit, "set": settings})
    if not request.definition.entries and study not in builtin_studies():
        return request
    own = request_from(**options)
    words = (own.regime, own.data, *choices(own))
    return replace(request, definition=replace(request.definition, name=study, chosen=words))


# What a file of another study says of its own rows, which an attribution of its ladder leaves aside.
_OF_ROWS = (
    *("name", "title", "about", "expectation", "note", "contrasts", "predictions", "references"),
    *("equivalence_margin", "probes"),
    *("start", "order", "baseline", "controls", "until_decided", "max_seeds"),
)


def _attributing(
    options: Mapping[str, Any], explicit: Mapping[str, Any]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Ask for an attribution: the file's own, with what the command line says of it, or one of the file's ladder."""
    if "attribution" in options:
        return options, {**explicit, "attribution": {**options["attribution"], **explicit["attribution"]}}
    return {name: value for name, value in options.items() if name not in _OF_ROWS}, explicit


def to_toml(request: RunRequest, *, name: str = "", extend: bool = False) -> str:
    """Write a request as a study file; fields without a value are left out.

    Args:
        request: What is asked.
        name: Of the study, where it is to be called so.
        extend: Whether the file adds to a study that is there.
    """
    definition = request.definition
    values = {each.name: getattr(request, each.name) for each in fields(request)}
    values |= asdict(request.selection) | _given(definition)
    values |= {"name": name or study_name(request)} if name or definition.name else {}
    if request.seeds == tuple(range(len(request.seeds))):
        values["seeds"] = len(request.seeds)
    lines = ["# modernize run FILE", *["extend = true"] * extend]
    for name in FILE_FIELDS:
        value = values.get(name)
        if name not in (*UNSAVED, *TABLES) and value not in (None, "", ()):
            lines.append(f"{name} = {toml_literal(value)}")
    if request.overrides:
        lines += ["", "[set]", *(f"{name} = {toml_literal(value)}" for name, value in request.overrides.flat().items())]
    if definition.attribution:
        lines += _table("[attribution]", _given(definition.attribution))
    for name, budget in definition.budgets.items():
        lines += _table(f"[budgets.{name}]", {k: v for k, v in _given(budget).items() if k != "name"})
    for entry in definition.entries:
        at = {budget: _given(row) for budget, row in entry.at.items()}
        lines += _table("[[entries]]", {"name": entry.name, **_given(entry), **({"at": at} if at else {})})
    for name, parts in (("predictions", definition.predictions), ("references", definition.references)):
        for part in parts:
            lines += _table(f"[[{name}]]", _given(part))
    return "\n".join(lines) + "\n"


def _given(part: Any) -> dict[str, Any]:
    """Return the fields of a dataclass that are not at their default."""
    return {each.name: value for each in fields(part) if (value := getattr(part, each.name)) != each.default}


def _table(head: str, values: Mapping[str, Any]) -> list[str]:
    given = {name: value for name, value in values.items() if value not in (None, {})}
    return ["", head, *(f"{name} = {toml_literal(value)}" for name, value in given.items())]


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

"""TOML in and out: read within bounds, so that no text keeps the reader busy or breaks it."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

from modernize.errors import ModernizeError

MOST_BYTES = 65_536
MOST_DOTS = 100
"""In one line outside quotes: the time that a dotted key takes grows with the square of its parts."""

_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL)


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML.

    Raises:
        ModernizeError: If it is none, or is longer or deeper than anybody writes.
    """
    if len(text.encode(errors="replace")) > MOST_BYTES:
        raise ModernizeError(f"it is longer than {MOST_BYTES:,} bytes.")
    if any(line.partition("#")[0].count(".") > MOST_DOTS for line in _QUOTED.sub("", text).splitlines()):
        raise ModernizeError(f"a key in it has more than {MOST_DOTS} parts.")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ModernizeError("it is nested too deeply.") from None
    except ValueError as error:
        raise ModernizeError(f"{str(error).rstrip('.')}.") from error


def read_literal(text: str) -> Any:
    """Read a value as TOML does; anything else is a string.

    Examples:
        >>> read_literal("0.1"), read_literal("[7, 7]"), read_literal("'1'"), read_literal("gelu")
        (0.1, [7, 7], '1', 'gelu')
    """
    try:
        parsed = parse_toml(f"value = {text}")
    except ModernizeError:
        return text
    return parsed["value"] if len(parsed) == 1 else text


def toml_literal(value: Any) -> str:
    """Write a value as TOML does."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_literal, value))}]"
    if isinstance(value, dict):
        inside = ", ".join(f"{_key(name)} = {toml_literal(one)}" for name, one in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    # JSON's strings are TOML's, but for the delete character.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml_literal(name)

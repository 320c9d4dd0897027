"""Names that become files and folders: plain ones only, wherever they come from."""

from __future__ import annotations

import re

from modernize.errors import ModernizeError

is_name = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}").fullmatch


def check_name(name: str, what: str) -> None:
    """Refuse a name that would not stay where it is put.

    Args:
        name: From a command, or from a file that anybody may have written.
        what: What it names, for example "a study".

    Raises:
        ModernizeError: If it is no plain name.
    """
    if not is_name(name):
        raise ModernizeError(
            f"{name[:100]!r} cannot name {what}: use up to 100 letters, digits, '_', '-' and '.', no '.' or '-' first."
        )

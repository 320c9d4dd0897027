"""Errors that a user can mend, and the near-name hint they carry."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class ModernizeError(Exception):
    """One clear line for the user: what was wrong and what is allowed.

    The command line prints it without a traceback and exits with `exit_code`.
    """

    exit_code = 2


class DataError(ModernizeError):
    """A data set that is missing, empty, corrupt or mislabelled."""


class MissingResultsError(ModernizeError):
    """A report was asked for where no record lies."""

    exit_code = 4


def unknown_name(kind: str, name: str, allowed: Iterable[str]) -> ModernizeError:
    """Build the error for a name that is not in `allowed`.

    Args:
        kind: What the name should have been, for example "step".
        name: What the user wrote.
        allowed: Every name that would have been accepted.

    Returns:
        An error whose message names the nearest allowed name, if one is near, and all of them.
    """
    names = list(allowed)
    near = get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return ModernizeError(f"unknown {kind} '{name}'.{hint} Allowed: {', '.join(names) or 'none'}.")

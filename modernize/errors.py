"""Errors that a user can mend, and the near-name hint they carry."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterable
from difflib import get_close_matches

FAILURE = 1
WRONG_USAGE = 2
SOME_RUNS_FAILED = 3
NO_RESULTS = 4
DISK_FULL = 5
INTERRUPTED = 130
TERMINATED = 143
EXIT_CODES = {
    0: "done",
    FAILURE: "a failure inside",
    WRONG_USAGE: "wrong usage, configuration or input",
    SOME_RUNS_FAILED: "some runs failed",
    NO_RESULTS: "there are no results to report",
    DISK_FULL: "the disk is full, broken or read-only",
    INTERRUPTED: "interrupted (Ctrl-C)",
    TERMINATED: "terminated (SIGTERM)",
}
"""Every exit code of the command line, and what it says."""

DISK_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)


class ModernizeError(Exception):
    """One clear line for the user: what was wrong and what is allowed.

    The command line prints it without a traceback and exits with `exit_code`.
    """

    exit_code = WRONG_USAGE


class DataError(ModernizeError):
    """A data set that is missing, empty, corrupt or mislabelled."""


class MissingResultsError(ModernizeError):
    """A report was asked for where no record lies."""

    exit_code = NO_RESULTS


class DiskError(ModernizeError):
    """A disk that is full, broken or read-only: nothing that other words on the command line would mend."""

    exit_code = DISK_FULL


def unusable(error: OSError, what: str) -> ModernizeError:
    """Build the error for a file that cannot be used.

    Args:
        error: What the system said.
        what: What could not be done, for example "a.json cannot be written".
    """
    kind = DiskError if error.errno in DISK_ERRNOS else ModernizeError
    return kind(f"{what}: {error.strerror or error}.")


def one_line(error: BaseException) -> str:
    """Give an error that is not ours in one line, without its full stop."""
    kind = "" if isinstance(error, ModernizeError) else f"{type(error).__name__}: "
    return " ".join(f"{kind}{error}".split()).rstrip(".:")


def warn(line: str) -> None:
    """Say in one line on stderr what was left out; the command goes on."""
    if sys.stderr:
        sys.stderr.write(f"warning: {line}\n")


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
    near = get_close_matches(str(name).lower(), names, n=1, cutoff=0.5)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return ModernizeError(f"unknown {kind} '{name}'.{hint} Allowed: {', '.join(names) or 'none'}.")

"""The command line. One file a command; `console.py` alone imports rich."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from modernize.errors import DISK_ERRNOS, DISK_FULL, INTERRUPTED, ModernizeError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        Exit code, one of `modernize.errors.EXIT_CODES`.
    """
    from modernize.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that lacks a character shows a question mark rather than ending the command.
            stream.reconfigure(errors="replace")
    try:
        app(args=list(sys.argv[1:] if argv is None else argv), prog_name="modernize")
        code: object = 0
    except SystemExit as ended:
        code = ended.code
    except ModernizeError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        code = error.exit_code
    except OSError as error:
        if error.errno not in DISK_ERRNOS:
            raise
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        code = DISK_FULL
    except KeyboardInterrupt:
        code = INTERRUPTED
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (`| head`) has what it wanted; keep the interpreter from flushing again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code if isinstance(code, int) else 0 if code is None else 1

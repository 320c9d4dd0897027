"""The command line. One file a command; `console.py` alone imports rich."""

from __future__ import annotations

import sys

from modernize.cli.process import Signals, is_follower, tell_launcher, wait_for_launcher

TYPE_CHECKING = False  # nothing that takes long is imported before signals are dealt with
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        Exit code, one of `modernize.errors.EXIT_CODES`.
    """
    follows = is_follower()
    with Signals(follows=follows) as signals:
        from modernize.cli.streams import Streams

        with Streams(hold_errors=follows) as streams:
            code, problem = streams.judge(*_run(list(sys.argv[1:] if argv is None else argv), signals))
            if problem:
                tell_launcher(problem)
                streams.say_error(f"error: {problem}")
            if code and follows:
                signals.at_once = True
                wait_for_launcher()
                streams.release_errors()
        return code


def _run(argv: list[str], signals: Signals) -> tuple[int, str]:
    """Do what is asked; return the exit code and, if nobody has said it yet, what went wrong."""
    from modernize.cli.app import Abort, UsageError, app, usage_line
    from modernize.cli.layout import in_one_line
    from modernize.errors import DISK_ERRNOS, FAILURE, INTERRUPTED, REFUSED, WRONG_USAGE, ModernizeError, unusable

    try:
        signals.at_once = False
        ended_with = app(args=argv, prog_name="modernize", standalone_mode=False)
        return (ended_with, "") if isinstance(ended_with, int) else (0, "")
    except UsageError as error:
        return WRONG_USAGE, in_one_line(usage_line(error))
    except Abort:
        return FAILURE, "aborted"
    except SystemExit as ended:
        code = ended.code
        return (code, "") if isinstance(code, int) else (0, "") if code is None else (FAILURE, str(code))
    except ModernizeError as error:
        return error.exit_code, in_one_line(str(error))
    except OSError as error:
        if error.errno not in DISK_ERRNOS and not (error.errno in REFUSED and error.filename):
            raise
        problem = unusable(error, f"{error.filename or 'a file'} cannot be used")
        return problem.exit_code, in_one_line(str(problem))
    except KeyboardInterrupt:
        return INTERRUPTED, ""

"""The standard streams where they are closed, full, or read by nobody any more: the work goes on without them."""

from __future__ import annotations

import errno
import io
import os
import shutil
import sys
from contextlib import suppress
from types import TracebackType
from typing import Any, TextIO, cast

from modernize.cli.layout import unbroken
from modernize.errors import DISK_ERRNOS, DISK_FULL, FAILURE, WARNING


class Stream:
    """A text stream that does not fail: what cannot be written is dropped, and why is remembered.

    A warning is written once, however often a command comes upon what it is about.

    Args:
        stream: Where to write; None if it was closed when the process began.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._closed = stream is None
        self._stream = stream or io.StringIO()
        self.error: OSError | None = None
        self._warned: set[str] = set()
        if hasattr(self._stream, "reconfigure"):
            # A terminal that lacks a character shows a question mark rather than ending the command.
            self._stream.reconfigure(errors="replace")

    def write(self, text: str) -> int:
        """Write what can be written."""
        if text.startswith(WARNING):
            if text in self._warned:
                return len(text)
            self._warned.add(text)
            text = for_screen(text, self._stream)
        if self._closed:
            self.error = OSError(errno.EBADF, "it is closed")
            return len(text)
        try:
            return self._stream.write(text)
        except OSError as error:
            self._drop(error)
            return len(text)

    def flush(self) -> None:
        """Hand on what is held back."""
        try:
            self._stream.flush()
        except OSError as error:
            self._drop(error)

    def _drop(self, error: OSError) -> None:
        self.error = self.error or error
        with suppress(OSError):  # what it holds back is dropped too, now and when the interpreter ends
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Streams:
    """Lets the process write to streams that do not fail; use as a context manager.

    Args:
        hold_errors: Keep what goes to stderr until it is released, or an exception leaves.
    """

    def __init__(self, *, hold_errors: bool) -> None:
        _open_closed()
        self._before = sys.stdout, sys.stderr
        self._out, self._err = Stream(sys.stdout), Stream(sys.stderr)
        self._held = io.StringIO() if hold_errors else None

    def __enter__(self) -> Streams:
        sys.stdout, sys.stderr = cast(tuple[TextIO, TextIO], (self._out, self._held or self._err))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error:
            self.release_errors()
        self._out.flush()
        self._err.flush()
        sys.stdout, sys.stderr = self._before

    def judge(self, code: int, problem: str) -> tuple[int, str]:
        """Return what a command's exit code is and what went wrong, in the light of what stdout took."""
        self._out.flush()
        lost = self._out.error
        if lost and not isinstance(lost, BrokenPipeError):  # `| head` has what it wanted
            code = code or (DISK_FULL if lost.errno in DISK_ERRNOS else FAILURE)
            problem = problem or f"not all there was to say could be written to stdout: {lost.strerror or lost}"
        return code, problem

    def say_error(self, line: str) -> None:
        """Print a line to stderr; to stdout where that is closed, rather than to end in silence."""
        print(for_screen(line, sys.stderr), file=sys.stderr)  # noqa: T201
        if self._before[1] is None:
            print(line)  # noqa: T201

    def release_errors(self) -> None:
        """Write what was held."""
        if self._held:
            self._err.write(self._held.getvalue())
            self._held = None


def for_screen(line: str, stream: TextIO) -> str:
    """Fold a line where it would be broken inside a word; in a pipe and in a file it stays one."""
    return unbroken(line, shutil.get_terminal_size().columns) if stream.isatty() else line


def _open_closed() -> None:
    """Open on nothing the standard streams that were closed: no file may get their number, and what libraries print."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)

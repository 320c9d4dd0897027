"""Ctrl-C and SIGTERM from a command's first moment on, and a launcher (torchrun, srun) that started it several times.

No signal makes a traceback, and the exit code says which it was. Of several processes one speaks for all: torchrun
prints a traceback of its own when a process ends badly, and names those that did, and what they left for it to say. So
the first one leaves its line, and the others let it end first, and are ended quietly.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False  # this is what is imported before signals are dealt with
if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Any

AGAIN_SECONDS = 0.01
PATIENCE_SECONDS = 10.0


class Signals:
    """Takes over signals that nobody else has plans for; use as a context manager.

    They raise KeyboardInterrupt and SystemExit; again where Python ignores exceptions, as it does in destructors.

    Args:
        follows: Whether another process speaks for this one, so that to be ended is no failure.

    Attributes:
        at_once: They end the process instead: there is nothing to put in order.
    """

    def __init__(self, *, follows: bool) -> None:
        self.at_once = True
        self._terminated = 0 if follows else 128 + signal.SIGTERM
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
        try:
            for number, handler in usual.items():
                if signal.getsignal(number) == handler:
                    self._before[number] = signal.signal(number, self._end)
        except ValueError:  # not in the main thread
            pass
        self._hook, sys.unraisablehook = sys.unraisablehook, self._unraised
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.unraisablehook = self._hook
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        interrupted = number == signal.SIGINT
        if self.at_once:
            os._exit(128 + number if interrupted else self._terminated)
        raise KeyboardInterrupt if interrupted else SystemExit(self._terminated)

    def _unraised(self, ignored: sys.UnraisableHookArgs) -> None:
        if isinstance(ignored.exc_value, KeyboardInterrupt | SystemExit):
            from threading import Timer

            number = signal.SIGINT if isinstance(ignored.exc_value, KeyboardInterrupt) else signal.SIGTERM
            Timer(AGAIN_SECONDS, os.kill, (os.getpid(), number)).start()
        else:
            self._hook(ignored)


def is_follower() -> bool:
    """Whether another process speaks for this one."""
    numbers = os.environ.get("RANK", ""), os.environ.get("WORLD_SIZE", "")
    return all(map(str.isdecimal, numbers)) and 0 < int(numbers[0]) < int(numbers[1])


def tell_launcher(problem: str) -> None:
    """Leave a line where torchrun looks for what went wrong."""
    if path := os.environ.get("TORCHELASTIC_ERROR_FILE"):
        import json
        import time
        from contextlib import suppress
        from pathlib import Path

        about = {"message": problem, "extraInfo": {"timestamp": f"{time.time():.0f}"}}
        with suppress(OSError):
            Path(path).write_text(json.dumps({"message": about}), encoding="utf-8")


def wait_for_launcher() -> None:
    """Give the launcher time to end this process because the first one has failed too; it will have said why."""
    import time

    time.sleep(PATIENCE_SECONDS)

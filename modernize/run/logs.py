"""Logs of worker processes. Whoever may write to one holds it locked, so those that the dead left can be told."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import IO


def open_log(path: Path) -> IO[bytes]:
    """Open a log. A process that inherits it keeps it locked as long as it lives.

    Raises:
        OSError: If it cannot be written.
    """
    while True:
        log = path.open("ab")
        with suppress(OSError):  # a file system without locks: its logs are not swept up either
            _lock(log, wait=True)
        if path.exists():
            return log
        log.close()  # swept up by another command just now


def sweep(folder: Path) -> None:
    """Remove the logs of workers that live no more, but for those that say why a run failed."""
    for path in folder.glob("worker-*.log"):
        with suppress(OSError), path.open("ab") as log:
            _lock(log, wait=False)
            path.unlink()


def keep(path: Path) -> Path:
    """Keep the log of a worker that failed from being swept up; return its path from now on."""
    with suppress(OSError):
        path = path.rename(path.with_name(f"failed-{path.name}"))
    return path


def _lock(log: IO[bytes], *, wait: bool) -> None:
    if sys.platform != "win32":  # there a file in use cannot be removed
        import fcntl

        fcntl.flock(log, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))

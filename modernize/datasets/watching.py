"""Who hears how far the reading of image files is: it can take minutes, deep below whoever waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Watcher = Callable[[int, int], None]
"""Told how many image files have been read, and of how many; both are equal at the end, be it a bad one."""

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Let somebody hear of all image files that are read in this context."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


@contextmanager
def counting(total: int) -> Iterator[Callable[[int], None]]:
    """Give what is to be called with the number of files that have been read so far."""
    watcher = _watcher.get()

    def tell(done: int) -> None:
        if watcher:
            watcher(done, total)

    try:
        yield tell
    finally:
        tell(total)

"""A disk that fails, fills up or loses its power at a chosen operation, for the code under test in this process."""

from __future__ import annotations

import builtins
import io
import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

Fault = Literal["none", "fails", "full", "cut", "cut, unsynced lost"]

CHANGES = ("mkdir", "rename", "replace", "link", "unlink", "rmdir", "utime", "fsync", "write", "create")
READS = ("open", "scandir", "listdir", "stat", "lstat")
TAKES_SPACE = ("mkdir", "rename", "replace", "link", "fsync", "write", "create")


class PowerCut(BaseException):
    """The process is no more: whatever it would do to files from now on is not done."""


class FaultyDisk:
    """Counts operations on files below a folder, and lets one go wrong; use as a context manager.

    Args:
        folder: Where.
        fault: "fails": that operation alone raises an error. "full": it and all later ones that take space do.
            "cut": neither it nor any later one is done, and a write in hand is done by half. "cut, unsynced lost":
            besides, files that were not flushed lose what was written to them, and names in folders that were not
            flushed point to what they did before.
        at: Number of the operation, from 0.
        number: Of the error.
        only: Operations that count.
    """

    def __init__(
        self, folder: Path, fault: Fault = "none", at: int = -1, number: int = 0, only: tuple[str, ...] = CHANGES
    ) -> None:
        self.folder, self.fault, self.at, self.number, self.only = str(folder), fault, at, number, only
        self.done: list[str] = []
        """Operations so far, by name: the last one is the one that went wrong, if one did."""
        self.happened = False
        self._unflushed: set[str] = set()
        self._before: dict[str, dict[str, bytes | None]] = {}
        self._patches = ExitStack()

    def __enter__(self) -> FaultyDisk:
        self._open = io.open
        for name in ("mkdir", "rename", "replace", "link", "unlink", "rmdir", "utime", "scandir", "listdir"):
            self._patch(os, name, self._wrapped(name, getattr(os, name)))
        for name in ("stat", "lstat"):
            if name in self.only:
                self._patch(os, name, self._wrapped(name, getattr(os, name)))
        self._patch(os, "fsync", self._flushed)
        for module in (io, builtins):
            self._patch(module, "open", self._opened)
        return self

    def __exit__(self, *_: object) -> None:
        self._patches.close()
        if self.happened and self.fault == "cut, unsynced lost":
            self._lose()

    def _patch(self, module: Any, name: str, new: Any) -> None:
        self._patches.enter_context(patch.object(module, name, new))

    def _step(self, name: str, path: Any) -> None:
        """Count an operation, and let it go wrong if it is its turn."""
        if name not in self.only or not self._is_here(path):
            return
        if self.happened and self.fault.startswith("cut"):
            raise PowerCut
        if not self.happened:
            self.happened = len(self.done) == self.at
            self.done.append(name)
            if self.happened and self.fault.startswith("cut"):
                raise PowerCut
            if self.happened and self.fault != "none":
                raise OSError(self.number, os.strerror(self.number), str(path))
        elif self.fault == "full" and name in TAKES_SPACE:
            raise OSError(self.number, os.strerror(self.number), str(path))

    def _is_here(self, path: Any) -> bool:
        """Whether a path lies below the folder; numbers and names in an open folder are taken to."""
        return isinstance(path, int) or not Path(path).is_absolute() or str(path).startswith(self.folder)

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def do(path: Any = ".", *args: Any, **kwargs: Any) -> Any:
            self._step(name, path)
            if name in ("rename", "replace", "link") and self._is_here(path):
                self._remember(str(path), str(args[0]))
            return real(path, *args, **kwargs)

        return do

    def _remember(self, source: str, target: str) -> None:
        """Keep what a name in a folder points to until the folder is flushed."""
        self._unflushed = {path.replace(source, target, 1) for path in self._unflushed}
        before: bytes | None = None
        with suppress(OSError), self._open(target, "rb") as file:
            before = file.read()
        self._before.setdefault(str(Path(target).parent), {}).setdefault(target, before)

    def _flushed(self, number: int) -> None:
        self._step("fsync", number)
        path = str(Path(f"/proc/self/fd/{number}").readlink())
        self._unflushed.discard(path)
        self._before.pop(path, None)

    def _opened(self, path: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        writes = not {*mode}.isdisjoint("wxa+")
        self._step("create" if writes else "open", path)
        file = self._open(path, mode, *args, **kwargs)
        if not writes or not self._is_here(path):
            return file
        self._unflushed.add(str(path))
        return _Written(file, self._step, str(path))

    def _lose(self) -> None:
        for path in self._unflushed:
            with suppress(OSError):
                os.truncate(path, 0)
        for name, before in (item for names in self._before.values() for item in names.items()):
            path = Path(name)
            with suppress(OSError):
                if before is not None:
                    path.write_bytes(before)
                else:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


class _Written:
    """A file open for writing, whose writes count."""

    def __init__(self, file: Any, step: Callable[[str, str], None], path: str) -> None:
        self._file, self._step, self._path = file, step, path

    def write(self, data: Any) -> int:
        try:
            self._step("write", self._path)
        except BaseException:
            self._file.write(data[: len(data) // 2])
            self._file.flush()
            raise
        return int(self._file.write(data))

    def __enter__(self) -> _Written:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

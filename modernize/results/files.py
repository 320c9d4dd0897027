"""Writing files that a crash, a full disk or a power cut never leaves half written."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile

from modernize.errors import DISK_ERRNOS, ModernizeError, unusable

# Far longer than any write takes; should a writer have slept so long, it writes again.
LEFTOVER_SECONDS = 3600.0

_PART = re.compile(r"\..+\.[0-9a-f]{16}\.modernize-part", re.DOTALL)


def refuse_existing(path: Path | None, *, replace: bool) -> None:
    """Refuse to write over what is there, unless that is meant; nothing is refused of None.

    Raises:
        ModernizeError: If it is there.
    """
    if path and path.exists() and not replace:
        raise ModernizeError(f"{path} exists; give --replace to replace it, or another name.")


def write_atomically(path: Path, content: str | bytes | memoryview) -> Path:
    """Write a file so that it holds either its old content or all of the new one, whatever happens meanwhile.

    When this returns, the file outlives a power cut.

    Args:
        path: The file; its folder is made if need be.
        content: Text (UTF-8) or bytes.

    Returns:
        `path`.

    Raises:
        ModernizeError: If it cannot be written; a `DiskError` if that is the disk's doing.
    """
    data = content.encode(errors="replace") if isinstance(content, str) else content
    try:
        if path.is_dir():
            raise ModernizeError(f"{path} is a folder; name a file to write.")
        try:
            _write(path, data)
        except FileNotFoundError:  # the folder is new; or what was written so far was taken for a leftover
            _make(path.parent)
            _write(path, data)
        _remove_leftovers(path.parent)
    except OSError as error:
        raise unusable(error, f"{path} cannot be written") from error
    return path


def _write(path: Path, data: bytes | memoryview) -> None:
    # Random, for process ids repeat: in containers, and on machines that share a folder.
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.modernize-part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink()
    sync_folder(path.parent)


def _make(folder: Path) -> None:
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in new:
        sync_folder(each.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlive a power cut, where the system can.

    Raises:
        OSError: If the disk fails.
    """
    try:
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
    except OSError as error:
        if error.errno in DISK_ERRNOS:
            raise


@cache
def _remove_leftovers(folder: Path) -> None:
    """Remove what killed writers left in a folder: once a process, for listing a large folder takes a while."""
    with suppress(OSError):
        # Written to just now, by the clock of the disk, which need not be this machine's.
        now = folder.stat().st_mtime
        for entry in os.scandir(folder):
            if _PART.fullmatch(entry.name) and now - entry.stat(follow_symlinks=False).st_mtime > LEFTOVER_SECONDS:
                os.unlink(entry.path)  # noqa: PTH108


def check_writable(folder: Path) -> None:
    """Refuse a folder that cannot be written or made; nothing is left behind.

    Raises:
        ModernizeError: If files could not be written there.
    """
    try:
        there = folder
        while not there.exists() and there != there.parent:
            there = there.parent
        with TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise unusable(error, f"{folder} cannot be written") from error

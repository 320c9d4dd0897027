"""Whether what a study makes could be written, found out before there is anything to lose."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

from modernize.errors import unusable


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

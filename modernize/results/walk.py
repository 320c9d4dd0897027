"""The files of a results folder, whatever else lies there: links in circles, pipes, folders of others."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from errno import ENOENT
from pathlib import Path

from modernize.errors import unusable

STUDY_FILE = "study.json"
RECORD_NAME = re.compile(r".+-seed\d+-([0-9A-Za-z]{1,8})(?:-\d+)?\.json")
LONGEST_LINE = 300


def record_files(folder: str, short: Collection[str] | None, problems: list[str]) -> Iterator[str]:
    """Yield every *.json but study.json and hidden ones, sorted; os.scandir, for 10,000 files take a while.

    Args:
        folder: Where to look, and in the folders below.
        short: Files named after other runs than these (8 digits) are left out. None for all.
        problems: Gets a line for each file or folder that cannot be read.
    """
    return _files(folder, short, problems, set())


def _files(
    folder: str, short: Collection[str] | None, problems: list[str], been: set[tuple[int, int]]
) -> Iterator[str]:
    try:
        here = os.stat(folder)  # noqa: PTH116
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        if error.errno != ENOENT:
            problems.append(plain_line(str(unusable(error, f"{folder} cannot be read"))))
        return
    if (here.st_dev, here.st_ino) in been:
        problems.append(plain_line(f"{folder} is a folder that is read already, by another name."))
        return
    been.add((here.st_dev, here.st_ino))
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            is_folder, is_file = entry.is_dir(), entry.is_file()
        except OSError:  # a link to itself
            is_folder = is_file = False
        if is_folder:
            yield from _files(entry.path, short, problems, been)
        elif entry.name.endswith(".json") and entry.name != STUDY_FILE:
            named = RECORD_NAME.fullmatch(entry.name)
            if short is not None and named and named[1] not in short:
                continue
            if is_file:
                yield entry.path
            else:
                problems.append(plain_line(f"{entry.path} is no file that can be read."))


def holds_records(folder: Path) -> bool:
    """Whether files in a folder are named as records are."""
    with suppress(OSError):
        return any(RECORD_NAME.fullmatch(path.name) for path in folder.iterdir())
    return False


def plain_line(problem: str) -> str:
    """A problem in one line that can be shown: file names and values may be anything."""
    shown = "".join(character if character.isprintable() else "?" for character in problem)
    return shown if len(shown) <= LONGEST_LINE else f"{shown[:LONGEST_LINE]} ..."

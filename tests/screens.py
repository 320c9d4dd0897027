"""How long a Markdown page is on a code host, in screens: for tests that it answers on the first."""

from __future__ import annotations

import math
import re
import struct
from pathlib import Path

LINES_A_SCREEN = 45
# Of a code host's column: letters a line, pixels a line and a row of a table, width of the column.
_LETTERS, _LINE, _ROW, _WIDTH = 110, 24, 37, 830
_IMAGE = re.compile(r'src="([^"]+)"|!\[[^\]]*\]\(([^)]+)\)')


def seen(markdown: str) -> str:
    """What a reader sees who opens nothing."""
    return re.sub(r"<details>\s*<summary>(.*?)</summary>.*?</details>", r"\1", markdown, flags=re.DOTALL)


def lines_of(markdown: str, folder: Path) -> float:
    """How many lines of text a page is as high as."""
    return sum(_height(line, folder) for line in seen(markdown).splitlines()) / _LINE


def screens(markdown: str, folder: Path) -> float:
    """The same in screens."""
    return lines_of(markdown, folder) / LINES_A_SCREEN


def _height(line: str, folder: Path) -> float:
    if found := _IMAGE.search(line):
        width, height = struct.unpack(">II", (folder / (found[1] or found[2])).read_bytes()[16:24])
        return height * min(1.0, _WIDTH / width) + _LINE
    if line.startswith("|"):
        return 0 if set(line) <= set("|-: ") else _ROW * math.ceil(len(line) / 125)
    if line.startswith("#"):
        return 3 * _LINE
    return _LINE * math.ceil(len(line) / _LETTERS) if line else 0.35 * _LINE

"""The code that trains, as a hash: records carry it, so that a report can say whose code has changed since."""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from pathlib import Path

PACKAGE = Path(__file__).parents[1]

# What stands between a spec with stored images, which have fingerprints of their own, and the numbers of a run.
_FEEDS = (
    "crops",
    "decoded",
    "erasing",
    "feed",
    "feeds",
    "normalise",
    "reading",
    "resident",
    "shifting",
    "things",
    "transforms",
)
TRAINING = (
    *("blueprint.py", "ops.py", "nn/*.py", "models/*.py", "objectives/*.py", "train/*.py"),
    *(f"datasets/{name}.py" for name in _FEEDS),
)
# The recipe as trained is in the record, however a budget came to it; the others look on.
LOOKING_ON = ("models/counted.py", "nn/structure.py", "train/budget.py", "train/progress.py")

_TRIPLE = r'"""(?:\\.|(?!""").)*"""'
_PROSE_OR_TEXT = re.compile(
    rf"""(?ms)(?P<prose>^[ ]*r?{_TRIPLE}$|[ ]*\#[^\n]*)|{_TRIPLE}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'"""
)


@cache
def sources() -> str:
    """Return sixteen hex digits of the source code that decides what numbers a run has.

    Comments, docstrings and empty lines do not count. "" where the package has no sources to read.
    """
    digest, found = sha256(), False
    for pattern in TRAINING:
        for path in sorted(PACKAGE.glob(pattern)):
            name = path.relative_to(PACKAGE).as_posix()
            if name not in LOOKING_ON:
                digest.update(f"{name}\n{code_of(path.read_text(encoding='utf-8'))}\n".encode())
                found = True
    return digest.hexdigest()[:16] if found else ""


def changed_since(trained_by: str) -> bool:
    """Whether the code of this hash is not today's; of old records, which have none, that is not known.

    Args:
        trained_by: Hash in a record.
    """
    return trained_by not in ("", sources())


def code_of(text: str) -> str:
    r"""Return Python source without prose; not by way of its tokens, which differ between versions of Python.

    Examples:
        >>> code_of('x = "#1"  # the first\n\n')
        'x = "#1"'
    """
    bare = _PROSE_OR_TEXT.sub(lambda found: "" if found["prose"] else found[0], text)
    return "\n".join(line for line in bare.splitlines() if line.strip())

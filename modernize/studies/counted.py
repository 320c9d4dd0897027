"""What the networks of other libraries in the built-in studies cost, written down so that listing loads no library."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from modernize.external import External

_FILE = Path(__file__).with_name("counted.json")


@cache
def all_counted() -> dict[str, tuple[int, int]]:
    """Return MACs and parameters by network, image size and classes, see `key`; a test counts them again."""
    return {name: (macs, num_params) for name, (macs, num_params) in json.loads(_FILE.read_text("utf-8")).items()}


def key(external: External, image_size: int, num_classes: int) -> str:
    """Name a network as the file does."""
    return f"{external} {image_size} px {num_classes} classes"

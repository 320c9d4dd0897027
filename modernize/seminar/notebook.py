"""The exercises, and the notebook, made from a Markdown file whose Python blocks become its cells, without outputs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parent / "templates" / "notebook.md"

EXERCISES: tuple[tuple[str, str], ...] = (
    (
        "Predict the ladder of the larger regime, now that you know the smaller one.",
        "modernize quiz --regime resnet200",
    ),
    (
        "Does the order matter? Put a step before the one that prepares it, and compare costs and accuracies.",
        "modernize run --order recipe,depthwise,kernel-7,move-up --seeds 2 --dry-run",
    ),
    (
        "Does LayerNorm help by itself? Put it into the plain ResNet and compare with the ladder.",
        "modernize run --only recipe,ln --seeds 2 --dry-run",
    ),
    (
        "How small a change could a study have seen? Its report says so: which steps of the paper's table are smaller?",
        "modernize report laptop-cifar10-subset",
    ),
    (
        "Register a step of your own and give it a place on the ladder (docs/exercise.md).",
        "modernize show kernel-7 --code",
    ),
)
"""What to try, and the command to begin with."""

_FENCE = re.compile(r"^```python\n(.*?)^```\n", re.DOTALL | re.MULTILINE)


def notebook() -> str:
    """Write the notebook as JSON (nbformat 4.5); the same text each time."""
    cells = [*_cells(SOURCE.read_text(encoding="utf-8")), ("markdown", _exercises())]
    facts = {
        "cells": [_cell(number, kind, text) for number, (kind, text) in enumerate(cells)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(facts, indent=1, ensure_ascii=False) + "\n"


def _cells(text: str) -> list[tuple[str, str]]:
    """Split at code fences: kind and text of each cell."""
    parts = _FENCE.split(text)
    kinds = (("markdown", "code")[i % 2] for i in range(len(parts)))
    return [(kind, part.strip("\n")) for kind, part in zip(kinds, parts, strict=True) if part.strip()]


def _cell(number: int, kind: str, text: str) -> dict[str, Any]:
    code: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {
        "cell_type": kind,
        "id": f"cell-{number:02d}",
        "metadata": {},
        **code,
        "source": text.splitlines(keepends=True),
    }


def _exercises() -> str:
    return "\n".join(["## Exercises", "", *(f"1. {text} `{command}`" for text, command in EXERCISES)])

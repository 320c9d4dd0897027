"""The notebook, made from a Markdown file whose Python blocks become its code cells. Clean: no outputs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from modernize.seminar.exercises import EXERCISES

SOURCE = Path(__file__).parent / "templates" / "notebook.md"

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

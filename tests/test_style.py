"""The linters the project is written against."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command: str) -> str:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("command", [("ruff", "check"), ("ruff", "format", "--check")], ids=" ".join)
def test_ruff_is_clean(command: tuple[str, ...]) -> None:
    assert run(*command) == ""


@pytest.mark.slow
def test_types_are_right() -> None:
    assert run("mypy") == ""


def test_files_are_short() -> None:
    sources = [
        path for folder in ("modernize", "steps", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")
    ]
    assert len(sources) > 50
    too_long = {str(path.relative_to(ROOT)): n for path in sources if (n := len(path.read_text().splitlines())) > 400}
    assert too_long == {}

"""What the shell completes."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("modernize sh", ["show"]),
        ("modernize show kernel-1", ["kernel-11"]),
        ("modernize cost convnext-v2-t", ["convnext-v2-tiny"]),
        ("modernize cost --regime res", ["resnet50", "resnet200"]),
        ("modernize cost --skip ln,gel", ["ln,gelu"]),
        ("modernize run --data np", ["npz:"]),
        ("modernize run --budget sm", ["smoke"]),
        ("modernize run --set recipe.lr", ["recipe.lr="]),
        ("modernize show fine", ["finetune", "finetune-v2"]),
    ],
)
def test_completion(words, expected, monkeypatch):
    monkeypatch.setenv("_MODERNIZE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    done = subprocess.run([sys.executable, "-m", "modernize"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == expected

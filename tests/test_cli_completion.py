"""What the shell completes."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from modernize.cli.app import app


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
        ("modernize show fine", ["finetune", "finetune-v2", "finetune-sgd"]),
    ],
)
def test_completion(words, expected, monkeypatch):
    monkeypatch.setenv("_MODERNIZE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    done = subprocess.run([sys.executable, "-m", "modernize"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == expected


def test_whatever_can_be_completed_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    group = typer.main.get_command(app)
    commands = [group.get_command(None, name) for name in group.commands]
    found = {
        param.opts[0]: len(param.shell_complete(command.make_context("", [], resilient_parsing=True), ""))
        for command in commands
        for param in command.params
        if param.name != "help" and param._custom_shell_complete
    }
    assert {"--regime", "--path", "--upto", "--recipe", "--device", "--precision", "--published"} <= set(found)
    assert {name for name, count in found.items() if not count} <= {"--study", "study", "studies", "a", "b"}, (
        "no study is here"
    )

"""The documents are executed, so that they cannot drift from the code."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def code_blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / document).read_text(), flags=re.DOTALL)


def test_readme_examples_hold() -> None:
    failed, tried = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert tried > 5
    assert failed == 0


@pytest.mark.parametrize("name", ["run", "test"])
def test_readme_commands_are_one_line_each_and_set_themselves_up(name: str) -> None:
    text = (ROOT / "README.md").read_text()
    (block,) = re.findall(rf"<!-- command: {name} -->\n```sh\n(.*?)```\n<!-- end -->", text, flags=re.DOTALL)
    (line,) = block.strip().splitlines()
    assert line.startswith("python3 -m venv .venv && .venv/bin/pip install -c constraints.txt -e ")


def test_every_command_in_the_documents_parses() -> None:
    blocks = [b for name in ("README.md", "CONTRIBUTING.md") for b in code_blocks(name, "sh")]
    table = re.findall(r"\| `(modernize [^`]+)` \|", (ROOT / "README.md").read_text())
    lines = {line.split("#")[0].strip() for block in blocks for line in block.splitlines()} | set(table)
    commands = sorted({shlex.split(line)[1] for line in lines if line.startswith("modernize ")})
    assert len(commands) >= 6
    for command in commands:
        done = subprocess.run([sys.executable, "-m", "modernize", command, "--help"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_contributing_adds_a_step(tmp_path: Path) -> None:
    (step,) = code_blocks("CONTRIBUTING.md", "python")
    project, _ = code_blocks("CONTRIBUTING.md", "toml")
    (entry,) = re.findall(r'entry-points\."(modernize\.steps)"\]\n(\w+) = "(\w+)"', project)
    (tmp_path / "more_steps.py").write_text(step)
    installed = tmp_path / "more_steps-0.1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: more-steps\nVersion: 0.1.0\n")
    (installed / "entry_points.txt").write_text("[{}]\n{} = {}\n".format(*entry))
    program = (
        "from modernize.ladder import ladder; from modernize.cost import cost\n"
        "rungs = ladder('resnet50', path='bare')\n"
        "print(rungs[-1].step, cost(rungs[-1].spec).num_params)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
    )
    # ConvNeXt-T has 28,589,128, of which LayerScale is one a channel and block.
    assert done.stdout == "no-layer-scale 28582504\n", done.stdout + done.stderr


@pytest.mark.slow
def test_contributing_runs_a_study(tmp_path: Path) -> None:
    _, study = code_blocks("CONTRIBUTING.md", "toml")
    for name, value in (("epochs", 1), ("batch_size", 16), ("train_images", 64), ("test_images", 40)):
        study, found = re.subn(rf"^{name} = \d+$", f"{name} = {value}", study, flags=re.MULTILINE)
        assert found == 1
    (tmp_path / "mine.toml").write_text(study)
    lines = [
        line
        for block in code_blocks("CONTRIBUTING.md", "sh")
        for line in block.splitlines()
        if line.startswith("modernize ") and "mine.toml" in line
    ]
    assert len(lines) == 3
    for line in lines:
        command = [sys.executable, "-m", *shlex.split(line), *(["--device", "cpu"] if " run " in line else [])]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
    report = (tmp_path / "reports" / "mine-tiny" / "report.md").read_text()
    for row in ("convnext", "resnet", "mobilenet", "wide"):
        assert row in report

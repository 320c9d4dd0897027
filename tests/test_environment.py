"""Facts about the machine, the software and the source tree."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from modernize.run import environment
from modernize.run.devices import Found, Gpu, torch_cuda
from modernize.train.runtime import Runtime
from modernize.version import __version__


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A source tree somewhere else."""
    module = tmp_path / "modernize" / "run" / "environment.py"
    module.parent.mkdir(parents=True)
    module.touch()
    monkeypatch.setattr(environment, "__file__", str(module))
    environment.commit.cache_clear()
    yield tmp_path
    environment.commit.cache_clear()


def test_no_commit_outside_a_checkout(tree):
    assert environment.commit() == ""


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_the_commit_and_whether_the_tree_has_changed(tree):
    (tree / "results").mkdir()
    (tree / "results" / "study.json").touch()
    git(tree, "init", "-q")
    assert environment.commit() == "", "nothing is committed yet"
    git(tree, "add", ".")
    git(tree, "commit", "-q", "-m", "first")
    environment.commit.cache_clear()
    clean = environment.commit()
    assert re.fullmatch("[0-9a-f]{12}", clean)
    (tree / "results" / "study.json").write_text("more seeds")
    (tree / "results" / "new.json").touch()
    environment.commit.cache_clear()
    assert environment.commit() == clean, "what a run writes is no change of the source"
    (tree / "modernize" / "run" / "environment.py").write_text("changed")
    environment.commit.cache_clear()
    assert environment.commit() == f"{clean}+dirty"


def test_no_git_is_no_problem(tree, monkeypatch):
    (tree / ".git").mkdir()
    monkeypatch.setenv("PATH", str(tree))
    assert environment.commit() == ""


def test_hardware_and_versions():
    hardware = environment.hardware(1)
    assert (hardware.device, hardware.num_threads) == ("cpu", 1)
    assert hardware.num_cores == environment.num_cores() >= 1
    assert hardware.processor
    assert 0 <= hardware.memory_gb < 1e5
    assert hardware.platform.startswith(platform.system())
    versions = environment.versions()
    assert versions["python"] == platform.python_version()
    assert versions["modernize"] == __version__
    assert versions["torch"]
    assert versions["numpy"]


def test_a_gpu_is_named_and_so_is_its_cuda(monkeypatch):
    monkeypatch.setattr(environment, "find_gpus", lambda: Found((Gpu(0, "A GPU", (9, 0)), Gpu(1, "Another", (9, 0)))))
    assert environment.device_name(Runtime()) == "cpu"
    assert environment.device_name(Runtime(device="cuda:1")) == "Another"
    assert environment.device_name(Runtime(device="cuda")) == "A GPU"
    assert environment.device_name(Runtime(device="cuda:7")) == "cuda"
    assert environment.hardware(4, "A GPU").device == "A GPU"
    assert "cuda" not in environment.versions()
    assert environment.versions(cuda=True)["cuda"] == torch_cuda()


def test_looking_at_the_machine_loads_nothing_heavy():
    code = (
        "import sys; from modernize.run import environment as e; e.hardware(1); e.versions(); e.commit();"
        "print(*{'torch', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


PEAK = """
from modernize.measure.memory import peak_memory_mb, reset_peak_memory
reset_peak_memory()
before = peak_memory_mb()
block = bytearray(b"x") * (200 * 2**20)
with_block = peak_memory_mb()
del block
after = peak_memory_mb()
reset_peak_memory()
print(before, with_block, after, peak_memory_mb())
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak can be reset on Linux only")
def test_the_peak_is_of_what_was_done_since_the_reset():
    # In a process of its own: other tests' memory comes and goes.
    done = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True)
    before, with_block, after, later = map(float, done.stdout.split())
    assert 195 < with_block - before < 260
    assert after == pytest.approx(with_block, abs=5), "a peak stays"
    assert later < with_block - 100

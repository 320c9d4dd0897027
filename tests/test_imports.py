"""Rooms import downwards only, and light rooms stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Top to bottom: a room imports only from rooms below it. Rooms beside each other do not import each other.
ROOMS = [
    "cli", "seminar", "report", "analysis", "diagram", "inference", "run", "studies", "train", "objectives",
    "verify", "models", "measure", "datasets", "nn", "results", "overrides", "entry", "recipes", "recipe_origins",
    "families", "ladder", "selection", "cost", "blueprint", "ops", "published", "regimes", "registry", "step",
    "path", "external", "spec", "fingerprint", "metrics", "strict", "toml", "words", "errors", "version",
]  # fmt: skip
TORCH_ROOMS = (
    "analysis/",
    "nn/",
    "measure/",
    "models/",
    "objectives/",
    "train/",
    "verify/",
    "datasets/crops.py",
    "datasets/decoded.py",
    "datasets/erasing.py",
    "datasets/feed.py",
    "datasets/normalise.py",
    "datasets/resident.py",
    "datasets/things.py",
    "datasets/shifting.py",
    "datasets/transforms.py",
    "datasets/libraries.py",
    "run/perform.py",
    "inference/",
    "run/together.py",
    "run/trackers.py",
)
# What the light commands load.
LIGHT = [
    "modernize", "modernize.blueprint", "modernize.cli", "modernize.cost", "modernize.diagram", "modernize.errors",
    "modernize.external", "modernize.families", "modernize.ladder", "modernize.ops", "modernize.published",
    "modernize.recipes", "modernize.regimes", "modernize.registry", "modernize.results", "modernize.spec",
    "modernize.strict", "modernize.verify",
]  # fmt: skip
HEAVY = {"torch", "torchvision", "timm", "pandas", "matplotlib", "scipy", "sklearn", "numpy"}


def imports(path: Path, *, for_types: bool = True) -> Iterator[str]:
    """Every module that a file imports, anywhere in it; those for type checkers alone may be left out."""
    package = list(path.relative_to(ROOT).with_suffix("").parts[:-1])
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if for_types or not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            stem = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*stem, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def inside(path: Path) -> str:
    return path.relative_to(ROOT / "modernize").as_posix()


def room(module: str) -> str:
    return module.split(".")[1] if module.count(".") else ""


@pytest.mark.parametrize("path", files("modernize"), ids=inside)
def test_rooms_import_downwards_only(path):
    own = room(".".join(path.relative_to(ROOT).with_suffix("").parts))
    if own.startswith("__"):
        return  # The package itself opens every room, lazily; `python -m modernize` opens the command line.
    assert own in ROOMS, f"{own} is a new room: say in ROOMS where it stands"
    for module in imports(path):
        if module.startswith("modernize."):
            there = room(module)
            assert ROOMS.index(there) > ROOMS.index(own) or there == own, f"{inside(path)} imports {module}"


@pytest.mark.parametrize("path", files("modernize"), ids=inside)
def test_nothing_imports_steps_by_name(path):
    assert not [module for module in imports(path) if module.split(".")[0] == "steps"]


@pytest.mark.parametrize("path", files("steps"), ids=lambda path: path.stem)
def test_a_step_imports_the_spec_and_the_registry_only(path):
    allowed = (
        ("__future__.", "steps.")
        if path.stem == "__init__"
        else ("__future__.", "modernize.spec.", "modernize.registry.")
    )
    assert [module for module in imports(path) if not module.startswith(allowed)] == []


@pytest.mark.parametrize("path", files("modernize"), ids=inside)
def test_torch_and_rich_stay_in_their_rooms(path):
    top = {module.split(".")[0] for module in imports(path, for_types=False)}
    if not inside(path).startswith(TORCH_ROOMS):
        assert not top & {"torch", "torchvision", "timm"}
    if inside(path) != "cli/console.py":
        assert "rich" not in top


def test_light_rooms_load_nothing_heavy():
    code = f"import sys, importlib; [importlib.import_module(m) for m in {LIGHT}]; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())

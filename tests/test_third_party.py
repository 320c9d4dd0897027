"""Steps of other packages come in through the entry point, and faults in them are one clear line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tiny_runs import tiny_data

from modernize.ladder import ladder

PACKAGE = Path(__file__).parent / "third_party"
IMPORTS = "from modernize.registry import step\n"
STEP = "@step({id!r}, title='Mine', {where})\ndef {name}(spec):\n    '''Change it.'''\n    return {result}\n"


def install(folder: Path, entry_points: dict[str, str], source: str = "") -> Path:
    """Write what pip would: metadata with entry points beside the modules. No network, no pip."""
    info = folder / "others_steps-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: others-steps\nVersion: 0.1.0\n")
    lines = [f"{name} = {module}" for name, module in entry_points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[modernize.steps]", *lines, ""]))
    if source:
        (folder / "others.py").write_text(IMPORTS + source)
    return folder


def python(code: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)


def fault(tmp_path: Path, source: str, call: str = "load_steps()") -> str:
    """What the user reads if another package's module is `source`."""
    code = (
        "from modernize.errors import ModernizeError\nfrom modernize.ladder import ladder\n"
        f"from modernize.registry import load_steps\ntry: {call}\nexcept ModernizeError as error: print(error)"
    )
    done = python(code, install(tmp_path, {"others": "others"}, source))
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1
    return done.stdout.strip()


def made(name: str, where: str, result: str = "spec.with_arch(grn=True)") -> str:
    return STEP.format(id=name, where=where, result=result, name=name.replace("-", "_"))


def entry_points_of_the_example() -> dict[str, str]:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["entry-points"]["modernize.steps"]


def test_the_example_package_adds_a_path_and_leaves_the_default_one_as_it_is(tmp_path):
    code = """
import json
from modernize.cost import cost
from modernize.families import family_spec
from modernize.ladder import ladder
from modernize.registry import get_step

rungs = ladder("resnet50", path="bare", probes=True)
last = ladder("resnet50", path="bare")[-1]
print(json.dumps({
    "tail": [(rung.step, rung.adopted, len(rung.steps)) for rung in rungs[-3:]],
    "changes": [str(change) for change in last.changes],
    "default": [rung.step for rung in ladder("resnet50", probes=True)],
    "params": cost(last.spec).num_params,
    "v1": cost(family_spec("convnext-t")).num_params,
    "watch": get_step("no-layer-scale").card()["watch"],
}))
"""
    done = python(code, install(tmp_path, entry_points_of_the_example()), PACKAGE)
    assert done.stderr == ""
    assert json.loads(done.stdout) == {
        "tail": [["downsample", True, 13], ["no-layer-scale", True, 14], ["no-biases", False, 14]],
        "changes": ["arch.layer_scale: True -> False"],
        "default": [rung.step for rung in ladder("resnet50", probes=True)],
        "params": 28_589_128 - 6_624,
        "v1": 28_589_128,
        "watch": "branches then start at full size, not at a millionth of it.",
    }


def test_the_example_rungs_are_built_and_train(tmp_path):
    code = """
import torch
from modernize.cost import cost
from modernize.ladder import ladder
from modernize.nn import build

for rung in ladder("laptop", path="bare", probes=True)[-2:]:
    network = build(rung.spec)
    network(torch.randn(2, 3, 32, 32)).sum().backward()
    print(rung.step, sum(p.numel() for p in network.parameters()) == cost(rung.spec).num_params)
"""
    done = python(code, install(tmp_path, entry_points_of_the_example()), PACKAGE)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["no-layer-scale True", "no-biases True"]


@pytest.mark.slow
def test_the_example_step_is_on_the_command_line_and_runs(tmp_path):
    code = "import sys; from modernize.cli import main; sys.exit(main(sys.argv[1:]))"
    places = os.pathsep.join([str(install(tmp_path, entry_points_of_the_example())), str(PACKAGE)])

    def modernize(*arguments: str) -> str:
        command = [sys.executable, "-c", code, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": places})
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "Without LayerScale" in modernize("steps")
    data = tiny_data(tmp_path)
    out = str(tmp_path / "out")
    table = modernize(
        *[
            "run",
            "--path",
            "bare",
            "--start",
            "downsample",
            "--data",
            data,
            "--epochs",
            "1",
            "--jobs",
            "1",
            "--out",
            out,
        ]
    )
    assert [line.split()[0] for line in table.splitlines()[2:4]] == ["downsample", "no-layer-scale"]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (made("a", "after='b'") + made("b", "after='a'"), "steps follow each other in a circle: a, b"),
        (made("a", "after='nowhere'"), "step 'a' of others follows an unknown step 'nowhere'."),
        (made("a", "instead_of='gelo'"), "step 'a' of others follows an unknown step 'gelo'. Did you mean 'gelu'?"),
        (made("a", "section='3'"), "step 'a' of others says neither after nor instead_of"),
    ],
    ids=["circle", "after", "instead-of", "nowhere"],
)
def test_a_step_without_a_place_is_one_clear_line(tmp_path, source, told):
    assert told in fault(tmp_path, source)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import nowhere_to_be_found\n", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("raise RuntimeError('two\\nlines')\n", "RuntimeError: two lines"),
        ("def broken(:\n", "SyntaxError: "),
        ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
        (made("gelu", "after='ln'"), "step id 'gelu' from others is taken by steps.gelu; choose another"),
        (made("base", "after='ln'"), "step id 'base' from others is taken by rung 0"),
        (made("A,b", "after='ln'").replace("def A,b", "def a"), "step id 'A,b' from others should be"),
    ],
    ids=["no-module", "raises", "syntax", "exits", "taken", "base", "id"],
)
def test_a_package_that_does_not_import_costs_its_own_steps_alone(tmp_path, source, told):
    install(tmp_path, {"others": "others"}, made("sound", "after='ln'") + source)
    done = python("from modernize.registry import load_steps\nprint(len(load_steps()), len(load_steps()))", tmp_path)
    assert done.stdout == "17 17\n"
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"warning: the steps of 'others' (others) do not import: {told}")
    assert line.endswith("; they are left out.")


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ("spec", "step 'a' of others changes nothing where it is applied."),
        ("1 / 0", "step 'a' of others fails: ZeroDivisionError: division by zero."),
    ],
)
def test_a_fault_in_a_step_is_one_clear_line_on_its_own_path(tmp_path, result, told):
    source = made("a", "after='ln', path='mine'", result)
    assert told in fault(tmp_path, source, "ladder('laptop'); ladder('laptop', path='mine')")


def test_two_packages_may_not_share_an_id(tmp_path):
    install(tmp_path / "one", {"others": "others"}, made("mine", "after='ln'"))
    (tmp_path / "two").mkdir()
    other = tmp_path / "two" / "more_steps-0.1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: more-steps\nVersion: 0.1.0\n")
    (other / "entry_points.txt").write_text("[modernize.steps]\nmore = more\n")
    (tmp_path / "two" / "more.py").write_text(IMPORTS + made("mine", "after='gelu'"))
    done = python(
        "from modernize.registry import get_step\nprint(get_step('mine').after)", tmp_path / "one", tmp_path / "two"
    )
    assert "step id 'mine' from others is taken by more; choose another; they are left out." in done.stderr
    assert done.stdout == "gelu\n"

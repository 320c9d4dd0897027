"""The public names of the package: lazy, and stable whatever else is imported."""

from __future__ import annotations

import inspect
import subprocess
import sys
from dataclasses import fields

import pytest

import modernize
from modernize.errors import ModernizeError
from modernize.run.request import FILE_FIELDS, RunRequest, request_from


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_public_names():
    assert modernize.__all__ == [
        *["ModernizeError", "Spec", "__version__", "base_spec", "build", "cost", "ladder", "load_results", "run"],
        "step",
    ]
    assert set(modernize.__all__) <= set(dir(modernize))
    for name in modernize.__all__:
        assert getattr(modernize, name) is not None


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'ladders'"):
        _ = modernize.ladders


def test_import_is_light():
    code = "import modernize, sys; print(*[n for n in ('numpy', 'torch', 'pandas', 'rich') if n in sys.modules])"
    assert run_python(code) == ""


def test_ladder_and_cost_need_no_torch():
    code = """
import modernize, sys
rung = modernize.ladder("resnet50")[-1]
print(modernize.cost(rung.spec).num_params, "torch" in sys.modules, "numpy" in sys.modules)
"""
    assert run_python(code) == "28589128 False False"


def test_functions_survive_the_import_of_their_modules():
    code = """
import modernize.ladder, modernize.cost, modernize.run.request
import modernize
print(modernize.ladder("laptop", upto="base")[0].step, callable(modernize.cost), callable(modernize.run))
"""
    assert run_python(code) == "base True True"


def test_build_makes_the_network_that_cost_counts():
    spec = modernize.ladder("laptop")[-1].spec
    network = modernize.build(spec)
    assert sum(p.numel() for p in network.parameters()) == modernize.cost(spec).num_params


def test_a_step_of_ones_own():
    def narrow(spec: modernize.Spec) -> modernize.Spec:
        return spec.with_arch(width=8)

    assert narrow(modernize.base_spec("resnet50")).arch.width == 8


def test_load_results_says_what_is_missing(tmp_path):
    with pytest.raises(ModernizeError, match="modernize run"):
        modernize.load_results(tmp_path)


def test_run_refuses_unknown_options():
    with pytest.raises(TypeError, match="unexpected keyword argument 'num_seeds'"):
        modernize.run("laptop", num_seeds=2)


def test_run_from_python_takes_what_a_study_file_takes_with_the_same_defaults():
    parameters = inspect.signature(modernize.run).parameters
    assert set(parameters) == {*FILE_FIELDS, "progress"}
    given = {name: parameter.default for name, parameter in parameters.items() if name != "progress"}
    given |= {"set": {}, "budgets": {}}
    assert request_from(**given) == request_from() == RunRequest()
    told = modernize.run.__doc__.partition("Args:")[2]
    assert all(f"        {name}: " in told for name in parameters)
    assert {field.name for field in fields(RunRequest)} <= {*parameters, "selection", "overrides", "definition"}


@pytest.mark.parametrize("call", ["cost", "build"])
def test_what_is_no_spec_is_told(call):
    with pytest.raises(ModernizeError, match=r"a spec is needed, not 'convnext-t': a rung has one, .*family_spec"):
        getattr(modernize, call)("convnext-t")

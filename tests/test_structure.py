"""The printed modules are those of the built network, and their diff is what a step changes."""

from __future__ import annotations

import json

import pytest

from modernize.cli import main
from modernize.ladder import ladder
from modernize.nn.structure import folded, lines, structure, structure_diff
from modernize.registry import get_step, load_steps

RUNGS = {f"{regime}-{rung.step}": rung for regime in ("laptop", "resnet50") for rung in ladder(regime, probes=True)}


@pytest.mark.parametrize(
    "name", [n for n in RUNGS if n.startswith("laptop")] + ["resnet50-base", "resnet50-downsample"]
)
def test_the_text_is_what_torch_prints_of_the_built_network(name):
    import torch

    from modernize.nn import build

    spec = RUNGS[name].spec
    with torch.device("meta"):
        printed = repr(build(spec)).splitlines()
    assert lines(structure(spec)) == printed


def test_folded_blocks_say_how_many_they_are():
    text = "\n".join(lines(folded(structure(RUNGS["resnet50-downsample"].spec))))
    assert "(0-8): 9 x ResidualBlock(" in text
    assert "(drop): DropPath(rate=0.0353 to 0.0824)" in text
    assert text.count("ResidualBlock(") == 5  # the very first block drops nothing


@pytest.mark.parametrize("name", [name for name, rung in RUNGS.items() if rung.before])
def test_a_diff_holds_old_lines_and_new_ones(name):
    rung = RUNGS[name]
    before, after = (lines(folded(structure(spec))) for spec in (rung.before, rung.spec))
    changed = structure_diff(rung.before, rung.spec)
    assert [line[1:] for line in changed if line[0] == "-"] != [line[1:] for line in changed if line[0] == "+"]
    assert {line[1:] for line in changed if line[0] in "- "} <= set(before)
    assert {line[1:] for line in changed if line[0] in "+ "} <= set(after)


def test_no_change_of_modules_is_an_empty_diff():
    spec = RUNGS["laptop-base"].spec
    assert structure_diff(spec, spec.with_recipe(lr=0.2)) == []


@pytest.mark.parametrize("name", load_steps())
def test_a_step_shows_its_source_and_its_edit(name):
    step = get_step(name)
    assert step.code().startswith(f'@step("{name}"')
    assert "return spec" in step.edit()
    assert '"""' not in step.edit()


def test_a_step_without_a_file_has_no_source(own_registry):
    namespace = {}
    exec("def mine(spec):\n    return spec.with_arch(grn=True)", namespace)
    own_registry.step("mine", title="Mine", after="ln")(namespace["mine"])
    assert get_step("mine").code() == get_step("mine").edit() == ""
    assert main(["show", "mine", "--code"]) == 0


def test_show_code_on_the_command_line(capsys):
    assert main(["show", "ln", "--code", "--regime", "laptop"]) == 0
    printed = capsys.readouterr().out
    assert 'return spec.with_arch(norm="layer")' in printed
    assert "-            (spatial_norm): BatchNorm2d(24, eps=1e-05, " in printed
    assert "+            (spatial_norm): LayerNorm2d(24, eps=1e-06)" in printed


def test_show_code_of_the_base_prints_the_network(capsys):
    assert main(["show", "base", "--code"]) == 0
    printed = capsys.readouterr().out
    assert "(1-2): 2 x ResidualBlock(" in printed
    assert "(fc): Linear(in_features=2048, out_features=1000, bias=True)" in printed


def test_show_code_as_json(capsys):
    assert main(["show", "gelu", "--code", "--json", "--regime", "laptop"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["module"] == "steps.gelu"
    assert facts["after"] == lines(structure(RUNGS["laptop-gelu"].spec))
    assert "ReLU" in str(facts["before"])
    assert "ReLU" not in str(facts["after"])


def test_a_recipe_has_no_code(capsys):
    assert main(["show", "classic", "--code"]) == 2
    assert "the step 'recipe' has" in capsys.readouterr().err

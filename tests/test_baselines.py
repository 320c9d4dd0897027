"""Networks of other libraries beside the rungs: planned, trained and recorded like them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file
from test_checkpoint import Notebook, run_until
from test_train import bars
from tiny_runs import tiny_data, tiny_request

from modernize import load_results
from modernize.__main__ import main
from modernize.entry import Entry
from modernize.errors import ModernizeError
from modernize.external import parse_external
from modernize.models import build_model, count_external
from modernize.results.store import load_records, load_study
from modernize.run.config import read_study_file, to_toml
from modernize.run.estimate import estimate
from modernize.run.plan import plan_study
from modernize.run.recipe_changes import recipe_changes
from modernize.run.request import request_from
from modernize.run.run_study import check_request, run_study
from modernize.spec import Recipe
from modernize.train.layer_decay import layer_factors
from modernize.train.loop import train
from modernize.train.optimizer import parameter_groups
from modernize.train.state_dicts import fitting_weights

RESNET, SQUEEZENET = "timm:test_resnet", "torchvision:squeezenet1_1"
VIT = "timm:vit_tiny_patch16_224?depth=2&drop_path_rate=0.1&embed_dim=24&img_size=32&patch_size=8"
MODERN = Recipe(
    name="modern", optimizer="adamw", lr=1e-3, weight_decay=0.05, decay_norm_and_bias=False, epochs=2, batch_size=16,
    random_resized_crop=False, eval_crop_ratio=1.0, ema_decay=0.9,
)  # fmt: skip


def entry(text: str, **recipe) -> Entry:
    return Entry(name="x", title=text, role="baseline", model=parse_external(text), recipe=replace(MODERN, **recipe))


def built(text: str, num_classes: int = 4) -> torch.nn.Module:
    torch.manual_seed(3)
    return build_model(parse_external(text), MODERN, num_classes=num_classes, image_size=32)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """A ladder of one rung with two baselines, trained; the folder holds its data and what came of it."""
    folder = tmp_path_factory.mktemp("baselines")
    tiny_data(folder)
    run_study(asked(folder))
    return folder


def asked(folder, **options):
    wanted = {"upto": "base", "baseline": [RESNET, SQUEEZENET], "name": "study", "out": folder}
    return tiny_request(folder, **(wanted | options))


def test_a_baseline_is_a_row_with_the_recipe_of_the_last_rung(out):
    plan = plan_study(asked(out, upto="stage-ratio", probes=True, name=""))
    *rungs, resnet, squeezenet = plan.study.entries
    assert [rung.role for rung in rungs] == ["rung"] * 3
    assert [(row.role, row.name, row.title, row.model) for row in (resnet, squeezenet)] == [
        ("baseline", "test_resnet", RESNET, RESNET),
        ("baseline", "squeezenet1_1", SQUEEZENET, SQUEEZENET),
    ]
    assert resnet.note == "trained with the recipe of rung stage-ratio"
    assert plan.study.size == "3 rungs and 2 baselines x 1 seed"
    assert not any({resnet.name, squeezenet.name} & {*pair} for pair in plan.study.contrasts)
    *_, last, one, other = plan.tasks
    assert one.recipe == other.recipe == last.recipe
    assert one.trained_recipe | {"layer_scale_init": 1.0} == last.trained_recipe
    assert (one.model, one.entry.role, one.entry.regime, one.entry.steps) == ({"external": RESNET}, "baseline", "", ())
    counted = count_external(parse_external(SQUEEZENET), num_classes=3, image_size=32)
    assert (other.cost.macs, other.cost.num_params) == (counted.macs, counted.num_params)


def test_rungs_are_the_same_runs_beside_baselines_in_a_study_of_another_name(out):
    plain, beside = (plan_study(asked(out, baseline=given, name="")) for given in ([], [RESNET]))
    assert [task.run_id for task in beside.tasks[:-1]] == [task.run_id for task in plain.tasks]
    assert beside.study.name != plain.study.name


def test_a_baselines_run_changes_with_its_network_and_recipe_alone(out):
    def run_id(baseline=RESNET, **options):
        return plan_study(asked(out, baseline=[baseline], **options)).tasks[-1].run_id

    assert run_id() == run_id(upto="base", name="other", note="x")
    assert run_id() == run_id(set={"recipe.momentum": 0.9})
    others = [run_id(f"{RESNET}?drop_rate=0.1"), run_id(recipe="convnext"), run_id(set={"recipe.momentum": 0.8})]
    assert len({run_id(), *others}) == 4


def test_what_a_recipe_says_of_our_networks_alone_is_not_claimed(out):
    given = {"recipe.stochastic_depth": 0.2, "recipe.dropout": 0.1, "arch.stem_norm": False}
    rung, baseline = plan_study(asked(out, baseline=[RESNET], set=given)).tasks
    assert (rung.trained_recipe["stochastic_depth"], rung.trained_recipe["dropout"]) == (0.2, 0.1)
    assert (baseline.trained_recipe["stochastic_depth"], baseline.trained_recipe["dropout"]) == (0.0, 0.1)
    assert baseline.budget.given == {"recipe.dropout": 0.1}
    says = recipe_changes(baseline)
    assert says[-2:] == (
        "stochastic depth and LayerScale are the network's own, not the recipe's",
        "set by hand: recipe.dropout = 0.1",
    )
    assert not any("off" in sentence for sentence in says)


def test_names_of_rows_are_told_apart(out):
    given = [RESNET, f"{RESNET}?drop_rate=0.1", "torchvision:resnet18", "timm:resnet18"]
    names = [row.name for row in plan_study(asked(out, baseline=given)).study.entries]
    assert names == ["base", "test_resnet", "test_resnet-2", "resnet18", "resnet18-2"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"baseline": ["timm:resnt50"]}, "timm has no classifier 'resnt50'. Nearest: resnet50"),
        ({"baseline": ["resnet50"]}, "should be LIBRARY:NAME"),
        ({"baseline": ["tim:resnet50"]}, "Did you mean 'timm'"),
        ({"baseline": [RESNET, "timm:test_resnet"]}, "the baseline timm:test_resnet is given twice"),
        ({"baseline": RESNET}, "baseline should be a list"),
        ({"baseline": [VIT], "image_size": 48}, "does not take images of 48 px"),
        ({"baseline": ["torchvision:alexnet"]}, "it takes 64 px"),
        ({"baseline": [f"{RESNET}?pretrained=true"]}, "a baseline starts from random weights"),
    ],
    ids=str,
)
def test_what_cannot_be_a_row_is_one_line_before_anything_begins(tmp_path, options, says):
    tiny_data(tmp_path)
    with pytest.raises(ModernizeError) as caught:
        check_request(asked(tmp_path, **options))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_study_file_names_them_too(tmp_path):
    request = request_from(baseline=[VIT, SQUEEZENET])
    path = tmp_path / "study.toml"
    path.write_text(to_toml(request))
    assert request_from(**read_study_file(path)) == request


def test_runs_of_baselines_are_recorded_like_others(out):
    base, resnet, squeezenet = (
        next(record for record in load_records(out / "results").records if record.entry.name == name)
        for name in ("base", "test_resnet", "squeezenet1_1")
    )
    assert {record.status for record in (base, resnet, squeezenet)} == {"finished"}
    assert (resnet.model, resnet.arch, resnet.entry.role) == ({"external": RESNET}, {}, "baseline")
    state = load_file(out / "runs" / squeezenet.run_id / squeezenet.weights.file)
    assert state.keys() == built(SQUEEZENET).state_dict().keys()
    assert [row.model for row in load_study(out / "results" / "study").entries] == ["", RESNET, SQUEEZENET]
    table = load_results(out / "results")
    assert {*table["entry"]} == {"base", "test_resnet", "squeezenet1_1"}


def test_the_same_command_again_trains_none_of_them(out):
    result = run_study(asked(out, seeds=1))
    assert (result.num_skipped, len(result.records)) == (3, 3)


def test_the_command_line_prints_and_reports_them(out, capsys):
    line = f"run --data npz:{out / 'tiny.npz'} --upto base --epochs 1 --device cpu --jobs 1 --name study --out {out}"
    line += f" --baseline {RESNET} --baseline {SQUEEZENET}"
    assert main([*line.split(), "--dry-run"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "1 rung and 2 baselines x 1 seed" in printed
    assert f"squeezenet1_1: {SQUEEZENET}, trained with the recipe of rung base" in printed
    assert "counted by torch on the built network" in printed
    assert "nothing to train" in printed
    assert main(line.split()) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[0] == "entry"
    assert "test_resnet" in (out / "reports" / "study" / "report.md").read_text()
    assert main(["weights", "--out", str(out), "--json"]) == 0
    assert {one["entry"] for one in json.loads(capsys.readouterr().out)} == {"base", "test_resnet", "squeezenet1_1"}


def test_a_known_baseline_takes_as_long_as_it_did(out):
    *_, task = plan_study(asked(out)).tasks
    (record,) = (one for one in load_records(out / "results").records if one.run_id == task.run_id)
    longer = replace(record, trained_recipe=record.trained_recipe | {"epochs": 9})
    assert "of the same rungs" in estimate([task], [longer], jobs=1).basis


@pytest.mark.parametrize("text", [RESNET, VIT, SQUEEZENET])
def test_stopped_anywhere_a_baseline_ends_with_the_same_bits(tmp_path, text):
    trained, data = entry(text), bars()
    whole = train(trained, data, seed=3)
    notebook = Notebook(tmp_path)
    run_until(7, trained, data, notebook)
    resumed = train(trained, data, seed=3, checkpoints=notebook.checkpoints)
    assert (resumed.curves, resumed.result, resumed.num_resumes) == (whole.curves, whole.result, 1)


@pytest.mark.parametrize("text", [VIT, "timm:test_convnext", RESNET])
def test_layers_learn_as_slowly_as_where_timm_fine_tunes(text):
    from timm.optim import param_groups_layer_decay

    network = built(text)
    ours = layer_factors(network, entry(text, layer_decay=0.7))
    groups = param_groups_layer_decay(network, layer_decay=0.7)
    theirs = {parameter: group["lr_scale"] for group in groups for parameter in group["params"]}
    assert {name: ours[p] for name, p in network.named_parameters()} == {
        name: pytest.approx(theirs[p]) for name, p in network.named_parameters()
    }
    assert len({*ours.values()}) > 3


@pytest.mark.parametrize("text", ["torchvision:vit_b_16?image_size=32", "torchvision:swin_t", "timm:test_vit"])
def test_weight_decay_falls_on_the_matrices_of_attention(text):
    network = built(text)
    (decayed, _), (others, _) = parameter_groups(network, MODERN)
    names = {id(p): name for name, p in network.named_parameters()}
    assert {names[id(p)] for p in (*decayed, *others)} == {*names.values()}
    assert all(p.ndim > 1 for p in decayed)
    kept = {names[id(p)].rpartition(".")[2] for p in others if p.ndim > 1}
    assert kept <= {"cls_token", "class_token", "pos_embed", "pos_embedding", "relative_position_bias_table"}


def test_a_baseline_starts_from_the_weights_of_one(tmp_path):
    state = {name: tensor.contiguous() for name, tensor in built(RESNET).state_dict().items()}
    path = tmp_path / "weights.safetensors"
    save_file(state, path)
    found = fitting_weights(path, entry(RESNET), num_classes=4, image_size=32)
    assert found.keys() == state.keys()
    fewer = fitting_weights(path, entry(RESNET), num_classes=3, image_size=32)
    assert state.keys() - fewer.keys() == {"fc.weight", "fc.bias"}
    alone = train(entry(RESNET), bars(), seed=0)
    assert train(entry(RESNET), bars(), seed=0, weights=path).curves != alone.curves
    with pytest.raises(ModernizeError, match="weights are of another network"):
        fitting_weights(path, entry(VIT), num_classes=4, image_size=32)

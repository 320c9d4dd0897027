"""Fine-tuning: layers that stay, the epoch that is chosen, weights to start from, and the command."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from test_checkpoint import Notebook, run_until
from test_train import bars
from tiny_runs import tiny_data

from modernize.__main__ import main
from modernize.datasets.dataset import Dataset, in_memory
from modernize.datasets.feeds import make_feed
from modernize.entry import Entry
from modernize.errors import MissingDataError, ModernizeError
from modernize.external import parse_external
from modernize.models import build_model, handle_of
from modernize.models.pretrained import pretrained_file
from modernize.recipes import named_recipe
from modernize.regimes import base_spec
from modernize.results.predictions import Predictions, load_predictions
from modernize.results.store import load_records
from modernize.run.finetuning import finetuning
from modernize.run.plan import plan_study
from modernize.spec import ALL_GROUPS, Recipe
from modernize.train.loop import Trainer, train
from modernize.train.state_dicts import fitting_weights

RESNET = "timm:test_resnet"
PLAIN = Recipe(
    lr=0.02, epochs=3, batch_size=16, step_factors=(1.0,), random_resized_crop=False, eval_crop_ratio=1.0,
    freeze_groups=ALL_GROUPS,
)  # fmt: skip


@pytest.fixture(scope="module")
def data() -> Dataset:
    whole, other = bars(96, 40), bars(96, 40)
    return in_memory("bars", whole.train, whole.test, whole.class_names, "", other.test)


def entry(model: str = RESNET, **recipe) -> Entry:
    return Entry(name="x", title=model, role="baseline", model=parse_external(model), recipe=replace(PLAIN, **recipe))


def ours(**recipe) -> Entry:
    return replace(entry(), model=base_spec("laptop").with_arch(num_classes=4).arch, recipe=replace(PLAIN, **recipe))


def state_of(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def changed(trainer: Trainer, before: dict[str, torch.Tensor]) -> set[str]:
    return {name for name, tensor in trainer.learner.network.state_dict().items() if not tensor.equal(before[name])}


@pytest.mark.parametrize("what", [entry, ours], ids=["timms", "ours"])
def test_all_but_the_classifier_stay_norms_and_their_statistics_included(what, data):
    trainer = Trainer(what(weight_decay=0.1, epochs=1), data, seed=0)
    before = state_of(trainer.learner.network)
    (head,) = handle_of(trainer.learner.network).classifiers
    trainer.run()
    assert changed(trainer, before) == {f"{head}.weight", f"{head}.bias"}


def test_frozen_layers_learn_from_the_epoch_on_that_is_asked_for(data):
    trainer = Trainer(entry(freeze_groups=2, unfreeze_epoch=2), data, seed=0)
    network = trainer.learner.network
    layers, before = handle_of(network).layers, state_of(network)
    stem = {name for names in layers[:2] for name in names}
    seen: list[tuple[int, set[str]]] = []
    trainer.run(on_step=lambda epoch, _: seen.append((epoch, changed(trainer, before) & stem)))
    assert {bool(names) for epoch, names in seen if epoch < 2} == {False}
    assert seen[-1][1] == stem


def test_a_run_with_frozen_layers_and_a_chosen_epoch_resumes_to_the_same_bits(data, tmp_path):
    tuned = entry(freeze_groups=3, unfreeze_epoch=1, chosen_epoch="best", patience=3, dropout=0.3)
    whole = train(tuned, data, seed=3)
    for stop in (3, 13):
        notebook = Notebook(tmp_path / str(stop))
        run_until(stop, tuned, data, notebook)
        resumed = train(tuned, data, seed=3, checkpoints=notebook.checkpoints)
        assert (resumed.curves, resumed.result) == (whole.curves, whole.result)


def test_training_ends_when_no_epoch_has_been_better_for_long_enough(data):
    outcome = train(entry(lr=0.0, epochs=9, patience=2, chosen_epoch="best"), data, seed=0)
    assert (outcome.result.epoch, outcome.result.best_epoch) == (3, 1)


def test_the_chosen_epochs_weights_are_tested_and_kept(data, tmp_path):
    outcome = train(ours(freeze_groups=0, epochs=4, lr=0.8, chosen_epoch="best"), data, seed=1, keep=tmp_path)
    best = outcome.result.best_epoch
    assert best < 4, "or nothing is chosen here"
    until = train(ours(freeze_groups=0, epochs=best, lr=0.8), data, seed=1, keep=tmp_path / "until")
    assert outcome.result.metrics == until.result.metrics
    kept, wanted = (load_file(folder / "weights.safetensors") for folder in (tmp_path, tmp_path / "until"))
    assert all(kept[name].equal(wanted[name]) for name in wanted)
    predictions = load_predictions(tmp_path)
    assert predictions is not None
    right = 100 * (predictions.predicted == predictions.labels).mean()
    assert right == pytest.approx(outcome.result.metrics["top1_percent"])
    assert len(predictions.pictures) == len(predictions.pictured) > 0


@pytest.mark.parametrize("recipe", [{"patience": 1}, {"chosen_epoch": "best"}])
def test_choosing_an_epoch_takes_validation_images(recipe, data):
    with pytest.raises(ModernizeError, match="takes validation images"):
        train(entry(**recipe), replace(data, val=None), seed=0)


def test_dropout_stands_before_any_librarys_classifier_and_changes_no_name():
    size = {"num_classes": 4, "image_size": 32}
    for name in (RESNET, "torchvision:squeezenet1_1"):
        torch.manual_seed(0)
        plain = build_model(parse_external(name), PLAIN, **size)
        torch.manual_seed(0)
        dropping = copy.deepcopy(build_model(parse_external(name), replace(PLAIN, dropout=0.9), **size))
        assert plain.state_dict().keys() == dropping.state_dict().keys()
        images = torch.rand(4, 3, 32, 32)
        assert torch.equal(plain.eval()(images), dropping.eval()(images))
        for module in (plain, dropping):
            module.eval()
            module.get_submodule(handle_of(module).classifiers[0]).train()
        assert not torch.equal(plain(images), dropping(images))


def test_images_are_normalised_as_the_recipe_says(data):
    recipe = replace(PLAIN, mean=(1.0, 2.0, 3.0), std=(10.0, 20.0, 30.0))
    images, _ = next(make_feed(data, recipe).eval_batches("test", 5))
    expected = (data.test.images_nhwc[:5] - np.array(recipe.mean)) / np.array(recipe.std)
    np.testing.assert_allclose(images.permute(0, 2, 3, 1).numpy(), expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(ModernizeError, match=r"recipe\.std should be three numbers"):
        Recipe(std=(1.0, 0.0, 1.0))


def saved(path: Path, model: str = RESNET, num_classes: int = 4, wrap=lambda state: state) -> Path:
    torch.manual_seed(7)
    network = build_model(parse_external(model), PLAIN, num_classes=num_classes, image_size=32)
    state = wrap({name: tensor.contiguous() for name, tensor in network.state_dict().items()})
    save_file(state, path) if path.suffix == ".safetensors" else torch.save(state, path)
    return path


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"epoch": 3, "state_dict": {f"module.{name}": its for name, its in state.items()}},
        lambda state: {name: its for name, its in state.items() if not name.endswith("num_batches_tracked")},
    ],
    ids=["plain", "of a checkpoint", "of an old library"],
)
def test_a_file_of_torchs_gives_all_weights_and_a_new_head_leaves_the_classifier_out(wrap, tmp_path):
    whole = load_file(saved(tmp_path / "whole.safetensors"))
    path = saved(tmp_path / "weights.pth", wrap=wrap)
    kept = fitting_weights(path, entry(), num_classes=4, image_size=32)
    assert kept.keys() <= whole.keys()
    assert all(tensor.equal(whole[name]) for name, tensor in kept.items())
    (head,) = handle_of(build_model(parse_external(RESNET), PLAIN, num_classes=4, image_size=32)).classifiers
    new = fitting_weights(path, entry(new_head=True), num_classes=4, image_size=32)
    assert kept.keys() - new.keys() == {f"{head}.weight", f"{head}.bias"}


class Trap:
    def __reduce__(self):
        return Path.touch, (Path("it-ran"),)


def test_files_that_are_no_weights_are_refused_in_a_line_and_run_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trap.pth").write_bytes(pickle.dumps({"x": Trap()}))
    torch.save({"x": [1, 2]}, tmp_path / "list.pth")
    (tmp_path / "noise.pth").write_bytes(b"\x80\x02noise")
    other = saved(tmp_path / "other.pth", "torchvision:squeezenet1_1")
    for name, said in (
        ("trap", "no readable"),
        ("list", "no state dict"),
        ("noise", "no readable"),
        ("gone", "no file"),
    ):
        with pytest.raises(ModernizeError, match=said) as error:
            fitting_weights(tmp_path / f"{name}.pth", entry(), num_classes=4, image_size=32)
        assert "\n" not in str(error.value)
    with pytest.raises(ModernizeError, match="of another network"):
        fitting_weights(other, entry(), num_classes=4, image_size=32)
    assert not (tmp_path / "it-ran").exists()


def test_a_librarys_weights_are_read_where_it_keeps_them_or_missed_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    tiny_data(tmp_path)
    options = {"data": f"npz:{tmp_path / 'tiny.npz'}", "image_size": 32, "out": tmp_path / "out", "device": "cpu"}
    request = finetuning(["torchvision:resnet18"], [], options)
    with pytest.raises(MissingDataError, match=r"resnet18-f37072fd\.pth"):
        plan_study(request)
    assert any("resnet18-f37072fd.pth" in line for line in plan_study(request, here=False).missing)
    path = tmp_path / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
    path.parent.mkdir(parents=True)
    saved(path, "torchvision:resnet18", 1000)
    assert pretrained_file(parse_external("torchvision:resnet18")) == path
    (task,) = plan_study(request).tasks
    assert task.weights == str(path)
    recipe = task.trained_recipe
    assert recipe["mean"] == pytest.approx((123.675, 116.28, 103.53))
    assert (recipe["interpolation"], recipe["eval_crop_ratio"]) == ("bilinear", 0.875)
    assert task.data.val_share == 0.2
    given = finetuning(["torchvision:resnet18"], [], options | {"set": {"recipe.eval_crop_ratio": 1.0}})
    assert plan_study(given).tasks[0].trained_recipe["eval_crop_ratio"] == 1.0


def test_the_recipes_of_old_studies_are_the_same_ones():
    for name in ("classic", "convnext", "finetune", "cifar10-stem"):
        recipe = named_recipe(name)
        assert (recipe.chosen_epoch, recipe.patience, recipe.freeze_groups, recipe.mean) == ("last", 0, 0, ())


@pytest.mark.parametrize(
    ("models", "weights", "said"),
    [
        ([], [], "no network is given"),
        (["resnet34"], [], "there is no network 'resnet34'"),
        (["torchvision:resnet34"], ["none", "none"], "2 times for 1 networks"),
        (["run:abcd"], [], "there is no run 'abcd'"),
    ],
)
def test_what_cannot_be_fine_tuned_is_said_in_a_line(models, weights, said, tmp_path):
    with pytest.raises(ModernizeError, match=said) as error:
        finetuning(models, weights, {"data": "shapes"}, tmp_path)
    assert "\n" not in str(error.value)


def test_a_run_is_fine_tuned_on_other_images_beside_others(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    tiny_data(tmp_path)
    weights = saved(tmp_path / "weights.pth", num_classes=9)
    common = ["--jobs", "1", "--device", "cpu", "--data", "npz:tiny.npz"]
    assert main(["run", "--upto", "base", "--epochs", "1", "--name", "first", *common]) == 0
    first = load_records(Path("results")).records[0]
    command = ["finetune", "--model", f"run:{first.run_id}", "--model", RESNET, "--model", RESNET, *common]
    command += ["--weights", f"run:{first.run_id}", "--weights", str(weights), "--weights", "none", "--name", "tuned"]
    assert main([*command, "--image-size", "32", "--epochs", "2", "--freeze", "1", "--unfreeze", "1"]) == 0
    records = {record.entry.name: record for record in load_records(Path("results/tuned")).records}
    ours, theirs, scratch = (records[n] for n in (f"run-{first.run_id}", "test_resnet", "test_resnet-from-scratch"))
    assert ours.starts_from.sha256 == first.weights.sha256[:16]
    assert theirs.starts_from.file == "weights.pth"
    assert not scratch.starts_from.file
    assert ours.trained_recipe["mean"] != theirs.trained_recipe["mean"]
    assert ours.data.num_val_images == 26
    assert ours.chosen_epoch == ours.result.best_epoch
    report = Path("reports/tuned/report.md").read_text(encoding="utf-8")
    assert "## Class by class" in report
    assert "the best epoch on the validation images" in report
    assert "expected calibration error" in report
    assert Path("reports/tuned/mistakes.png").stat().st_size > 1000
    capsys.readouterr()
    assert main([*command, "--image-size", "32", "--epochs", "2", "--freeze", "1", "--unfreeze", "1", "--dry-run"]) == 0
    assert "3 of 3" not in capsys.readouterr().out, "nothing is left to do"


def test_confusion_and_calibration_are_as_others_count_them():
    from sklearn.metrics import confusion_matrix

    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4), 500)
    labels = rng.integers(0, 4, 500)
    nothing = np.zeros(0, dtype=np.int64)
    found = Predictions(
        probabilities=probabilities, labels=labels, class_names=("a", "b", "c", "d"), pictured=nothing, pictures=nothing
    )
    assert (found.confusion == confusion_matrix(labels, probabilities.argmax(axis=1))).all()
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    error = 0.0
    for low in np.arange(15) / 15:
        chosen = (sure > low) & (sure <= low + 1 / 15)
        error += abs(sure[chosen].mean() - right[chosen].mean()) * chosen.mean() if chosen.any() else 0.0
    assert found.calibration_error_percent == pytest.approx(100 * error)
    worst, unsure = found.worst_mistakes, found.least_sure_hits
    assert not right[worst].any()
    assert right[unsure].all()
    assert sure[worst].min() >= np.sort(sure[~right])[-6]
    assert sure[unsure].max() <= np.sort(sure[right])[5]


def test_a_fine_tuning_is_saved_as_a_study_file_that_asks_the_same(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    tiny_data(tmp_path)
    weights = saved(tmp_path / "weights.pth")
    command = ["finetune", "--model", RESNET, "--weights", str(weights), "--data", "npz:tiny.npz", "--dry-run"]
    options = ["--image-size", "32", "--device", "cpu"]
    assert main([*command, *options, "--save-config", "tuned.toml"]) == 0
    said = capsys.readouterr().out
    assert main(["run", "tuned.toml", "--dry-run"]) == 0
    assert capsys.readouterr().out == said
    assert json.dumps("weights.pth")[1:-1] in (tmp_path / "tuned.toml").read_text(encoding="utf-8")

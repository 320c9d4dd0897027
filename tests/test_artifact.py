"""The weights that runs leave: named by their record, begun with by others, thrown away when space is short."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from safetensors.torch import load_file
from tiny_runs import tiny_data, tiny_request

from modernize.cli import main
from modernize.entry import model_of
from modernize.errors import ModernizeError
from modernize.models import build_model
from modernize.results.artifact import run_called, weights_of_run
from modernize.results.record import WeightsFile
from modernize.results.store import load_records
from modernize.run.perform import perform
from modernize.run.plan import plan_study
from modernize.run.recipe_changes import recipe_changes
from modernize.run.run_study import run_study


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """A folder with one run of the `recipe` rung, its moving average on."""
    folder = tmp_path_factory.mktemp("kept")
    tiny_data(folder)
    run_study(asked(folder))
    return folder


def asked(folder, **options):
    usual = {"out": folder, "name": "study", "start": "recipe", "upto": "recipe", "set": {"recipe.ema_decay": 0.5}}
    return tiny_request(folder, **(usual | options))


def the_record(out):
    return next(record for record in load_records(out / "results").records if record.study == "study")


def test_a_record_names_its_weights_by_size_and_hash(out):
    record = the_record(out)
    for kept in (record.weights, record.ema_weights):
        data = (out / "runs" / record.run_id / kept.file).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (kept.num_bytes, kept.sha256)
    assert record.weights.sha256 != record.ema_weights.sha256


def test_the_weights_kept_are_those_that_were_evaluated(out):
    """A network built anew from the record and the moving average repeats the recorded accuracy."""
    from modernize.datasets import load_data
    from modernize.run.perform import _entry
    from modernize.train.loop import Trainer, evaluate

    record, (task,) = the_record(out), plan_study(asked(out)).tasks
    entry = _entry(task)
    network = build_model(entry.model, entry.recipe, num_classes=task.data.num_classes, image_size=32)
    network.load_state_dict(load_file(weights_of_run(record, out)))
    data = load_data(task.data.name, image_size=32, train_images=None, test_images=None)
    trainer = Trainer(entry, data, seed=0)
    assert evaluate(trainer.objective, network, trainer.feed.eval_batches("test", 250)) == record.result.metrics


def test_a_run_starts_from_the_weights_of_another(out):
    wanted = f"run:{the_record(out).run_id[:6]}"
    (record,) = run_study(asked(out, name="tuned", weights=wanted)).records
    assert record.status == "finished"
    assert record.run_id != the_record(out).run_id
    digest = the_record(out).ema_weights.sha256[:16]
    assert record.starts_from == WeightsFile(file="ema.safetensors", sha256=digest)
    assert recipe_changes(record)[-1] == f"starts from the weights in ema.safetensors (SHA-256 {digest}...)"


def test_without_weights_nothing_is_kept(out, tmp_path):
    (task,) = plan_study(asked(out, no_weights=True)).tasks
    record = perform(replace(task, folder=str(tmp_path / task.run_id)))
    assert not record.weights.file
    assert not list(tmp_path.rglob("*.safetensors"))
    with pytest.raises(ModernizeError, match="kept no weights"):
        weights_of_run(record, tmp_path)


@pytest.mark.parametrize(
    ("name", "why"), [("run:", "at least 4"), ("run:abc", "at least 4"), ("run:zzzz", "no record has this id")]
)
def test_a_run_that_is_not_there_is_said_in_a_line(out, name, why):
    with pytest.raises(ModernizeError, match=why):
        run_called(name, load_records(out / "results").records)


def test_weights_are_listed_checked_and_freed(out, tmp_path, capsys):
    record = the_record(out)
    path = tmp_path / "runs" / record.run_id / record.ema_weights.file
    (tmp_path / "results").symlink_to(out / "results")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\0" * record.ema_weights.num_bytes)
    with pytest.raises(ModernizeError, match="has changed since run"):
        weights_of_run(record, tmp_path)
    assert main(["weights", "--out", str(tmp_path), "--study", "study", "--json"]) == 0
    states = {one["file"]: one["state"] for one in json.loads(capsys.readouterr().out)}
    assert sorted(states.values()) == ["gone", "kept"]
    assert main(["weights", "--out", str(tmp_path), "--free"]) == 0
    assert not path.parent.exists()
    with pytest.raises(ModernizeError, match="cannot be read"):
        weights_of_run(record, tmp_path)
    assert main(["weights", "--out", str(tmp_path), "--study", "studdy"]) == 2
    assert "Did you mean 'study'?" in capsys.readouterr().err


def test_a_trained_network_predicts_its_test_images(out, tmp_path, capsys):
    """The share that is right over all of them is the recorded accuracy."""
    record, picture = the_record(out), tmp_path / "seen.png"
    line = ["predict", f"run:{record.run_id[:6]}", "--out", str(out), "--images", "64"]
    assert main([*line, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    right = sum(one["predicted"] == one["true"] for one in found)
    assert 100 * right / len(found) == pytest.approx(record.result.top1_percent)
    assert all(100 / 3 - 1e-3 < one["probability_percent"] <= 100 for one in found)
    assert main([*line[:-2], "--picture", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert len([line for line in capsys.readouterr().out.splitlines() if line.split()[0].isdecimal()]) == 10
    assert main([*line, "--picture", str(picture)]) == 2
    assert "--replace" in capsys.readouterr().err


def test_other_data_than_the_runs_own_are_refused(out):
    record = the_record(out)
    moved = replace(record, data=replace(record.data, fingerprint="0" * 16))
    from modernize.inference.runs import data_of

    with pytest.raises(ModernizeError, match="its fingerprint is another"):
        data_of(moved)


def test_weights_say_how_to_use_them(out):
    """What another machine needs is in the file: network, class names and what is done to images."""
    from modernize.models.description import description_in

    record = the_record(out)
    found = description_in(weights_of_run(record, out))
    assert found.model == model_of(record.model)
    assert found.class_names == ("0", "1", "2")
    assert found.preprocessing.image_size == record.data.image_size
    assert found.preprocessing.crop_ratio == record.trained_recipe["eval_crop_ratio"]
    assert 80 < found.preprocessing.mean[0] < 110
    assert found.about == {"run": record.run_id}


def test_the_diversity_of_a_trained_network_is_shown_and_drawn(out, tmp_path, capsys):
    record, picture = the_record(out), tmp_path / "diversity.png"
    line = ["diversity", f"run:{record.run_id[:6]}", "--out", str(out), "--untrained"]
    assert main([*line, "--json"]) == 0
    before, after = json.loads(capsys.readouterr().out)
    assert before["run"].endswith("untrained")
    assert list(before["layers"]) == list(after["layers"])
    assert before["layers"] != after["layers"]
    assert main([*line, "--images", "3", "--picture", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert len(capsys.readouterr().out.splitlines()) == len(after["layers"]) + 2
    assert main([*line, "--picture", str(picture)]) == 2


def test_the_card_of_an_export_says_what_was_measured(out, tmp_path):
    record, file = the_record(out), tmp_path / "taken.safetensors"
    assert main(["export", f"run:{record.run_id[:6]}", "--out", str(out), "--file", str(file)]) == 0
    card = file.with_suffix(".md").read_text()
    for text in (record.run_id, record.data.name, f"{record.result.top1_percent:.2f}", record.commit, "AdamW", "MIT"):
        assert text in card
    assert main(["predict", "--model", str(file), str(tmp_path)]) == 2  # no pictures there


def test_weights_that_say_nothing_are_described_by_the_data(out, monkeypatch):
    """Runs from before weights said what they are of can be used where their data are."""
    from modernize.inference import classifier

    name = f"run:{the_record(out).run_id[:6]}"
    said = classifier.load_classifier(name, out=out)
    monkeypatch.setattr(classifier, "description_in", lambda _: None)
    found = classifier.load_classifier(name, out=out)
    assert found.description == said.description
    assert found.fingerprint == said.fingerprint


def test_what_learned_no_classes_is_no_classifier(out, monkeypatch):
    from modernize.inference import classifier

    other = replace(the_record(out), recipe={"objective": "masked-reconstruction"})
    monkeypatch.setattr(classifier, "run_called", lambda *_: other)
    with pytest.raises(ModernizeError, match="trained no classifier, but masked-reconstruction: fine-tune it first"):
        classifier.load_classifier("run:0123", out=out)

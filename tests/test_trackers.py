"""Other people's trackers are told what the record says, with their real packages where these are installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from factories import make_records, make_study
from tiny_runs import left_behind, tiny_request

from modernize.errors import ModernizeError
from modernize.results.record import Record
from modernize.run import trackers
from modernize.run.observer import Observer
from modernize.run.request import request_from
from modernize.run.run_study import check_request, run_study
from modernize.run.trackers import TRACKERS, epochs_of, track


@pytest.fixture
def record() -> Record:
    return make_records(make_study(upto="base"))[0]


def told(name: str, record: Record, folder: Path) -> None:
    pytest.importorskip(name)
    assert list(track(record, [name], folder)) == []


@pytest.mark.filterwarnings("ignore")
def test_tensorboard_holds_the_curves(record, tmp_path):
    told("tensorboard", record, tmp_path)
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (folder,) = (tmp_path / "tensorboard" / record.study).iterdir()
    events = EventAccumulator(str(folder)).Reload()
    for name in ("top1_percent", "loss"):
        values = [event.value for event in events.Scalars(f"test/{name}")]
        assert values == pytest.approx(record.curves.metrics[name], rel=1e-6)
    assert [event.step for event in events.Scalars("train/loss")] == list(range(1, record.budget.epochs + 1))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_wandb_holds_the_run_offline(record, tmp_path, monkeypatch):
    monkeypatch.delenv("WANDB_MODE", raising=False)
    told("wandb", record, tmp_path)
    (file,) = tmp_path.glob(f"wandb/wandb/offline-run-*/run-{record.run_id}.wandb")
    stored = file.read_bytes()
    assert b"test/top1_percent" in stored
    assert record.entry.name.encode() in stored


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_mlflow_holds_the_curves_and_the_facts(record, tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    told("mlflow", record, tmp_path)
    import mlflow

    (run,) = mlflow.search_runs(experiment_names=[record.study], output_format="list")
    assert run.data.params["run_id"] == record.run_id
    assert run.data.metrics["result/top1_percent"] == pytest.approx(record.value)
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "test/top1_percent")
    assert [point.value for point in history] == pytest.approx(record.curves.metrics["top1_percent"])


def test_each_epoch_has_each_value_once(record):
    epochs = epochs_of(record)
    assert len(epochs) == record.budget.epochs
    assert {"train/loss", "train/lr", "test/top1_percent"} <= epochs[0].keys()
    assert [epoch["train/loss"] for epoch in epochs] == list(record.curves.train_loss)


def test_what_is_unknown_or_not_installed_is_refused_before_a_run(tmp_path, monkeypatch):
    with pytest.raises(ModernizeError, match=re.escape("unknown tracker 'tensorbord'. Did you mean 'tensorboard'?")):
        request_from(track=["tensorbord"])
    monkeypatch.setattr(trackers, "find_spec", lambda _: None)
    with pytest.raises(ModernizeError, match=r"mlflow is not installed: pip install 'modernize-convnext\[mlflow\]'"):
        check_request(request_from(track=["mlflow"], out=tmp_path))


def test_a_tracker_that_fails_is_told_and_costs_nothing(record, tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError("no room")

    monkeypatch.setitem(TRACKERS, "wandb", fail)
    assert list(track(record, ["wandb"], tmp_path)) == ["wandb was not told of the run: OSError: no room"]


class Notes(Observer):
    def __init__(self):
        self.texts = []

    def note(self, _task, text):
        self.texts.append(text)


@pytest.mark.slow
def test_a_run_tells_its_tracker(folder, tmp_path):
    pytest.importorskip("tensorboard")
    notes = Notes()
    run_study(tiny_request(folder, out=tmp_path, upto="base", track=("tensorboard",)), notes)
    assert notes.texts == []
    assert list(tmp_path.glob("runs/tensorboard/*/base-seed0-*/events.out.tfevents.*"))
    assert [path for path in left_behind(tmp_path) if not path.startswith("tensorboard/")] == []

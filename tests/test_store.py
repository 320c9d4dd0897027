from __future__ import annotations

import json
import math
import os
import re
from dataclasses import replace
from functools import cache, reduce
from hashlib import sha256
from operator import getitem
from typing import Any

import pytest
from factories import make_record, make_records, make_study

from modernize.errors import MissingResultsError, ModernizeError
from modernize.results import store
from modernize.results.reader import record_text, to_text
from modernize.results.record import Curves, Execution, Record
from modernize.results.store import (
    find_finished,
    find_studies,
    load_record,
    load_records,
    load_results,
    load_study,
    save_record,
    save_study,
)

STUDY = make_study(upto="patchify", seeds=(0, 1))


def test_a_record_reads_back_as_it_was_saved(tmp_path):
    record = make_record(STUDY, "patchify", 1)
    path = save_record(record, tmp_path)
    assert path == tmp_path / STUDY.name / f"patchify-seed1-{record.run_id[:8]}.json"
    assert load_record(path) == record
    loaded = load_records(tmp_path)
    assert loaded.records == (record,)
    assert loaded.problems == ()
    facts = json.loads(path.read_text())
    assert facts.pop("sha256") == sha256(path.read_bytes().split(b',\n "sha256"')[0]).hexdigest()
    assert Record.from_json(facts) == record


def test_fast_and_strict_reader_agree_whatever_the_layout_of_the_file(tmp_path):
    records = make_records(STUDY)
    for i, record in enumerate(records):
        path = save_record(record, tmp_path)
        if i % 2:
            path.write_text(json.dumps(json.loads(path.read_text()), indent=2))
        assert load_record(path) == record
    loaded = load_records(tmp_path).records
    assert sorted(loaded, key=lambda r: r.run_id) == sorted(records, key=lambda r: r.run_id)


def test_records_of_earlier_versions_are_read_and_by_the_fast_reader(tmp_path, monkeypatch):
    record = make_record(STUDY, "patchify", 1)
    path = save_record(record, tmp_path)
    facts = json.loads(path.read_text())
    del facts["sha256"], facts["execution"], facts["speed"]["peak_device_memory_mb"], facts["data"]["num_val_images"]
    measured = facts["curves"].pop("metrics")
    del facts["curves"]["split"]
    facts["curves"] |= {f"test_{name}": values for name, values in measured.items()}
    facts["result"] |= facts["result"].pop("metrics") | {"best_top1_percent": facts["result"].pop("best")}
    path.write_text(json.dumps(facts | {"schema_version": 1}))
    record = replace(record, schema_version=1)
    assert load_record(path) == record
    monkeypatch.setattr("modernize.results.reader.to_record", lambda *_: pytest.fail("the strict reader was needed"))
    assert load_records(tmp_path).records == (record,)


def test_how_a_run_was_executed_reads_back_and_is_in_the_table(tmp_path):
    record = make_record(STUDY, "patchify", 1)
    execution = Execution(device="cuda", precision="bf16", num_devices=8, batch_per_device=512, tf32=True)
    record = replace(record, execution=execution, speed=replace(record.speed, peak_device_memory_mb=2000.5))
    save_record(record, tmp_path)
    assert load_records(tmp_path).records == (record,)
    row = load_results(tmp_path).iloc[0]
    assert (row["precision"], row["num_devices"], row["peak_device_memory_mb"]) == ("bf16", 8, 2000.5)


def test_a_study_reads_back_as_it_was_saved(tmp_path):
    save_study(STUDY, tmp_path)
    assert load_study(tmp_path / STUDY.name) == load_study(tmp_path / STUDY.name / "study.json") == STUDY
    assert find_studies(tmp_path) == {STUDY.name: tmp_path / STUDY.name}
    with pytest.raises(MissingResultsError, match="does not exist"):
        load_study(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "../../../x"}, r"'../../../x' cannot name a study .*study.json"),
        ({"name": "/tmp/x"}, "cannot name a study"),
        ({"name": ""}, "cannot name a study"),
        ({"published": "evil"}, "unknown published table .*study.json.* 'evil'"),
        ({"schema_version": 3}, "schema version 3.*Update it"),
        ({"epochs": 1e308}, "epochs"),
        ({"epochs": -1}, "epochs cannot be -1"),
        ({"seeds": [0, 10**400]}, "seeds"),
        ({"note": "\ud800"}, "surrogates"),
    ],
    ids=str,
)
def test_a_plan_is_checked_when_it_is_read(tmp_path, change, said):
    path = save_study(STUDY, tmp_path)
    path.write_text(json.dumps(STUDY.to_json() | change))
    with pytest.raises(ModernizeError, match=said):
        load_study(path)


@pytest.mark.parametrize("field", ["name", "run_ids"])
def test_names_in_a_plan_are_checked_when_it_is_read(tmp_path, field):
    path = save_study(STUDY, tmp_path)
    facts = STUDY.to_json()
    facts["entries"] = [one | {field: ["../x"] if field == "run_ids" else "../x"} for one in facts["entries"]]
    path.write_text(json.dumps(facts))
    with pytest.raises(ModernizeError, match=r"'\.\./x' cannot name a"):
        load_study(path)


def test_losses_that_are_not_finite_are_null_in_the_file_and_nan_when_read(tmp_path):
    record = make_record(STUDY, "base", status="diverged")
    record = replace(record, curves=replace(record.curves, train_loss=(2.0, math.inf, math.nan)))
    path = save_record(record, tmp_path)
    assert json.loads(path.read_text(), parse_constant=pytest.fail)["curves"]["train_loss"] == [2.0, None, None]
    for back in (load_record(path), *load_records(tmp_path).records):
        assert back.curves.train_loss[0] == 2.0
        assert all(map(math.isnan, back.curves.train_loss[1:]))


def test_a_finished_record_is_never_overwritten(tmp_path):
    first = make_record(STUDY, "base", top1_percent=70.0)
    path = save_record(first, tmp_path)
    slower = replace(first, speed=replace(first.speed, seconds=99.0))
    assert save_record(slower, tmp_path) == path
    assert load_record(path) == first
    other = make_record(STUDY, "base", top1_percent=71.0)
    beside = save_record(other, tmp_path)
    assert beside != path
    assert (load_record(path), load_record(beside)) == (first, other)
    assert save_record(other, tmp_path) == beside


def test_two_runs_whose_short_ids_agree_both_stay(tmp_path):
    one = make_record(STUDY, "base", run_id="0123456789")
    two = make_record(STUDY, "base", run_id="01234567ff")
    assert save_record(one, tmp_path) != save_record(two, tmp_path)
    assert {r.run_id for r in load_records(tmp_path, [one.run_id, two.run_id]).records} == {one.run_id, two.run_id}


def test_a_failed_record_gives_way(tmp_path):
    path = save_record(make_record(STUDY, "base", status="failed"), tmp_path)
    finished = make_record(STUDY, "base")
    assert save_record(finished, tmp_path) == path
    assert load_record(path) == finished


def test_an_unreadable_file_in_the_way_is_kept(tmp_path):
    record = make_record(STUDY, "base")
    path = save_record(record, tmp_path)
    path.write_text('{"schema_version": 99}')
    assert save_record(record, tmp_path) != path
    assert path.read_text() == '{"schema_version": 99}'


@cache
def bad_files() -> dict[str, str]:
    good = make_record(STUDY, "base").to_json()
    sealed = record_text(make_record(STUDY, "base")).decode()

    def resealed(where: str, value: Any) -> str:
        """As a hand would change it that knows how to make the hash."""
        *parts, field = where.split(".")
        facts = json.loads(json.dumps(good))
        reduce(getitem, parts, facts)[field] = value
        body = to_text(facts).removesuffix("\n}\n")
        return f'{body},\n "sha256": "{sha256(body.encode()).hexdigest()}"\n}}\n'

    return {
        "empty": "",
        "half": json.dumps(good)[:300],
        "list": "[1, 2]",
        "foreign": '{"name": "something else"}',
        "newer": resealed("schema_version", 99),
        "no-hash": json.dumps(good),
        "edited": sealed.replace('"status": "finished"', '"status": "diverged"'),
        "edited-number": sealed.replace('"best_epoch": ', '"best_epoch": 1'),
        "other-hash": re.sub('"sha256": "..', '"sha256": "zz', sealed),
        "text-for-number": resealed("cost.macs", "many"),
        "text-in-curve": resealed("curves.train_loss", ["low"]),
        "number-for-curve": resealed("curves.lr", 1),
        "text-for-curve": resealed("curves.metrics.loss", "1234"),
        "table-in-curve": resealed("curves.lr", [{}]),
        "null-for-curve": resealed("curves.lr", None),
        "null-for-steps": resealed("entry.steps", None),
        "null-for-entry": resealed("entry", None),
        "no-role": resealed("entry.role", "hero"),
        "null-in-seconds": resealed("speed.epoch_seconds", [None]),
        "numbers-in-budget": resealed("budget.given", [1, 2]),
        "text-for-batch": resealed("budget.cut_from", "many"),
        "no-batch": resealed("budget.cut_from", -1),
        "text-for-weights": resealed("starts_from", "weights.safetensors"),
        "table-for-budget": resealed("budget.epochs", {}),
        "number-for-recipe": resealed("recipe", 3),
        "text-for-epochs": resealed("recipe.epochs", "ninety"),
        "list-for-optimizer": resealed("trained_recipe.optimizer", ["sgd"]),
        "null-for-norm": resealed("model.arch.norm", None),
        "negative-lr": resealed("trained_recipe.lr", -0.1),
        "half-a-change": resealed("entry.changes", [{"field": "arch.norm"}]),
        "list-of-versions": resealed("versions", []),
        "number-for-version": resealed("versions", {"torch": 2.6}),
        "no-status": json.dumps({k: v for k, v in good.items() if k != "status"}),
        "odd-status": resealed("status", "great"),
        "list-for-status": resealed("status", []),
        "no-top1": resealed("result.metrics", {"loss": 0.5}),
        "top1-of-101": resealed("result.metrics.top1_percent", 101),
        "top1-of-minus-5": resealed("result.metrics.top1_percent", -5.0),
        "top1-of-true": resealed("result.metrics.top1_percent", True),
        "top1-of-101-in-curve": resealed("curves.metrics.top1_percent", [101.0]),
        "odd-split": resealed("curves.split", "train"),
        "odd-objective": resealed("recipe.objective", "guessing"),
        "list-of-metrics": resealed("result.metrics", [1.0]),
        "list-of-curves": resealed("curves.metrics", [[1.0]]),
        "enormous-loss": resealed("result.metrics.loss", 1e308),
        "enormous-curve": resealed("curves.train_loss", [None, 1e308]),
        "enormous-integer": resealed("speed.seconds", 10**400),
        "negative-cost": resealed("cost.macs", -1),
        "infinite": sealed.replace('"seconds": ', '"seconds": 1e999, "was": '),
        "infinity": re.sub('"seconds": [^,]*', '"seconds": Infinity', sealed),
        "nan": re.sub('"top1_percent": [^,]*', '"top1_percent": NaN', sealed),
        "nan-in-curve": re.sub(r'"train_loss": \[[^,]*', '"train_loss": [NaN', sealed),
        "half-a-character": json.dumps(good | {"schema_version": 1, "error": "\ud800"}),
        "climbing-study": resealed("study", "../../../x"),
        "absolute-study": resealed("study", "/tmp/x"),
        "climbing-step": resealed("entry.name", "../x"),
        "climbing-run": resealed("run_id", "../x"),
        "extra": resealed("colour", "blue"),
        "binary": "\x00\x01",
        "deep": "[" * 100_000,
        "deep-within": sealed.replace('"arch": {', '"arch": {"a": ' + "[" * 5_000 + "]" * 5_000 + ", "),
    }


@pytest.mark.parametrize("name", bad_files())
def test_a_bad_file_is_named_and_skipped(tmp_path, name):
    good = make_record(STUDY, "recipe")
    save_record(good, tmp_path)
    (tmp_path / f"{name}.json").write_text(bad_files()[name])
    loaded = load_records(tmp_path)
    assert loaded.records == (good,)
    (problem,) = loaded.problems
    assert f"{name}.json" in problem
    assert "\n" not in problem
    assert len(problem) < 400
    with pytest.raises(ModernizeError):
        load_record(tmp_path / f"{name}.json")


def test_only_wanted_runs_are_opened(tmp_path):
    records = make_records(STUDY)
    for record in records:
        save_record(record, tmp_path)
    wanted = records[3]
    for path in (tmp_path / STUDY.name).glob("base-*.json"):
        path.write_text("not opened, so not a problem")
    renamed = next((tmp_path / STUDY.name).glob(f"*{wanted.run_id[:8]}.json"))
    renamed.rename(tmp_path / "copied by hand.json")
    assert load_records(tmp_path, [wanted.run_id]) == store.Loaded((wanted,), ())


def test_finished_and_diverged_runs_are_found_and_failed_ones_are_not(tmp_path):
    save_record(make_record(STUDY, "base", 0), tmp_path)
    save_record(make_record(STUDY, "base", 1, status="diverged"), tmp_path)
    save_record(make_record(STUDY, "recipe", 0, status="failed"), tmp_path)
    run_ids = [run_id for rung in STUDY.entries for run_id in rung.run_ids]
    assert set(find_finished(run_ids, tmp_path)) == set(run_ids[:2])
    assert find_finished(run_ids, tmp_path / "nowhere") == {}


def test_saving_never_lists_the_folder(tmp_path, monkeypatch):
    """What recording one run costs must not grow with the number of records; the first looks for leftovers."""
    save_record(make_record(STUDY, "base", 1), tmp_path)
    for name in ("scandir", "listdir"):
        monkeypatch.setattr(os, name, lambda *_: pytest.fail("the folder was listed"))
    save_record(make_record(STUDY, "base"), tmp_path)


def test_results_are_a_table_with_one_row_a_run(tmp_path):
    for record in make_records(STUDY):
        save_record(record, tmp_path)
    save_study(STUDY, tmp_path)
    table = load_results(tmp_path)
    assert len(table) == len(STUDY.entries) * 2
    row = table[(table.entry == "recipe") & (table.seed == 1)].iloc[0]
    record = make_record(STUDY, "recipe", 1)
    assert row.top1_percent == record.result.top1_percent
    assert row.gmacs == record.cost.macs / 1e9
    assert {"study", "status", "loss", "num_params", "images_per_second", "seconds", "data", "epochs"} <= set(table)


def test_results_of_nothing_is_one_clear_line(tmp_path):
    with pytest.raises(MissingResultsError, match="no record of a run under"):
        load_results(tmp_path)


def test_a_run_without_epochs_reads_back(tmp_path):
    record = replace(make_record(STUDY, "base", status="failed"), curves=Curves())
    assert load_record(save_record(record, tmp_path)) == record

"""Files of older schemas, as they were written, mean what today's do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from factories import make_record, make_study

from modernize.results import study as plans
from modernize.results.record import SCHEMA_VERSION, BudgetFacts, Record, WeightsFile
from modernize.results.store import load_record, load_records, load_study, save_record, save_study
from modernize.results.upgrade import upgraded_record
from modernize.run.recipe_changes import recipe_changes

FIRST = Path(__file__).parent / "data" / "first-schema"
RECORDS = sorted(FIRST.glob("*-seed*.json"))
BY_HAND = (
    "set by hand: arch.width = 4 at the base, recipe.betas = [0.9, 0.95], recipe.lr = 1e-05, "
    'recipe.name = "mine, recipe at the base", recipe.horizontal_flip = false'
)
SAID = ("90 epochs -> 12; batch 256 -> 64; peak learning rate 0.1 -> 0.05",)


@pytest.fixture(params=RECORDS, ids=lambda path: path.stem)
def path(request) -> Path:
    return request.param


def test_no_field_is_lost(path):
    old, record = json.loads(path.read_text(encoding="utf-8")), load_record(path)
    new = json.loads(json.dumps(record.to_json()))
    rung, entry = old.pop("rung"), new["entry"]
    assert (entry["name"], entry["role"]) == (rung.pop("step"), "rung" if rung.pop("adopted") else "probe")
    assert entry["fingerprint"] == rung.pop("spec_fingerprint")
    assert {name: entry[name] for name in rung} == rung
    assert new["model"] == {"arch": old.pop("arch")}
    assert list(recipe_changes(record)) == old["budget"].pop("changes"), "made from the other facts"
    assert old.pop("schema_version") == 1
    for part in ("budget", "data", "execution"):  # they have more fields now
        assert old[part].items() <= new.pop(part).items()
        del old[part]
    result, curves = old.pop("result"), old.pop("curves")
    assert new["result"] == {
        "metrics": {name: result[name] for name in ("top1_percent", "loss")},
        "best": result["best_top1_percent"],
        **{name: result[name] for name in ("epoch", "best_epoch")},
    }
    assert new["curves"] == {
        "split": "test",
        "metrics": {name: curves[f"test_{name}"] for name in ("top1_percent", "loss")},
        **{name: curves[name] for name in ("train_loss", "lr")},
    }
    assert {part: new[part] for part in old} == old


def test_written_again_it_is_of_todays_schema(path, tmp_path):
    record = load_record(path)
    again = load_record(save_record(record, tmp_path))
    assert (record.schema_version, again.schema_version) == (1, SCHEMA_VERSION)
    assert again == replace(record, schema_version=SCHEMA_VERSION)


def test_the_fast_reader_reads_them(monkeypatch):
    monkeypatch.setattr("modernize.results.reader.to_record", lambda *_: pytest.fail("the strict reader was needed"))
    assert load_records(FIRST).records == tuple(load_record(path) for path in RECORDS)


def test_a_plan_of_the_first_schema_names_its_entries_and_contrasts(tmp_path):
    old, study = json.loads((FIRST / "study.json").read_text(encoding="utf-8")), load_study(FIRST)
    assert [entry.name for entry in study.entries] == [rung["step"] for rung in old["rungs"]]
    assert list(study.contrasts) == [(rung["step"], rung["before"]) for rung in old["rungs"] if rung["before"]]
    save_study(study, tmp_path)
    assert load_study(tmp_path / study.name) == replace(study, schema_version=plans.SCHEMA_VERSION)


@pytest.mark.parametrize(
    ("sentences", "given", "cut_from", "start"),
    [
        ((), {}, None, WeightsFile()),
        (
            (BY_HAND,),
            {
                "arch.width": 4,
                "recipe.betas": [0.9, 0.95],
                "recipe.lr": 1e-5,
                "recipe.name": "mine, recipe at the base",
                "recipe.horizontal_flip": False,
            },
            None,
            WeightsFile(),
        ),
        (
            (
                "too few training images for a batch of 256: it is 64, and the learning rate stays as set by hand",
                "set by hand: recipe.lr = 0.05",
                "starts from the weights in a (b).safetensors (SHA-256 0123456789abcdef...)",
            ),
            {"recipe.lr": 0.05},
            256,
            WeightsFile(file="a (b).safetensors", sha256="0123456789abcdef"),
        ),
    ],
    ids=("budget", "by hand", "cut"),
)
def test_sentences_become_facts_that_give_them_again(sentences, given, cut_from, start):
    recipe = {"epochs": 90, "batch_size": 256, "lr": 0.1}
    facts = {"budget": {"name": "short", "epochs": 12, "changes": [*SAID, *sentences]}}
    found = upgraded_record(facts)
    budget = BudgetFacts(**found["budget"])
    assert (budget.name, budget.epochs, budget.given, budget.cut_from) == ("short", 12, given, cut_from)
    starts_from = WeightsFile(**found.get("starts_from", {}))
    assert starts_from == start
    record: Record = make_record(make_study(upto="base"), "base", budget=budget, starts_from=starts_from)
    short = recipe | {"epochs": 12, "batch_size": 64, "lr": 0.05}
    record = replace(record, recipe=recipe | {"schedule": "cosine"}, trained_recipe=short | {"schedule": "cosine"})
    assert recipe_changes(record) == (*SAID, *sentences)


@pytest.mark.parametrize("said", [["set by hand: recipe.lr = [[["], [3], ["set by hand: ", "by hand"]], ids=str)
def test_sentences_of_nobody_are_no_facts(said):
    budget = upgraded_record({"budget": {"name": "short", "epochs": 12, "changes": said}})["budget"]
    assert set(budget["given"]) <= {"recipe.lr"}
    assert budget["cut_from"] is None

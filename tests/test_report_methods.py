"""What a report says about how its numbers came about, and which records stand behind them."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace

from factories import DATA, HARDWARE, make_record, make_records, make_study, report_text

from modernize.report.facts import header
from modernize.report.methods import methods
from modernize.report.rows import make_rows
from modernize.report.write import write_report, write_study
from modernize.results.record import Execution


def told(study, records):
    rows = make_rows(study, records)
    found: dict[str, str] = {}
    for label, text in methods(study, rows, header(study, rows)):
        found[label] = f"{found.get(label, '')} {text}".strip()
    return found


def test_methods_say_what_the_records_say():
    study = make_study(seeds=(0, 1))
    found = told(study, make_records(study))
    assert "classic (base), as trained: SGD with momentum 0.9, peak learning rate 0.1" in found["Recipe"]
    assert "convnext (recipe to downsample, 13 rungs, the same values for all), as trained: AdamW" in found["Recipe"]
    assert "Against the published recipe: 300 epochs -> 12" in found["Recipe"]
    assert "12 epochs, batch 64" in found["Recipe"]
    assert "mixup 0.8, CutMix 1" in found["Recipe"]
    head = report_text(study, make_rows(study, make_records(study))).partition("\n## ")[0]
    assert "cpu: A Processor @ 2.50GHz, 2 cores, 1 thread a run, 8 GB, Linux-6.1-x86_64" in head
    assert found["Code"] == "commit 0f1e2d3."
    assert "paired t test at 5 %" in found["Statistics"]
    assert "Not alike" not in found


def test_schedules_and_drop_rates_are_told_as_trained():
    study = make_study(upto="base")

    def recipe(**fields):
        return told(study, [replace(r, trained_recipe=r.trained_recipe | fields) for r in make_records(study)])[
            "Recipe"
        ]

    assert "divided by 10 after each third of training" in recipe()
    assert "learning rate divided by 10 after 80, 120 epochs" in recipe(step_epochs=[80.0, 120.0])
    assert "multiplied by 0.9 every 3 epochs" in recipe(step_every_epochs=3.0, step_factors=[0.9])
    assert "multiplied by 0.5, 0.2 after 2, 4 epochs" in recipe(step_epochs=[2, 4], step_factors=[0.5, 0.2])
    assert "stochastic depth 0.1, 0.2 by stage" in recipe(stochastic_depth=[0.1, 0.2])
    assert "stochastic depth 0.1, dropout 0.5" in recipe(stochastic_depth=0.1, dropout=0.5)


def test_only_what_is_true_was_not_done():
    study = make_study(seeds=(0,))
    records = make_records(study)
    lacking = told(study, records)["Not done"]
    for words in ("No run trained for as long as its recipe says", "more than once", "No validation", "no EMA", "5, 9"):
        assert words in lacking
    whole = make_study("in1k", "resnet50", probes=True, seeds=(0, 1), epochs=300)
    data = replace(DATA, num_classes=1000, image_size=224, num_val_images=50_000)
    records = [
        replace(r, trained_recipe=r.trained_recipe | {"ema_decay": 0.9999}) for r in make_records(whole, data=data)
    ]
    assert "Not done" not in told(whole, records)
    resumed = [replace(records[0], num_resumes=2), *records[1:]]
    assert told(whole, resumed)["Not done"].startswith("1 run did not go through in one piece")


def test_the_test_images_are_said_to_be_looked_at_as_often_as_they_were():
    study = make_study(upto="recipe")
    records = make_records(study)
    assert "evaluated after each epoch, for the curves" in told(study, records)["Evaluation"]
    held_out = [replace(r, curves=replace(r.curves, split="val")) for r in records]
    assert "test images once, at the end" in told(study, held_out)["Evaluation"]


def test_uncommitted_code_is_said():
    study = make_study(upto="base")
    assert "changes that are in no commit" in told(study, make_records(study, commit="0f1e2d3+dirty"))["Code"]


def test_runs_that_were_not_made_alike_are_told_apart_and_speeds_not_mixed():
    study = make_study(upto="recipe", seeds=(0, 1, 2))
    records = make_records(study)
    gpu = replace(HARDWARE, device="a GPU")
    records[-1] = replace(
        records[-1],
        hardware=gpu,
        execution=Execution(device="cuda", precision="bf16", batch_per_device=64),
        speed=replace(records[-1].speed, images_per_second=1.0),
    )
    rows = make_rows(study, records)
    assert rows[1].images_per_second > 1000
    assert (rows[0].num_timed, rows[1].num_timed) == (3, 2)
    found = told(study, records)
    assert "5 runs on cpu: A Processor" in found["Not alike"]
    assert "1 run on a GPU: A Processor" in found["Not alike"]
    assert "cuda, bf16, 1 device of 64 images each at a time" in found["Execution"]
    text = report_text(study, rows)
    assert "on one machine alone, used in one way; 1 run on others left out, see Methods" in text


def test_every_number_names_its_records_and_the_table_it_was_printed_in(tmp_path):
    study = make_study(upto="patchify", seeds=(0, 1))
    records = make_records(study)
    records[-1] = make_record(study, "patchify", 1, status="diverged")
    rows = make_rows(study, records)
    text = report_text(study, rows)
    for record in records:
        assert f"{record.run_id[:8]} (seed {record.seed})" in text
    assert "row '\"patchify\" stem'." in text
    table, facts = write_study(study, rows, [], tmp_path, ("csv", "json"), figures=False)
    line = list(csv.DictReader(table.read_text().splitlines()))[1]
    assert line["record_ids"].split() == [r.run_id for r in records if r.entry.name == "recipe"]
    assert line["measured_source"].startswith("Measured: mean of the last epochs of 2 runs, records ")
    assert line["published_row"] == "ResNet-50 (enhanced recipe)"
    by_id = {record["run_id"]: record for record in json.loads(facts.read_text())["records"]}
    assert set(by_id) == {record.run_id for record in records}
    assert by_id[records[-1].run_id]["top1_percent"] is None


def test_many_records_are_named_by_the_first_and_the_last():
    study = make_study(upto="base", seeds=tuple(range(40)))
    text = report_text(study, make_rows(study, make_records(study)))
    assert re.search(r"records \w{8} \(seed 0\) to \w{8} \(seed 39\), 40 records", text)
    assert "(seed 20)" not in text


def test_stale_missing_and_single_runs_are_marked_in_every_format(tmp_path):
    study = make_study(upto="stage-ratio", seeds=(0, 1))
    records = make_records(study)
    old = replace(records[2].entry, fingerprint="0" * 16)
    records[2] = replace(records[2], entry=old, recipe=records[2].recipe | {"lr": 0.1})
    rows = make_rows(study, records[:-1])
    assert [row.stale for row in rows] == [(), (0,), ()]
    md, html, tex, table, facts = write_study(
        study, rows, [], tmp_path, ("md", "html", "latex", "csv", "json"), figures=False
    )
    for path in (md, html, tex):
        text = path.read_text()
        assert "finished, 1 stale" in text
        assert "1 of 2 finished, 1 missing" in text
        assert "(n=1)" in text
        assert "meant something else than it does today" in text
    assert [row["num_stale"] for row in csv.DictReader(table.read_text().splitlines())] == ["0", "1", "0"]
    assert [r["stale"] for r in json.loads(facts.read_text())["records"]] == [False, False, True, False, False]


def test_every_format_repeats_byte_for_byte(tmp_path):
    from modernize.results.store import save_record, save_study

    study = make_study(upto="width", seeds=(0, 1))
    save_study(study, tmp_path / "results")
    for record in make_records(study):
        save_record(record, tmp_path / "results")
    formats = ("md", "html", "latex", "csv", "json")
    one, other = (
        write_report(tmp_path / "results", tmp_path / name, study.name, formats, figures=False) for name in "ab"
    )
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]
    assert len(one) == 5

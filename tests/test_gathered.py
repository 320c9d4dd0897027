"""Records of several machines together: nothing lost, nothing doubled, nothing chosen silently."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from factories import make_records, make_study

from modernize.cli import main
from modernize.errors import ModernizeError
from modernize.report import write_report
from modernize.results.gathered import gather, joined, merge
from modernize.results.record import Result
from modernize.results.store import load_placed, load_records, load_study, save_record, save_study


@pytest.fixture
def machines(tmp_path) -> tuple[Path, Path]:
    """Two results folders: seeds 0 and 1 of a study here, 1 and 2 there."""
    folders = tmp_path / "a" / "results", tmp_path / "b" / "results"
    for folder, seeds in zip(folders, ((0, 1), (1, 2)), strict=True):
        study = make_study(upto="stage-ratio", seeds=seeds)
        save_study(study, folder)
        for record in make_records(study):
            save_record(record, folder)
    return folders


def changed(folder: Path) -> str:
    """Let one of the runs that both machines have done say something else; return its id."""
    path, record = next((path, one) for path, one in load_placed(folder)[0] if one.seed == 1)
    Path(path).unlink()
    top1 = record.value / 2
    result = Result(metrics=record.result.metrics | {"top1_percent": top1}, epoch=record.result.epoch)
    save_record(replace(record, result=result), folder)
    return record.run_id


def test_what_two_machines_did_alike_counts_once(machines):
    gathered = gather(machines)
    assert len({record.run_id for _, record in gathered.placed}) == len(gathered.placed) == 9
    assert not gathered.conflicts


def test_merged_folders_make_one_study_with_the_seeds_of_both(machines, tmp_path):
    into = tmp_path / "results"
    assert merge(gather(machines), into) == (9, ())
    study = load_study(into / "laptop-shapes")
    assert study.seeds == (0, 1, 2)
    ids = {run_id for entry in study.entries for run_id in entry.run_ids}
    assert {record.run_id for record in load_records(into).records} == ids
    (report, *_) = write_report(into, tmp_path / "reports", study.name, figures=False)
    assert "(seed 2)" in report.read_text(encoding="utf-8")
    assert merge(gather(machines), into) == (0, ()), "again changes nothing"


def test_a_conflict_is_named_and_neither_side_is_taken(machines, tmp_path, capsys):
    run_id = changed(machines[1])
    gathered = gather(machines)
    assert list(gathered.conflicts) == [run_id]
    assert [row["file"] for row in gathered.rows() if row["conflict"]] == [str(p) for p in gathered.conflicts[run_id]]
    into = tmp_path / "results"
    assert main(["results", *map(str, machines), "--merge", str(into)]) == 2
    printed = capsys.readouterr()
    assert "8 records new" in printed.out
    assert f"{run_id}: {gathered.conflicts[run_id][0]} and {gathered.conflicts[run_id][1]}" in printed.err
    assert run_id not in {record.run_id for record in load_records(into).records}


def test_what_is_there_stays_where_another_folder_says_otherwise(machines, tmp_path):
    run_id, into = changed(machines[1]), tmp_path / "results"
    merge(gather(machines[:1]), into)
    before = {path: path.read_bytes() for path in into.rglob("*-seed*.json")}
    number, left_out = merge(gather(machines[1:]), into)
    assert number == 3
    assert [line.partition(":")[0] for line in left_out] == [run_id]
    assert all(path.read_bytes() == text for path, text in before.items())


def test_a_failed_run_gives_way_to_one_that_ended(machines, tmp_path):
    path, record = load_placed(machines[0])[0][0]
    Path(path).unlink()
    failed, into = replace(record, status="failed", error="it rained"), tmp_path / "results"
    save_record(failed, machines[0])
    assert merge(gather(machines[:1]), into)[0] == 6
    save_record(record, machines[1])
    assert not gather(machines).conflicts
    assert merge(gather(machines), into)[0] >= 3
    assert {one.status for one in load_records(into).records} == {"finished"}


def test_plans_that_differ_in_more_than_seeds_are_not_joined(machines, tmp_path):
    one = load_study(machines[0] / "laptop-shapes")
    assert joined(one, replace(one, epochs=99)) is None
    other = replace(one, entries=(replace(one.entries[0], run_ids=("0" * 16, "1" * 16)), *one.entries[1:]))
    assert joined(one, other) is None
    assert joined(one, one) == one


def test_a_table_holds_every_record_in_csv_and_parquet(machines, tmp_path, capsys):
    tables = []
    for name, read in (("runs.csv", pd.read_csv), ("runs.parquet", pd.read_parquet)):
        file = tmp_path / name
        assert main(["results", *map(str, machines), "--file", str(file)]) == 0
        tables.append(read(file))
        assert main(["results", *map(str, machines), "--file", str(file)]) == 2, "what is there stays"
        assert "--replace" in capsys.readouterr().err
    csv, parquet = tables
    assert len(csv) == len(parquet) == 9
    assert csv["top1_percent"].tolist() == pytest.approx(parquet["top1_percent"].tolist())
    assert list(csv.columns) == list(parquet.columns)
    assert not csv["conflict"].any()
    assert main(["results", str(machines[0]), "--file", "runs.xlsx"]) == 2
    assert ".csv or .parquet" in capsys.readouterr().err


def test_records_are_listed_and_filtered(machines, capsys):
    assert main(["results", str(machines[0]), "--entry", "base"]) == 0
    *rows, _, total = capsys.readouterr().out.splitlines()
    assert [row.split()[1:4] for row in rows[1:]] == [["base", "0", "finished"], ["base", "1", "finished"]]
    assert total == "2 records"
    assert main(["results", str(machines[0]), "--json", "--status", "failed"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    for words, said in ((["--entry", "bas"], "Did you mean 'base'?"), (["--status", "done"], "unknown status 'done'")):
        assert main(["results", str(machines[0]), *words]) == 2
        assert said in capsys.readouterr().err


def test_nothing_there_is_told(tmp_path):
    with pytest.raises(ModernizeError, match="no record of a run"):
        gather([tmp_path])


def test_a_reader_never_sees_half_a_record(tmp_path, tried):
    records = make_records(make_study(upto="stage-ratio", seeds=tuple(range(40))))
    done = threading.Event()

    def write() -> None:
        for record in records:
            save_record(record, tmp_path)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    looks, before = 0, 0
    while not done.is_set():
        placed, problems = load_placed(tmp_path)
        assert not problems
        assert len(placed) >= before, "what was there stays"
        looks, before = looks + 1, len(placed)
    writer.join()
    assert len(load_placed(tmp_path)[0]) == len(records) == 120
    tried(looks, "looks at a folder that is written to")

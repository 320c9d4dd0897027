"""Rows that begin with the weights of another row: pre-training and fine-tuning in one study."""

from __future__ import annotations

import shutil
import sys

import pytest
from PIL import Image
from tiny_runs import tiny_data, tiny_request

from modernize.errors import ModernizeError
from modernize.report import write_report
from modernize.report.figures import draw
from modernize.report.rows import make_rows
from modernize.results.store import load_records, load_study
from modernize.run.plan import plan_study
from modernize.run.run_study import run_study

V1 = {"like": "laptop/downsample", "depths": [1, 1], "width": 8}
V2 = V1 | {"grn": True, "layer_scale": False}
ROWS = [
    {"name": "tuned-not", "arch": V2, "recipe": "convnext"},
    {"name": "first", "arch": V2, "recipe": "fcmae"},
    {"name": "tuned", "arch": V2, "recipe": "finetune-v2", "begins_with": "first"},
]


def asked(folder, rows=ROWS, **options):
    return tiny_request(folder, **({"upto": "", "entries": rows, "name": "chain", "jobs": 2, "seeds": 2} | options))


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chain")
    tiny_data(folder)
    run_study(asked(folder))
    return folder


def records(folder):
    return {(r.entry.name, r.seed): r for r in load_records(folder / "out" / "results").records}


def test_each_seed_begins_with_the_weights_of_its_own(out):
    found = records(out)
    assert {record.status for record in found.values()} == {"finished"}
    for seed in (0, 1):
        first, tuned = found["first", seed], found["tuned", seed]
        assert tuned.starts_from.file == f"run:{first.run_id}"
        assert tuned.starts_from.sha256 == first.weights.sha256[:16]
        assert first.metric.name == "masked_loss"
        assert tuned.metric.name == "top1_percent"
        assert not found["tuned-not", seed].starts_from.file
    assert found["tuned", 0].starts_from != found["tuned", 1].starts_from


def test_the_report_tells_metrics_apart(out):
    study = load_study(out / "out" / "results" / "chain")
    assert (study.metric.name, study.contrasts) == ("top1_percent", (("tuned", "tuned-not"),))
    write_report(out / "out" / "results", out / "out" / "reports", "chain")
    text = (out / "out" / "reports" / "chain" / "report.md").read_text(encoding="utf-8")
    (row,) = (line for line in text.splitlines() if line.startswith("| first |") and " ± " in line)
    assert "loss on hidden patches: " in row
    assert "begins with the weights of first" in text
    assert "60 % of the patches hidden" in text
    assert 'alt="The first test images, and what each network makes of them"' in text
    with Image.open(out / "out" / "runs" / records(out)["first", 0].run_id / "pictures.png") as sheet:
        assert sheet.size == (8 * 32, 3 * 32)
    rows = make_rows(study, load_records(out / "out" / "results").records)
    shown = [axes.get_title("left") for axes in draw("metric", study, rows).axes]
    assert shown == ["tuned-not", "tuned"], "a loss has no place among accuracies"


def test_what_is_done_is_not_done_again_unless_its_weights_are_needed_and_gone(out):
    again = run_study(asked(out))
    assert again.num_skipped == len(again.records) == 6
    for folder in (out / "out" / "runs").iterdir():
        shutil.rmtree(folder)
    assert run_study(asked(out)).num_skipped == 6
    other = [*ROWS, {"name": "other", "arch": V2, "recipe": "finetune", "begins_with": "first"}]
    before = records(out)
    more = run_study(asked(out, other, seeds=1, name="more"))
    assert more.num_skipped == 2
    assert {record.status for record in more.records} == {"finished"}
    (first,) = [record for record in more.records if record.entry.name == "first"]
    assert first.weights.sha256 == before["first", 0].weights.sha256


def test_a_run_whose_beginning_failed_says_so(out, monkeypatch):
    request = asked(out, seeds=[7], name="fails")

    def gone(*_):
        raise ModernizeError("gone")

    monkeypatch.setattr(sys.modules[run_study.__module__], "weights_of_run", gone)
    found = {record.entry.name: record for record in run_study(request).records}
    assert (found["first"].status, found["tuned"].status, found["tuned"].error) == ("finished", "failed", "gone")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{**ROWS[2]}, ROWS[1]], "unknown entry above 'tuned' in begins_with 'first'"),
        ([ROWS[1], {**ROWS[2], "begins_with": "frist"}], "Did you mean 'first'"),
        ([ROWS[1], {**ROWS[2], "arch": V1}], "entry 'tuned' begins with 'first', which is another network"),
        ([{**ROWS[1], "recipe": "fcma"}], "entry 'first': unknown recipe 'fcma'. Did you mean 'fcmae'?"),
    ],
    ids=["above", "name", "network", "recipe"],
)
def test_a_beginning_that_cannot_be_is_refused(out, rows, told):
    with pytest.raises(ModernizeError) as error:
        plan_study(asked(out, rows))
    assert told in str(error.value)


def test_contrasts_of_different_objectives_are_refused(out):
    with pytest.raises(ModernizeError, match="but one learns masked-reconstruction, the other classification"):
        plan_study(asked(out, contrasts=[["first", "tuned"], ["tuned", "tuned-not"]]))


def test_a_run_is_another_one_where_it_begins_with_weights(out):
    (alone,) = plan_study(asked(out, [{**ROWS[2], "begins_with": ""}], seeds=1)).tasks
    plan = plan_study(asked(out, seeds=1))
    *_, tuned = plan.tasks
    assert [entry.note for entry in plan.study.entries] == ["", "", "begins with the weights of first"]
    assert tuned.begins_with
    assert (alone.begins_with, alone.trained_recipe) == ("", tuned.trained_recipe)
    assert alone.run_id != tuned.run_id

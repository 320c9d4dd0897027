from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from factories import DATA, make_record, make_records, make_study, report_text, with_rung
from screens import LINES_A_SCREEN, lines_of, screens, seen

from modernize.errors import MissingResultsError, ModernizeError
from modernize.report import FORMATS, write_paper_report, write_report
from modernize.report.figures import draw
from modernize.report.paper import SIGN_ONLY
from modernize.report.paper_page import counted_as_printed
from modernize.report.render import escape_markdown
from modernize.report.rows import make_rows
from modernize.report.specs import paper_study
from modernize.results.store import load_records, save_record, save_study
from modernize.words import signed


def saved(folder, study, records):
    save_study(study, folder / "results")
    for record in records:
        save_record(record, folder / "results")


def report(folder, study=None, **options):
    (path, *_) = write_report(folder / "results", folder / "reports", study, figures=False, **options)
    return path.read_text()


def cells(text, step):
    line = next(line for line in text.splitlines() if line.startswith((f"| {step} |", f"| {step} (probe) |")))
    return [re.sub(r"\[\^.+\]$", "", cell.strip()) for cell in line.strip("|").split("|")]


def test_one_seed(tmp_path):
    study = make_study(upto="ln")
    saved(tmp_path, study, make_records(study))
    text = report(tmp_path)
    assert "One seed shows no spread" in text
    assert "demonstration of the machinery" in text
    assert "shapes: 4,000 training and 2,000 test images" in text
    assert "procedural shapes drawn with numpy" in text
    assert "300 epochs -> 12" in text
    assert "90 epochs -> 12" in text
    assert "A Processor" in text
    assert "torch 2.9.0" in text
    assert "0f1e2d3" in text
    assert "13 of 13 finished" in text
    base, recipe = (make_record(study, step).result.top1_percent for step in ("base", "recipe"))
    row = cells(text, "recipe")
    assert row[1] == f"{recipe:.2f}"
    assert row[2] == f"{recipe - base:+.2f}"
    # No column that says the same in every row.
    assert row[3:] == ["·", "78.82 ± 0.07", "+2.69", "·"]
    assert "top-1 measured, % (n=1)" in text
    assert cells(text, "base")[2:4] == ["-", ""]
    assert "finished[^" not in text
    assert "One seed, so nothing is tested; the largest differences: " in text
    assert "The smallest change" not in text
    assert "paired t test" not in text
    assert "(one seed: no test)" in text
    assert "torchvision's published number" in text


def test_three_seeds_give_mean_spread_and_interval(tmp_path):
    study = make_study(upto="recipe", seeds=(0, 1, 2))
    top1 = {"base": (70.0, 71.0, 72.0), "recipe": (75.0, 77.0, 76.0)}
    saved(tmp_path, study, [make_record(study, s, k, top1_percent=v[k]) for s, v in top1.items() for k in range(3)])
    text = report(tmp_path)
    assert "One seed shows no spread" not in text
    assert "One seed: means" not in text
    row = cells(text, "recipe")
    assert row[1] == "76.00 ± 1.00"
    assert "top-1 measured, % (n=3)" in text
    # Differences 5, 6, 4: mean 5, standard error 1 / sqrt(3), t quantile 4.303.
    assert row[2:4] == ["+5.00 [+2.52, +7.48]", "▲"]
    assert "Holm-corrected over the 1 comparison of this table" in text
    assert text.splitlines()[2] == "Better: recipe +5.00 (1 paired t test over 3 seeds at 5 %)."
    assert "One paired t test at 5 %, Holm-corrected: better: recipe; worse: none; not distinguishable: 0 of 1." in text


def test_what_did_not_finish_is_said(tmp_path):
    study = make_study(upto="depthwise", seeds=(0, 1))
    records = [r for r in make_records(study) if r.entry.name not in ("stage-ratio", "patchify", "depthwise")]
    records[-1] = make_record(study, "recipe", 1, status="diverged")
    records += [make_record(study, "stage-ratio", k, status="diverged") for k in (0, 1)]
    records += [make_record(study, "patchify", 0, status="failed")]
    saved(tmp_path, study, records)
    text = report(tmp_path)
    assert cells(text, "recipe")[-1] == "1 of 2 finished, 1 diverged"
    assert cells(text, "recipe")[1].endswith("(n=1)")
    assert cells(text, "recipe")[2].endswith("(n=1)")
    assert cells(text, "stage-ratio")[1:3] == ["-", "-"]
    assert cells(text, "stage-ratio")[-1] == "diverged"
    assert cells(text, "patchify")[-1] == "1 of 2 failed, 1 missing"
    assert cells(text, "depthwise")[-1] == "missing"
    assert "Runs of recipe and stage-ratio diverged" in text
    assert "Runs are missing for patchify and depthwise" in text
    assert "**patchify, seed 0**: failed: OSError: no space left on device" in text


def test_a_diverged_run_is_never_a_result(tmp_path):
    study = make_study(upto="base", seeds=(0, 1))
    diverged = make_record(study, "base", 1, status="diverged")
    diverged = replace(diverged, result=replace(diverged.result, metrics={"top1_percent": 10.0}))
    saved(tmp_path, study, [make_record(study, "base", 0, top1_percent=70.0), diverged])
    assert cells(report(tmp_path), "base")[1] == "70.00"


def test_the_last_epoch_is_reported_and_not_the_best(tmp_path):
    study = make_study(upto="base")
    record = make_record(study, "base", top1_percent=70.0)
    saved(tmp_path, study, [replace(record, result=replace(record.result, best=79.99))])
    text = report(tmp_path)
    assert "70.00" in text
    assert "79.99" not in text


def test_probes_are_marked_and_compared_with_the_rung_they_changed(tmp_path):
    study = make_study(upto="gelu", probes=True)
    saved(tmp_path, study, make_records(study))
    text = report(tmp_path)
    assert cells(text, "kernel-9")[0] == "kernel-9 (probe)"
    assert cells(text, "kernel-9")[5] == "0.00"
    assert cells(text, "gelu")[5] == "+0.05"


def test_no_published_delta_where_the_paper_made_the_step_elsewhere():
    study = with_rung(make_study(upto="inverted"), "inverted", before="depthwise")
    by_step = {row.step: row for row in make_rows(study, make_records(study))}
    assert by_step["inverted"].published.top1_percent == 80.64
    assert by_step["inverted"].published_delta is None
    assert by_step["width"].published_delta == 2.22


def test_a_step_of_ones_own_shows_no_published_value(tmp_path):
    study = with_rung(make_study(upto="recipe"), "recipe", name="mine", title="Mine", before="base")
    saved(tmp_path, study, make_records(study))
    assert cells(report(tmp_path), "mine")[4:] == ["-", "-"]


@pytest.mark.parametrize(
    ("regime", "agree", "row", "odd"),
    [
        ("resnet50", "15 of 17 in arXiv:2201.03545 Table 10", "| 4.46[^resnet50-ln] | 4.146 |", {"ln", "downsample"}),
        ("resnet200", "17 of 17 in arXiv:2201.03545 Table 11", "| 14.81 | 14.807 |", set()),
    ],
)
def test_printed_costs_stand_beside_counted_ones_and_the_odd_ones_are_flagged(tmp_path, regime, agree, row, odd):
    (path,) = write_paper_report(regime, tmp_path, figures=False)
    text = path.read_text()
    assert f"Equal to the last printed digit: {agree}." in text
    assert row in text
    notes = set(re.findall(r"^\[\^(.+)\]:", text, re.MULTILINE))
    assert notes == set(re.findall(r"\[\^([^]]+)\](?!:)", text)) == {f"{regime}-{step}" for step in odd}


@pytest.mark.parametrize("regime", ["resnet50", "resnet200"])
def test_counts_agree_with_print_but_for_the_flagged(regime):
    rows = make_rows(paper_study(regime), ())
    assert len(rows) == 17
    assert [row.step for row in rows if not counted_as_printed(row)] == [r.step for r in rows if r.published.anomaly]


def test_names_cannot_break_the_page(tmp_path):
    evil = "a|b <script>alert(1)</script>\n# *x* `y` [z](u) $m$ _w_ &lt;"
    data = replace(DATA, name=evil, note=evil)
    study = replace(make_study(upto="recipe"), data=evil)
    study = with_rung(study, "recipe", name="my-step", title=evil)
    saved(tmp_path, study, make_records(study, data=data, commit=evil))
    text = report(tmp_path)
    assert "<script" not in text
    assert "\n# \\*" not in text
    assert len(re.findall(r"(?<!\\)\|", next(x for x in text.splitlines() if x.startswith("| my-step")))) == 7
    assert escape_markdown("http://a.b, HTTPS://a.b, www.a.b") == r"http\://a.b, HTTPS\://a.b, www\.a.b"
    assert escape_markdown("snake_case stays, _this_ not") == r"snake_case stays, \_this\_ not"


def test_imagenet_with_the_full_recipe_is_not_called_a_demonstration(tmp_path):
    data = replace(DATA, name="imagenet", num_classes=1000, image_size=224, num_train_images=1_281_167)
    study = replace(make_study("in1k", "resnet50", upto="recipe", epochs=300), data="imagenet")
    saved(tmp_path, study, make_records(study, data=data))
    text = report(tmp_path)
    assert "comparable with the paper's" in text
    assert "demonstration" not in text


def test_a_middling_study_is_neither(tmp_path):
    data = replace(DATA, name="cifar10", num_train_images=50_000)
    study = replace(make_study(upto="recipe", epochs=200), data="cifar10")
    saved(tmp_path, study, make_records(study, data=data))
    text = report(tmp_path)
    assert "demonstration" not in text
    assert "need not be the paper's" in text


def test_an_unreadable_record_costs_its_rung_only(tmp_path):
    study = make_study(upto="recipe")
    saved(tmp_path, study, make_records(study))
    next((tmp_path / "results" / study.name).glob("recipe-*.json")).write_text("{")
    text = report(tmp_path)
    assert cells(text, "recipe")[-1] == "missing"
    assert re.search(r"\*\*Not read\*\*: laptop-shapes/recipe-seed0-\w+.json is not JSON", text)
    assert str(tmp_path) not in text


def test_records_of_another_study_count_where_the_run_is_the_same(tmp_path):
    first, second = make_study("first", upto="recipe"), make_study("second", upto="stage-ratio")
    saved(tmp_path, first, make_records(first))
    saved(tmp_path, second, [make_record(second, "stage-ratio")])
    assert "3 of 3 finished" in report(tmp_path, "second")


def test_nothing_to_report_is_one_clear_line(tmp_path):
    with pytest.raises(MissingResultsError, match="no study under"):
        report(tmp_path)
    save_study(make_study("planned", upto="base"), tmp_path / "results")
    with pytest.raises(MissingResultsError, match="no run of study 'planned' has ended yet"):
        report(tmp_path)
    with pytest.raises(ModernizeError, match="unknown report format 'pdf'"):
        report(tmp_path, formats=("pdf",))


def test_csv_and_json_say_where_each_number_comes_from(tmp_path):
    study = make_study(upto="patchify", seeds=(0, 1))
    saved(tmp_path, study, make_records(study))
    paths = write_report(tmp_path / "results", tmp_path / "reports", formats=("csv", "json"))
    assert [path.name for path in paths] == ["report.csv", "report.json"]
    with paths[0].open() as file:
        table = list(csv.DictReader(file))
    facts = json.loads(paths[1].read_text())
    assert [row["step"] for row in table] == [row["step"] for row in facts["rungs"]]
    row = facts["rungs"][3]
    assert (row["step"], row["n_seeds"], row["measured_on"]) == ("patchify", 2, "shapes")
    assert row["published_source"] == "arXiv:2201.03545 Table 10"
    assert row["top1_percent_published"] == 79.51
    assert row["delta_low"] < row["delta_measured"] < row["delta_high"]
    assert table[0]["delta_measured"] == ""
    assert facts["rungs"][0]["delta_measured"] is None
    assert facts["header"]["commits"] == ["0f1e2d3"]
    assert facts["limits"]
    assert facts["evidence"]["comparisons"]["n_tests"] == 3
    assert facts["evidence"]["power"]["n"] == 2
    assert facts["evidence"]["agreement"]["spearman"] is None
    assert row["p_value"] <= row["p_value_holm"] <= 1
    assert row["verdict"] == "not distinguishable at n=2"
    assert row["verdict_published"] == "not distinguishable"
    assert (row["p_value_published"], row["p_value_holm_published"]) == (0.2841, 0.8524)
    assert facts["rungs"][1]["verdict_published"] == SIGN_ONLY
    assert facts["rungs"][0]["verdict"] is facts["rungs"][0]["verdict_published"] is None


NAN = float("nan")


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("result", {"metrics": {"top1_percent": 0.0}, "best": None}),
        ("result", {"metrics": {"top1_percent": 100.0, "loss": 3e38}}),
        ("curves", {"train_loss": (NAN, NAN), "metrics": {"loss": (3e38,), "top1_percent": ()}, "lr": ()}),
        ("curves", {"train_loss": (3e38, 0.0), "metrics": {"top1_percent": (0.0,) * 99}, "split": "val"}),
        ("speed", {"images_per_second": 0.0, "seconds": 0.0, "peak_memory_mb": 0.0}),
        ("speed", {"images_per_second": 1e18, "seconds": 1e18, "peak_memory_mb": 1e18}),
        ("data", {"num_test_images": 1, "num_train_images": 0, "num_classes": 1, "image_size": 1}),
        ("budget", {"epochs": 0, "given": {"": [[None]], "recipe.lr": {}}, "cut_from": 0}),
    ],
)
def test_whatever_can_be_read_has_a_page(tmp_path, part, changes):
    study = make_study(upto="recipe", seeds=(0, 1))
    records = make_records(study)
    records[2] = replace(records[2], **{part: replace(getattr(records[2], part), **changes)})
    saved(tmp_path, study, records)
    files = write_report(tmp_path / "results", tmp_path / "reports", formats=FORMATS, figures=False)
    assert len(files) == len(FORMATS)
    assert cells(files[0].read_text(), "recipe")[0] == "recipe"
    assert "4 of 4 finished" in files[0].read_text()
    rows = make_rows(study, load_records(tmp_path / "results").records)
    for key in ("waterfall", "ladder", "costs", "metric", "loss"):
        draw(key, study, rows)


def test_no_cell_of_a_table_is_a_formula(tmp_path):
    study = replace(make_study(upto="recipe"), data="@SUM(A1)")
    study = with_rung(study, "recipe", title="=HYPERLINK(A1)", before="base")
    saved(tmp_path, study, make_records(study))
    (path,) = write_report(tmp_path / "results", tmp_path / "reports", formats=("csv",))
    row = list(csv.DictReader(path.read_text().splitlines()))[1]
    assert (row["title"], row["measured_on"]) == ("'=HYPERLINK(A1)", "'@SUM(A1)")
    assert float(row["delta_measured"])


def test_the_same_records_give_the_same_text(tmp_path):
    study = make_study(upto="width", seeds=(0, 1))
    saved(tmp_path, study, make_records(study))
    assert report(tmp_path) == report(tmp_path)


def test_a_report_of_one_seed_loads_no_heavy_library(tmp_path):
    assert loaded_by_report(tmp_path / "one", (0,)) == []
    # Tests need distributions, but not the whole of scipy.stats, which takes longer to import than a report to write.
    assert loaded_by_report(tmp_path / "two", (0, 1)) == ["numpy", "scipy"]


def loaded_by_report(tmp_path, seeds):
    study = make_study(upto="recipe", seeds=seeds)
    saved(tmp_path, study, make_records(study))
    code = (
        "import sys; from pathlib import Path; from modernize.report import write_report;"
        f"write_report(Path({str(tmp_path / 'results')!r}), Path({str(tmp_path / 'out')!r}), None,"
        "('md', 'csv', 'json'), figures=False);"
        "print([m for m in ('torch', 'pandas', 'numpy', 'scipy', 'scipy.stats', 'matplotlib') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(run.stdout.replace("'", '"'))


def test_what_is_published_for_v2_stands_beside_a_network_with_grn_alone():
    study = make_study(upto="recipe")
    records = make_records(study)
    assert "ConvNeXt V2" not in report_text(study, make_rows(study, records))
    model = {"arch": records[-1].model["arch"] | {"grn": True}}
    text = report_text(study, make_rows(study, [*records[:-1], replace(records[-1], model=model)]))
    assert "## Published for ConvNeXt V2" in text
    assert "| Tiny | 28.6 | 4.47 | 82.1 | 82.5 | 83.0 | arXiv:2301.00808 |" in text
    assert "| BatchNorm | 80.5 | arXiv:2301.00808 |" in text


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)])
def test_the_answer_is_on_the_first_screen_of_five_and_looks_its_best_on_dark_pages(tmp_path, seeds):
    study = make_study(seeds=seeds, probes=True)
    saved(tmp_path, study, make_records(study))
    (path, *files) = write_report(tmp_path / "results", tmp_path / "reports", study.name, ("md",))
    text = path.read_text(encoding="utf-8")
    first = text.split("<details>")[0]
    assert "waterfall.png" in first
    assert lines_of(first, path.parent) < LINES_A_SCREEN
    assert screens(text, path.parent) <= 5
    assert "Methods" in text
    assert "Methods" not in seen(text).replace("<b>Methods</b>", ""), "folded"
    names = {file.name for file in files}
    for light in re.findall(r'src="([\w-]+)\.png"', text):
        assert {f"{light}.png", f"{light}-dark.png"} <= names
        assert f'srcset="{light}-dark.png"' in text


@pytest.mark.parametrize("regime", ["resnet50", "resnet200"])
def test_a_published_ladder_answers_as_far_as_it_prints_spreads(tmp_path, regime):
    path, *_ = write_paper_report(regime, tmp_path)
    text = path.read_text(encoding="utf-8")
    answer = text.splitlines()[2]
    if regime == "resnet50":
        assert answer.startswith("Better: width +2.22, ")
        assert f"worse: depthwise {signed(-1.23)}, move-up {signed(-0.72)};" in answer
        assert "not tested, no spread is printed: recipe +2.69" in answer
    else:
        assert answer.startswith("No spread is printed, so nothing can be tested; the largest gains: recipe +2.94")
    assert screens(text, path.parent) <= 5

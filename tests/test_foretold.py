"""Predictions: written into a study file before its runs, and judged by the tests of its report."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from factories import make_record, make_study
from scipy import stats
from tiny_runs import tiny_data

from modernize.cli import main
from modernize.errors import ModernizeError
from modernize.report.foretold import outcomes, outcomes_json
from modernize.report.render import to_markdown
from modernize.report.rows import make_rows
from modernize.report.study_page import study_page
from modernize.results.study import Prediction, Study
from modernize.run.config import merged, read_study_file, to_toml

SEEDS = (0, 1, 2, 3)
BASE = (70.0, 71.0, 69.5, 70.5)
TOP1 = {
    "base": BASE,
    "recipe": tuple(value + add for value, add in zip(BASE, (6.0, 6.4, 5.8, 6.1), strict=True)),
    "stage-ratio": tuple(value + add for value, add in zip(BASE, (6.3, 6.2, 6.0, 5.9), strict=True)),
    "patchify": tuple(value + add for value, add in zip(BASE, (3.1, 2.5, 5.9, 0.1), strict=True)),
}
STEPS = [("recipe", "base"), ("stage-ratio", "recipe"), ("patchify", "stage-ratio")]


def predicted(*predictions: Prediction, margin: float | None = None):
    study = make_study(upto="patchify", seeds=SEEDS, equivalence_margin=margin)
    study = replace(study, predictions=predictions)
    records = [make_record(study, step, seed, top1_percent=v) for step in TOP1 for seed, v in enumerate(TOP1[step])]
    return study, make_rows(study, records)


def came_true(*predictions: Prediction, margin: float | None = None) -> list[str]:
    return [one.came_true for one in outcomes(*predicted(*predictions, margin=margin))]


def said(pair: tuple[str, str], sign: str, than: tuple[str, str] | None = None) -> Prediction:
    return Prediction(contrast=pair, sign=sign, than=than)


def test_a_prediction_comes_true_or_not_only_where_the_corrected_test_decides():
    signs = ("higher", "lower")
    assert came_true(*(said(STEPS[0], sign) for sign in signs)) == ["yes", "no"]
    assert came_true(*(said(STEPS[1], sign) for sign in signs)) == ["not decided", "not decided"]
    assert came_true(*(said(STEPS[1], sign) for sign in (*signs, "same")), margin=1.5) == ["no", "no", "yes"]
    assert came_true(said(STEPS[0], "same"), margin=1.5) == ["no"]
    assert came_true(said(STEPS[2], "same"), margin=1.5) == ["not decided"]


def test_a_difference_of_two_differences_is_paired_by_seed_and_corrected_for_their_number():
    predictions = [said(STEPS[0], "higher", STEPS[1]), said(STEPS[2], "lower", STEPS[0]), said(STEPS[0], "higher")]
    found = outcomes(*predicted(*predictions))
    columns = {step: [float(value) for value in TOP1[step]] for step in TOP1}
    p_values = []
    for one, prediction in zip(found, predictions[:2], strict=False):
        (a, b), (c, d) = prediction.pairs
        rows = zip(columns[a], columns[b], columns[c], columns[d], strict=True)
        differences = [w - x - (y - z) for w, x, y, z in rows]
        assert one.delta.mean == pytest.approx(sum(differences) / len(SEEDS))
        p_values.append(stats.ttest_1samp(differences, 0.0).pvalue)
    smaller, larger = sorted(p_values)
    assert sorted(one.p_holm for one in found[:2]) == pytest.approx([2 * smaller, max(larger, 2 * smaller)])
    assert [one.came_true for one in found] == ["yes", "yes", "yes"]


def test_without_seeds_enough_nothing_is_decided():
    study, _ = predicted(said(STEPS[0], "higher"), said(STEPS[2], "lower"))
    records = [make_record(study, step, 0, top1_percent=TOP1[step][0]) for step in ("base", "recipe")]
    assert [(one.came_true, one.p_holm) for one in outcomes(study, make_rows(study, records))] == [
        ("not decided", None),
        ("not decided", None),
    ]


def test_the_report_has_them_side_by_side_also_where_they_were_wrong():
    study, rows = predicted(said(STEPS[0], "lower"), said(STEPS[0], "higher", STEPS[1]), said(STEPS[1], "higher"))
    text = to_markdown(study_page(study, rows, (), ()), {})
    _, _, section = text.partition("## Predicted and measured")
    assert re.search(r"\| recipe against base \| lower \| \+6\.0[78] \[.*\] \| &lt;0\.001 \| no \|", section)
    assert "| recipe against base, less that of stage-ratio against recipe | higher | +6.0" in section
    assert (
        "3 predictions, as the study's file had them before its runs: 1 came true, 1 did not, 1 not decided." in section
    )
    assert [one["came_true"] for one in outcomes_json(study, rows)] == ["no", "yes", "not decided"]
    plain = to_markdown(study_page(replace(study, predictions=()), rows, (), ()), {})
    assert "Predicted" not in plain


def test_a_study_keeps_its_predictions():
    study, _ = predicted(said(STEPS[0], "lower"), said(STEPS[0], "higher", STEPS[1]))
    assert Study.from_json(json.loads(json.dumps(study.to_json()))) == study
    told = study.to_json() | {"predictions": [{"contrast": ["recipe", "bas"], "sign": "higher"}]}
    with pytest.raises(ModernizeError, match=r"unknown entry \(study\) 'bas'"):
        Study.from_json(told)


ROWS = "".join(f'[[entries]]\nname = "{name}"\nstep = "{name}"\n' for name in ("base", "recipe", "stage-ratio"))
FILE = f"""
predictions = [
    {{ contrast = ["recipe", "base"], sign = "higher" }},
    {{ contrast = ["stage-ratio", "recipe"], sign = "lower", than = ["recipe", "base"] }},
]
{ROWS}"""


def test_what_is_predicted_is_compared(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(FILE)
    request = merged(read_study_file(path), {}, "mine")
    assert request.definition.contrasts == (("recipe", "base"), ("stage-ratio", "recipe"))
    path.write_text(to_toml(request))
    again = merged(read_study_file(path), {}, "mine").definition
    assert again.predictions == request.definition.predictions


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            '{ contrast = ["recipe", "bas"], sign = "higher" }',
            "unknown entry in predictions 'bas'. Did you mean 'base'?",
        ),
        ('{ contrast = ["recipe", "base"], sign = "more" }', "predictions[0].sign cannot be 'more'. Allowed: 'higher'"),
        ('{ contrast = ["base", "base"], sign = "higher" }', "contrasts compare 'base' with itself."),
        ('{ contrast = ["recipe", "base"], sing = "lower" }', "Did you mean 'predictions[0].sign'?"),
        (
            '{ contrast = ["recipe", "base"], sign = "same" }',
            "recipe against base: same' cannot be tested; give an equi",
        ),
        (
            '{ contrast = ["recipe", "base"], sign = "higher" }, { contrast = ["recipe", "base"], sign = "lower" }',
            "predictions say two things of recipe against base.",
        ),
        (
            '{ contrast = ["recipe", "base"], sign = "higher", than = ["recipe", "base"] }',
            "predictions compare recipe against base with itself.",
        ),
        (
            '{ contrast = ["recipe", "base"], sign = "higher" }, { contrast = ["base", "recipe"], sign = "lower" }',
            "contrasts list recipe and base twice.",
        ),
    ],
)
def test_a_prediction_that_cannot_be_is_one_line(line, told, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(f"predictions = [{line}]\n{ROWS}")
    with pytest.raises(ModernizeError, match=re.escape(told)) as caught:
        read_study_file(path)
    assert "\n" not in str(caught.value)


def test_a_prediction_is_not_changed_once_there_are_results(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.toml"
    path.write_text(FILE)
    run = ["run", "mine.toml", "--data", tiny_data(tmp_path), "--epochs", "1", "--device", "cpu", "--jobs", "1"]
    assert main(run) == 0
    (report,) = (tmp_path / "reports").glob("*/report.md")
    assert "2 predictions, as the study's file had them before its runs" in report.read_text("utf-8")
    path.write_text(FILE.replace('"higher"', '"lower"', 1))
    capsys.readouterr()
    assert main(run) == 2
    assert "has results, and predictions other than these (recipe against base: higher)" in capsys.readouterr().err
    assert main([*run, "--replace"]) == 0

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest
from factories import DATA, HARDWARE, make_record, make_records, make_study, with_rung
from scipy import stats

from modernize.cli import main
from modernize.errors import ModernizeError
from modernize.report.comparison import Side, compare, load_sides
from modernize.report.comparison_page import comparison_json, comparison_page, notes
from modernize.report.render import to_markdown
from modernize.report.rows import make_rows
from modernize.results.store import save_record, save_study

SEEDS = (0, 1, 2)
OTHER = replace(DATA, name="digits", fingerprint="fedcba9876543210")


def side(study, records, label=""):
    return Side(label=label or study.name, study=study, rows={row.step: row for row in make_rows(study, records)})


def of(label, top1, **changes):
    """A study of two rungs with these accuracies."""
    steps = list(top1)
    study = make_study(label, upto=steps[-1], seeds=tuple(range(len(top1[steps[0]]))))
    records = [make_record(study, s, k, top1_percent=v, **changes) for s in steps for k, v in enumerate(top1[s])]
    return side(study, records)


A = {"base": (70.0, 71.0, 72.0), "recipe": (75.0, 77.0, 76.0)}
B = {"base": (75.1, 76.0, 76.9), "recipe": (75.2, 77.1, 75.5)}


def test_the_same_data_and_budget_are_paired_by_seed():
    found = compare(of("a", A), of("b", B, hardware=replace(HARDWARE, processor="Another"), commit="abc"))
    assert (found.quantity, found.paired) == ("value", True)
    base, recipe = found.rungs
    oracle = stats.ttest_rel(B["base"], A["base"])
    interval = oracle.confidence_interval(0.95)
    assert base.difference.mean == pytest.approx(5.0)
    assert (base.difference.low, base.difference.high) == pytest.approx((interval.low, interval.high))
    assert base.p_holm == pytest.approx(2 * oracle.pvalue)
    assert (base.verdict, recipe.verdict) == ("better", "not distinguishable at n=3")
    assert [name for name, *_ in found.differs] == ["hardware", "commit"]
    assert {"data", "epochs", "seeds", "torch"} <= set(found.same)


def test_another_budget_is_compared_by_welch():
    short = make_study("b", upto="base", seeds=(0, 1, 2, 3), epochs=6)
    values = (60.0, 61.0, 60.5, 61.5)
    other = side(short, [make_record(short, "base", k, top1_percent=v) for k, v in enumerate(values)])
    found = compare(of("a", {"base": A["base"]}), other)
    assert (found.quantity, found.paired) == ("value", False)
    (base,) = found.rungs
    assert base.difference.p_value == pytest.approx(stats.ttest_ind(values, A["base"], equal_var=False).pvalue)
    assert base.verdict == "worse"
    assert ("epochs", "12", "6") in found.differs
    assert ("seeds", "0, 1, 2", "0, 1, 2, 3") in found.differs
    assert any("budgets differ" in note for note in notes(found))


def test_other_data_leave_only_the_deltas_to_compare():
    found = compare(of("a", A), of("b", B, data=OTHER))
    assert found.quantity == "deltas"
    base, recipe = found.rungs
    assert base.difference is None
    assert base.verdict == "nothing to compare"
    deltas = [[round(r - b, 9) for r, b in zip(x["recipe"], x["base"], strict=True)] for x in (A, B)]
    assert recipe.difference.mean == pytest.approx(sum(deltas[1]) / 3 - sum(deltas[0]) / 3)
    assert recipe.difference.p_value == pytest.approx(stats.ttest_ind(*deltas, equal_var=False).pvalue)
    assert recipe.verdict == "smaller"
    assert "only the deltas of the steps are compared" in notes(found)[0]


def test_what_only_one_side_has_is_said_and_the_same_run_is_identical():
    longer = make_study("b", upto="stage-ratio", seeds=SEEDS)
    a = of("a", A)
    b = side(longer, [r for row in a.rows.values() for r in row.records.values()] + make_records(longer)[-3:])
    found = compare(a, b)
    assert [pair.verdict for pair in found.rungs] == ["identical", "identical", "only in b"]
    assert found.rungs[2].same_spec is None


def test_one_seed_has_no_interval_and_no_verdict():
    found = compare(of("a", {"base": (70.0,)}), of("b", {"base": (75.0,)}))
    assert found.rungs[0].verdict == "one seed: no interval"
    assert found.rungs[0].difference.low is None


def test_another_meaning_of_a_step_and_another_recipe_are_told():
    study = with_rung(make_study("b", upto="recipe", seeds=SEEDS), "recipe", fingerprint="0" * 16)
    records = [
        replace(r, trained_recipe=r.trained_recipe | {"lr": 0.5, "warmup_epochs": 0.2 * 12})
        if r.entry.name == "recipe"
        else r
        for r in make_records(study)
    ]
    found = compare(of("a", A), side(study, records))
    assert [pair.same_spec for pair in found.rungs] == [True, False]
    assert ("recipe.lr (recipe)", "0.004", "0.5") in found.differs
    assert ("recipe.warmup_epochs (recipe)", "20.0", "2.4") in found.differs
    assert any("Specs differ on recipe" in note for note in notes(found))


def test_a_field_that_an_old_record_lacks_was_at_its_default():
    study = make_study("b", upto="recipe", seeds=SEEDS)
    old = [
        replace(r, trained_recipe={k: v for k, v in r.trained_recipe.items() if k not in ("dropout", "step_epochs")})
        for r in make_records(study)
    ]
    differs = compare(of("a", A), side(study, old)).differs
    assert not [name for name, *_ in differs if "dropout" in name or "step_epochs" in name]


def test_runs_that_ended_badly_are_in_no_mean_and_named():
    study = make_study("b", upto="base", seeds=SEEDS)
    records = [make_record(study, "base", 0), make_record(study, "base", 1, status="diverged")]
    found = compare(of("a", {"base": A["base"]}), side(study, records))
    said = " ".join(notes(found))
    assert "Runs diverged in b: base" in said
    assert "Runs missing in b: base" in said
    assert found.rungs[0].b.n == 1


def saved(folder, name, top1=A, **changes):
    found = of(name, top1, **changes)
    save_study(found.study, folder)
    for record in found.records:
        save_record(record, folder)


def test_sides_are_folders_studies_or_names(tmp_path):
    saved(tmp_path / "one", "x")
    saved(tmp_path / "one", "y")
    saved(tmp_path / "two", "x", B)
    one, two = tmp_path / "one", tmp_path / "two"
    for a, b in ((str(one), str(two)), (str(one / "x"), str(two / "x"))):
        assert [s.label for s in load_sides(a, b)] == [a, b]
    assert [s.label for s in load_sides("x", "y", results_dir=one)] == ["x", "y"]
    assert load_sides(str(one), str(one), "y")[0].study.name == "y"
    with pytest.raises(ModernizeError, match=r"holds 2 studies; choose one with --study: x, y\."):
        load_sides(str(one), str(one))
    with pytest.raises(ModernizeError, match=r"unknown study 'z'.*x"):
        load_sides("z", "x", results_dir=one)


def test_the_command_says_what_differs_first_and_writes_files(tmp_path, capsys):
    saved(tmp_path / "results", "x")
    saved(tmp_path / "results", "y", B, commit="abc")
    assert main(["compare", "x", "y", "--out", str(tmp_path), "--format", "md,html,csv,json"]) == 0
    text = capsys.readouterr().out
    assert text.index("What differs") < text.index("commit") < text.index("Top-1, %") < text.index("better")
    files = [tmp_path / "reports" / "compare-x-y" / f"compare.{suffix}" for suffix in ("md", "html", "csv", "json")]
    assert all(str(path) in text for path in files)
    assert "| base | 71.00 ± 1.00 (n=3) | 76.00 ± 0.90 (n=3) | +5.00 [" in files[0].read_text()
    table = list(csv.DictReader(files[2].read_text().splitlines()))
    assert [row["step"] for row in table] == ["base", "recipe"]
    assert len(table[0]["record_ids_a"].split()) == 3
    assert main(["compare", "x", "y", "--out", str(tmp_path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts == json.loads(files[3].read_text())
    assert facts["differs"] == [{"what": "commit", "a": "0f1e2d3", "b": "abc"}]
    assert main(["compare", "x", "y", "--out", str(tmp_path), "--format", "pdf"]) == 2


def test_names_cannot_break_the_page():
    evil = "<script>|x"
    found = compare(of("a", A), of("b", B, commit=evil))
    page = comparison_page(replace(found, b=replace(found.b, label=evil)))
    assert "<script" not in to_markdown(page, {})
    assert page.name == "compare-a-script-x"
    assert comparison_json(found)["differs"][0]["b"] == evil

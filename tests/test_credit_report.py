"""The report of an attribution says what the records say, with as much certainty, in every format."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from factories import make_networks, make_record, planned_network
from figure_texts import assert_readable, texts
from scipy import stats

from modernize.cli import main
from modernize.errors import ModernizeError
from modernize.report import write_all, write_report
from modernize.report.credit import credits_in, effect_verdict, published_delta, reading
from modernize.report.credit_page import credit_page
from modernize.report.figures import draw
from modernize.report.render import to_markdown
from modernize.report.rows import make_rows
from modernize.results.attribution import Player
from modernize.results.shapley import shapley, subsets
from modernize.results.store import save_record, save_study
from modernize.studies.coalitions import AttributionOptions, plan_attribution

STEPS = ("depthwise", "width", "ln", "gelu")
WORTH = {"depthwise": -4.0, "width": 6.0, "ln": 0.0, "gelu": 0.3}


def study_of(n_seeds=3, **options):
    plan = plan_attribution(AttributionOptions(**options), STEPS)
    entries = [
        planned_network(one.entry, role="network", seeds=tuple(range(n_seeds)), note="") for one in plan.coalitions
    ]
    entries = [
        replace(entry, macs=1_000_000 * (4 + len(one.players) - 3 * ("depthwise" in one.players)))
        for entry, one in zip(entries, plan.coalitions, strict=True)
    ]
    return make_networks(
        *entries, seeds=tuple(range(n_seeds)), name="credit", attribution=plan, published="resnet50", regime="laptop"
    )


def value_of(one, seed):
    """An additive game with a pair that only works together, and a little noise."""
    rng = np.random.default_rng([seed, *(name in one for name in STEPS)])
    together = 2.0 * ({"depthwise", "width"} <= {*one})
    return round(50 + seed + sum(WORTH[name] for name in one) + together + 0.2 * float(rng.normal()), 2)


def records_of(study, skip=()):
    return [
        make_record(study, one.entry, seed, top1_percent=value_of(one.players, seed))
        for one in study.attribution.coalitions
        for seed in study.seeds
        if (one.entry, seed) not in skip
    ]


@pytest.fixture(scope="module")
def study():
    return study_of()


@pytest.fixture(scope="module")
def rows(study):
    return make_rows(study, records_of(study))


def markdown(study, rows):
    return to_markdown(credit_page(study, rows, (), ()), {})


def test_what_is_printed_is_what_scipy_says_of_the_records(study, rows):
    games = {seed: {one: value_of(one, seed) for one in subsets(STEPS)} for seed in study.seeds}
    text = markdown(study, rows)
    for step in STEPS:
        shares = [shapley(STEPS, games[seed])[step] for seed in study.seeds]
        low, high = stats.ttest_1samp(shares, 0.0).confidence_interval()
        cell = f"{np.mean(shares):+.2f} [{low:+.2f}, {high:+.2f}]".replace("-", "\N{MINUS SIGN}")
        assert cell in text
    everyone = frozenset(STEPS)
    lost = stats.ttest_rel(*([games[s][one] for s in study.seeds] for one in (everyone, everyone - {"width"})))
    found = {one.player.name: one for one in credits_in(study, rows).players}
    assert found["width"].left_out.delta.p_value == pytest.approx(lost.pvalue)


def test_plain_words_say_who_earns_a_place_and_who_cannot_be_told(study, rows):
    found = credits_in(study, rows)
    said = " ".join(reading(study, rows, found))
    assert [effect_verdict(one.shapley, study.metric) for one in found.players][:2] == ["worse", "better"]
    assert "Earning their place, on average over orders: width" in said
    assert "Costing more than they bring, on average over orders: depthwise" in said
    assert "Not told from nothing at this number of seeds: ln" in said
    assert "no evidence that they do nothing" in said
    # On the ladder, width comes second and gets all of what the two make together; half of it is its place.
    assert re.search(r"Of the \+[78]\.\d\d that width adds in the ladder's order, \+[01]\.\d\d is its place", said)
    place = {one.player.name: one.place.delta.mean for one in found.players}
    assert place == pytest.approx({"depthwise": -1.0, "width": 1.0, "ln": 0.0, "gelu": 0.0}, abs=0.4)
    assert "All players together make +4" in said


def test_shares_that_are_printed_add_up(study, rows):
    found = credits_in(study, rows)
    assert sum(one.shapley.delta.mean for one in found.players) == pytest.approx(found.total.mean, abs=1e-6)


def test_p_values_are_corrected_over_the_players_of_a_column(study, rows):
    found = credits_in(study, rows)
    raw = sorted(one.shapley.delta.p_value for one in found.players)
    assert min(one.shapley.p_holm for one in found.players) == pytest.approx(4 * raw[0])


def test_the_pair_that_works_together_is_found(study, rows):
    found = {one.pair: one.index for one in credits_in(study, rows).interplays}
    assert len(found) == 6
    assert found["depthwise", "width"].delta.mean == pytest.approx(2.0, abs=0.3)
    assert found["depthwise", "width"].p_holm < 0.05
    assert "| depthwise and width | +" in markdown(study, rows)


def test_credit_stands_beside_its_cost(study, rows):
    found = {one.player.name: one for one in credits_in(study, rows).players}
    assert found["width"].macs == pytest.approx(1e6)
    assert found["depthwise"].macs == pytest.approx(-2e6)
    text = markdown(study, rows)
    points = {name: f"{one.shapley.delta.mean:+.2f}".replace("-", "\N{MINUS SIGN}") for name, one in found.items()}
    assert f"| width | {points['width']} | +1.000 | {points['width']} |" in text
    assert f"| depthwise | {points['depthwise']} | \N{MINUS SIGN}2.000 | saves |" in text


def test_published_changes_are_the_papers(study):
    assert published_delta(study, Player(name="width", steps=("width",))) == pytest.approx(2.22)
    assert published_delta(study, Player(name="depthwise+width", steps=("depthwise", "width"))) == pytest.approx(0.99)
    assert published_delta(study, Player(name="mine", steps=("a-step-of-mine",))) is None


def test_the_published_case_has_its_source(study, rows):
    text = markdown(study, rows)
    assert "| multi-crop evaluation | 1.2 | 3.0 | 1.3 | arXiv:2404.00498" in text
    assert "nothing of it is measured here" in text


def test_one_seed_says_that_there_are_no_intervals():
    study = study_of(1)
    rows = make_rows(study, records_of(study))
    text = markdown(study, rows)
    assert "One seed: there are no intervals" in text
    assert "Earning their place" not in text
    assert "corrected over the players" not in text


def test_a_partial_study_says_so_and_of_how_many_orders():
    study = study_of()
    turns = study.attribution.turns
    late = {(entry, seed) for entry, turn in turns.items() for seed in study.seeds if turn > 2}
    assert late
    rows = make_rows(study, records_of(study, late))
    text = markdown(study, rows)
    assert "these are estimates on the way" in text
    assert "random orders" in text
    assert "of all, those that are complete" in text
    early = {(entry, seed) for entry, turn in turns.items() for seed in study.seeds if turn > 0}
    rows = make_rows(study, records_of(study, early))
    assert "No order of the players is complete yet" in markdown(study, rows)


def test_runs_that_diverged_are_named(study):
    records = records_of(study)
    records[-1] = make_record(study, records[-1].entry.name, records[-1].seed, status="diverged")
    text = markdown(study, make_rows(study, records))
    assert f"* **{records[-1].entry.name}, seed {records[-1].seed}**: diverged" in text
    assert "over 2 seeds" in text


def test_the_figure_has_a_line_a_step_in_three_panels(study, rows):
    figure = draw("credit", study, rows)
    assert len(figure.axes) == 3
    shown = [text for text, _ in texts(figure)]
    for words in (*STEPS, "in the ladder's order", "Shapley value: over orders", "at both ends"):
        assert words in shown
    assert any("published on ImageNet" in " ".join(text.split()) for text in shown)
    assert_readable(figure)
    assert draw("credit", replace(study, attribution=None), rows) is None


def test_every_format_is_written_and_the_same_bytes_again(study, tmp_path):
    save_study(study, tmp_path / "results")
    for record in records_of(study):
        save_record(record, tmp_path / "results")
    formats = ("md", "html", "latex", "csv", "json")
    written = write_report(tmp_path / "results", tmp_path / "reports", "credit", formats)
    names = {path.name for path in written}
    assert names == {
        "report.md",
        "credit-dark.png",
        "credit.png",
        "credit.svg",
        "report.html",
        "report.tex",
        "report.csv",
        "report.json",
    }
    bytes_of = {path: path.read_bytes() for path in written}
    write_report(tmp_path / "results", tmp_path / "reports", "credit", formats)
    assert {path: path.read_bytes() for path in written} == bytes_of
    folder = tmp_path / "reports" / "credit"
    (line,) = [
        line for line in csv.DictReader((folder / "report.csv").read_text().splitlines()) if line["step"] == "ln"
    ]
    facts = json.loads((folder / "report.json").read_text())
    (same,) = [one for one in facts["credit"] if one["step"] == "ln"]
    assert float(line["shapley"]) == same["shapley"]
    assert facts["exact"] is True
    assert "credit" in (write_all(tmp_path / "results", tmp_path / "reports")[0]).read_text()


def test_a_study_that_is_no_attribution_is_refused(study, rows):
    with pytest.raises(ModernizeError, match="is no attribution; `modernize attribute` makes one"):
        credits_in(replace(study, attribution=None), rows)


def test_the_command_plans_without_training(tmp_path, capsys):
    line = (
        "attribute --steps depthwise,width,ln,gelu --group depthwise+width --train-images 64 --test-images 40 --dry-run"
    )
    assert main([*line.split(), "--out", str(tmp_path)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "shares out all minus none among depthwise+width, gelu, ln: all 8 coalitions" in shown
    assert "8 of 8 runs to do" in shown
    assert "of training" in shown
    assert not (tmp_path / "results").exists()


def test_the_command_refuses_in_one_line(tmp_path, capsys):
    assert main(["attribute", "--steps", "depthwise,widht", "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err.strip()
    assert "'widht'; did you mean 'width'" in error.replace("nearest: ", "did you mean ") or "width" in error
    assert "\n" not in error

from __future__ import annotations

import re

import pytest
from factories import make_record, make_records, make_study, report_text
from scipy import stats

from modernize.published import published_rows
from modernize.report.evidence import (
    agreement,
    agreement_sentences,
    findings,
    power,
    power_sentence,
    verdict_sentences,
)
from modernize.report.facts import scale_limits, seed_limits
from modernize.report.paper import N_SEEDS, READINGS, Reading
from modernize.report.rows import make_rows
from modernize.results.statistics import Summary, holm, rank_correlation, welch

BASE = (70.0, 71.0, 72.0)


def rows_of(**top1_by_step):
    """Rows of a ladder whose first rungs have these top-1, a value a seed."""
    steps = list(top1_by_step)
    study = make_study(upto=steps[-1].replace("_", "-"), seeds=tuple(range(len(top1_by_step[steps[0]]))))
    records = [
        make_record(study, step.replace("_", "-"), seed, top1_percent=value)
        for step, values in top1_by_step.items()
        for seed, value in enumerate(values)
    ]
    return study, {row.step: row for row in make_rows(study, records)}


def test_verdict_follows_the_corrected_test():
    _, rows = rows_of(
        base=BASE,
        recipe=(75.0, 77.0, 76.0),  # differences 5, 6, 4: p = 0.013
        stage_ratio=(70.1, 72.0, 70.9),  # -4.9, -5, -5.1: p = 0.0001
        patchify=(71.1, 73.0, 68.9),  # 1, 1, -2: p = 1
    )
    assert rows["base"].verdict == ""
    assert [rows[step].verdict for step in ("recipe", "stage-ratio", "patchify")] == [
        "better",
        "worse",
        "not distinguishable at n=3",
    ]
    assert rows["recipe"].p_holm == pytest.approx(2 * rows["recipe"].delta.p_value)
    assert rows["stage-ratio"].p_holm == pytest.approx(3 * rows["stage-ratio"].delta.p_value)


def test_an_interval_without_zero_is_not_enough():
    same = (76.0, 77.5, 76.0)
    _, rows = rows_of(base=BASE, recipe=(76.0, 77.5, 76.0), stage_ratio=(76.1, 77.4, 76.2), patchify=same)
    recipe = rows["recipe"]
    assert recipe.delta.p_value < 0.05 < recipe.p_holm
    assert recipe.delta.excludes_zero
    assert recipe.verdict == "not distinguishable at n=3"
    said = " ".join(verdict_sentences(list(rows.values())))
    assert "better: none; worse: none; not distinguishable: 3 of 3" in said
    assert "although the uncorrected interval excludes zero: recipe." in said


def test_what_cannot_be_tested_says_why_and_is_not_counted():
    study = make_study(upto="patchify", seeds=(0, 1, 2))
    top1 = {"base": BASE, "recipe": (75.0, 77.0, 76.0), "stage-ratio": (76.0, 78.0, 77.0), "patchify": (80.0,)}
    records = [make_record(study, s, k, top1_percent=v) for s, values in top1.items() for k, v in enumerate(values)]
    rows = {row.step: row for row in make_rows(study, records)}
    assert rows["stage-ratio"].verdict == "equal differences: no interval"
    assert rows["patchify"].verdict == "one seed: no interval"
    assert rows["recipe"].p_holm == rows["recipe"].delta.p_value


@pytest.mark.parametrize("regime", READINGS)
def test_the_stored_readings_are_scipys_of_every_delta_with_two_spreads(regime):
    rows = {row.step: row for row in published_rows(regime)}
    pairs = {step: (row, rows[row.before]) for step, row in rows.items() if row.before}
    tested = {
        step: stats.ttest_ind_from_stats(
            one.top1_percent, one.top1_std, N_SEEDS, other.top1_percent, other.top1_std, N_SEEDS, equal_var=False
        ).pvalue
        for step, (one, other) in pairs.items()
        if one.top1_std and other.top1_std
    }
    stored = READINGS[regime]
    assert {step: reading.p_value for step, reading in stored.items()} == pytest.approx(tested, rel=1e-5)
    assert {step: reading.p_holm for step, reading in stored.items()} == pytest.approx(
        holm({step: p for step, p in tested.items() if rows[step].adopted})
        | holm({step: p for step, p in tested.items() if not rows[step].adopted}),
        rel=1e-5,
    )


def test_how_sure_each_published_step_is():
    verdicts = {step: reading.verdict for step, reading in READINGS["resnet50"].items()}
    unclear = {step: verdict for step, verdict in verdicts.items() if verdict != "clear"}
    assert unclear == {
        "patchify": "not distinguishable",
        "gelu": "not distinguishable",
        "fewer-norms": "borderline",
        "ln": "not distinguishable",
        "kernel-9": "not distinguishable",
        "kernel-11": "not distinguishable",
    }
    assert len(verdicts) == 15


@pytest.mark.parametrize(
    ("step", "before", "verdict"),
    [
        ("kernel-5", "move-up", "clear"),
        ("kernel-7", "kernel-5", "borderline"),
        ("kernel-9", "kernel-7", "not distinguishable"),
        ("kernel-11", "kernel-7", "not distinguishable"),
    ],
)
def test_each_kernel_size_against_the_one_before(step, before, verdict):
    rows = {row.step: Summary(n=3, mean=row.top1_percent, std=row.top1_std) for row in published_rows("resnet50")}
    p_value = welch(rows[step], rows[before]).p_value
    assert Reading(p_value=p_value, p_holm=min(1.0, 15 * p_value)).verdict == verdict


def test_power_is_one_sentence_with_what_it_rests_on():
    study, rows = rows_of(base=BASE, recipe=(75.0, 77.0, 76.0))
    found = power(study, list(rows.values()))
    # The standard deviation of the differences 5, 6, 4 is 1; 5.6535 is the noncentrality for 2 degrees of freedom.
    assert found.smallest_delta == pytest.approx(5.6535 / 3**0.5, abs=1e-4)
    sentence = power_sentence(found)
    assert "is 3.26 points: with 3 paired seeds, 80 % power in a two-sided 5 % test" in sentence
    assert "1.00 points, pooled over the ladder (2 degrees of freedom)" in sentence
    assert sentence.count(". ") == 0
    assert sentence in seed_limits(study, list(rows.values()))


def test_agreement_ranks_the_adopted_steps():
    study = make_study(upto="gelu", seeds=(0, 1), probes=True)
    rows = make_rows(study, make_records(study))
    found = agreement(rows)
    pairs = [(r.delta.mean, r.published_delta) for r in rows if r.delta]
    assert found.n == len(pairs) == 12
    assert found.same_sign == sum(a * b > 0 for a, b in pairs)
    ranked = [(r.delta.mean, r.published_delta) for r in rows if r.delta and r.adopted]
    oracle = stats.spearmanr(*zip(*ranked, strict=True))
    assert found.n_ranked == 9
    assert found.spearman == pytest.approx(oracle.statistic)
    assert found.spearman == rank_correlation(*zip(*ranked, strict=True))
    assert found.p_value == pytest.approx(oracle.pvalue)
    order = agreement_sentences(found)[1]
    assert f"{found.spearman:+.2f} over 9 adopted steps (p " in order
    assert "share a rung" in order


def test_one_seed_is_ranked_but_not_tested():
    study = make_study(upto="gelu")
    found = agreement(make_rows(study, make_records(study)))
    assert found.spearman is not None
    assert found.p_value is None
    assert "(one seed: no test)" in agreement_sentences(found)[1]


def test_nothing_published_is_no_agreement():
    study = make_study(upto="base", seeds=(0, 1))
    assert agreement(make_rows(study, make_records(study))) is None


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)])
def test_no_word_of_improvement_without_an_interval(seeds):
    study = make_study(seeds=seeds, probes=True)
    rows = make_rows(study, make_records(study))
    prose = " ".join((*scale_limits(study, rows), *seed_limits(study, rows), *findings(rows)))
    text = report_text(study, rows).replace("▲ better; ▼ worse", "")
    words = r"\b(improv\w*|gains?|helps?|hurts?|wins?|outperform\w*|significan\w*|confirmed|prove[sn]?)\b"
    assert re.findall(words, prose + text, re.IGNORECASE) == []
    for line in text.splitlines():
        if re.match(r"\| [\w-]+ \|[^|]*\|[^|]*\| [▲▼] \|", line):
            assert re.search(r"\[.+, .+\] \| [▲▼] \|", line)
    if len(seeds) == 1:
        assert not re.search(r"\b(better|worse)\b", text)

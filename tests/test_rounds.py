"""Seeds in rounds: what is decided when, how often wrongly, and that the runs are as any others."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from factories import make_networks, make_record, make_study, planned_network, report_text
from scipy import stats
from test_run_study import Diary
from tiny_runs import tiny_data, tiny_request

from modernize.errors import ModernizeError
from modernize.report.rows import make_rows
from modernize.results.record import Result
from modernize.results.rounds import looks, runs_wanted, seeds_wanted
from modernize.results.statistics import LEVEL
from modernize.results.store import load_study, save_record
from modernize.results.study import Study
from modernize.run.config import to_toml
from modernize.run.executor import Ended
from modernize.run.plan import plan_study
from modernize.run.request import request_from
from modernize.run.run_record import record_of
from modernize.run.run_study import run_study
from modernize.toml import parse_toml

ROUNDS = (4, 8, 12)
BASE = (70.0, 71.0, 72.0, 70.5, 69.0, 70.2, 71.7, 70.9, 70.0, 71.0, 72.0, 70.5)
NOISE = (0.5, -0.4, 0.3, -0.5, 0.6, -0.2, 0.1, -0.6, 0.4, -0.3, 0.2, -0.1)


def study_of(*names, rounds=ROUNDS, margin=None):
    """Entries, each compared with the one before."""
    seeds = tuple(range(rounds[-1]))
    entries = [planned_network(name, role="network", seeds=seeds) for name in names]
    contrasts = tuple(zip(names[1:], names, strict=False))
    return make_networks(*entries, seeds=seeds, contrasts=contrasts, rounds=rounds, equivalence_margin=margin)


def values_of(n=12, **shifts):
    """Results of the first `n` seeds: a base, and entries that lie so far from it."""
    drawn = {"a": BASE, **{k: [x + by + e for x, e in zip(BASE, NOISE, strict=True)] for k, by in shifts.items()}}
    return {name: dict(enumerate(values[:n])) for name, values in drawn.items()}


def test_a_round_spends_its_share_and_the_smallest_p_counts():
    (look,) = looks(study_of("a", "b"), values_of(b=0.15))
    p_values = [stats.ttest_1samp(0.15 + np.array(NOISE[:n]), 0.0).pvalue for n in ROUNDS]
    assert look.n == 12
    assert not look.decided
    assert look.p_holm == pytest.approx(3 * min(p_values))


def test_what_is_decided_gets_no_more_seeds_and_what_is_open_gets_the_next_round():
    study, values = study_of("a", "b", "c"), values_of(4, b=5.0, c=5.2)
    values["c"] = {seed: value + NOISE[11 - seed] for seed, value in values["c"].items()}
    looked = looks(study, values)
    assert [(look.n, look.decided) for look in looked] == [(4, True), (4, False)]
    assert seeds_wanted(study, looked) == {"a": 4, "b": 8, "c": 8}
    assert len(runs_wanted(study, values)) == 20


def test_holm_corrects_over_all_contrasts_also_those_that_are_decided():
    study, values = study_of("a", "b", "c"), values_of(4, b=5.0, c=11.0)
    values["c"] = {seed: value + NOISE[11 - seed] for seed, value in values["c"].items()}
    looked = looks(study, values)
    p_values = sorted(stats.ttest_rel([*values[x].values()], [*values[y].values()]).pvalue for x, y in ("ba", "cb"))
    assert sorted(look.p_holm for look in looked) == pytest.approx(
        [3 * 2 * p_values[0], max(3 * 2 * p_values[0], 3 * p_values[1])]
    )


def test_a_round_that_has_not_ended_is_not_looked_at():
    study, values = study_of("a", "b"), values_of(4, b=5.0)
    del values["b"][3]
    assert [look.n for look in looks(study, values)] == [0]
    assert seeds_wanted(study, looks(study, values)) == {"a": 4, "b": 4}
    values["b"][3] = None  # it diverged: the round has ended
    assert [look.n for look in looks(study, values)] == [4]


def test_equivalence_decides_where_a_margin_is_stated():
    assert not looks(study_of("a", "b"), values_of(b=0.0))[0].decided
    (look,) = looks(study_of("a", "b", margin=2.0), values_of(b=0.0))
    assert (look.n, look.decided) == (4, True)
    assert look.p_equivalence < LEVEL < look.p_holm


def test_what_is_compared_with_nothing_gets_the_first_round():
    study = study_of("a", "b")
    study = replace(study, entries=(*study.entries, planned_network("z", seeds=study.seeds)))
    values = {**values_of(b=0.0), "z": {}}
    assert seeds_wanted(study, looks(study, values)) == {"a": 12, "b": 12, "z": 4}


def simulated(truth, trials, *, rounds=(4, 8, 12, 16, 20), seed=0):
    """Decisions of a ladder with such true differences, in standard deviations of one run, and the seeds it took."""
    rng, names = np.random.default_rng(seed), [f"e{k}" for k in range(len(truth) + 1)]
    study, means = study_of(*names, rounds=rounds), np.concatenate([[0.0], np.cumsum(truth)])
    found, spent = [], 0
    for _ in range(trials):
        drawn = means[:, None] + rng.normal(size=(len(names), rounds[-1]))
        looked = looks(study, {name: dict(enumerate(of)) for name, of in zip(names, drawn.tolist(), strict=True)})
        found.append([look.decided for look in looked])
        spent += sum(seeds_wanted(study, looked).values())
    return np.array(found), spent / trials


def test_family_wise_error_under_the_null_is_kept():
    decided, _ = simulated([0.0] * 4, 1000)
    wrong = int(decided.any(axis=1).sum())
    assert stats.binomtest(wrong, 1000, LEVEL, alternative="greater").pvalue > 0.001
    assert wrong > 0, "a rule that decides nothing keeps every error rate"


def test_family_wise_error_is_kept_beside_real_differences():
    decided, _ = simulated([6.0, 0.0, -4.0, 0.0], 600, seed=1)
    wrong = int(decided[:, [1, 3]].any(axis=1).sum())
    assert stats.binomtest(wrong, 600, LEVEL, alternative="greater").pvalue > 0.001


def test_large_differences_are_found_with_few_seeds_and_small_ones_at_last():
    large, spent = simulated([6.0, -6.0], 200, seed=2)
    assert large.mean() > 0.99
    assert spent < 3 * 8, "two rounds of four seeds and three entries would be 24"
    small, spent = simulated([1.5, -1.5], 200, seed=3)
    assert small.mean() > 0.85
    assert 3 * 8 < spent < 3 * 20


@pytest.mark.parametrize(
    ("options", "rounds"),
    [
        ({}, (4, 8, 12, 16, 20)),
        ({"seeds": 3}, (3, 6, 9, 12, 15)),
        ({"seeds": 5, "max_seeds": 12}, (5, 10, 12)),
        ({"seeds": 5, "max_seeds": 6}, (5, 6)),
    ],
)
def test_rounds_of_a_request(options, rounds):
    request = request_from(until_decided=True, **options)
    assert request.rounds == rounds
    assert request.all_seeds == tuple(range(rounds[-1]))
    assert request_from(**parse_toml(to_toml(request))) == request


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_seeds": 8}, "max_seeds is for until_decided"),
        ({"until_decided": True, "seeds": "3-8"}, "seeds of the first round as a number"),
        ({"until_decided": True, "seeds": 8, "max_seeds": 8}, "above the 8 seeds of the first round"),
        ({"until_decided": True, "seeds": 900}, "at most 1,000"),
        ({"until_decided": True, "extend": True}, "do not know"),
        ({"until_decided": True, "max_seeds": 1}, "max_seeds"),
    ],
)
def test_rounds_that_cannot_be_are_refused(options, said):
    with pytest.raises(ModernizeError, match=said):
        request_from(**options)


def test_a_stored_study_keeps_its_rounds_and_refuses_others():
    study = study_of("a", "b")
    assert Study.from_json(study.to_json()) == study
    for rounds in ([4, 8], [8, 4, 12], [0, 12], [4, 4, 12]):
        with pytest.raises(ModernizeError, match="rounds should rise to the 12 seeds"):
            Study.from_json(study.to_json() | {"rounds": rounds})


def test_the_report_says_which_rule_decided_and_when():
    study = replace(make_study(upto="stage-ratio", seeds=tuple(range(12))), rounds=ROUNDS)
    shifts = {"base": 0.0, "recipe": 5.0, "stage-ratio": 5.1}
    n_seeds = {"base": 4, "recipe": 12, "stage-ratio": 12}
    records = [
        make_record(study, name, seed, top1_percent=round(BASE[seed] + by + random.Random(f"{name}{seed}").random(), 2))
        for name, by in shifts.items()
        for seed in range(n_seeds[name])
    ]
    rows = make_rows(study, records)
    assert [row.status for row in rows] == ["finished"] * 3
    assert [row.delta.n for row in rows[1:]] == [4, 12]
    text = report_text(study, rows)
    assert "| better, after 4 seeds |" in text
    assert "| open after 12 seeds |" in text
    assert "alpha spending, at most 3 looks (after 4, 8 and 12 seeds)" in text
    assert "28 of 28 finished" in text
    assert "partial" not in text


class Drawn:
    """An executor that trains nothing: a run's result is the mean of its rung and noise of its seed."""

    jobs = 1
    means = {"base": 50.0, "recipe": 60.0, "stage-ratio": 60.0, "patchify": 52.0}

    def __init__(self, stop_after=1000):
        self.done, self.stop_after = [], stop_after

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def mean(self, task):
        return self.means[task.entry.name]

    def run(self, tasks, handle):
        for task in tasks:
            if len(self.done) == self.stop_after:
                raise KeyboardInterrupt
            name = task.entry.name
            value = self.mean(task) + random.Random(f"{name} {task.seed}").gauss(0, 1)
            result = Result(metrics={"top1_percent": round(value, 2), "loss": 1.0}, epoch=1, best=value, best_epoch=1)
            record = replace(record_of(task, None), status="finished", result=result, error="")
            self.done.append((name, task.seed))
            handle(Ended(task.run_id, file=str(save_record(record, Path(task.results)))))


def test_rounds_are_runs_as_any_other_and_resumable(tmp_path):
    tiny_data(tmp_path)
    request = tiny_request(tmp_path, upto="patchify", until_decided=True, max_seeds=10, name="rounds")
    executor, diary = Drawn(), Diary()
    result = run_study(request, diary, executor)
    assert [line for line in diary.lines if line.startswith("start ")] == [
        "start 16 runs, 0 done, 1 jobs",
        "start 24 runs, 16 done, 1 jobs",
        "start 28 runs, 24 done, 1 jobs",
    ]
    seeds = {name: [seed for of, seed in executor.done if of == name] for name in Drawn.means}
    ends = {"base": 4, "recipe": 10, "stage-ratio": 10, "patchify": 4}
    assert seeds == {name: list(range(n)) for name, n in ends.items()}
    assert load_study(tmp_path / "out" / "results" / "rounds").rounds == (4, 8, 10)

    again = Drawn()
    assert [record.run_id for record in run_study(request, executor=again).records] == [
        r.run_id for r in result.records
    ]
    assert again.done == []
    for stop_after in (10, 20):
        out = tmp_path / f"stopped-{stop_after}"
        first, second = Drawn(stop_after), Drawn()
        with pytest.raises(KeyboardInterrupt):
            run_study(replace(request, out=out), executor=first)
        run_study(replace(request, out=out), executor=second)
        assert first.done + second.done == executor.done

    with pytest.raises(
        ModernizeError, match=r"other looks at its seeds \(after 4, 8, 10 seeds and after 4, 8, 12 seeds\)"
    ):
        run_study(replace(request, max_seeds=12), executor=Drawn())
    with pytest.raises(ModernizeError, match="other looks"):
        run_study(replace(request, until_decided=False, max_seeds=None, seeds=tuple(range(12))), executor=Drawn())


def test_a_study_that_compares_nothing_has_nothing_to_decide(tmp_path):
    tiny_data(tmp_path)
    with pytest.raises(ModernizeError, match="compares nothing"):
        plan_study(tiny_request(tmp_path, upto="base", until_decided=True))

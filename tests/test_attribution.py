"""Attribution: which coalitions are trained, that their runs are as any others, and what is made of them on the way."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from importlib import import_module
from typing import ClassVar

import pytest
from test_rounds import Drawn
from test_run_study import Diary
from tiny_runs import tiny_data, tiny_request

from modernize.analysis.attribution import credits_of
from modernize.errors import ModernizeError
from modernize.ladder import ladder
from modernize.registry import load_steps
from modernize.results.attribution import Attribution, prefixes
from modernize.results.shapley import subsets
from modernize.results.store import load_records, load_study, save_study
from modernize.results.study import Study
from modernize.run.config import merged, to_toml
from modernize.run.estimate import estimate
from modernize.run.executor import Ended
from modernize.run.plan import plan_study
from modernize.run.pool import Pool
from modernize.run.request import request_from
from modernize.run.request_entries import plan_entries
from modernize.run.request_rungs import attribution_of
from modernize.run.run_study import run_study
from modernize.toml import parse_toml

ALL = tuple(rung.step for rung in ladder("laptop"))[1:]
FOUR = ("recipe", "stage-ratio", "patchify", "depthwise")


def asked(**options):
    """Coalitions of the first four steps, unless asked otherwise."""
    own = {name: options.pop(name) for name in ("steps", "groups", "pairs", "orders", "order_seed") if name in options}
    return request_from(**({"upto": "depthwise", "attribution": own} | options))


def players(plan: Attribution) -> list[frozenset[str]]:
    return [frozenset(one.players) for one in plan.coalitions]


def test_few_steps_are_taken_in_every_coalition_and_many_along_orders():
    few = attribution_of(asked())
    assert set(players(few)) == set(subsets(FOUR))
    assert few.exact
    many = attribution_of(asked(upto=""))
    names = many.names
    assert names == ALL
    assert not many.exact
    wanted = {one for order in (*many.orders, names) for one in prefixes(order)}
    wanted |= {frozenset({name}) for name in names} | {frozenset(names) - {name} for name in names}
    assert set(players(many)) == wanted
    assert len(players(many)) == len(wanted)


def test_more_orders_only_add_networks():
    before, after = (attribution_of(asked(upto="ln", orders=orders)) for orders in (4, 10))
    assert {one.entry for one in before.coalitions} < {one.entry for one in after.coalitions}
    assert after.orders[:4] == before.orders


def test_a_coalition_is_the_base_with_its_steps_in_path_order():
    request = asked(upto="", order_seed=3)
    entries, contrasts = plan_entries(request)
    assert contrasts == ()
    for one, entry in zip(attribution_of(request).coalitions, entries, strict=True):
        alone = ladder("laptop", only=one.players or ("base",))[-1].spec
        assert (entry.name, entry.fingerprint) == (one.entry, alone.fingerprint if one.players else entry.fingerprint)
    assert entries[0].fingerprint == ladder("laptop", upto="base")[0].spec.fingerprint
    assert entries[1].fingerprint == ladder("laptop")[-1].spec.fingerprint
    assert len({entry.name for entry in entries}) == len(entries)


def test_steps_of_the_ladder_that_are_no_players_are_in_every_network():
    request = asked(upto="ln", steps=["patchify", "ln"])
    fixed = [name for name in ALL if name not in ("patchify", "ln", "downsample")]
    plan = attribution_of(request)
    assert [*plan.fixed] == fixed
    bottom, top, *_ = plan_entries(request)[0]
    assert bottom.fingerprint == ladder("laptop", only=fixed)[-1].spec.fingerprint
    assert top.fingerprint == ladder("laptop", upto="ln")[-1].spec.fingerprint
    without = attribution_of(asked(upto="", only=["patchify", "ln"]))
    assert without.fixed == ()
    assert without.names == ("patchify", "ln")


def test_grouped_steps_come_and_go_together():
    plan = attribution_of(asked(upto="width", groups=["width+depthwise"]))
    assert plan.names == ("recipe", "stage-ratio", "patchify", "depthwise+width")
    request = asked(upto="width", groups=["width+depthwise"])
    for entry in plan_entries(request)[0]:
        assert ("depthwise" in entry.steps) == ("width" in entry.steps)


def test_a_pair_is_looked_at_beside_none_and_beside_all_others():
    plan = attribution_of(asked(upto="", pairs=["ln:width"], groups=["depthwise+width"]))
    pair = ("ln", "depthwise+width")
    assert plan.pairs == (pair,)
    assert {frozenset(pair), frozenset(plan.names) - {*pair}} <= set(players(plan))


def test_coalitions_that_are_one_network_share_its_run_and_say_so(tmp_path):
    tiny_data(tmp_path)
    request = tiny_request(tmp_path, upto="", only=["recipe", "kernel-5", "kernel-7"], attribution={})
    plan = plan_study(request)
    by_name = {entry.name: entry for entry in plan.study.entries}
    assert by_name["without-recipe"].run_ids == by_name["only-kernel-7"].run_ids
    assert by_name["without-kernel-5"].run_ids == by_name["all"].run_ids
    assert len(plan.tasks) == 6
    notes = [entry.note for entry in plan.study.entries if entry.note]
    assert notes == ["the same network as all", "the same network as without-recipe"]


def test_a_step_that_does_not_stand_alone_is_refused_in_one_line(monkeypatch):
    def only_after_depthwise(spec):
        if spec.arch.spatial_conv != "depthwise":
            raise ValueError("needs a depthwise convolution")
        return spec.with_arch(width=99)

    steps = load_steps()
    changed = replace(steps["width"], transform=only_after_depthwise)
    monkeypatch.setattr(
        import_module("modernize.run.request_rungs"), "get_step", lambda name: {**steps, "width": changed}[name]
    )
    with pytest.raises(ModernizeError, match=r"step 'width' .*fails: .* --group joins steps") as caught:
        plan_entries(asked(upto="width"))
    assert "\n" not in str(caught.value)
    assert plan_entries(asked(upto="width", groups=["depthwise+width"]))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": ["ln"]}, "unknown step to attribute to, on this ladder, 'ln'"),
        ({"steps": ["patchfy"]}, "patchify"),
        ({"steps": ["patchify"]}, "there is one: take more steps"),
        ({"upto": "base"}, "there is none"),
        ({"groups": ["patchify"]}, "'patchify' is one step"),
        ({"groups": ["recipe+patchify", "patchify+depthwise"]}, "names 'patchify' twice"),
        ({"pairs": ["patchify"]}, "should be two steps"),
        ({"pairs": ["patchify:patchify"]}, "one player twice"),
        ({"pairs": ["patchify:ln"]}, "player in attribution.pairs 'ln'"),
        ({"orders": 5}, "should be even"),
        ({"orders": 2000}, "from 2 to 1,000"),
        ({"upto": "", "orders": 1000}, "Ask for fewer orders"),
        ({"probes": True}, "probes and attribution contradict"),
        ({"until_decided": True}, "until_decided and attribution contradict"),
        ({"contrasts": [["recipe", "base"]]}, "contrasts and attribution contradict"),
    ],
)
def test_what_cannot_be_shared_out_is_refused_in_one_line(options, words):
    with pytest.raises(ModernizeError) as caught:
        plan_entries(asked(**options))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_study_file_holds_an_attribution_and_the_command_line_wins():
    request = asked(groups=["patchify+depthwise"], orders=4, order_seed=2, pairs=["recipe:depthwise"])
    options = parse_toml(to_toml(request))
    assert request_from(**options) == request
    sharper = merged(options, {"attribution": {"orders": 12}})
    assert sharper.definition.attribution == replace(request.definition.attribution, orders=12)
    other = merged({"upto": "ln", "title": "Another", "probes": True, "seeds": 3}, {"attribution": {}})
    assert (other.definition.title, other.selection.probes, other.selection.upto) == ("", False, "ln")


class Played(Drawn):
    """An executor whose runs are worth what their steps are worth, and one pair more."""

    worth = dict(zip(FOUR, (8.0, -2.0, 3.0, 0.0), strict=True))

    def mean(self, task):
        steps = task.entry.steps
        return 40.0 + sum(self.worth[step] for step in steps) + 4.0 * ({"recipe", "depthwise"} <= {*steps})


@pytest.fixture
def request_of(tmp_path):
    tiny_data(tmp_path)
    return lambda **options: tiny_request(
        tmp_path, **({"upto": "depthwise", "name": "credit", "attribution": {}, "seeds": 3} | options)
    )


def credits_at(study: Study, results):
    values = {entry.name: {} for entry in study.entries}
    by_id = {record.run_id: record for record in load_records(results).records}
    for entry in study.entries:
        for seed, run_id in zip(study.seeds, entry.run_ids, strict=True):
            if run_id in by_id:
                values[entry.name][seed] = by_id[run_id].value
    return credits_of(study.attribution, values, {e.name: e.macs for e in study.entries}, {})


def test_runs_are_resumed_and_estimates_sharpen_as_they_arrive(request_of, tmp_path):
    request = request_of()
    first = Played(stop_after=20)
    with pytest.raises(KeyboardInterrupt):
        run_study(request, executor=first)
    second = Played()
    run_study(request, executor=second)
    assert len(first.done) + len(second.done) == len({*first.done, *second.done}) == 48
    results = tmp_path / "out" / "results"
    found = credits_at(load_study(results / "credit"), results)
    assert found.exact
    shares = {one.player.name: one.shapley.delta for one in found.players}
    truth = {"recipe": 10.0, "stage-ratio": -2.0, "patchify": 3.0, "depthwise": 2.0}
    assert {name: delta.mean for name, delta in shares.items()} == pytest.approx(truth, abs=1.5)
    assert sum(delta.mean for delta in shares.values()) == pytest.approx(found.total.mean)
    (helped,) = [one for one in found.interplays if one.pair == ("recipe", "depthwise")]
    assert helped.index.delta.mean == pytest.approx(4.0, abs=1.5)
    assert found.players[0].shapley.p_holm < 0.05


def test_estimates_on_the_way_are_over_the_orders_that_are_complete(request_of, tmp_path):
    request = request_of(seeds=2)
    study = plan_study(request).study
    run_study(request, executor=Played())
    results = tmp_path / "out" / "results"
    turns = study.attribution.turns
    partial = tmp_path / "partial"
    for turn in (0, 1):
        for record in load_records(results).records:
            if turns[record.entry.name] == turn:
                path = next((results / "credit").glob(f"*{record.run_id[:8]}.json"))
                (partial / "credit").mkdir(parents=True, exist_ok=True)
                shutil.copy(path, partial / "credit")
        found = credits_at(study, partial)
        assert not found.exact
        assert all(one.left_out.delta and one.added.delta and one.in_order.delta for one in found.players)
        if turn == 1:
            assert found.order_pairs >= 1
            assert sum(one.shapley.delta.mean for one in found.players) == pytest.approx(found.total.mean)
            assert sum(one.macs for one in found.players) == pytest.approx(
                study.entries[1].macs - study.entries[0].macs
            )


def test_a_run_that_did_not_finish_costs_its_orders_alone(request_of, tmp_path):
    study = plan_study(request_of(attribution={"orders": 2}, upto="width", seeds=2)).study
    plan = study.attribution
    values = {one.entry: {0: float(len(one.players)), 1: float(len(one.players))} for one in plan.coalitions}
    whole = credits_of(plan, values, {}, {})
    assert (whole.seeds, whole.order_pairs) == ((0, 1), 1)
    in_order = next(one.entry for one in plan.coalitions if frozenset(one.players) == prefixes(plan.orders[0])[2])
    del values[in_order][1]
    found = credits_of(plan, values, {}, {})
    assert found.seeds == (0,)
    assert all(one.shapley.delta.mean == pytest.approx(1.0) for one in found.players)


def test_runs_of_a_ladder_are_taken_over(request_of, tmp_path):
    ladder_of = request_of(attribution=None, name="ladder", seeds=2)
    run_study(ladder_of, executor=Drawn2())
    diary, executor = Diary(), Played()
    run_study(request_of(seeds=2), diary, executor)
    assert diary.num_done == 2 * 5
    assert len(executor.done) == 2 * (16 - 5)
    copies = [record for record in load_records(tmp_path / "out" / "results" / "credit").records if record.copied_from]
    assert {record.copied_from for record in copies} == {"ladder"}


class Drawn2(Drawn):
    means = {"base": 50.0, "recipe": 60.0, "stage-ratio": 60.0, "patchify": 52.0, "depthwise": 51.0}


class Clerk:
    """A crew that ends each run as it begins, and writes down which."""

    begun: ClassVar[list[str]] = []

    def __init__(self, number, _devices, _here, _log_folder, events):
        self.number, self.events = number, events

    def begin(self, task):
        self.begun.append(task.entry.name)
        self.events.put((self, Ended(task.run_id)))

    def end(self):
        pass


def test_what_an_estimate_needs_first_is_begun_first(request_of, monkeypatch, tmp_path):
    monkeypatch.setattr(import_module("modernize.run.pool"), "Crew", Clerk)
    plan = plan_study(request_of(upto="ln", seeds=2))
    with Pool(1, tmp_path / "logs") as pool:
        pool.run(plan.tasks, lambda event: None)  # noqa: ARG005
    turns, macs = plan.study.attribution.turns, {entry.name: entry.macs for entry in plan.study.entries}
    begun = [(turns[name], -macs[name]) for name in Clerk.begun]
    assert [turn for turn, _ in begun] == sorted(turn for turn, _ in begun)
    assert {turn for turn, _ in begun} == {0, 1, 2, 3, 4}
    assert Clerk.begun[0] == max((name for name in turns if turns[name] == 0), key=lambda name: work_of(plan, name))


def work_of(plan, name):
    return next(task.work for task in plan.tasks if task.entry.name == name)


def test_the_time_is_told_before_it_starts(request_of):
    plan = plan_study(request_of(seeds=1))
    expected = estimate(plan.tasks, [], 1)
    assert expected.run_seconds.keys() == {task.run_id for task in plan.tasks}
    assert expected.seconds > 0


def test_the_plan_on_disk_reads_back_and_damage_is_named(request_of, tmp_path):
    study = plan_study(request_of()).study
    path = save_study(study, tmp_path)
    assert load_study(path) == study
    facts = json.loads(path.read_text())
    facts["attribution"]["orders"][0][0] = "nobody"
    path.write_text(json.dumps(facts))
    with pytest.raises(ModernizeError, match="'nobody'"):
        load_study(path)


@pytest.mark.slow
def test_a_small_attribution_runs_for_real(request_of, tmp_path):
    request = request_of(upto="stage-ratio", seeds=1)
    result = run_study(request)
    assert [record.status for record in result.records] == ["finished"] * 4
    again = run_study(request)
    assert again.num_skipped == 4

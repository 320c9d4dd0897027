from __future__ import annotations

from dataclasses import asdict, replace

from factories import make_record, make_study

from modernize.ladder import ladder
from modernize.recipes import named_recipe
from modernize.results.stale import Freshness, recorded_spec


def older(record, **arch):
    """The record as it would be if the rung's steps had led to other fields."""
    entry = replace(record.entry, fingerprint="0123456789abcdef")
    return replace(record, model={"arch": record.arch | arch}, entry=entry)


def test_a_record_of_todays_steps_is_current():
    record = make_record(make_study(upto="ln"), "ln")
    assert Freshness().changes(record) == ()


def test_a_record_of_another_meaning_of_the_step_is_stale_and_says_why():
    record = older(make_record(make_study(upto="kernel-7"), "kernel-7"), kernel_size=5)
    assert [str(change) for change in Freshness().changes(record)] == ["arch.kernel_size: 5 -> 7"]


def test_what_the_user_set_by_hand_is_not_stale():
    record = older(make_record(make_study(upto="kernel-7"), "kernel-7"), width=4)
    by_hand = replace(record.budget, given={"arch.width": 4})
    assert Freshness().changes(record)
    assert Freshness().changes(replace(record, budget=by_hand)) == ()


def test_a_recipe_asked_for_on_every_rung_is_not_stale():
    record = older(make_record(make_study(upto="recipe"), "recipe"))
    finetuned = replace(record, recipe=asdict(named_recipe("finetune")))
    assert Freshness().changes(finetuned) == ()
    assert Freshness().changes(replace(finetuned, recipe=finetuned.recipe | {"lr": 1.0}))


def test_data_and_stem_stride_are_not_of_the_steps():
    record = older(make_record(make_study(upto="recipe"), "recipe"), num_classes=3, stem_stride=1)
    assert Freshness().changes(record) == ()


def test_another_name_of_a_recipe_is_not_stale():
    record = older(make_record(make_study(upto="recipe"), "recipe"))
    assert Freshness().changes(replace(record, recipe=record.recipe | {"name": "modern"})) == ()


def test_a_step_that_is_not_installed_cannot_be_judged():
    record = make_record(make_study(upto="recipe"), "recipe")
    assert Freshness().changes(replace(record, entry=replace(record.entry, steps=("nobodys-step",)))) is None
    assert Freshness().changes(replace(record, entry=replace(record.entry, regime="nobodys-regime"))) is None


def test_the_spec_of_a_record_is_rebuilt():
    rung = ladder("laptop")[-1]
    record = make_record(make_study(), rung.step)
    assert recorded_spec(record) == rung.spec.with_arch(num_classes=record.data.num_classes)

"""What a run's seed decides: everything, the initial weights alone, or the rest alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import make_records, make_study, report_text
from tiny_runs import tiny_data

from modernize import base_spec
from modernize.datasets import load_data
from modernize.report.rows import make_rows
from modernize.train.loop import train


@pytest.fixture(scope="module")
def losses(tmp_path_factory):
    data = load_data(tiny_data(tmp_path_factory.mktemp("data")), image_size=32)
    spec = base_spec("laptop").with_recipe(epochs=1, batch_size=32, lr=0.01)

    def loss(draws, seed):
        return train(spec.with_recipe(seed_draws=draws), data, seed=seed).curves.train_loss

    return {(draws, seed): loss(draws, seed) for draws in ("all", "weights", "order") for seed in (0, 1)}


def test_seed_0_draws_the_same_whatever_it_draws(losses):
    assert losses["all", 0] == losses["weights", 0] == losses["order", 0]


def test_another_seed_draws_something_else_in_each_way(losses):
    assert len({tuple(losses[draws, 1]) for draws in ("all", "weights", "order")} | {tuple(losses["all", 0])}) == 4


def test_a_report_says_what_the_seeds_of_each_row_draw_where_they_differ():
    study = make_study(upto="recipe", seeds=(0, 1, 2))
    records = make_records(study)
    column = "| a seed draws |"
    assert column not in report_text(study, make_rows(study, records))
    drawn = {"base": "all", "recipe": "order"}
    records = [
        replace(record, trained_recipe=record.trained_recipe | {"seed_draws": drawn[record.entry.name]})
        for record in records
    ]
    text = report_text(study, make_rows(study, records))
    assert column in text
    assert "| recipe | order, augmentation, noise |" in text

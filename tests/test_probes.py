"""The probe studies: what they hold equal is equal, what they leave out is nothing, and each says what it predicts."""

from __future__ import annotations

import pytest

from modernize.cost import cost
from modernize.ladder import ladder, rung_of
from modernize.regimes import spec_of
from modernize.run.config import merged, read_study_file
from modernize.run.request_entries import plan_entries
from modernize.studies.builtin import builtin_studies

PROBES = [name for name in builtin_studies() if name.startswith("probe-")]


def rows_of(name):
    entries, _ = plan_entries(merged(read_study_file(builtin_studies()[name]), {}, name))
    return {entry.name: entry for entry in entries}


def macs(entry):
    return cost(spec_of(entry.model, entry.recipe), 32).macs


@pytest.mark.parametrize("name", PROBES)
def test_a_probe_predicts_contrasts_that_it_makes(name):
    request = merged(read_study_file(builtin_studies()[name]), {}, name)
    definition = request.definition
    assert definition.expectation
    assert {pair for one in definition.predictions for pair in one.pairs} <= {*definition.contrasts}
    assert len(request.seeds) >= 3


def test_what_is_compared_at_equal_cost_costs_the_same():
    target = cost(rung_of("stage-ratio", "laptop").spec).macs
    assert {round(macs(entry) / target, 1) for entry in rows_of("probe-patchify").values()} == {1.0}
    assert all(abs(macs(entry) / target - 1) < 0.03 for entry in rows_of("probe-patchify").values())
    rows = rows_of("probe-move-up")
    less = rows.pop("move-up")
    assert all(abs(macs(entry) / macs(rows["inverted"]) - 1) < 0.015 for entry in rows.values())
    assert macs(less) < 0.85 * macs(rows["inverted"])


def test_every_rung_has_a_tuning_curve_around_the_rate_that_all_share():
    rows = rows_of("probe-rates")
    for rung in ladder("laptop"):
        own = [entry for entry in rows.values() if entry.steps == rung.steps]
        rates = sorted(entry.recipe.lr for entry in own)
        assert len(rates) == 4, rung.step
        assert rates == pytest.approx([rates[1] * factor for factor in (0.5, 1, 2, 4)])
        assert {entry.model for entry in own} == {rung.spec.arch}


def test_rows_of_the_ladder_itself_are_its_rungs():
    ln = rung_of("ln", "laptop").spec.arch
    assert rows_of("probe-ln-width")["layer-width-24"].model == ln
    assert rows_of("probe-ln-depth")["layer-depth-9"].model == ln
    assert rows_of("probe-length")["ln-14"].model == ln

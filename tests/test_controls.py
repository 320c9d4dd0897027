"""Controls of equal cost: the rung before, merely wider or deeper."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import make_records, make_study, planned_network
from figure_texts import texts

from modernize.cost import cost
from modernize.errors import ModernizeError
from modernize.ladder import ladder
from modernize.regimes import spec_of
from modernize.report.figures import figure2
from modernize.report.rows import make_rows
from modernize.run.identity import study_name
from modernize.run.request import request_from
from modernize.run.request_entries import plan_entries
from modernize.spec import set_fields
from modernize.studies.controls import COSTLIER, controls_of


@pytest.mark.parametrize("regime", ["laptop", "resnet50", "resnet200"])
def test_a_control_costs_what_its_rung_does_and_differs_from_the_rung_before_in_one_field(regime):
    rungs = {rung.step: rung for rung in ladder(regime)}
    entries, contrasts = controls_of([*rungs.values()])
    for entry, (step, name) in zip(entries, contrasts, strict=True):
        rung = rungs[step]
        assert (name, entry.role, entry.recipe) == (entry.name, "control", rung.before.recipe)
        assert cost(spec_of(entry.model, entry.recipe), 224).macs == pytest.approx(cost(rung.spec, 224).macs, rel=0.03)
        ours, theirs = set_fields(entry.model), set_fields(rung.before.arch)
        changed = {field for field in ours | theirs if ours.get(field) != theirs.get(field)}
        assert changed == ({"depths"} if step == "width" else {"dims"})


def test_only_a_costlier_step_has_one():
    rungs = ladder("laptop")
    costlier = [r.step for r in rungs if r.before and cost(r.spec).macs > COSTLIER * cost(r.before).macs]
    assert [step for step, _ in controls_of(rungs)[1]] == costlier == ["stage-ratio", "width", "kernel-7", "downsample"]


def test_a_request_for_controls_adds_them_and_compares_each_rung_with_its_own():
    plain, asked = (request_from(upto="width", controls=controls) for controls in (False, True))
    (rungs, before), (entries, contrasts) = plan_entries(plain), plan_entries(asked)
    assert [entry.name for entry in entries[len(rungs) :]] == ["stage-ratio-control", "width-control"]
    assert contrasts == (*before, ("stage-ratio", "stage-ratio-control"), ("width", "width-control"))
    assert study_name(asked) == f"{study_name(plain)}-controls"


def test_a_control_is_of_the_rung_as_it_was_set_by_hand():
    entries, _ = plan_entries(request_from(upto="stage-ratio", controls=True, set={"arch.width": 16, "recipe.lr": 0.5}))
    assert entries[-1].model.dims[0] > 16
    assert entries[-1].recipe.lr == 0.5


def test_a_study_that_lists_its_rows_has_no_use_for_them():
    row = {"name": "last", "step": "ln"}
    with pytest.raises(ModernizeError, match="controls is for a ladder"):
        request_from(entries=[row], controls=True)


def test_controls_have_a_mark_of_their_own_and_are_said_to():
    study = make_study(upto="stage-ratio")
    study = replace(study, entries=(*study.entries, planned_network("stage-ratio-control", role="control")))
    assert "Open triangles: controls" in " ".join(
        text for text, _ in texts(figure2(study, make_rows(study, make_records(study))))
    )

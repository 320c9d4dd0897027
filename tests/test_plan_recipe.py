"""A recipe for every rung, and fields of a recipe that nothing reads."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tiny_runs import tiny_data, tiny_request

from modernize.errors import ModernizeError
from modernize.run.naming import study_name
from modernize.run.overrides import read_overrides
from modernize.run.plan import plan_study


@pytest.fixture
def folder(tmp_path):
    tiny_data(tmp_path)
    return tmp_path


def test_one_recipe_for_every_rung_is_another_study(folder):
    request = tiny_request(folder, upto="recipe")
    plan = plan_study(replace(request, recipe="classic"))
    assert {task.recipe["name"] for task in plan.tasks} == {"classic"}
    assert [task.recipe["optimizer"] for task in plan_study(request).tasks] == ["sgd", "adamw"]
    assert study_name(replace(request, recipe="classic", name="")) != study_name(replace(request, name=""))
    # The base is trained as before, the step `recipe` now changes the network alone.
    assert plan_study(request).tasks[0].run_id == plan.tasks[0].run_id
    assert all(change["field"].startswith("arch.") for change in plan.tasks[1].rung.changes)


def test_a_field_that_no_rung_reads_is_refused(folder):
    with pytest.raises(ModernizeError, match=r"recipe\.layer_decay_blocks is set, but no rung of this ladder reads it"):
        plan_study(replace(tiny_request(folder), overrides=read_overrides({"recipe.layer_decay_blocks": 2})))

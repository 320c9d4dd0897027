"""Studies as data: what a file may say, the built-in ones, and rows that are no steps."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_runs import tiny_data, tiny_request

from modernize.cli import main
from modernize.cost import cost
from modernize.datasets import DATASETS
from modernize.errors import ModernizeError
from modernize.external import External
from modernize.families import family_spec
from modernize.ladder import rung_of
from modernize.recipes import named_recipe
from modernize.regimes import spec_of
from modernize.results.store import load_study
from modernize.run.config import merged, read_study_file, to_toml
from modernize.run.identity import study_name
from modernize.run.plan import plan_study
from modernize.run.recipe_changes import recipe_changes
from modernize.run.request_entries import plan_budget, plan_entries, recipe_as_trained
from modernize.run.run_study import run_study
from modernize.studies.builtin import builtin_studies, study_path
from modernize.studies.counted import all_counted, key

A = '[[entries]]\nname = "a"\nstep = "base"\n'
B = '[[entries]]\nname = "b"\nbaseline = "timm:resnet18"\n'
BOTH = f"{A}{B}"


def asked(name, /, **explicit):
    path = study_path(name)
    return merged(read_study_file(path), explicit, path.stem)


def read(text, tmp_path, **explicit):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return merged(read_study_file(path), explicit, path.stem)


BUDGETS = [(name, budget) for name in builtin_studies() for budget in ("", *asked(name).definition.budgets)]


@pytest.mark.parametrize(("name", "budget"), BUDGETS)
def test_a_built_in_study_fits_together_under_each_of_its_budgets(name, budget):
    request = asked(name, **({"budget": budget} if budget else {}))
    entries, contrasts = plan_entries(request)
    names = [entry.name for entry in entries]
    assert len(set(names)) == len(names)
    assert {name for pair in contrasts for name in pair} <= set(names)
    for entry in entries:
        recipe_as_trained(entry, request.overrides, plan_budget(request))
    definition = request.definition
    assert all((definition.title, definition.about, definition.expectation))
    assert request.data in DATASETS
    for row in definition.entries:
        assert not budget or row.under(budget).note or not row.at, "a smaller member says that it is one"


def test_networks_of_other_libraries_in_built_in_studies_are_counted_right():
    from modernize.models import count_external

    named = {}
    for name, budget in BUDGETS:
        request = asked(name, **({"budget": budget} if budget else {}))
        sizes = {"image_size": request.image_size or 32, "num_classes": DATASETS[request.data].classes or 10}
        for entry in plan_entries(request)[0]:
            if isinstance(entry.model, External):
                named[key(entry.model, **sizes)] = (entry.model, sizes)
    assert named.keys() == all_counted().keys()
    for name, (model, sizes) in named.items():
        counted = count_external(model, **sizes)
        assert all_counted()[name] == (counted.macs, counted.num_params), name


def test_the_stem_study_is_the_articles():
    request = asked("cifar10-stem")
    entries = {entry.name: entry for entry in plan_entries(request)[0]}
    assert {r.entry: r.value for r in request.definition.references} == {
        "stem-4": 73.26,
        "stem-2": 83.72,
        "resnet50": 77.07,
        "vit": 69.03,
        "swin": 73.18,
    }
    for stride in (4, 2, 1):
        model = entries[f"stem-{stride}"].model
        assert model == replace(family_spec("convnext-t").arch, stem_stride=stride)
    counted = cost(spec_of(replace(entries["stem-4"].model, num_classes=10), named_recipe("cifar10-stem")), 32)
    assert counted.num_params == 28_589_128 - 990 * 769
    for entry in entries.values():
        trained = recipe_as_trained(entry, request.overrides, plan_budget(request))
        assert (trained.optimizer, trained.lr, trained.weight_decay) == ("adamw", 1e-3, 4e-3)
        assert (trained.epochs, trained.batch_size, trained.label_smoothing) == (200, 256, 0.1)
        assert (trained.shift_pixels, trained.brightness, trained.horizontal_flip) == (4, 0.5, False)
        if not isinstance(entry.model, External):
            assert trained.stochastic_depth == (0.1, 0.1, 0.2, 0.3)
            assert trained == entry.recipe


def test_a_constant_learning_rate_does_not_fall_in_words(tmp_path):
    request = asked("cifar10-stem", budget="small", data=tiny_data(tmp_path), out=tmp_path)
    assert not [words for task in plan_study(request).tasks for words in recipe_changes(task) if "still" in words]


def test_the_pre_activation_study_is_the_articles():
    request = asked("cifar10-preact")
    entry, usual = plan_entries(request)[0]
    assert (entry.model.depths, entry.model.stage_widths, entry.model.pre_activation) == (
        *((18, 18, 18), (16, 32, 64)),
        True,
    )
    assert replace(entry.model, pre_activation=False) == usual.model
    # ResNet-164 in pre-activation order: 1.7 million parameters (arXiv:1603.05027 Table 4).
    assert round(cost(spec_of(replace(entry.model, num_classes=10), entry.recipe), 32).num_params / 1e6, 1) == 1.7
    trained = recipe_as_trained(entry, request.overrides, plan_budget(request))
    assert (trained.lr, trained.step_epochs, trained.epochs, trained.batch_size) == (0.1, (80, 120), 100, 128)
    assert trained == entry.recipe


def test_a_row_is_a_rung_a_baseline_or_an_architecture_and_may_be_another_under_a_budget(tmp_path):
    text = f"""{BOTH}
[[entries]]
name = "c"
arch = {{ like = "resnet50/ln", width = 32 }}
at.small = {{ arch = {{ like = "convnext-t", width = 8 }}, title = "small", note = "smaller" }}
[budgets.small]
epochs = 2
"""
    (a, b, c), contrasts = plan_entries(read(text, tmp_path))
    assert (a.model, a.steps, a.regime) == (rung_of("base", "laptop").spec.arch, (), "laptop")
    assert (b.role, str(b.model), b.recipe) == ("baseline", "timm:resnet18", named_recipe("convnext"))
    assert c.model == replace(rung_of("ln", "resnet50").spec.arch, width=32)
    assert contrasts == (("b", "a"), ("c", "a"))
    request = read(text, tmp_path, budget="small")
    small = plan_entries(request)[0][2]
    assert small.model == replace(family_spec("convnext-t").arch, width=8)
    assert (small.title, small.note) == ("small", "smaller")
    assert plan_budget(request).epochs == 2


def test_the_recipe_and_what_is_set_by_hand_hold_for_every_row(tmp_path):
    request = read(f'recipe = "classic"\n{BOTH}', tmp_path, set={"recipe.momentum": 0.8})
    assert {entry.recipe for entry in plan_entries(request)[0]} == {replace(named_recipe("classic"), momentum=0.8)}
    with pytest.raises(ModernizeError, match=r"recipe\.eps is set, but no entry of this study reads it"):
        plan_entries(replace(request, overrides=read("set.recipe.eps = 1e-6", tmp_path).overrides))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[entries]]\nnam = "a"', "unknown field 'entries[0].nam'. Did you mean 'entries[0].name'?"),
        ('[[entries]]\nstep = "ln"', "entries[0] lacks name."),
        ('[[entries]]\nname = "a"\nstep = 3', "entries[0].step should be str, not 3."),
        ('[[entries]]\nname = "a/b"\nstep = "ln"', "'a/b' cannot name an entry"),
        ('[[entries]]\nname = "a"', "entry 'a' should have one of step, baseline and arch, not none of them."),
        (f'{A}baseline = "timm:resnet18"', "step, baseline and arch, not both step and baseline."),
        (f'{B}regime = "laptop"', "entry 'b' has a regime, which only a step has."),
        (f"{A}{A}", "two entries are called 'a'."),
        (f'{A}role = "rang"', "entries[0].role cannot be 'rang'. Allowed: 'rung', 'probe'"),
        (f'{A}at.smal.note = "x"', "entry 'a': unknown budget 'smal'. Allowed: smoke, short, full"),
        (f'{A}at.smoke.nte = "x"', "Did you mean 'entries[0].at.smoke.note'?"),
        (f'contrasts = [["b", "aa"]]\n{BOTH}', "unknown entry in contrasts 'aa'. Did you mean 'a'? Allowed: a, b."),
        (f'contrasts = [["b", "b"]]\n{BOTH}', "contrasts compare 'b' with itself."),
        (f'contrasts = [["b"]]\n{BOTH}', "contrasts[0] should have 2 values, not 1."),
        (f'contrasts = [["b", "a"], ["b", "a"]]\n{BOTH}', "contrasts list b and a twice."),
        (
            f'contrasts = [["b", "a"]]\n{BOTH}[[entries]]\nname = "c"\nstep = "ln"',
            "entry 'c' is in no contrast and no reference; add one, or leave it out.",
        ),
        (f'{A}[[references]]\nentry = "b"\nvalue = 1.0\ndata = ""\nsource = ""', "unknown entry in references 'b'."),
        (f'{A}[[references]]\nentry = "a"\nvalue = 1.0\ndata = ""', "references[0] lacks source."),
        ("[budgets.smoke]\nepochs = 2", "budgets.smoke: the budget 'smoke' is built in; choose another name."),
        ("[budgets.mine]\nepoch = 2", "Did you mean 'budgets.mine.epochs'?"),
        ("[budgets.mine]\ncut_from = 2", "unknown field 'budgets.mine.cut_from'."),
        ("[budgets.mine]\nepochs = 0", "budgets.mine.epochs should be from 1 to 1,000,000, not 0."),
        ("budgets = 3", "budgets should be a table of fields, not 3."),
        ("title = 3", "title should be str, not 3."),
        (
            f"{A}set.recipe.warmup_epoch = 1.0",
            "entry 'a': unknown field 'recipe.warmup_epoch'. Did you mean 'recipe.warmup_epochs'?",
        ),
        (f'{A}set.recipe.lr = "x"', "entry 'a': recipe.lr should be float, not 'x'."),
        (f"{A}at.smoke.set.recipe.lr = -1.0", "entry 'a': recipe.lr should be from 0 to 1,000,000, not -1.0."),
        (f"{B}set.arch.width = 8", "entry 'b' sets arch.width, which only a step can; its options say what it is."),
        (
            '[[entries]]\nname = "a"\narch = { like = "laptop/ln" }\nset.arch.width = 8',
            "entry 'a' sets arch.width, which only a step can; write it into its arch.",
        ),
        (f'upto = "ln"\n{A}', "upto is for a ladder, but this study lists its entries; change them in its file."),
        (f"{A}[set]\narch.width = 8", "arch.width is for a ladder"),
    ],
)
def test_a_wrong_study_is_one_line_with_the_file(text, told, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ModernizeError, match=re.escape(told)) as caught:
        read_study_file(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ('step = "lm"', "entry 'a': unknown step 'lm'. Allowed: base, recipe"),
        ('baseline = "resnet18"', "entry 'a': 'resnet18' should be LIBRARY:NAME"),
        ('arch = { like = "convnext-tt" }', "unknown model 'convnext-tt'. Did you mean 'convnext-t'?"),
        ('arch = { like = "laptop/lm" }', "entry 'a': unknown step 'lm'"),
        ("arch = { nrom = 'layer' }", "entry 'a': unknown field 'arch.nrom'. Did you mean 'arch.norm'?"),
        ('step = "ln"\nset.arch.norm = "layer"', "entry 'a': step 'ln' changes nothing"),
        (
            'step = "ln"\nset.recipe.momentum = 0.5',
            "entry 'a': recipe.momentum is set, but its recipe does not read it",
        ),
        ("arch = { num_classes = 3 }", "arch.num_classes cannot be set: it follows from the data."),
    ],
)
def test_a_row_that_cannot_be_built_is_one_line(row, told, tmp_path):
    with pytest.raises(ModernizeError, match=re.escape(told)):
        plan_entries(read(f'[[entries]]\nname = "a"\n{row}\n', tmp_path))


def test_a_row_may_have_settings_of_its_own(tmp_path):
    text = """
set.recipe.lr = 0.01
[[entries]]
name = "shared"
step = "fewer-norms"
[[entries]]
name = "own"
step = "fewer-norms"
set.recipe = { lr = 0.02, epochs = 5 }
[[entries]]
name = "fine"
step = "fewer-norms"
set.arch.stem_stride = 1
at.small.set.arch.stem_stride = 4
[budgets.small]
epochs = 2
"""
    request = read(text, tmp_path, data=tiny_data(tmp_path), out=tmp_path)
    shared, own, fine = plan_entries(request)[0]
    assert [entry.recipe.lr for entry in (shared, own, fine)] == [0.01, 0.02, 0.01]
    assert replace(fine.model, stem_stride=shared.model.stem_stride) == shared.model
    assert fine.model.stem_stride == 1
    tasks = {task.entry.name: task for task in plan_study(request).tasks}
    assert {name: (t.trained_recipe["lr"], t.budget.epochs, t.budget.given) for name, t in tasks.items()} == {
        "shared": (0.01, 10, {"recipe.lr": 0.01}),
        "own": (0.02, 5, {"recipe.lr": 0.02, "recipe.epochs": 5}),
        "fine": (0.01, 10, {"arch.stem_stride": 1, "recipe.lr": 0.01}),
    }
    warmup = {name: task.trained_recipe["warmup_epochs"] for name, task in tasks.items()}
    assert warmup["own"] == warmup["shared"] / 2, "the schedule is cut to the row's own epochs"
    assert plan_entries(read(text, tmp_path, budget="small"))[0][2].model.stem_stride == 4
    by_hand = plan_study(read(text.replace("set.recipe = { lr = 0.02, epochs = 5 }", ""), tmp_path, data=request.data))
    assert by_hand.study.entries[1].run_ids == by_hand.study.entries[0].run_ids, "a row is what it is, not its name"
    assert tasks["shared"].run_id == by_hand.study.entries[0].run_ids[0]


def test_what_is_given_for_all_rows_is_refused_where_each_has_its_own(tmp_path):
    row = '[[entries]]\nname = "a"\nstep = "ln"\nset.recipe = { lr = 0.02, epochs = 5 }\n'
    with pytest.raises(ModernizeError, match=r"recipe\.lr is set, but no entry of this study reads it"):
        plan_entries(read(f"set.recipe.lr = 0.01\n{row}", tmp_path))
    with pytest.raises(ModernizeError, match=r"--epochs is for all rows, but entry 'a' sets its own recipe\.epochs"):
        plan_entries(read(row, tmp_path, epochs=2))


def test_a_ladder_may_have_contrasts_and_references_of_its_rungs(tmp_path):
    text = 'upto = "recipe"\ncontrasts = [["base", "recipe"]]\n'
    assert plan_entries(read(text, tmp_path))[1] == (("base", "recipe"), ("recipe", "base"))
    with pytest.raises(ModernizeError, match=r"unknown entry in contrasts 'recipee'\. Did you mean 'recipe'\?"):
        plan_entries(read(text.replace('"recipe"]]', '"recipee"]]'), tmp_path))


def test_a_part_of_a_ladder_keeps_the_contrasts_it_has_both_rows_of(tmp_path):
    entries, contrasts = plan_entries(asked("laptop-baselines", only=("recipe",)))
    assert [entry.name for entry in entries] == ["base", "recipe", "resnet50", "vit_tiny_patch16_224"]
    assert contrasts == (("resnet50", "base"), ("recipe", "base"))
    text = 'upto = "recipe"\n[[references]]\nentry = "ln"\nvalue = 1.0\ndata = "a"\nsource = "b"\n'
    assert plan_study(read(text, tmp_path, data=tiny_data(tmp_path), out=tmp_path)).study.references == ()


@pytest.mark.parametrize("name", builtin_studies())
def test_a_saved_study_reads_back_as_it_was(name, tmp_path):
    request = asked(name, seeds=2)
    again = read(to_toml(request), tmp_path)
    assert study_name(again) == study_name(request)
    bare = replace(request.definition, name="", chosen=())
    assert replace(again, name="", definition=replace(again.definition, name="", chosen=())) == replace(
        request, definition=bare
    )
    assert plan_entries(again) == plan_entries(request)


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("laptop", {}, "laptop-smoke"),
        ("cifar10-stem", {"budget": "small"}, "cifar10-stem-small"),
        ("cifar10-stem", {"budget": "small", "epochs": 2}, "cifar10-stem-small-2-epochs"),
        ("cifar10-stem", {"data": "npz:c.npz"}, "cifar10-stem-full-npz-c.npz"),
        ("laptop", {"upto": "gelu"}, "laptop-smoke-upto-gelu"),
        ("laptop", {"name": "mine"}, "mine"),
    ],
)
def test_a_study_is_named_after_its_file_and_what_is_otherwise(name, options, told):
    assert study_name(asked(name, **options)) == told


def test_a_name_that_is_neither_a_study_nor_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(A)
    with pytest.raises(
        ModernizeError, match=r"no study 'laptp'\. Did you mean 'laptop'\? Built in: .*here: mine\.toml"
    ):
        study_path("laptp")
    assert study_path("mine.toml") == Path("mine.toml")


def test_the_list_says_what_a_study_is_and_takes(capsys, tmp_path):
    assert main(["studies", "--json", "--out", str(tmp_path)]) == 0
    told = {study["name"]: study for study in json.loads(capsys.readouterr().out)}
    assert list(told) == list(builtin_studies())
    assert [len(told[name]["references"]) for name in ("cifar10-stem", "paper-resnet50")] == [5, 17]
    assert all(study["seconds"] > 0 and not study["seconds_measured"] for study in told.values())
    assert main(["studies", "cifar10-stem", "--budget", "small", "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    for words in ("stem-2 against stem-4", "83.72", "Qiita", "modernize run cifar10-stem --budget small"):
        assert words in shown
    (tmp_path / "mine.toml").write_text(B)
    assert main(["studies", str(tmp_path / "mine.toml"), "--out", str(tmp_path)]) == 0
    assert "counted when it runs" in capsys.readouterr().out


def test_a_listed_study_trains_its_rows_and_keeps_what_it_says(tmp_path):
    data = tiny_data(tmp_path)
    text = f"""
title = "Two"
about = "Which?"
expectation = "Neither."
contrasts = [["b", "a"]]
{A}
[[entries]]
name = "b"
arch = {{ like = "laptop/recipe", width = 4 }}
role = "control"
note = "narrow"
[[references]]
entry = "a"
value = 50.0
data = "elsewhere"
source = "a book"
"""
    common = tiny_request(tmp_path)
    options = {"data": data, "epochs": 1, "out": common.out, "jobs": 1, "device": "cpu"}
    result = run_study(read(text, tmp_path, **options))
    assert [(record.entry.name, record.status) for record in result.records] == [("a", "finished"), ("b", "finished")]
    study = load_study(common.out / "results" / result.study.name)
    assert study == result.study
    assert (study.title, study.about, study.expectation, study.published) == ("Two", "Which?", "Neither.", "")
    assert study.contrasts == (("b", "a"),)
    assert [(e.role, e.note) for e in study.entries] == [("rung", ""), ("control", "narrow")]
    assert (study.references[0].value, study.references[0].source) == (50.0, "a book")

"""Study files and fields set by hand: strict, and read back as they were written."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from modernize.errors import ModernizeError
from modernize.overrides import FIELDS, parse_settings, read_overrides
from modernize.run.config import merged, read_study_file, save_request, to_toml
from modernize.run.request import FILE_FIELDS, read_seeds, request_from
from modernize.spec import Arch, Recipe
from modernize.words import spans

EVERYTHING = {
    "regime": "resnet50", "upto": "ln", "skip": ("gelu",), "probes": True, "data": 'npz:my "odd"\\name.npz',
    "budget": "short", "epochs": 3, "train_images": 500, "image_size": 64, "stem_stride": 2, "seeds": "8-10", "jobs": 2,
    "out": "somewhere", "name": "mine", "data_dir": "data", "download": True, "device": "cuda", "precision": "fp16",
    "gpus": 2, "micro_batch": 64, "compile": True, "deterministic": True, "decode_workers": 0,
    "weights": "start.safetensors",
    "set": {"recipe.lr": 2e-3, "recipe.betas": [0.9, 0.95], "recipe.name": "my own", "arch.stem_norm": False},
}  # fmt: skip


def refused(text, tmp_path):
    """Return the one line that a study file with this text ends in."""
    path = tmp_path / "study.toml"
    path.write_text(text)
    with pytest.raises(ModernizeError) as caught:
        read_study_file(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("options", [{}, EVERYTHING, {"only": ("gelu", "ln")}], ids=["nothing", "everything", "only"])
def test_a_request_reads_back_as_it_was_written(options, tmp_path):
    request = request_from(**options)
    path = tmp_path / "study.toml"
    save_request(request, path)
    assert request_from(**read_study_file(path)) == request
    assert to_toml(request_from(**read_study_file(path))) == path.read_text()


def test_repeating_finished_runs_is_not_saved():
    for option in ("repeat", "replace"):
        assert option in FILE_FIELDS
        assert to_toml(request_from(**{option: True})) == to_toml(request_from())


@pytest.mark.parametrize(
    ("given", "seeds", "line"),
    [
        (2, (0, 1), "seeds = 2"),
        ("2", (0, 1), "seeds = 2"),
        ("8-10", (8, 9, 10), "seeds = [8, 9, 10]"),
        (" 7, 0 - 2", (0, 1, 2, 7), "seeds = [0, 1, 2, 7]"),
        ([3], (3,), "seeds = [3]"),
        ("3-3", (3,), "seeds = [3]"),
    ],
)
def test_seeds_are_a_number_a_range_or_a_list(given, seeds, line):
    request = request_from(seeds=given)
    assert request.seeds == seeds
    assert line in to_toml(request)
    assert read_seeds(spans(seeds) if len(seeds) > 1 else f"{spans(seeds)}-{seeds[0]}") == seeds


@pytest.mark.parametrize("given", [0, -1, "", "a", "8-", "3-1", "0,0", "1-3,2", [], [1.5], [True], True, 2.0, "9" * 30])
def test_seeds_that_are_none(given):
    with pytest.raises(ModernizeError, match="seeds"):
        request_from(seeds=given)


def test_another_file_is_never_replaced_unasked(tmp_path):
    path = tmp_path / "study.toml"
    save_request(request_from(upto="ln"), path)
    save_request(request_from(upto="ln"), path)  # the same command again
    with pytest.raises(ModernizeError, match="is there already; choose another --save-config, or give --replace"):
        save_request(request_from(upto="gelu"), path)
    assert 'upto = "ln"' in path.read_text()
    save_request(request_from(upto="gelu", replace=True), path)
    assert 'upto = "gelu"' in path.read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("budgt = 'smoke'", "unknown field 'budgt'. Did you mean 'budget'?"),
        ("epochs = '3'", "epochs should be int, not '3'"),
        ("epochs = 0", "epochs should be from 1 to 1,000,000, not 0"),
        ("epochs = 100000000", "epochs should be from 1 to 1,000,000"),
        ("image_size = 1000000", "image_size should be from 1 to 16,384"),
        ("jobs = 9999999", "jobs should be from 0 to 1,024"),
        (f"set.recipe.name = {'[' * 5000}", "it is nested too deeply"),
        (f"set.recipe.name = {'{a = ' * 5000}", "it is nested too deeply"),
        (f"{'a.' * 20_000}a = 1", "a key in it has more than 100 parts"),
        (f"{'a.' * 50_000}a = 1", "it is longer than 65,536 bytes"),
        (f"epochs = {'9' * 5000}", "cannot be read"),
        (f"epochs = 0x{'f' * 5000}", "epochs should be from 1 to 1,000,000, not what is there"),
        ("num_seeds = 3", "'num_seeds' is called 'seeds'"),
        ("from = 'ln'", "'from' is called 'start'"),
        ("num_processes = 2", "'num_processes' is called 'gpus'"),
        ("device = 'gpu'", "device cannot be 'gpu'. Allowed: auto, cpu, cuda"),
        ("precision = 'bf15'", "precision cannot be 'bf15'. Allowed: 'auto', 'fp32', 'bf16', 'fp16'"),
        ("only = 'ln'", "only should be a list"),
        ("epochs = ", "cannot be read"),
        ("[set]\nrecipe.lrr = 1", "unknown field 'recipe.lrr'. Did you mean 'recipe.lr'?"),
        ("[set]\nrecipe.lr = 'much'", "recipe.lr should be float, not 'much'"),
        ("[set.arch]\nnrom = 'layer'", "Did you mean 'arch.norm'?"),
        ("set = 3", "set should be a table"),
        ("[set]\nrecipe = 3", "unknown field 'recipe'"),
    ],
)
def test_a_wrong_study_file_is_one_line(text, message, tmp_path):
    assert message in refused(text, tmp_path)


def test_a_study_file_that_is_none(tmp_path):
    with pytest.raises(ModernizeError, match="does not exist"):
        read_study_file(tmp_path / "nothing.toml")
    with pytest.raises(ModernizeError, match="cannot be read: Is a directory"):
        read_study_file(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModernizeError, match="cannot be read"):
        read_study_file(tmp_path / "binary.toml")


def test_a_byte_order_mark_is_no_part_of_a_study_file(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text("epochs = 3", encoding="utf-8-sig")
    assert read_study_file(path) == {"epochs": 3}


def test_dots_in_words_and_comments_are_no_keys(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(f"# {'.' * 200}\nnote = '{'a. ' * 200}'\n")
    assert read_study_file(path)["note"].count(".") == 200


def test_every_number_a_user_can_set_has_a_range():
    numbers = {
        f.name for part in (Arch(), Recipe()) for f in fields(part) if type(getattr(part, f.name)) in (int, float)
    }
    for name in (
        name
        for name in FIELDS
        if name.partition(".")[2] in numbers - {"num_classes", "stem_stride", "depthwise_multiplier"}
    ):
        with pytest.raises(ModernizeError, match=rf"{name} should be from \d+ to [\d,]+, not"):
            read_overrides({name: 2**52})


def test_fields_may_be_nested_or_in_quotes(tmp_path):
    path = tmp_path / "study.toml"
    found = []
    for text in ("[set]\nrecipe.lr = 1", "[set.recipe]\nlr = 1", '[set]\n"recipe.lr" = 1'):
        path.write_text(text)
        found.append(request_from(**read_study_file(path)).overrides.recipe)
    assert found == [{"lr": 1.0}] * 3


def test_the_command_line_wins_field_by_field():
    options = {"upto": "ln", "epochs": 3, "set": {"recipe": {"lr": 0.1, "eps": 1e-6}}}
    request = merged(options, {"epochs": 5, "set": {"recipe.lr": 0.2}})
    assert (request.selection.upto, request.epochs) == ("ln", 5)
    assert request.overrides.recipe == {"lr": 0.2, "eps": 1e-6}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("recipe.lr=2e-3", 2e-3),
        ("recipe.lr = 1", 1),
        ("arch.stem_norm=false", False),
        ("arch.depths=[1, 1, 3, 1]", [1, 1, 3, 1]),
        ("recipe.schedule=cosine", "cosine"),
        ("recipe.schedule='cosine'", "cosine"),
        ("recipe.rand_augment=", ""),
        ("recipe.name=a=b", "a=b"),
    ],
)
def test_settings_are_toml_literals_or_bare_words(text, value):
    assert list(parse_settings([text]).values()) == [value]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["recipe.lr"], "should be FIELD=VALUE"),
        (["=3"], "should be FIELD=VALUE"),
        (["recipe.lr=1", "recipe.lr=2"], "gives recipe.lr twice"),
        (["recipe.lr=nan"], "recipe.lr should be from 0 to 1,000,000, not nan"),
        (["recipe.lr=inf"], "recipe.lr should be from 0 to 1,000,000, not inf"),
        (["recipe.lr=-1"], "recipe.lr should be from 0 to 1,000,000, not -1.0"),
        (["recipe.betas=[0.9, 1]"], "recipe.betas should be below 1, not (0.9, 1.0)"),
        (["recipe.batch_size=0"], "recipe.batch_size should be from 1 to 1,000,000, not 0"),
        (["arch.depths=[1, 1, 9999999, 1]"], "arch.depths should be from 1 to 1,000, not (1, 1, 9999999, 1)"),
        (["arch.width=100000000"], "arch.width should be from 1 to 8,192, not 100000000"),
        (["arch.init_std=inf"], "arch.init_std should be from 0 to 1,000, not inf"),
        ([f"recipe.lr={10**400}"], "recipe.lr should be float, not 1000000"),
        ([f"recipe.lr={'[' * 9000}"], "recipe.lr should be float, not '[[["),
        (["recipe.layer_decay=0"], "recipe.layer_decay should be above 0, at most 1"),
        (["recipe.lr=2026-01-01"], "recipe.lr should be float"),
        (["arch.stem_norm=False"], "arch.stem_norm should be bool, not 'False'"),
        (["arch.kernel_size=4"], "arch.kernel_size should be odd"),
        (["arch.num_classes=3"], "it follows from the data"),
        (["lr=1"], "unknown field 'lr'. Did you mean 'recipe.lr'?"),
        (["recipe.learning_rate=1"], "Did you mean 'recipe.lr'?"),
        (["wd=1"], "Did you mean 'recipe.weight_decay'?"),
        (["recipe.bs=1"], "Did you mean 'recipe.batch_size'?"),
        (["drop_path_rate=1"], "Did you mean 'recipe.stochastic_depth'?"),
        (["recpie.lr=1"], "Did you mean 'recipe.lr'?"),
        (["regime.width=3"], "Did you mean 'arch.width'?"),
        (["qqq=1"], "unknown field 'qqq'. All: `modernize show recipe --all`"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_wrong_setting_is_one_line(settings, message):
    with pytest.raises(ModernizeError) as caught:
        read_overrides(parse_settings(settings))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_field_of_the_spec_can_be_named():
    assert set(FIELDS) == {f"arch.{f.name}" for f in fields(Arch)} | {f"recipe.{f.name}" for f in fields(Recipe)}
    shorts = [name.partition(".")[2] for name in FIELDS]
    assert len(set(shorts)) == len(shorts), "hints tell fields apart by their last part"


def test_an_override_that_changes_nothing_is_kept():
    """The default of `Recipe` is not the value of a rung."""
    assert read_overrides({"recipe.lr": Recipe().lr}).recipe == {"lr": Recipe().lr}
    assert not read_overrides({})
    assert replace(request_from(), name="x").overrides == read_overrides({})

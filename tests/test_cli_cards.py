"""`modernize show` and `modernize diff` as a user meets them."""

from __future__ import annotations

import json
from dataclasses import fields

from modernize.cli import main
from modernize.spec import Arch, Recipe


def test_show_json_holds_the_card_cost_and_published_row(capsys):
    assert main(["show", "kernel-9", "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert (card["before"], card["instead_of"], card["adopted"]) == ("move-up", "kernel-7", False)
    assert card["changes"] == [{"field": "arch.kernel_size", "before": 3, "after": 9}]
    assert card["cost"]["after"]["macs"] > card["cost"]["before"]["macs"]
    assert card["published"]["top1_percent"] == 80.57
    assert (card["published"]["before"], card["published"]["top1_delta"]) == ("kernel-7", 0.0)
    assert card["why"]


def test_show_prints_the_whole_card(capsys):
    assert main(["show", "depthwise"]) == 0
    text = capsys.readouterr().out
    for words in (
        *["depthwise: Depthwise convolution", "section 2.3", "Why  ", "Watch  ", "Deviates  "],
        *["arch.spatial_conv: full -> depthwise", "GMACs, conv+fc", "46.8 %", "15,740,328"],
        *["Table 10", "78.28 ± 0.08 %", "1.23 from patchify", "* │ d3x3, 64"],
    ):
        assert words in text


def test_show_lists_every_field_on_request(capsys):
    assert main(["show", "recipe"]) == 0
    short = capsys.readouterr().out
    assert main(["show", "recipe", "--all"]) == 0
    full = capsys.readouterr().out
    assert "warmup_epochs" in short
    assert "eval_crop_ratio" not in short
    assert all(f" {field.name} " in full for field in (*fields(Arch), *fields(Recipe)))
    assert "* lr " in full, "changed fields are marked"
    assert "  betas " in full


def test_show_a_recipe_says_where_its_values_come_from(capsys):
    assert main(["show", "finetune"]) == 0
    text = capsys.readouterr().out
    assert all(field.name in text for field in fields(Recipe))
    row = next(line for line in text.splitlines() if line.startswith("layer_decay "))
    assert row.split()[1:4] == ["0.7", "Table", "6;"]
    assert main(["show", "convnext", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["fields"]["interpolation"]["value"] == "bicubic"
    assert "bilinear" in answer["fields"]["interpolation"]["source"]


def test_diff_of_a_rung_with_itself(capsys):
    assert main(["diff", "ln", "ln"]) == 0
    assert "nothing changes" in capsys.readouterr().out


def test_diff_takes_models(capsys):
    assert main(["diff", "downsample", "convnext-s", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [change["field"] for change in answer["changes"]] == ["arch.depths"]

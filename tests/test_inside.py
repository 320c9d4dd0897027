"""`modernize inside` on networks that were really trained: what it finds, draws, writes, and leaves out."""

from __future__ import annotations

import json

import pytest
import torch
from figure_texts import assert_readable
from tiny_runs import tiny_data, tiny_request

from modernize.analysis.inside import look_inside
from modernize.cli import main
from modernize.report.figures.inside import DRAWN
from modernize.report.gather import read_study
from modernize.report.inside_page import PARTS
from modernize.report.looked_into import looked_into
from modernize.run.run_study import run_study


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Two rungs with two seeds, and their weights."""
    folder = tmp_path_factory.mktemp("inside")
    tiny_data(folder)
    run_study(tiny_request(folder, out=folder, name="study", seeds=(0, 1)))
    return folder


@pytest.fixture(scope="module")
def found(out):
    study, rows, _ = read_study(out / "results" / "study")
    chosen = looked_into(study, rows, (), out)
    return look_inside("study", chosen.runs, chosen.pairs, out, num_images=10), rows


def test_what_networks_get_right_is_what_their_records_say(found):
    inside, rows = found
    (gain,) = inside.gains
    assert (gain.new, gain.old, gain.num_seeds) == ("recipe", "base", 2)
    now, then = (next(row for row in rows if row.step == name).value.mean for name in ("recipe", "base"))
    assert (gain.overall.new, gain.overall.old) == (pytest.approx(now), pytest.approx(then))
    sizes = {"0": 22, "1": 21, "2": 21}
    assert sum(gain.classes[name].new * size for name, size in sizes.items()) / 64 == pytest.approx(now)


def test_every_map_is_looked_at_on_as_many_images_as_asked(found):
    inside, _ = found
    assert inside.num_images == 10
    for name in ("base", "recipe"):
        assert [one.stride for one in inside.fields[name]] == [2, 4, 8, 16]
        for one in inside.fields[name]:
            assert one.contribution.sum() == pytest.approx(1)
            assert 1 <= one.sides_px[0] <= one.sides_px[1] <= 32
    alike = {(one.new, one.old, one.stride): one for one in inside.likenesses}
    assert {stride for *_, stride in alike} == {2, 4, 8, 16}
    assert {pair for *pair, _ in map(list, alike) for pair in [tuple(pair)]} == {
        ("base", ""), ("recipe", ""), ("recipe", "base"),
    }  # fmt: skip
    assert all(one.cka <= 1 + 1e-9 for one in alike.values())
    assert [alike["recipe", old, 4].num_pairs for old in ("", "base")] == [1, 2]


@pytest.mark.parametrize("theme", ["light", "dark", "page"])
@pytest.mark.parametrize("key", DRAWN)
def test_every_figure_can_be_read(found, key, theme):
    assert_readable(DRAWN[key](found[0], theme=theme))


def test_the_command_writes_a_page_with_figures_and_says_what_each_cannot_show(out, capsys):
    assert main(["inside", "study", "--images", "10", "--out", str(out), "--format", "md,html,csv,json"]) == 0
    printed = capsys.readouterr().out
    assert "seeds of recipe" in printed
    folder = out / "reports" / "inside-study"
    text = (folder / "inside.md").read_text("utf-8")
    assert all(part.title in text and part.limits.split(";")[0] in text for part in PARTS.values())
    assert all((folder / f"{key}.png").stat().st_size for key in DRAWN)
    assert all(f"{key}.png" in text for key in DRAWN)
    assert "npz:" in text
    assert (folder / "inside.html").read_text("utf-8").count("<svg") >= len(DRAWN)
    assert (folder / "inside.csv").read_text("utf-8").splitlines()[1].startswith("recipe,base,2,,")
    told = json.loads((folder / "inside.json").read_text("utf-8"))
    assert told["gains"][0]["overall"]["noise_percent"] is not None


def test_one_row_alone_is_looked_into_and_what_is_not_there_is_said(out, capsys):
    line = ["inside", "study", "--images", "10", "--out", str(out), "--json"]
    assert main([*line, "--entries", "base"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (list(told["seeds"]), told["gains"]) == (["base"], [])
    assert main([*line, "--entries", "bas"]) == 2
    assert "unknown row of study 'bas'. Did you mean 'base'?" in capsys.readouterr().err


def test_runs_whose_weights_are_gone_are_left_out_by_name(out, tmp_path, capsys):
    import shutil

    shutil.copytree(out / "results", tmp_path / "results")
    (tmp_path / "tiny.npz").symlink_to(out / "tiny.npz")
    assert main(["inside", "study", "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "no run of 'study' has its weights under" in error
    study, rows, _ = read_study(out / "results" / "study")
    record = rows[0].records[1]
    shutil.copytree(out / "runs", tmp_path / "runs")
    shutil.rmtree(tmp_path / "runs" / record.run_id)
    chosen = looked_into(study, rows, (), tmp_path)
    assert chosen.notes == ("Left out, for their weights are not here: base seed 1.",)
    inside = look_inside("study", chosen.runs, chosen.pairs, tmp_path, num_images=10)
    assert inside.gains[0].num_seeds == 1
    assert inside.gains[0].overall.noise is None
    assert torch.tensor([one.cka for one in inside.likenesses]).isfinite().all()

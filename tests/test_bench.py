"""`modernize bench`: a row for everything that was asked for, timed or with its reason; how fast is not tested."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest

from modernize.cli import main
from modernize.errors import ModernizeError
from modernize.results.record import Hardware
from modernize.results.speeds import Setting, SpeedSet, Timing, load_speeds, save_speeds

QUICK = ("--quick", "--device", "cpu", "--threads", "1")
PLAIN = Setting(device="cpu", precision="fp32", layout="channels-last", compiled=False)


def saved(out):
    (path,) = (out / "bench").glob("*.json")
    return load_speeds(path)


def test_every_entry_and_setting_has_a_row(tmp_path, capsys):
    line = ["bench", "base", "ln", "--baseline", "torchvision:squeezenet1_1", "--layout", "nchw,channels-last"]
    assert main([*line, *QUICK, "--out", str(tmp_path), "--format", "md,html,csv"]) == 0
    shown = capsys.readouterr().out
    found = saved(tmp_path)
    assert found.complete
    assert [setting.layout for setting in found.settings] == ["nchw", "channels-last"]
    names = ["base", "ln", "torchvision:squeezenet1_1"]
    works = ["forward", "training", "latency"]
    for setting in found.settings:
        rows = [(t.entry, t.work) for t in found.timings if t.setting == setting]
        assert rows == [(name, work) for name in names for work in works]
    for timing in found.timings:
        assert bool(timing.seconds) != bool(timing.why_not)
        assert len(timing.seconds) in (0, 2)
        assert timing.batch_size == (1 if timing.work == "latency" else 2)
    for name in names:
        assert f"\n{name}" in shown
    (folder,) = (tmp_path / "reports").iterdir()
    assert (
        "![Images a second" in (folder / "speed.md").read_text("utf-8") or "<img" in (folder / "speed.md").read_text()
    )
    assert (folder / "speed.svg").stat().st_size > 1000
    assert "<svg" in (folder / "speed.html").read_text("utf-8")
    table = list(csv.DictReader((folder / "speed.csv").read_text("utf-8").splitlines()))
    assert len(table) == len(found.timings)


def test_macs_are_those_that_cost_counts(tmp_path, capsys):
    from modernize.cost import cost
    from modernize.ladder import rung_of

    assert main(["bench", "ln", "--work", "forward", *QUICK, "--out", str(tmp_path), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["macs"] for row in rows} == {cost(rung_of("ln", "laptop").spec).macs}
    assert {row["work"] for row in rows} == {"forward"}


def test_what_cannot_be_compiled_is_a_row_that_says_why(tmp_path, capsys, monkeypatch):
    from torch import nn

    def refuse(self, *_, **__):
        raise RuntimeError("no compiler\nwas found")

    monkeypatch.setattr(nn.Module, "compile", refuse)
    line = ["bench", "base", "--work", "forward", "--layout", "nchw", "--compile", "off,on"]
    assert main([*line, *QUICK, "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    plain, compiled = saved(tmp_path).timings
    assert plain.seconds
    assert compiled.why_not == "RuntimeError: no compiler was found"
    assert compiled.why_not in shown


def test_one_network_that_fails_leaves_the_others(tmp_path, monkeypatch):
    from modernize.analysis import speed

    build = speed.build_model

    def fail_once(model, *rest, **options):
        if getattr(model, "norm", "") == "layer":
            raise MemoryError("too large")
        return build(model, *rest, **options)

    monkeypatch.setattr(speed, "build_model", fail_once)
    line = ["bench", "base", "ln", "--work", "forward", "--layout", "nchw", *QUICK, "--out", str(tmp_path)]
    assert main(line) == 0
    assert [(t.entry, bool(t.seconds), t.why_not) for t in saved(tmp_path).timings] == [
        ("base", True, ""),
        ("ln", False, "MemoryError: too large"),
    ]


def test_ctrl_c_keeps_what_is_measured(tmp_path, monkeypatch):
    from modernize.measure import timing

    wait, calls = timing._wait, []

    def interrupt(result, device):
        calls.append(device)
        if len(calls) == 12:
            raise KeyboardInterrupt
        wait(result, device)

    monkeypatch.setattr(timing, "_wait", interrupt)
    # Two warm up, one for memory, two timed: five passes of each of two entries in each of two settings.
    line = ["bench", "base", "gelu", "--work", "forward", *QUICK, "--out", str(tmp_path)]
    assert main(line) == 130
    found = saved(tmp_path)
    assert not found.complete
    first, second = found.settings
    assert all(len(t.seconds) == 2 for t in found.timed(first, "forward"))
    assert [t.why_not for t in found.timings if t.setting == second] == ["interrupted before it was timed"] * 2
    (path,) = (tmp_path / "bench").iterdir()
    assert main(["bench", "--again", str(path), "--out", str(tmp_path)]) == 0
    assert len(list((tmp_path / "bench").iterdir())) == 1


def test_formulations_are_compared_on_the_maps_of_each_stage(tmp_path, capsys):
    line = ["bench", "--formulations", "--work", "forward,training", *QUICK, "--out", str(tmp_path)]
    assert main(line) == 0
    found = saved(tmp_path)
    names = [timing.entry for timing in found.timings]
    for layer in ("LayerNorm", "depthwise 3x3", "depthwise 7x7"):
        assert any(name.startswith(f"{layer}, 8 px, 24 channels: ") for name in names)
    assert all(timing.seconds for timing in found.timings)
    assert "strips" in capsys.readouterr().out


def test_formulations_compute_the_same():
    torch = pytest.importorskip("torch")
    from modernize.analysis.formulations import formulations
    from modernize.ladder import ladder

    ways = formulations(ladder("laptop")[-1].spec, 32, 2, ("forward",))
    groups = {}
    for way in ways:
        if "GroupNorm" not in way.name:  # over channels and positions: another function
            groups.setdefault(way.name.partition(":")[0], []).append(way)
    assert len(groups) >= 9
    for same in groups.values():
        assert len(same) >= 3
        images = torch.randn(2, same[0].channels, same[0].pixels, same[0].pixels)
        weights = [torch.randn_like(p) for p in same[0].build().parameters()]
        results = []
        for way in same:
            layer = way.build()
            for parameter, weight in zip(layer.parameters(), weights, strict=True):
                parameter.data.copy_(weight.view(parameter.shape))
            results.append(layer(images))
        for result in results[1:]:
            torch.testing.assert_close(result, results[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["--precision", "fp8"], "fp32"),
        (["--layout", "nhwc"], "channels-last"),
        (["gellu"], "gelu"),
        (["base", "--upto", "ln"], "not both"),
        (["timm:resnet_50"], "resnet50"),
        (["--again", "nowhere.json"], "nowhere.json"),
        (["--device", "tpu"], "cuda"),
    ],
)
def test_mistakes_are_told_in_one_line(line, said, tmp_path, capsys):
    assert main(["bench", *line, "--quick", "--out", str(tmp_path)]) in (2, 4)
    error = capsys.readouterr().err.strip()
    assert error.startswith("error: ")
    assert said in error
    assert "\n" not in error
    assert not list(tmp_path.rglob("*.json"))


def row(**changes):
    plain = Timing(
        entry="a",
        role="rung",
        macs=10,
        num_params=3,
        setting=PLAIN,
        work="forward",
        batch_size=4,
        seconds=(0.1, 0.3, 0.2),
    )
    return replace(plain, **changes)


HARDWARE = Hardware(device="cpu", processor="P", num_cores=2, num_threads=1, memory_gb=1.0, platform="Linux")


def test_a_measurement_comes_back_as_it_was(tmp_path):
    found = SpeedSet(
        name="mine", image_size=32, hardware=HARDWARE, versions={"torch": "2"}, commit="", complete=True,
        measured_at="2026-11-22T01:02:03+00:00", timings=(row(), row(seconds=(), why_not="no")),
    )  # fmt: skip
    path = save_speeds(found, tmp_path)
    assert path.name.startswith("mine-20261122T010203-")
    assert load_speeds(path) == found
    assert found.timings[0].images_per_second == pytest.approx(20)
    path.write_text(path.read_text().replace("[0.1, 0.3, 0.2]", "[]"))
    with pytest.raises(ModernizeError, match="a has neither times nor a reason"):
        load_speeds(path)


def test_other_machines_and_moments_have_files_of_their_own(tmp_path):
    found = SpeedSet(
        name="mine", image_size=32, hardware=HARDWARE, versions={}, commit="", complete=True,
        measured_at="2026-11-22T01:02:03+00:00", timings=(row(),),
    )  # fmt: skip
    other = replace(found, hardware=replace(HARDWARE, processor="Q"))
    later = replace(found, measured_at="2026-11-22T01:02:04+00:00")
    assert len({each.file_name for each in (found, other, later)}) == 3

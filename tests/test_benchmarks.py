"""Every benchmark runs in its quick mode and prints what it measured; how fast things are is not tested."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="benchmarks/ is not installed")


def benchmark(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("name", "num_rows"),
    [("P6", 1), ("P7", 3), ("P9", 3), ("depthwise", 16)],
)
def test_prints_a_ratio(name, num_rows):
    _check(name, num_rows)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "num_rows"),
    [("P1", 1), ("P2", 2), ("P3", 1), ("P5", 1), ("P8", 1), ("P14", 2), ("P15", 2), ("kernels", 4), ("allocator", 1)],
)
def test_prints_a_ratio_slowly(name, num_rows):
    _check(name, num_rows)


@pytest.mark.slow
def test_default_job_prints_its_seconds():
    assert re.search(r"P4 .*: [\d.]+ s\n", benchmark("P4", "--quick"))


def _check(name, num_rows):
    printed = benchmark(name, "--quick", "--markdown")
    machine, header, *rows = [line for line in printed.splitlines() if line and not line.startswith("|---")]
    assert "torch" in machine
    assert "cores" in machine
    titles = [cell.strip() for cell in header.strip("|").split("|")]
    assert titles == ["goal", "what", "against", "ours", "other", "result", "at least", "aim", "verdict"]
    assert len(rows) == num_rows
    for row in rows:
        cells = dict(zip(titles, (cell.strip() for cell in row.strip("|").split("|")), strict=True))
        assert re.match(r"[\d,.]+(x| )", cells["result"]), row
        assert re.match(r"[\d,.]+ ", cells["ours"]), row


@pytest.mark.parametrize(("name", "num_rows"), [("P11", 2), ("P12", 1), ("P13", 1), ("roofs", 2)])
def test_says_what_was_not_measured_without_a_gpu(name, num_rows):
    from modernize.run.devices import find_gpus

    if find_gpus().gpus:
        pytest.skip("there is a GPU")
    printed = benchmark(name)
    assert printed.count("not measured") == num_rows
    assert find_gpus().why_none in printed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("gpu_training", {"rung": "downsample", "batch_size": 2, "num_steps": 1, "repeats": 1, "image_size": 64}),
        ("gpu_small_images", {"num_images": 128, "num_workers": 1, "repeats": 1, "batch_size": 64}),
        ("gpu_seeds", {"epochs": 1, "num_images": 64, "num_seeds": 2}),
    ],
)
def test_gpu_benchmarks_run_on_a_processor_too(module, arguments, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from importlib import import_module

    row = import_module(f"benchmarks.{module}").compare(device="cpu", **arguments)
    assert row.ours > 0
    assert row.other > 0


@pytest.fixture
def roofs(monkeypatch):
    """A device that does 6 million operations and moves 3 million bytes a second."""
    pytest.importorskip("torch")
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.roofs import Roofs

    return Roofs(operations_a_second=6e6, bytes_a_second=3e6)


def test_roofs_say_what_they_allow(roofs):
    from benchmarks.traffic import traffic
    from modernize.cost import cost
    from modernize.ladder import rung_of

    spec = rung_of("ln", "laptop").spec
    arithmetic, bandwidth = roofs.images_a_second(spec, 32)
    assert arithmetic == pytest.approx(1e6 / cost(spec, 32).macs)  # forward once, backward twice, 2 operations a MAC
    assert bandwidth == pytest.approx(3e6 / traffic(spec, 32).total_bytes)
    assert f"{100 * 2.0 / bandwidth:.1f} % of the bandwidth roof" in roofs.shares(spec, 32, 2.0)
    assert f"{100 * 2.0 / arithmetic:.1f} % of the arithmetic roof" in roofs.shares(spec, 32, 2.0)


def test_roofs_are_measured(roofs):
    from benchmarks.roofs import measure_roofs

    measured = measure_roofs("cpu", num_calls=1, repeats=1)
    assert measured.operations_a_second > 1e6
    assert measured.bytes_a_second > 1e6


@pytest.mark.parametrize(("quick", "num_rungs"), [(True, 2), (False, 14)])
def test_every_rung_of_both_regimes_stands_under_the_roofs(roofs, quick, num_rungs, monkeypatch):
    from types import SimpleNamespace

    from benchmarks import gpu_roofs

    compared = []
    monkeypatch.setattr(gpu_roofs, "find_gpus", lambda: SimpleNamespace(gpus=("a GPU",)))
    monkeypatch.setattr(gpu_roofs, "measure_roofs", lambda _: roofs)
    monkeypatch.setattr(gpu_roofs, "compare", lambda rung, setting, *_, **__: compared.append((setting[:2], rung.step)))
    product, copy, *_ = gpu_roofs.measure(quick)
    assert (product.ours, product.unit) == (6e-6, "TFLOP/s")
    assert (copy.ours, copy.unit) == (3e-6, "TB/s")
    for where in (("resnet50", 224), ("laptop", 32)):
        steps = [step for setting, step in compared if setting == where]
        assert len(steps) == num_rungs
        assert (steps[0], steps[-1]) == ("base", "downsample")


@pytest.mark.slow
@pytest.mark.parametrize(("regime", "step", "image_size"), [("resnet50", "downsample", 64), ("laptop", "base", 32)])
def test_a_rung_is_measured_against_the_nearer_roof(roofs, regime, step, image_size):
    from benchmarks.gpu_roofs import Setting, compare
    from modernize.ladder import rung_of

    rung = rung_of(step, regime)
    row = compare(rung, Setting(regime, image_size, 2), roofs, "cpu", num_steps=1, repeats=1)
    assert row.ours > 0
    assert row.other == pytest.approx(2e3 / min(roofs.images_a_second(rung.spec, image_size)))
    assert "batch 2; " in row.note
    assert "% of the bandwidth roof" in row.note


def test_names_that_do_not_exist_are_refused():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "P77"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "no benchmark 'P77'" in done.stderr


def test_faults_are_counted(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from factories import make_records, make_study

    from benchmarks.faults import Tally, _judge
    from benchmarks.same_bytes import measured_bytes
    from modernize.results.store import save_record

    records = make_records(make_study(upto="recipe", seeds=(0, 1)))
    alone = {record.run_id: measured_bytes(record) for record in records}
    paths = [save_record(record, tmp_path / "results") for record in records]
    whole, broken = Tally(), Tally()
    _judge(tmp_path, alone, whole)
    assert (whole.studies, sum(whole.counted.values())) == (1, 0)
    paths[0].with_name("copy.json").write_bytes(paths[0].read_bytes())
    paths[1].write_bytes(paths[1].read_bytes()[:-40])
    _judge(tmp_path, alone | {records[2].run_id: "another"}, broken)
    assert broken.counted == {"lost": 1, "doubled": 1, "half": 1, "differing": 1}


def test_formulations_of_a_depthwise_convolution_agree(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.syspath_prepend(ROOT)
    from modernize.analysis.formulations import MatmulDepthwise
    from modernize.nn.convs import DepthwiseConv2d

    matmul, strips = MatmulDepthwise(3, 7, 4).double(), DepthwiseConv2d(3, 7, bias=False).double()
    strips.load_state_dict({"weight": matmul.weight.detach().view(3, 1, 7, 7)})
    batch = torch.randn(5, 3, 4, 4, dtype=torch.float64)
    torch.testing.assert_close(matmul(batch), strips(batch))


def test_plain_loop_trains_the_same_network(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.plain_loop import plain_network
    from modernize.ladder import ladder
    from modernize.nn import build

    spec = ladder("laptop")[-1].spec
    torch.manual_seed(0)
    plain = plain_network(spec)
    ours = build(spec)
    ours.load_state_dict(plain.state_dict())
    batch = torch.randn(4, 3, 32, 32)
    torch.testing.assert_close(plain.eval()(batch), ours.eval()(batch), rtol=1e-4, atol=1e-4)

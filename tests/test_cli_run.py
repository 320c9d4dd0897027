"""`modernize run` and `modernize report` from the outside."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from factories import make_record, make_study
from tiny_runs import tiny_data, tiny_request

from modernize.cli import main
from modernize.results.store import save_record, save_study
from modernize.run.run_study import StudyResult

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
TINY = "run --device cpu --upto base --data digits --epochs 1 --train-images 256 --test-images 100 --name tiny"


@pytest.fixture
def trained(monkeypatch, tmp_path):
    """Let `run` end with these statuses (step -> status) without training; returns what it was asked."""
    asked = {}
    monkeypatch.chdir(tmp_path)

    def pretend(n_seeds=1, **statuses):
        study = make_study("pretended", upto="recipe", seeds=tuple(range(n_seeds)))
        steps = [rung.name for rung in study.entries]
        records = tuple(
            make_record(study, step, seed, status=statuses.get(step, "finished"))
            for step in steps
            for seed in study.seeds
        )

        def run_study(request, observer, executor=None):
            asked["request"] = request
            save_study(study, request.out / "results")
            for record in records:
                save_record(record, request.out / "results")
            return StudyResult(study=study, records=records, num_skipped=0)

        monkeypatch.setattr(importlib.import_module("modernize.run.run_study"), "run_study", run_study)
        monkeypatch.setattr("modernize.report.write.write_study", lambda *_, **__: [Path("report.md")])
        return asked

    return pretend


def test_a_finished_study_prints_its_table_and_report(trained, capsys):
    trained()
    assert main(["run"]) == 0
    title, head, base, recipe, answer, _, report = capsys.readouterr().out.splitlines()
    assert title.startswith("pretended, 1 seed")
    assert head.split()[:4] == ["rung", "top-1,", "%", "delta"]
    assert (base.split()[0], recipe.split()[0], recipe.split()[-2:]) == ("base", "recipe", ["one", "seed"])
    assert answer.startswith("One seed, so nothing is tested")
    assert report == "report: report.md"


def test_options_reach_the_request(trained, capsys):
    asked = trained()
    line = (
        "run --regime resnet50 --start recipe --upto ln --skip gelu,width --probes --seeds 3 --jobs 1 --image-size 64"
    )
    assert main(line.split()) == 0
    request = asked["request"]
    assert (request.regime, request.seeds, request.jobs, request.image_size) == ("resnet50", (0, 1, 2), 1, 64)
    chosen = request.selection
    assert (chosen.start, chosen.upto, chosen.skip, chosen.probes) == ("recipe", "ln", ("gelu", "width"), True)


def test_steps_may_be_chosen_by_the_old_name_of_start(trained):
    asked = trained()
    assert main(["run", "--from", "recipe", "--upto", "ln", "--seeds", "8-9"]) == 0
    assert (asked["request"].selection.start, asked["request"].seeds) == ("recipe", (8, 9))


def test_execution_options_reach_the_request(trained, monkeypatch):
    asked = trained()
    line = "run --device cpu --precision bf16 --micro-batch 32 --compile --deterministic --decode-workers 2 --jobs 1"
    assert main(line.split()) == 0
    request = asked["request"]
    assert (request.device, request.precision, request.micro_batch, request.decode_workers) == ("cpu", "bf16", 32, 2)
    assert request.compile
    assert request.deterministic
    assert main(["run", "--gpus", "2"]) == 0
    assert (asked["request"].device, asked["request"].gpus) == ("cuda", 2)


def test_gpus_that_are_not_there_are_one_line(monkeypatch, capsys):
    from modernize.run import placement
    from modernize.run.devices import Found

    monkeypatch.setattr(placement, "find_gpus", lambda: Found((), "no NVIDIA driver was found"))
    for options, message in (
        ("--device cuda", "a GPU is asked for, but there is none that training could use: no NVIDIA driver was found."),
        ("--gpus 1", "a GPU is asked for"),
        ("--gpus 2", "2 GPUs are asked for"),
        ("--gpus 2 --device cpu", "gpus and the device 'cpu' contradict each other"),
        ("--device tpu", "device cannot be 'tpu'. Allowed: auto, cpu, cuda"),
        ("--precision fp64", "precision cannot be 'fp64'"),
    ):
        assert main(["run", *options.split()]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1


def test_a_dry_run_says_what_runs_are_executed_on(here, monkeypatch, capsys):
    from modernize.run import placement
    from modernize.run.devices import Found, Gpu

    gpus = tuple(Gpu(index, "A GPU", (9, 0)) for index in range(4))
    monkeypatch.setattr(placement, "find_gpus", lambda: Found(gpus))
    line = "run --dry-run --data npz:tiny.npz --upto recipe --epochs 1 --seeds 4"
    assert main(line.split()) == 0
    printed = capsys.readouterr().out
    assert "on 4 x A GPU, bf16, batch 64\n" in printed
    assert "8 of 8 runs to do, 4 at a time" in printed
    assert main([*line.split(), "--gpus", "2", "--micro-batch", "8", "--precision", "fp16", "--compile"]) == 0
    printed = capsys.readouterr().out
    assert "on 4 x A GPU, fp16, batch 64 = 2 GPUs x 32, at most 8 at once, compiled" in printed
    assert "8 of 8 runs to do, 2 at a time" in printed
    assert main([*line.split(), "--cuda-graphs"]) == 0
    assert "on 4 x A GPU, bf16, batch 64, CUDA graphs\n" in capsys.readouterr().out


def test_a_plan_needs_neither_the_gpus_nor_the_data(tmp_path, monkeypatch, capsys):
    from modernize.run import placement
    from modernize.run.devices import Found

    monkeypatch.setattr(placement, "find_gpus", lambda: Found((), "no NVIDIA driver was found"))
    monkeypatch.setenv("MODERNIZE_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    (line,) = [line for line in README.splitlines() if line.startswith("modernize run") and "--gpus 8" in line]
    assert main(line.split()[1:]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "not here: 8 GPUs are asked for, but there is none that training could use: no NVIDIA driver" in printed
    assert "not here: imagenet is not at" in printed
    assert "1,281,167 training and 50,000 test images of imagenet at 224 px, 1000 classes" in printed
    assert "on 8 x GPU, bf16, batch 256 or 4,096 = 8 GPUs x 32 or 512, at most 256 at once" in printed
    assert "42 of 42 runs to do" in printed
    assert list(tmp_path.iterdir()) == []
    assert main([word for word in line.split()[1:] if word != "--dry-run"]) == 2
    assert capsys.readouterr().err.startswith("error: 8 GPUs are asked for")
    assert main(["run", "--data", "imagenet", "--dry-run", "--device", "cpu", "--train-images", "2000000"]) == 2
    assert "imagenet has only 1281167" in capsys.readouterr().err
    assert main(["run", "--data", "imagenet", "--device", "cpu"]) == 2
    assert main(["run", "--data", "folder:nowhere", "--dry-run"]) == 2, "nothing is known of it"


def test_a_failed_run_gives_3_and_still_a_report(trained, capsys):
    trained(recipe="failed")
    assert main(["run"]) == 3
    printed = capsys.readouterr()
    assert "report: report.md" in printed.out
    assert "1 of 2 runs failed" in printed.err


def test_a_diverged_run_is_a_result(trained, capsys):
    trained(recipe="diverged")
    assert main(["run"]) == 0
    assert "diverged" in capsys.readouterr().out


def test_no_report_where_every_run_failed(trained, capsys):
    trained(base="failed", recipe="failed")
    assert main(["run"]) == 3
    assert "nothing to report" in capsys.readouterr().err


def test_interruption_says_how_to_go_on(monkeypatch, capsys):
    def interrupt(request, observer, executor=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module("modernize.run.run_study"), "run_study", interrupt)
    assert main(["run"]) == 130
    assert "the same command goes on" in capsys.readouterr().err


def test_a_study_file_is_run_and_options_win_over_it(trained, tmp_path):
    asked = trained()
    path = tmp_path / "study.toml"
    path.write_text('upto = "ln"\nskip = ["gelu"]\nepochs = 3\n[set]\nrecipe.lr = 0.1\nrecipe.eps = 1e-6\n')
    assert main(["run", str(path), "--epochs", "5", "--regime", "laptop", "--set", "recipe.lr=2e-3"]) == 0
    request = asked["request"]
    assert (request.epochs, request.selection.upto, request.selection.skip) == (5, "ln", ("gelu",))
    assert request.overrides.recipe == {"lr": 2e-3, "eps": 1e-6}


def test_a_saved_study_file_asks_for_the_same(trained, tmp_path, capsys):
    asked = trained()
    path = str(tmp_path / "study.toml")
    assert main(["run", "--upto", "ln", "--seeds", "2", "--set", "arch.stem_norm=false", "--save-config", path]) == 0
    first = asked["request"]
    assert f"wrote {path}" in capsys.readouterr().err
    assert main(["run", path]) == 0
    assert asked["request"] == first
    assert main(["run", "--save-config", path]) == 2
    assert "is there already" in capsys.readouterr().err


def test_a_wrong_request_leaves_no_study_file(tmp_path, capsys):
    path = tmp_path / "study.toml"
    assert main(["run", "--upto", "lm", "--save-config", str(path)]) == 2
    assert main(["run", "--name", "../mine", "--save-config", str(path)]) == 2
    assert not path.exists()


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny_data(tmp_path)
    return tmp_path


DRY = "run --device cpu --dry-run --data npz:tiny.npz --upto recipe --epochs 2 --seeds 2 --jobs 1 --set recipe.lr=2e-3"


def test_a_dry_run_prints_the_plan_and_starts_nothing(here):
    code = f"""
import sys
from modernize.cli import main
code = main({DRY.split()!r})
print(*(name for name in ("torch", "torchvision", "pandas", "matplotlib") if name in sys.modules), file=sys.stderr)
sys.exit(code)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, "")
    for words in (
        *[
            "on the processor, fp32, batch 64",
            "2 rungs x 2 seeds (0-1); 128 training and 64 test images",
            "0 of 2",
            "parameters",
        ],
        *["classic (base)", "convnext (recipe)", "set by hand: recipe.lr = 0.002"],
        *["4 of 4 runs to do, 1 at a time: about", "Time: rough"],
    ):
        assert words in done.stdout
    assert [path.name for path in here.iterdir()] == ["tiny.npz"]


def test_a_dry_run_knows_what_is_done(here, capsys):
    from modernize.run.environment import hardware
    from modernize.run.plan import plan_study

    request = tiny_request(here, epochs=2, seeds=2, data="npz:tiny.npz", set={"recipe.lr": 2e-3})
    task = plan_study(request).tasks[0]
    record = make_record(make_study("before", upto="recipe"), "base", run_id=task.run_id, hardware=hardware(1))
    save_record(replace(record, model=task.model, data=task.data), here / "results")
    assert main(DRY.split()) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line}
    assert "1 of 2" in rows["base"]
    assert "0 of 2" in rows["recipe"]
    assert rows["3"].startswith("3 of 4 runs to do")
    assert "this machine" in rows["Time:"]
    assert main([*DRY.split(), "--repeat"]) == 0
    assert "4 of 4 runs to do" in capsys.readouterr().out


@pytest.mark.parametrize("width", [80, 120])
def test_a_dry_run_fits_the_terminal(width, here, capsys, monkeypatch):
    monkeypatch.setattr("modernize.cli.console.width", lambda: width)
    assert main(DRY.split()) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= width


@pytest.mark.slow
def test_run_again_skips_and_report_writes_tables(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(TINY.split()) == 0
    assert "report: reports/tiny/report.md" in capsys.readouterr().out
    assert (tmp_path / "reports/tiny/report.md").exists()
    assert main(TINY.split()) == 0
    assert "1 of 1 run finished already: skipped" in capsys.readouterr().err
    assert main(["report", "--format", "csv,json"]) == 0
    assert capsys.readouterr().out.split() == ["reports/tiny/report.csv", "reports/tiny/report.json"]
    assert json.loads((tmp_path / "reports/tiny/report.json").read_text())

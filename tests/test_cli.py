"""The command line as a user meets it: its surface, its help, its output and its exit codes."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys

import pytest
import typer

from modernize.cli import main
from modernize.cli.app import app
from modernize.cli.console import say, say_json
from modernize.errors import EXIT_CODES
from modernize.registry import load_steps

SELECTION = ["--path", "--upto", "--start", "--skip", "--only", "--order", "--probes"]
SPEC = ["--regime", "--image-size", "--stem-stride"]
DATA = ["--data-dir", "--download"]
MODEL = ["--weights", "--image-size"]
COURSE = ["--regime", "--study", "--results"]

SURFACE = {
    "steps": ["--json"],
    "show": ["STEP", "--all", "--code", *SPEC, "--json"],
    "diff": ["A", "B", *SPEC, "--json"],
    "cost": ["NAME", "--per", *SPEC, *SELECTION, "--json"],
    "verify": ["--json"],
    "data": ["NAME", "--out", "--augment", "--coco", "--replace", "--image-size", *DATA, "--json"],
    "studies": ["STUDY", "--budget", "--out", "--json"],
    "run": [
        *SPEC,
        *SELECTION,
        *DATA,
        *["--data", "--budget", "--epochs", "--seeds", "--train-images", "--test-images"],
        *["--device", "--precision", "--gpus", "--micro-batch", "--compile", "--cuda-graphs"],
        *["--deterministic", "--decode-workers", "--launcher", "--cluster"],
        *["--recipe", "--baseline", "--weights", "--no-weights", "--track", "--jobs", "--out", "--name", "--note"],
        *["--repeat", "--extend", "--replace"],
        *[
            "STUDY",
            "--set",
            "--dry-run",
            "--save-config",
            "--val-share",
            "--until-decided",
            "--max-seeds",
            "--controls",
        ],
    ],
    "status": ["STUDY", "--out", "--json"],
    "cancel": ["STUDY", "--out"],
    "attribute": [
        *[
            *SPEC,
            "--path",
            "--upto",
            "--skip",
            "--only",
            *DATA,
            "--steps",
            "--group",
            "--pair",
            "--orders",
            "--order-seed",
        ],
        *["--data", "--budget", "--epochs", "--seeds", "--train-images", "--test-images", "--val-share"],
        *["--device", "--precision", "--gpus", "--micro-batch", "--compile", "--cuda-graphs"],
        *[
            "--deterministic",
            "--decode-workers",
            "--launcher",
            "--cluster",
            "--recipe",
            "--no-weights",
            "--track",
            "--jobs",
            "--out",
            "--name",
            "--note",
        ],
        *["--repeat", "--replace", "STUDY", "--set", "--dry-run", "--save-config"],
    ],
    "finetune": [
        *["--model", "--data", "--val-share", "--epochs", "--patience", "--freeze", "--unfreeze", "--seeds"],
        *[*DATA, *MODEL, "--train-images", "--test-images", "--device", "--precision", "--gpus", "--micro-batch"],
        *[
            "--decode-workers",
            "--launcher",
            "--cluster",
            "--recipe",
            "--no-weights",
            "--track",
            "--jobs",
            "--out",
            "--name",
            "--note",
        ],
        *["--repeat", "--extend", "--replace", "--set", "--dry-run", "--save-config"],
    ],
    "results": ["FOLDER...", "--study", "--entry", "--status", "--file", "--merge", "--replace", "--json"],
    "weights": ["--study", "--out", "--free", "--json"],
    "predict": ["IMAGE...", *MODEL, "--model", "--top", "--images", "--picture", "--out", *DATA, "--replace", "--json"],
    "export": ["MODEL", "--to", "--file", *MODEL, "--out", *DATA, "--replace"],
    "features": [
        *["--model", "--data", "--of", "--file", "--train-images", "--test-images"],
        *[*MODEL, "--out", *DATA, "--replace", "--json"],
    ],
    "transfer": [
        *["--model", "--data", "--classifier", "--images", "--draws", "--of", "--picture"],
        *["--train-images", "--test-images", *MODEL, "--out", *DATA, "--replace", "--json"],
    ],
    "diversity": ["RUN...", "--images", "--untrained", "--picture", "--out", "--data-dir", "--replace", "--json"],
    "inside": ["STUDY", "--entries", "--images", "--format", "--out", "--data-dir", "--json"],
    "bench": [
        *["NAME", "--formulations", "--baseline", "--regime", "--path", "--upto", "--start", "--skip", "--only"],
        *["--image-size", "--device", "--precision", "--layout", "--compile", "--work", "--batch", "--repeats"],
        *["--threads", "--quick", "--name", "--again", "--format", "--out", "--json"],
    ],
    "report": ["STUDY", "--format", "--out", "--all", "--published"],
    "compare": ["A", "B", "--study", "--format", "--out", "--json"],
    "trend": ["STUDY...", "--format", "--out", "--json"],
    "quiz": [*COURSE, "--probes", "--json"],
    "slides": [*COURSE, "--out", "--replace"],
    "seminar": [*COURSE, "--out", "--replace"],
}
"""Frozen: a name that disappears from here breaks somebody's script."""

GROUP = typer.main.get_command(app)
ALL = {name: GROUP.get_command(None, name) for name in GROUP.commands}
EPILOGS = {"": GROUP.epilog} | {name: command.epilog for name, command in ALL.items()}
EXAMPLES = [line.strip() for epilog in EPILOGS.values() for line in epilog.splitlines() if "  modernize " in line]
HEAVY = {"torch", "torchvision", "timm", "numpy", "pandas", "matplotlib", "scipy", "sklearn", "rich"}


def names_of(command):
    return sorted(p.metavar if p.param_type_name == "argument" else p.opts[0] for p in command.params)


def test_surface_is_frozen():
    assert list(ALL) == list(SURFACE), "commands stand in the order of a user's work"
    assert {name: names_of(command) for name, command in ALL.items()} == {
        name: sorted(parts) for name, parts in SURFACE.items()
    }
    assert {"--version", "--install-completion", "--show-completion"} <= set(names_of(GROUP))


@pytest.mark.parametrize("name", EPILOGS)
def test_help_ends_in_two_examples(name, capsys):
    assert main([*([name] if name else []), "--help"]) == 0
    *_, head, first, second = capsys.readouterr().out.rstrip().splitlines()
    assert head.strip() == "Examples:"
    for line in (first, second):
        assert line.strip() in EXAMPLES, "printed on one line, as it can be typed"
        assert line.split()[1] == name or not name


@pytest.mark.parametrize("line", ["--help", "run --help"])
def test_help_says_what_every_exit_code_means(line, capsys):
    assert main(line.split()) == 0
    printed = capsys.readouterr().out
    for code, words in EXIT_CODES.items():
        assert f"\n    {code:<4} {words}\n" in printed


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_understood(example):
    _, name, *args = shlex.split(example)
    assert ALL[name].make_context(name, args).params


@pytest.mark.parametrize(
    "example", [e for e in EXAMPLES if e.split()[1] in ("steps", "show", "diff", "cost", "data", "studies")]
)
def test_light_examples_run(example, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert main(shlex.split(example)[1:]) == 0
    assert capsys.readouterr().out
    if "--out" in example:
        assert (tmp_path / example.split()[-1]).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "line",
    [
        *["--help", "run --help", "--version", "steps", "show ln", "diff base ln", "cost --probes", "cost convnext-t"],
        *["show recipe --all", "show finetune --json"],
        *["data", "data --json", "studies", "studies cifar10-stem --json"],
    ],
)
def test_light_commands_import_nothing_heavy(line):
    code = f"""
import sys
from modernize.cli import main
code = main({line.split()!r})
print(*(name for name in {sorted(HEAVY)!r} if name in sys.modules), file=sys.stderr)
sys.exit(code)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert done.stdout


@pytest.mark.parametrize(("line", "own"), [("--help", ""), ("steps", "steps")])
def test_a_command_imports_no_other(line, own):
    code = f"import sys\nfrom modernize.cli import main\nmain({line.split()!r})\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [name for name in SURFACE if f"modernize.cli.{name}" in done.stderr.split()] == own.split()


def test_python_dash_m():
    done = subprocess.run([sys.executable, "-m", "modernize", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("modernize 0.")


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("stps", 2, "Did you mean 'steps'"),
        ("show kernel7", 2, "Did you mean 'kernel-7'?"),
        ("diff base convnext-tt", 2, "Did you mean 'convnext-t'?"),
        ("cost --regime resnet51", 2, "Did you mean 'resnet50'?"),
        ("cost --upto downsampl", 2, "Did you mean 'downsample'?"),
        ("cost --only ln --order ln", 2, "give one of them"),
        ("cost --path v3", 2, "unknown path 'v3'. Allowed: convnext"),
        ("cost --only=", 2, "--only '' lacks a name"),
        ("cost --only ,", 2, "--only ',' lacks a name"),
        ("cost --upto=", 2, "--upto '' lacks a name"),
        ("run --skip gelu,,ln", 2, "--skip 'gelu,,ln' lacks a name"),
        ("cost resnet50", 2, "resnet50 is a regime, not a step or model: --regime resnet50"),
        ("show convnext-t", 2, "convnext-t is a model, not a step: `modernize cost convnext-t`"),
        (
            "run resnet50",
            2,
            "there is no study 'resnet50'. --regime resnet50 chooses the regime. Built in: cifar10-preact",
        ),
        ("show laptop", 2, "laptop is a regime, not a step: --regime laptop"),
        ("cost ln --probes", 2, "not both"),
        ("cost ln --image-size 0", 2, "at least 1 pixel"),
        ("cost ln --stem-stride 3", 2, "stem_stride"),
        ("cost ln --per layer", 2, "layer"),
        ("data --out grid.png", 2, "--out needs the name"),
        ("data shape", 2, "Did you mean 'shapes'?"),
        ("report --out nowhere", 4, "modernize run"),
        ("run --seeds 0", 2, "seeds should be a number"),
        ("run --seeds 8-", 2, "a range (8-15)"),
        ("run --seeds 0-9999999999", 2, "seeds should be"),
        ("run --seeds 100000", 2, "at most 1,000"),
        ("run --budget smok", 2, "Did you mean 'smoke'?"),
        ("run --budget full --epochs 5", 2, "recipe.warmup_epochs is 20"),
        ("run --recipe convnxt", 2, "Did you mean 'convnext'?"),
        ("run --device tpu", 2, "cpu, cuda"),
        ("run --precision fp8", 2, "'bf16', 'fp16'"),
        ("run --set recipe.rand_augment=rnd", 2, "rand-m9-mstd0.5-inc1"),
        ("report --published vit", 2, "resnet50, resnet200"),
        ("run --set recipe.lrr=1", 2, "Did you mean 'recipe.lr'?"),
        ("run --set lr=1", 2, "Did you mean 'recipe.lr'?"),
        ("run --set arch.norm=instance", 2, "Allowed: 'batch', 'layer', 'group'"),
        ("run --set recipe.lr", 2, "FIELD=VALUE"),
        ("run ln", 2, "there is no study 'ln'. --upto and --only choose steps."),
        ("show finetun", 2, "Did you mean 'finetune'?"),
    ],
)
def test_user_errors_are_told_clearly(line, code, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(line.split()) == code
    printed = capsys.readouterr()
    assert words in printed.err
    assert "Traceback" not in printed.err
    assert not printed.out


def test_an_empty_study_file_is_not_the_default_study(capsys):
    assert main(["run", ""]) == 2
    assert "the name of the study is empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "run --epochs 0",
            "error: invalid value for '--epochs': 0 is not in the range x>=1. See `modernize run --help`.",
        ),
        ("shwo", "error: no such command 'shwo'. Did you mean 'show'? See `modernize --help`."),
        ("diff base", "error: missing argument 'B'. See `modernize diff --help`."),
        ("run --epochs", "error: option '--epochs' requires an argument."),
    ],
)
def test_typers_errors_are_one_line_like_ours(line, told, capsys):
    assert main(line.split()) == 2
    assert capsys.readouterr().err == f"{told}\n"


def test_our_errors_are_one_line(capsys):
    assert main(["show", "nothing-like-it"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: unknown step 'nothing-like-it'")


def test_data_never_replaces_a_file_unasked(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    mine = tmp_path / "mine.png"
    mine.write_text("mine")
    assert main(["data", "shapes", "--out", str(mine)]) == 2
    assert "--replace" in capsys.readouterr().err
    assert mine.read_text() == "mine"
    assert main(["data", "shapes", "--out", str(mine), "--replace"]) == 0
    assert mine.read_bytes().startswith(b"\x89PNG")


def test_figures_are_drawn_where_a_backend_is_asked_for_that_is_not_there():
    code = "from modernize.cli import main\nmain(['--version'])\nmain(['steps'])\nimport modernize.report.figures"
    environment = os.environ | {"MPLBACKEND": "nowhere"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_a_terminal_would_obey_is_not_sent_to_it(capsys):
    say("\x1b[2Jfolder \x1b]0;title\x07of \x9b31mcats\u202e")
    say_json({"name": "\x1b[2J\x9b\u202e"})
    assert main(["show", "\x1b[31mgelu\x07"]) == 2
    printed = capsys.readouterr()
    assert printed.out.splitlines()[0] == "folder of 31mcats"
    assert json.loads(printed.out.partition("\n")[2]) == {"name": "\x1b[2J\x9b\u202e"}
    assert not set("\x1b\x07\x9b\u202e") & set(printed.out + printed.err)


@pytest.mark.parametrize("line", ["slides --replace --out .", "run --dry-run --save-config ."])
def test_a_folder_where_a_file_is_meant_is_named(line, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("modernize.seminar.deck_page.slides_html", str)
    assert main(line.split()) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("error: .")


def test_interrupt_gives_130(monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr("modernize.cli.steps.load_steps", interrupt)
    assert main(["steps"]) == 130


def test_closed_pipe_is_quiet():
    command = [sys.executable, "-m", "modernize", "cost", "--per", "op", "--probes"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""


def test_steps_json_has_every_step(capsys):
    assert main(["steps", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in rows] == list(load_steps())
    probes = {row["id"]: row["instead_of"] for row in rows if not row["adopted"]}
    assert probes == {"kernel-5": "kernel-7", "kernel-9": "kernel-7", "kernel-11": "kernel-7"}


def test_cost_json_is_exact(capsys):
    assert main(["cost", "base", "downsample", "--json", "--per", "stage"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {row["name"]: row["num_params"] for row in answer["networks"]} == {
        "base": 25_557_032,
        "downsample": 28_589_128,
    }
    for row in answer["networks"]:
        assert sum(part["macs"] for part in row["parts"]) == row["macs"]
        assert len(row["parts"]) == 6
    assert set(answer["conventions"]) == {"macs", "macs_fvcore", "num_params", "activations"}


def test_cost_selects_like_a_ladder(capsys):
    assert main(["cost", "--order", "ln, gelu", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)["networks"]] == ["base", "ln", "gelu"]


def test_cost_stands_beside_the_paper_and_flags_its_anomalies(capsys):
    assert main(["cost"]) == 0
    text = capsys.readouterr().out
    assert "GMACs conv+fc" in text
    assert "GMACs fvcore" in text
    row = {line.split()[0]: line.split() for line in text.splitlines() if line}
    assert row["ln"][1:] == ["4.146", "4.159", "25,844,488", "13.304", "4.46*"]
    assert "Figure 2 prints 4.2" in " ".join(text.split())
    assert main(["cost", "ln", "--image-size", "192"]) == 0
    assert "4.46" not in capsys.readouterr().out, "the paper says nothing of other sizes"

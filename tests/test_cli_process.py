"""What surrounds every command: signals from the first moment on, streams that are closed or full, a launcher."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny_runs import left_behind, tiny_data

from modernize import cli
from modernize.cli import main

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")

MODULE = "-m modernize"
SCRIPT = '-c "import sys; from modernize.cli import main; sys.exit(main())"'


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, timeout=120, check=False, env=os.environ | environment
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("how", [MODULE, SCRIPT], ids=["module", "script"])
def test_a_signal_while_modules_are_loaded_ends_it_without_a_word(tmp_path, how, number, code):
    (tmp_path / "typer.py").write_text(
        "import pathlib, time\npathlib.Path(__file__).with_name('loading').touch()\ntime.sleep(60)"
    )
    process = subprocess.Popen(
        ["sh", "-c", f"exec '{sys.executable}' {how} steps"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
    )
    while not (tmp_path / "loading").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    assert (*process.communicate(timeout=60), process.returncode) == (b"", b"", code)


def test_a_signal_in_a_command_ends_it_with_its_code(monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("modernize.cli.steps.load_steps", lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert main(["steps"]) == 143
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_signal_is_not_lost_in_a_destructor(monkeypatch, capsys):
    class Slow:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGTERM)

    def steps():
        Slow()
        time.sleep(60)

    monkeypatch.setattr("modernize.cli.steps.load_steps", steps)
    assert main(["steps"]) == 143
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_stdout_is_a_line_and_a_code():
    done = shell(f"'{sys.executable}' {MODULE} steps >/dev/full")
    assert done.stderr.count("\n") == 1
    assert done.stderr == "error: not all there was to say could be written to stdout: No space left on device\n"
    assert done.returncode == 5


def test_a_closed_stdout_is_a_line_and_a_code():
    done = shell(f"'{sys.executable}' {MODULE} steps >&-")
    assert done.stderr == "error: not all there was to say could be written to stdout: it is closed\n"
    assert done.returncode == 1


def test_with_stderr_closed_a_command_does_its_work():
    done = shell(f"'{sys.executable}' {MODULE} steps --json 2>&-")
    assert json.loads(done.stdout)
    assert done.returncode == 0


def test_with_stderr_closed_a_mistake_is_said_on_stdout():
    done = shell(f"'{sys.executable}' {MODULE} show nonsense 2>&-")
    assert done.stdout.startswith("error: unknown step 'nonsense'")
    assert done.returncode == 2


def test_no_file_gets_the_number_of_a_closed_stream(tmp_path):
    """What libraries print would be written into it."""
    code = (
        "import modernize.cli.steps; from modernize.cli import main;"
        f"modernize.cli.steps.load_steps = lambda: print(open('{tmp_path / 'file'}', 'w').fileno() > 2) or {{}};"
        "main(['steps'])"
    )
    assert shell(f"""'{sys.executable}' -c "{code}" 2>&- <&-""").stdout.splitlines()[0] == "True"


@pytest.mark.slow
@pytest.mark.parametrize("stream", [">&-", "2>&-", ">&- 2>&- <&-", "| true", "2>&1 | true"])
def test_a_study_ends_with_its_report_whatever_becomes_of_its_words(tmp_path, stream):
    data = tiny_data(tmp_path)
    options = f"--device cpu --data {data} --upto base --epochs 1 --jobs 1 --out {tmp_path} --name study"
    done = shell(f"'{sys.executable}' {MODULE} run {options} {stream}")
    assert "Traceback" not in done.stderr
    assert (tmp_path / "reports" / "study" / "report.md").is_file()
    assert left_behind(tmp_path) == []


def test_of_launched_processes_the_first_one_says_what_is_wrong(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(tmp_path / "error.json"))
    waited = []
    monkeypatch.setattr(cli, "wait_for_launcher", lambda: waited.append(capsys.readouterr()))
    for arguments in (["run", "--set", "recipe.lrr=1"], ["run", "--bogus"]):
        monkeypatch.setenv("RANK", "0")
        assert main(arguments) == 2
        said = capsys.readouterr()
        assert not waited
        monkeypatch.setenv("RANK", "1")
        assert main(arguments) == 2
        assert waited.pop() == ("", "")
        assert capsys.readouterr() == said, "nobody has ended it, so the first one had no such problem"
        left = json.loads((tmp_path / "error.json").read_text())["message"]["message"]
        assert said.err == f"error: {left}\n"

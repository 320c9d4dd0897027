"""Handout, notebook, guide and exercise: what they hold, and that what they say to do works."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from browser import opened
from factories import make_records, make_study

from modernize.cli import main
from modernize.cli.app import app
from modernize.report import write_report
from modernize.report.paper import SIGN_ONLY
from modernize.report.rows import make_rows
from modernize.results.store import save_record, save_study
from modernize.seminar.course import course_of, published_course
from modernize.seminar.handout import answers_html, handout_html
from modernize.seminar.notebook import EXERCISES, notebook

ROOT = Path(__file__).parents[1]
GROUP = typer.main.get_command(app)
GUIDES = ("docs/instructor.md", "docs/exercise.md")
SMALL = {"epochs=6": "epochs=1", "train_images=1500": "train_images=64", "test_images=1000": "test_images=32"}
SMALL_CELL = "EPOCHS, TRAIN_IMAGES, TEST_IMAGES, SEEDS = 1, 64, 32, 2"


def commands_of(text):
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", text, flags=re.DOTALL | re.MULTILINE)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    joined = " ".join(text.split())
    return [line for line in lines if line] + re.findall(r"`(modernize [a-z][^`]*)`", joined)


def courses():
    study = make_study(seeds=(0, 1, 2), name="<b>mine")
    return {
        "resnet50": published_course("resnet50"),
        "resnet200": published_course("resnet200"),
        "study": course_of(study, make_rows(study, make_records(study))),
    }


@pytest.mark.parametrize("name", ["resnet50", "resnet200", "study"])
def test_the_handout_gives_nothing_away_and_the_answers_are_a_sheet_of_their_own(name):
    course = courses()[name]
    front, answers = handout_html(course), answers_html(course)
    for lesson in course.steps:
        assert lesson.published.after not in front
        assert f"&rarr; {lesson.published.after}<" in answers
        assert f"<td><b>{lesson.step}</b></td>" in front
    assert front.count('<td class="points"></td>') == len(course.steps)
    assert ("■ measured" in answers) == (name == "study")
    assert "<b>mine" not in answers
    assert "://" not in front + answers, "nothing is fetched"


def test_a_sign_alone_is_hollow_and_never_a_verdict():
    course = courses()["resnet200"]
    front, answers = handout_html(course), answers_html(course)
    for sheet in (front, answers):
        table = sheet[sheet.index("<table>") : sheet.index("</table>")]
        assert not re.search("▲|▼|better|worse|no clear change", table)
    assert answers.count(SIGN_ONLY) == len(course.steps)
    assert "prints neither a spread nor a number of runs" in answers
    assert front.count("△ higher</span><span>▽ lower") == len(course.steps)
    # Of the smaller ladder only the first change has no printed spread.
    assert answers_html(courses()["resnet50"]).count(SIGN_ONLY) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet50", "study"])
def test_each_sheet_prints_on_one_page(name, tmp_path):
    for sheet, text in (("handout", handout_html(courses()[name])), ("answers", answers_html(courses()[name]))):
        (tmp_path / f"{sheet}.html").write_text(text, encoding="utf-8")
        with opened(tmp_path / f"{sheet}.html", width=390) as page:
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            pdf = page.pdf(prefer_css_page_size=True, print_background=True)
            assert page.problems == []
        assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) == 1, sheet


def without_outputs(text):
    book = json.loads(text)
    for cell in book["cells"]:
        cell |= {"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {}
    return book["cells"]


@pytest.mark.parametrize("name", ["handout.html", "answers.html"])
def test_the_committed_sheets_are_what_the_command_writes(name, tmp_path, capsys):
    assert main(["seminar", "--out", str(tmp_path)]) == 0
    assert (tmp_path / name).read_text() == (ROOT / "reports" / name).read_text()


def test_the_committed_notebook_is_the_commands_with_what_it_put_out():
    committed = (ROOT / "reports/seminar.ipynb").read_text()
    assert without_outputs(committed) == without_outputs(notebook())
    code = [cell for cell in json.loads(committed)["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = json.dumps([cell["outputs"] for cell in code])
    assert outputs.count('"image/png"') >= 2
    assert '"output_type": "error"' not in outputs
    assert len(committed) < 400_000


def test_laptops_with_seeds_of_their_own_make_one_report(tmp_path, capsys):
    whole = make_study("room", upto="recipe", seeds=(0, 1, 2, 3, 4))
    for laptop, seeds in (("laptop-1", (0, 1, 2)), ("laptop-2", (3, 4))):
        study = make_study("room", upto="recipe", seeds=seeds)
        save_study(study, tmp_path / laptop / "results")
        for record in make_records(whole):
            if record.seed in seeds:
                save_record(record, tmp_path / laptop / "results")
    folders = [str(tmp_path / laptop / "results") for laptop in ("laptop-1", "laptop-2")]
    assert main(["results", *folders, "--merge", str(tmp_path / "class/results")]) == 0
    (report,) = write_report(tmp_path / "class/results", tmp_path / "class/reports", "room", figures=False)
    text = report.read_text()
    assert "(n=5)" in text
    assert "over 5 seeds" in text


def test_the_kit_replaces_nothing_unasked(tmp_path, capsys):
    mine = tmp_path / "handout.html"
    mine.write_text("mine")
    assert main(["seminar", "--out", str(tmp_path)]) == 2
    assert "--replace" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["handout.html"]
    assert mine.read_text() == "mine"
    assert main(["seminar", "--regime", "resnet200", "--out", str(tmp_path), "--replace"]) == 0
    assert "ConvNeXt-B" in mine.read_text()


def test_the_notebook_is_clean_and_valid():
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    text = notebook()
    nbformat.validate(nbformat.reads(text, 4))
    cells = json.loads(text)["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert len(code) > 8
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    for cell in code:
        compile("".join(line for line in cell["source"] if not line.startswith("%")), cell["id"], "exec")
    assert all(command in text.replace('\\"', '"') for _, command in EXERCISES)


@pytest.mark.slow
def test_the_notebook_runs(tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    book = nbformat.reads(notebook(), 4)
    book.cells[1].source = re.sub(r"^EPOCHS.*$", SMALL_CELL, book.cells[1].source, flags=re.MULTILINE)
    # A process of its own, for the kernel's client leaves sockets and loops behind.
    (tmp_path / "seminar.ipynb").write_text(nbformat.writes(book))
    code = (
        f"import nbformat, {nbclient.__name__} as c; book = nbformat.read('seminar.ipynb', 4);"
        "c.NotebookClient(book, timeout=300, kernel_name='python3').execute(); nbformat.write(book, 'done.ipynb')"
    )
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    printed = (tmp_path / "done.ipynb").read_text()
    assert "squeeze-kernel" in printed
    assert "not told from none" in printed, "it says beforehand what will not be seen"
    assert printed.count("image/png") >= 2, "pictures"
    for study in ("seminar-thin", "seminar-squeeze"):
        assert len(list((tmp_path / f"seminar-runs/results/{study}").glob("*-seed*.json"))) == 4


@pytest.mark.slow
def test_the_exercise_runs_as_printed(tmp_path):
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/exercise.md").read_text(), flags=re.DOTALL)
    for printed, small in SMALL.items():
        assert printed in program
        program = program.replace(printed, small)
    (tmp_path / "squeeze.py").write_text(program)
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "squeeze.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path, "MPLBACKEND": "module://matplotlib_inline.backend_inline"},
    )
    assert done.returncode == 0, done.stderr
    assert "change: arch.kernel_size: 7 -> 3" in done.stdout
    assert re.search(r"delta: .* points, .*n=3", done.stdout)
    assert main(["report", "--out", str(tmp_path / "exercise")]) == 0


@pytest.mark.parametrize(
    "command",
    [c for name in GUIDES for c in commands_of((ROOT / name).read_text()) if c.startswith("modernize ")]
    + [command for _, command in EXERCISES],
)
def test_every_command_of_the_material_is_understood(command):
    _, name, *arguments = shlex.split(command)
    assert GROUP.get_command(None, name).make_context(name, arguments).params


@pytest.mark.parametrize("command", [command for _, command in EXERCISES if "--dry-run" in command])
def test_the_exercises_plans_can_be_made(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert main(shlex.split(command)[1:]) == 0
    assert "runs to do" in capsys.readouterr().out


@pytest.mark.parametrize("name", GUIDES)
def test_links_between_the_documents_lead_somewhere(name):
    for link in re.findall(r"\]\(([^)#]+)\)", (ROOT / name).read_text()):
        assert (ROOT / name).parent.joinpath(link).exists(), link

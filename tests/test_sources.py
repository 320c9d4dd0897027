"""Which code trained a run: a hash of it in the record, said in reports and where a study runs again."""

from __future__ import annotations

import io
import tokenize
from dataclasses import replace
from pathlib import Path

import pytest
from factories import make_records, make_study
from test_imports import ROOT, imports
from tiny_runs import tiny_data, tiny_request

from modernize.report.rows import make_rows
from modernize.report.write import write_study
from modernize.results.record import Result
from modernize.results.sources import LOOKING_ON, PACKAGE, TRAINING, code_of, sources
from modernize.results.store import load_records, load_results, save_record
from modernize.run.observer import Lines
from modernize.run.plan import plan_study
from modernize.run.run_record import record_of
from modernize.run.run_study import run_study

SOURCE = '''"""What it is."""


class Thing:
    """A thing."""

    def size(self) -> int:
        r"""Its \\ size."""
        # not the weight
        text = "# is no comment" + 'nor "# this'  # but this
        return len(text, """nor is
    # this""")
'''
BARE = '''class Thing:
    def size(self) -> int:
        text = "# is no comment" + 'nor "# this'
        return len(text, """nor is
    # this""")'''
ELSE = "0123456789abcdef"


def hashed() -> set[str]:
    found = {path.relative_to(PACKAGE).as_posix() for pattern in TRAINING for path in PACKAGE.glob(pattern)}
    return found - set(LOOKING_ON)


def test_prose_is_no_code():
    assert code_of(SOURCE) == BARE


def test_nothing_but_prose_is_left_out():
    """Python's own tokenizer agrees, on every module that trains."""
    for name in hashed():
        text = (PACKAGE / name).read_text(encoding="utf-8")
        assert code_tokens(code_of(text)) == code_tokens(text), name


def code_tokens(text: str) -> list[str]:
    """Every token but comments, layout and strings that are statements."""
    layout = {tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    line, kept = [], []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NEWLINE:
            kept += [] if [t.type for t in line] == [tokenize.STRING] else [t.string for t in line]
            line = []
        elif token.type not in layout:
            line.append(token)
    return kept


def test_every_module_that_training_imports_counts():
    seen, waiting = set(), ["modernize.train.loop", "modernize.nn.network", "modernize.models.libraries"]
    while waiting:
        name = waiting.pop()
        path = ROOT / f"{name.replace('.', '/')}.py"
        if path.is_file() and path not in seen:
            seen.add(path)
            waiting += [n for one in imports(path, for_types=False) for n in (one, one.rpartition(".")[0])]
    reached = {path.relative_to(PACKAGE).as_posix() for path in seen if PACKAGE in path.parents}
    rooms = tuple({pattern.partition("/")[0] for pattern in TRAINING})
    of_images = {"datasets/dataset.py", "datasets/hashing.py", "datasets/watching.py"}
    assert {name for name in reached if name.startswith(rooms)} <= hashed() | set(LOOKING_ON) | of_images
    assert all(list(PACKAGE.glob(pattern)) for pattern in (*TRAINING, *LOOKING_ON))


@pytest.fixture
def copy_of_sources(tmp_path, monkeypatch):
    """Write a package of one module that trains, and return what sources it has."""
    monkeypatch.setattr("modernize.results.sources.PACKAGE", tmp_path)

    def hash_of(text: str, name: str = "ops.py") -> str:
        for path in tmp_path.rglob("*.py"):
            path.unlink()
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
        return sources.__wrapped__()

    return hash_of


def test_the_hash_follows_what_trains(copy_of_sources):
    first = copy_of_sources(SOURCE)
    assert len(first) == 16
    assert copy_of_sources(BARE) == first, "prose changes nothing"
    assert copy_of_sources(SOURCE.replace("+", "*")) != first
    assert copy_of_sources(SOURCE, "blueprint.py") != first, "code moved elsewhere may do something else there"
    assert copy_of_sources(SOURCE, "report/page.py") == "", "nothing that trains"


def test_reports_mark_records_of_other_code_and_old_ones_not(tmp_path):
    study = make_study(upto="stage-ratio", seeds=(0, 1))
    code = {"base": (sources(), ""), "recipe": (ELSE, sources()), "stage-ratio": (ELSE, ELSE)}
    records = [replace(r, sources=code[r.entry.name][r.seed]) for r in make_records(study)]
    rows = make_rows(study, records)
    assert [row.other_code for row in rows] == [(), (0,), (0, 1)]
    for path in write_study(study, rows, [], tmp_path, ("md", "html", "latex"), figures=False):
        text = path.read_text(encoding="utf-8")
        assert "finished, 1 by other code" in text
        assert "finished, other code" in text
        assert "the code that trained records of recipe, stage-ratio has changed since" in text
        assert "trained by code that has changed since: 3 of 6 runs" in text or path.suffix == ".tex"


def test_of_two_records_of_a_run_the_one_of_todays_code_stands(tmp_path):
    study = make_study(upto="recipe")
    old = [replace(record, sources=ELSE) for record in make_records(study)]
    new = [replace(record, sources=sources()) for record in make_records(study)]
    for records in (old, new, new):
        paths = [save_record(record, tmp_path) for record in records]
    assert len(list((tmp_path / study.name).iterdir())) == 4, "the old ones are kept, and new ones come once"
    assert all(path.stem.endswith("-2") for path in paths)
    save_record(replace(old[0], run_id="f" * 16, study="other"), tmp_path)
    save_record(replace(new[0], run_id="f" * 16, study="third", status="failed"), tmp_path)
    alone = load_results(tmp_path)["run_id"].value_counts()["f" * 16]
    assert alone == 2, "a repetition that failed stands for nothing"
    table = load_results(tmp_path / study.name)
    assert list(table["run_id"]) == [record.run_id for record in new]
    assert set(table["sources"]) == {sources()}
    for order in (old + new, new + old):
        assert [row.other_code for row in make_rows(study, order)] == [(), ()]


def test_a_run_of_other_code_is_done_and_said(tmp_path, capsys):
    tiny_data(tmp_path)
    request = tiny_request(tmp_path)
    result = Result(metrics={"top1_percent": 50.0}, epoch=1, best=50.0, best_epoch=1)
    for task, code in zip(plan_study(request).tasks, (ELSE, ""), strict=True):
        record = replace(record_of(task, None), status="finished", result=result, sources=code)
        save_record(record, request.out / "results")
    assert run_study(request, Lines()).num_skipped == 2
    said = capsys.readouterr().err
    assert "1 of them were trained by code that has changed since: --repeat trains them again" in said
    assert {record.sources for record in load_records(Path(request.out)).records} == {ELSE, ""}


def test_a_record_says_which_code_trained_it(tmp_path):
    tiny_data(tmp_path)
    (record,) = run_study(tiny_request(tmp_path, upto="base")).records
    assert record.sources == sources()

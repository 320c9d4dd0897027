"""Hostile values in every field that a file can hold: refused in a line, or shown as text; nothing else is written."""

from __future__ import annotations

import csv
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from factories import make_records, make_study
from PIL import Image
from tiny_runs import tiny_data

from modernize.cli import main
from modernize.cli.layout import in_one_line
from modernize.errors import ModernizeError
from modernize.report import write_report
from modernize.results.reader import record_text, to_record
from modernize.results.record import Record
from modernize.results.store import save_record, save_study
from modernize.results.study import Study
from modernize.run.request import FILE_FIELDS
from modernize.strict import from_dict
from modernize.toml import toml_literal
from modernize.train.checkpoint import Checkpoint, Checkpoints

STUDY = make_study("study", upto="recipe", seeds=(0, 1))

HOSTILE = {
    "climbs": "../../../evil",
    "absolute": "/evil",
    "escapes": "\x1b[2J\x1b]0;evil\x07\x9b31m",
    "turns": "a\u202egnp.exe",
    "lines": "evil\n\n# Evil\n| a | b |\r\nevil: yes",
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "formula": "=HYPERLINK(1)",
    "shell": "$(touch evil); `touch evil`",
    "mathtext": r"$\frac{$ \input{/etc/passwd} %s {0} {{ 7 * 7 }}",
    "link": "[x](javascript:alert(1)) https://evil.example",
    "long": "a" * 5_000,
    "empty": "",
    "nothing": "\0",
}
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def leaves(value: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where text stands in plain data."""
    if isinstance(value, str):
        yield where
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    for key, item in items:
        yield from leaves(item, (*where, key))


def tree(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*")}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder some levels down, where a command is given: what climbs out of it is still seen."""
    folder = tmp_path / "a" / "b" / "c" / "home"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    yield folder
    assert not Path("/evil").exists()
    above = [*folder.parents][: len(folder.parents) - len(tmp_path.parents)]
    assert [path.name for each in above for path in each.iterdir()] == ["home", "c", "b", "a"]


def plain(facts: Any) -> Any:
    return json.loads(json.dumps(facts))


def changed(facts: Any, where: tuple[Any, ...], value: str) -> Any:
    """Return the facts with another value there, where they have one."""
    facts = deepcopy(facts)
    with suppress(IndexError):
        reduce(getitem, where[:-1], facts)[where[-1]] = value
    return facts


def taken(facts: Any, value: str, load: Callable[[Any], object], tried: Callable[..., None]) -> list[tuple[Any, ...]]:
    """Put a value in the place of each text, one at a time; return the places where it is let through."""
    places, let_through, refusals = [*leaves(facts)], [], []
    for where in places:
        try:
            load(changed(facts, where, value))
            let_through.append(where)
        except ModernizeError as error:
            refusals.append(in_one_line(str(error)))
    assert not [line for line in refusals if "\n" in line or len(line) > 4000]
    tried(len(places), "hostile names tried")
    return let_through


@pytest.mark.parametrize("name", HOSTILE)
def test_in_records_and_plans(home, capsys, tried, name):
    def record_of(facts: Any) -> Record:
        return to_record(record_text(from_dict(Record, facts)), "x.json")

    value = HOSTILE[name]
    plan, records = plain(STUDY.to_json()), [plain(record.to_json()) for record in make_records(STUDY)]
    for where in taken(plan, value, Study.from_json, tried):
        if "run_ids" not in where:
            plan = changed(plan, where, value)
    save_study(Study.from_json(plan), home / "results")
    places = taken(records[-1], value, record_of, tried)
    for facts in records:
        for where in places:
            facts = changed(facts, where, value)
        save_record(record_of(facts), home / "results")
    figures = name == "mathtext"
    write_report(home / "results", home / "reports", "study", ("md", "html", "csv", "json", "latex"), figures=figures)
    for words in (["weights", "list"], ["compare"], ["quiz", "--answers"]):
        main(words)
    printed = "".join(capsys.readouterr())
    assert "Traceback" not in printed
    assert not CONTROLS.search(printed)
    check_report(home / "reports")


def check_report(folder: Path) -> None:
    """Names are text in a page, and neither formulas nor control characters in a table."""
    page, table = (next(folder.rglob(f"report.{suffix}")).read_text() for suffix in ("html", "csv"))
    words = next(folder.rglob("report.md")).read_text()
    for text in (page, words):
        assert not re.search("<script>alert|<img src=x|href=.javascript", text)
    assert not CONTROLS.search(table)
    assert not [cell for row in csv.reader(table.splitlines()) for cell in row if cell.startswith(tuple("=+@"))]


@pytest.mark.parametrize("name", HOSTILE)
def test_in_study_files(home, capsys, tried, name):
    before, count = tree(home), 0
    for field in FILE_FIELDS:
        for where in ("", "[set]\n") if field == "regime" else ("",):
            key = field if not where else json.dumps(HOSTILE[name], ensure_ascii=False).replace("\x7f", "\\u007f")
            (home / "x.toml").write_text(f"{where}{key} = {toml_literal(HOSTILE[name])}\n")
            code = main(["run", "x.toml", "--dry-run", "--data", "shapes", "--out", "out"])
            printed = capsys.readouterr()
            assert code in (0, 2), (field, printed.err)
            assert "Traceback" not in printed.err
            assert not CONTROLS.search(printed.out + printed.err), field
            assert code == 0 or (printed.err.startswith("error: ") and printed.err.count("\n") == 1), printed.err
            assert len(printed.err) < 4000
            count += 1
    (home / "x.toml").unlink()
    assert tree(home) == before
    tried(count, "hostile names tried")


def test_in_an_archive_of_arrays(home, capsys, tried):
    name = tiny_data(home, 12, 6)
    path = Path(name.removeprefix("npz:"))
    whole = path.read_bytes()
    for hostile in HOSTILE.values():
        path.write_bytes(whole)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(f"{hostile.replace(chr(0), '')}.npy", b"evil")
        before = tree(home)
        assert main(["data", name]) == 0
        assert not CONTROLS.search("".join(capsys.readouterr()))
        with np.load(path) as arrays:
            members = {key: arrays[key] for key in ("x_train", "y_train", "x_test", "y_test")}
        words = np.array([f"{hostile}{k}" for k in range(3)])
        np.savez(path, **members, class_names=words, note=np.array(hostile))
        code = main(["data", name, "--out", "grid.png", "--replace"])
        printed = capsys.readouterr()
        assert code in (0, 2), printed.err
        assert not CONTROLS.search(printed.out + printed.err)
        assert tree(home) - before <= {str(home / "grid.png")}
    tried(3 * len(HOSTILE), "hostile names tried")


def test_in_folders_of_images(home, capsys, tried):
    names = [name for name in HOSTILE.values() if name and "\0" not in name and len(name) < 100]
    classes = [f"{name.replace('/', '%')}" for name in names if not name.startswith(".")]
    classes.append(os.fsdecode(b"no text: \xff"))
    for split in ("train", "test"):
        for number, name in enumerate(classes):
            folder = home / "data" / split / name
            folder.mkdir(parents=True)
            for k in range(2):
                Image.new("RGB", (8, 8), (number * 10, k * 99, split == "test")).save(folder / f"{name}{k}.png")
    for words in (["data", "folder:data", "--out", "grid.png"], ["run", "--data", "folder:data", "--dry-run"]):
        code = main(words)
        printed = capsys.readouterr()
        assert code == 0, printed.err
        assert not CONTROLS.search(printed.out + printed.err)
    (home / "grid.png").unlink()
    assert {path.name for path in home.iterdir()} == {"data"}
    broken = home / "data" / "train" / classes[2] / f"{classes[2]}0.png"
    broken.write_bytes(b"%!PS-Adobe")
    assert main(["data", "folder:data"]) == 2
    printed = capsys.readouterr()
    assert not CONTROLS.search(printed.err)
    assert printed.err.count("\n") == 1
    tried(len(classes), "hostile names tried")


def test_in_a_checkpoint(home, tried):
    count = 0
    for hostile in HOSTILE.values():
        said: list[str] = []
        folder = home / "run"
        Checkpoints(folder, hostile).save(
            Checkpoint(step=1, weights={hostile: torch.ones(1)}, state={}, progress={hostile: hostile})
        )
        assert not Checkpoints(folder, "run 1", note=said.append).restore(lambda _: None)
        (line,) = said
        assert len(in_one_line(line)) < 4000
        assert "\n" not in in_one_line(line)
        count += 3
    tried(count, "hostile names tried")

"""What a step made of the recipe: four groups, as printed and as trained here, and no field names."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from factories import make_records, make_study

from modernize.report import write_paper_report, write_report
from modernize.report.recipe_words import GROUPS, recipe_steps
from modernize.report.rows import make_rows
from modernize.results.store import save_record, save_study


@pytest.fixture
def shortened(tmp_path):
    """A study under a budget that leaves mixing, RandAugment and most epochs out."""
    study = make_study(upto="stage-ratio")
    records = []
    for record in make_records(study):
        off = {"mixup": 0.0, "cutmix": 0.0, "rand_augment": "", "stochastic_depth": 0.0, "epochs": 12}
        records.append(replace(record, trained_recipe=record.trained_recipe | off))
    save_study(study, tmp_path / "results")
    for record in records:
        save_record(record, tmp_path / "results")
    return study, records, tmp_path


def table_of(text):
    lines = text[text.index("What each step changed") :].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]


def test_the_report_says_what_was_published_and_what_was_trained(shortened):
    _, _, folder = shortened
    (path, *_) = write_report(folder / "results", folder, figures=False)
    head, _, *rows = table_of(path.read_text())
    assert head[1:] == ["published before", "published after", "as trained here"]
    assert [row[0] for row in rows] == [*GROUPS]
    schedule, augmentation = rows[1], rows[2]
    assert ("90 epochs" in schedule[1], "300 epochs" in schedule[2], "12 epochs" in schedule[3]) == (True, True, True)
    assert "300 epochs" not in schedule[3]
    assert "mixup 0.8" in augmentation[2]
    assert not re.search("mixup|CutMix|RandAugment", augmentation[3]), "was not run"
    assert "recipe.mixup" not in path.read_text().split("What each step changed")[1].split("</details>")[0]


def test_a_page_without_runs_has_no_such_column(tmp_path):
    (path, *_) = write_paper_report("resnet200", tmp_path, ("md",), figures=False)
    head, _, *rows = table_of(path.read_text())
    assert head[1:] == ["published before", "published after"]
    assert len(rows) == len(GROUPS)
    assert "recipe." not in path.read_text()


def test_a_rung_that_was_not_trained_is_not_said_to_be(shortened):
    study, records, _ = shortened
    rows = make_rows(study, [record for record in records if record.entry.name != "recipe"])
    (step,) = recipe_steps(study, rows).values()
    assert step.published
    assert {group.trained for group in step.groups} == {""}


def test_the_html_panel_has_the_same_groups(shortened):
    _, _, folder = shortened
    html = next(p for p in write_report(folder / "results", folder, formats=("html",), figures=False)).read_text()
    panel = html[html.index('id="rung-recipe"') :].split("</article>")[0]
    assert "as trained here" in panel
    assert all(f"<code>{group}</code>" in panel for group in GROUPS)
    assert "recipe.lr" not in panel.split("</table>")[0]

"""Results folders with more than one kind of record in them, and the published ladders."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from factories import DATA, make_record, make_records, make_study

from modernize.cli import main
from modernize.errors import MissingResultsError, ModernizeError
from modernize.families import family_spec
from modernize.ladder import ladder
from modernize.report.gather import gather, group_records
from modernize.report.specs import paper_rungs
from modernize.report.write import write_all, write_paper_report, write_report
from modernize.results.record import Execution
from modernize.results.store import save_record, save_study

OTHER = replace(DATA, name="digits", fingerprint="fedcba9876543210")


def saved(folder, *studies):
    for study, records in studies:
        save_study(study, folder / "results")
        for record in records:
            save_record(record, folder / "results")


def test_what_no_plan_holds_is_grouped_like_with_like():
    study = make_study(upto="patchify", seeds=(0, 1))
    records = make_records(study)
    others = [replace(r, data=OTHER, run_id=f"d{r.run_id[1:]}") for r in records]
    gpu = [replace(r, execution=Execution(device="cuda", precision="bf16"), run_id=f"e{r.run_id[1:]}") for r in records]
    short = [replace(r, budget=replace(r.budget, epochs=3), run_id=f"c{r.run_id[1:]}") for r in records[:4]]
    again = [replace(records[0], run_id="0" * 16)]
    groups = group_records([*records, *others, *gpu, *short, *again])
    assert len(groups) == 5
    ids = [{i for rung in group.entries for i in rung.run_ids if i} for group in groups]
    assert sorted(map(len, ids)) == [1, 4, 8, 8, 8]
    assert {r.run_id for r in gpu} in ids
    whole = next(group for group in groups if group.data == "digits")
    assert [(one.name, whole.before(one.name)) for one in whole.entries] == [
        ("base", ""),
        ("recipe", "base"),
        ("stage-ratio", "recipe"),
        ("patchify", "stage-ratio"),
    ]
    assert len({group.name for group in groups}) == 5


def test_full_recipes_of_different_length_are_one_group():
    study = make_study(upto="recipe")
    records = [replace(r, budget=replace(r.budget, epochs=r.recipe["epochs"])) for r in make_records(study)]
    assert {r.budget.epochs for r in records} == {90, 300}
    assert len(group_records(records)) == 1


def test_all_studies_get_a_report_and_an_index_by_data(tmp_path):
    one, two = make_study("one", upto="recipe"), make_study("two", upto="base")
    waiting = make_study("waiting", upto="base", epochs=99)
    lost = [replace(r, study="one", data=OTHER, run_id=f"d{r.run_id[1:]}") for r in make_records(one)]
    on_other = [replace(r, data=OTHER, run_id=f"e{r.run_id[1:]}") for r in make_records(two)]
    two = replace(two, data="digits", entries=tuple(replace(e, run_ids=(on_other[0].run_id,)) for e in two.entries))
    saved(tmp_path, (one, [*make_records(one), *lost]), (two, on_other), (waiting, []))
    files = write_all(tmp_path / "results", tmp_path / "reports", ("md", "html"), figures=False)
    names = [path.relative_to(tmp_path / "reports").as_posix() for path in files]
    assert names[:2] == ["index.md", "index.html"]
    assert {"one/report.md", "two/report.html", "one-unplanned/report.md"} <= set(names)
    assert not any(name.startswith("waiting") for name in names)
    index = files[0].read_text()
    shapes, digits, none = index.split("## ")[1:]
    assert "[one](one/report.md)" in shapes
    assert none.startswith("No run has ended yet")
    assert "| waiting |" in none
    assert "digits" in digits.splitlines()[0]
    assert "[two](two/report.md)" in digits
    assert "[one-unplanned](one-unplanned/report.md)" in digits
    assert "put together from records that no plan holds" in digits
    assert "2 of 2 finished" in shapes
    text = (tmp_path / "reports" / "one-unplanned" / "report.md").read_text()
    assert "digits: 4,000 training" in text
    assert "shapes" not in text.split("## Methods")[0].replace("procedural shapes", "")


def test_an_unreadable_record_is_named_in_the_index(tmp_path):
    study = make_study(upto="recipe")
    saved(tmp_path, (study, make_records(study)))
    next((tmp_path / "results" / study.name).glob("recipe-*.json")).write_text("{")
    assert len(gather(tmp_path / "results").problems) == 1
    index, *_ = write_all(tmp_path / "results", tmp_path / "reports", figures=False)
    assert "is not JSON" in index.read_text()


def test_nothing_to_gather_is_an_error(tmp_path):
    with pytest.raises(MissingResultsError, match="modernize run"):
        write_all(tmp_path / "results", tmp_path / "reports")


def test_two_ways_to_say_what_to_report_are_refused(tmp_path, capsys):
    assert main(["report", "--all", "--published", "resnet50", "--out", str(tmp_path)]) == 2
    assert "give one of them" in capsys.readouterr().err
    assert main(["report", "--published", "resnet51", "--out", str(tmp_path)]) == 2
    assert "Did you mean 'resnet50'?" in capsys.readouterr().err


@pytest.mark.parametrize(("regime", "last"), [("resnet50", "81.97 ± 0.06"), ("resnet200", "83.60")])
def test_a_published_ladder_needs_no_record(tmp_path, regime, last):
    formats = ("md", "html", "latex")
    one, other = (write_paper_report(regime, tmp_path / name, formats, figures=False) for name in "ab")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]
    assert one[0].parent.name == f"paper-{regime}"
    text = one[0].read_text()
    assert "Nothing on this page was measured" in text
    row = next(line for line in text.splitlines() if line.startswith("| downsample |"))
    assert last in row
    html = one[1].read_text()
    assert html.count('class="panel"') == 17
    assert "d7x7" in html


def test_steps_of_other_packages_change_no_report_of_the_default_path(tmp_path, own_registry):
    study = make_study(upto="ln")
    saved(tmp_path, (study, [r for r in make_records(study) if r.entry.name != "ln"]))
    before = write_report(tmp_path / "results", tmp_path / "one", formats=("md", "html", "json"), figures=False)
    own_registry.step("early", title="GELU early", after="depthwise", path="mine")(
        lambda spec: spec.with_arch(activation="gelu")
    )
    own_registry.step("mine", title="Mine", instead_of="width", path="mine")(lambda spec: spec)
    with pytest.raises(ModernizeError, match="'mine' of test_report_gather changes nothing"):
        ladder("resnet50", path="mine", probes=True)
    after = write_report(tmp_path / "results", tmp_path / "two", formats=("md", "html", "json"), figures=False)
    assert [path.read_text() for path in after][::2] == [path.read_text() for path in before][::2]
    assert after[1].read_text().count('class="panel"') == 13
    assert write_paper_report("resnet50", tmp_path / "three", ("md", "html"))[0].read_text().count("| mine |") == 0
    assert paper_rungs("resnet50")["downsample"].spec == family_spec("convnext-t")


def test_a_published_ladder_says_how_sure_its_steps_are(tmp_path):
    (path,) = write_paper_report("resnet50", tmp_path, figures=False)
    text = path.read_text()
    assert "* **Borderline**: fewer-norms\n" in text
    assert "* **Not distinguishable**: patchify, kernel-9, kernel-11, gelu, ln\n" in text
    assert "| 0.00 vs kernel-7 | ○ |" in text
    assert "kernel-7 against kernel-5, uncorrected: +0.22 (p = 0.094)" in text
    assert "4.46[^resnet50-ln] | 4.146 |" in text
    assert "Swin-T: 81.30 % at 4.50 GMACs" in text


def test_a_published_ladder_is_a_table_too(tmp_path):
    table, facts = write_paper_report("resnet50", tmp_path, ("csv", "json"))
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == [row["step"] for row in json.loads(facts.read_text())["rungs"]]
    (ln,) = [row for row in rows if row["step"] == "ln"]
    assert (ln["top1_percent_published"], ln["delta_published"], ln["gmacs_published"]) == ("81.47", "0.06", "4.46")
    assert ln["published_source"] == "arXiv:2201.03545 Table 10"
    assert "Figure 2 prints 4.2" in ln["gmacs_published_anomaly"]
    assert not any("measured" in name for name in ln)


def test_the_newest_study_is_reported_and_named_unless_a_name_or_a_path_is_given(tmp_path, capsys):
    one, two = make_study("one", upto="base"), make_study("two", upto="base", epochs=3)
    saved(tmp_path, (one, make_records(one)), (two, make_records(two)))
    os.utime(tmp_path / "results" / "two", (1e9, 1e9))

    def report(*words):
        assert main(["report", *words, "--format", "json", "--out", str(tmp_path)]) == 0
        printed = capsys.readouterr()
        return Path(printed.out.strip()).parent.name, printed.err

    assert report() == ("one", f"one, the newest of 2 studies under {tmp_path / 'results'}\n")
    assert report("two") == ("two", "")
    assert report(str(tmp_path / "results" / "two")) == ("two", "")
    assert main(["report", "twoo", "--out", str(tmp_path)]) == 2
    assert "Did you mean 'two'?" in capsys.readouterr().err
    assert main(["quiz", "--results", str(tmp_path / "results")]) == 4
    assert "no step of study 'one' can be judged" in capsys.readouterr().err


def test_one_record_alone_is_a_group():
    study = make_study(upto="ln")
    (group,) = group_records([make_record(study, "ln")])
    assert group.contrasts == ()

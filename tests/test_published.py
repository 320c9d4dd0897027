from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from modernize.errors import ModernizeError
from modernize.published import family_rows, published_row, published_rows
from modernize.published.convnext_v2 import v2_tables

SHARED = Path(__file__).parents[2] / "shared" / "published"
TABLES = {"resnet50": "convnext_table10_resnet50.csv", "resnet200": "convnext_table11_resnet200.csv"}


@pytest.mark.parametrize("regime", TABLES)
def test_rows_are_the_printed_ones(regime):
    if not SHARED.is_dir():
        pytest.skip("the reference tables are not beside this checkout")
    with (SHARED / TABLES[regime]).open() as file:
        printed = list(csv.DictReader(file))
    rows = published_rows(regime)
    assert len(rows) == len(printed) == 18
    for row, original in zip(rows, printed, strict=True):
        assert row.step == ("base" if original["step"] == regime else original["step"])
        assert (row.label, row.gmacs_text, row.top1_text, row.source) == (
            original["label"],
            original["gflops"],
            original["top1_mean"],
            original["source"],
        )
        assert row.top1_std == (float(original["top1_std"]) if original.get("top1_std") else None)
        assert row.role == {"yes": "adopted", "no": "probe", "reference": "reference"}[original["adopted"]]


def test_printed_digits_are_kept():
    row = published_row("resnet50", "kernel-5")
    assert (row.gmacs_text, row.gmacs, row.role) == ("4.10", 4.1, "probe")
    assert published_row("resnet50", "width").top1_text == "80.50"


def test_only_the_two_inconsistent_costs_are_flagged():
    flagged = {(regime, row.step) for regime in TABLES for row in published_rows(regime) if row.anomaly}
    assert flagged == {("resnet50", "ln"), ("resnet50", "downsample")}
    assert published_row("resnet50", "ln").gmacs_text == "4.46"


@pytest.mark.parametrize("regime", TABLES)
def test_each_row_names_the_row_it_changed(regime):
    rows = published_rows(regime)
    names = [row.step for row in rows]
    for row in rows:
        if row.step == "base" or row.role == "reference":
            assert row.before == ""
        else:
            assert names.index(row.before) < names.index(row.step)
            assert published_row(regime, row.before).adopted


def test_a_step_of_ones_own_has_no_row():
    assert published_row("resnet50", "my-step") is None


def test_an_unknown_table_is_one_clear_line():
    with pytest.raises(ModernizeError, match=r"unknown published table 'resnet5'. Did you mean 'resnet50'\?"):
        published_rows("resnet5")


def test_families_hold_both_papers():
    rows = family_rows()
    assert {row.source.split()[0] for row in rows} == {"arXiv:2201.03545", "arXiv:2301.00808"}
    tiny = next(row for row in rows if row.model == "ConvNeXt V2-Tiny" and row.training == "FCMAE")
    assert (tiny.gmacs_text, tiny.params_m_text, tiny.top1_percent) == ("4.47", "28.6", 83.0)
    assert (tiny.depths, tiny.widths) == ((3, 3, 9, 3), (96, 192, 384, 768))
    assert all(len(row.depths) == len(row.widths) == 4 for row in rows)


def test_reading_needs_no_heavy_library():
    code = (
        "import sys; from modernize.published import family_rows; family_rows();"
        "print([m for m in ('torch', 'pandas', 'numpy') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_tables_of_v2_agree_with_each_other():
    sizes, trained, layers = v2_tables()
    by_size = {row[0]: row for row in sizes.rows}
    assert list(by_size) == ["Atto", "Femto", "Pico", "Nano", "Tiny", "Base", "Large", "Huge"]
    assert by_size["Tiny"] == ("Tiny", "28.6", "4.47", "82.1", "82.5", "83.0", "arXiv:2301.00808")
    assert by_size["Huge"][3:6] == ("-", "-", "86.3")
    of_base, in_its_place = ({row[0]: row[1] for row in table.rows} for table in (trained, layers))
    assert (of_base["ConvNeXt, supervised"], of_base["ConvNeXt V2, supervised"]) == by_size["Base"][3:5]
    assert in_its_place["GRN"] == of_base["ConvNeXt V2, FCMAE"] == "84.6"
    assert in_its_place["none"] == of_base["ConvNeXt, FCMAE"] == "83.7"
    assert all(len(row) == len(table.heads) and row[-1] for table in v2_tables() for row in table.rows)

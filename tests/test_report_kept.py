"""What runs leave beside their records: shown, and where it is broken named and left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from factories import make_record, make_study
from PIL import Image
from safetensors.numpy import save

from modernize.report import write_report
from modernize.report.figures import draw
from modernize.report.gather import read_study
from modernize.results.artifact import MOST_PICTURE_BYTES, PICTURES_FILE, PREDICTIONS_FILE, keep_pictures, picture_file
from modernize.results.predictions import Predictions, load_predictions, save_predictions
from modernize.results.store import load_records, save_record, save_study

RESULTS = Path(__file__).parents[1] / "results"
DRAWN = "scenes-segmentation-small"


def left(file, *, size=(8, 8)):
    """Leave a picture without structure, so that it takes about the bytes of its pixels."""
    file.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file)
    return file


@pytest.mark.skipif(not RESULTS.is_dir(), reason="results/ is not installed")
def test_pictures_beside_a_record_are_shown_and_a_broken_one_is_named(tmp_path, capsys):
    folder = copytree(RESULTS / DRAWN, tmp_path / "results" / DRAWN)
    study, rows, _ = read_study(folder)
    assert [row.pictures and row.pictures.seed for row in rows] == [0, 0]
    assert [axes.get_title("left") for axes in draw("pictures", study, rows).axes] == [
        "base, seed 0",
        "downsample, seed 0",
    ]
    assert capsys.readouterr().err == ""

    broken = rows[0].pictures.path
    broken.write_bytes(broken.read_bytes()[:5000])
    study, rows, _ = read_study(folder)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"warning: {broken} is left out: ")
    assert [axes.get_title("left") for axes in draw("pictures", study, rows).axes] == ["downsample, seed 0"]

    left(tmp_path / "runs" / rows[0].records[1].run_id / PICTURES_FILE)
    assert [row.pictures and row.pictures.seed for row in read_study(folder)[1]] == [1, 0]


def test_small_pictures_go_where_the_record_goes_of_one_run_an_entry(tmp_path):
    study = make_study(upto="recipe", seeds=(0, 1))
    first, second, other = (make_record(study, *run) for run in (("base", 0), ("base", 1), ("recipe", 0)))
    keep_pictures(first, tmp_path, tmp_path / "none")
    assert not picture_file(first, tmp_path).exists()
    small, large = (
        left(tmp_path / name / PICTURES_FILE, size=size) for name, size in (("s", (9, 9)), ("l", (400, 400)))
    )
    assert large.stat().st_size > MOST_PICTURE_BYTES
    for record, file in ((first, large), (second, small), (first, small), (other, small)):
        keep_pictures(record, tmp_path, file.parent)
    assert [picture_file(record, tmp_path).exists() for record in (first, second, other)] == [False, True, True]
    save_record(other, tmp_path)
    assert [record.entry.name for record in load_records(tmp_path).records] == ["recipe"]


def predictions():
    return Predictions(
        probabilities=np.full((4, 2), 0.5, np.float32),
        labels=np.array([0, 1, 1, 0]),
        class_names=("cat", "dog"),
        pictured=np.array([3]),
        pictures=np.zeros((1, 8, 8, 3), np.uint8),
    )


BROKEN = {
    "a label of no class": {"labels": np.array([0, 1, 2, 0])},
    "labels of other images": {"labels": np.array([0, 1])},
    "a class without name": {"class_names": ("cat",)},
    "no image": {"probabilities": np.zeros((0, 2), np.float32), "labels": np.zeros(0, np.int64)},
    "no probabilities": {"probabilities": np.full((4, 2), np.nan, np.float32)},
    "a picture of no image": {"pictured": np.array([4])},
    "fewer pictures": {"pictures": np.zeros((0, 8, 8, 3), np.uint8)},
}


@pytest.mark.parametrize("parts", BROKEN.values(), ids=list(BROKEN))
def test_predictions_that_do_not_fit_together_cost_no_report(parts, tmp_path, capsys):
    study = make_study(upto="base")
    record = make_record(study, "base")
    save_study(study, tmp_path / "results")
    save_record(record, tmp_path / "results")
    folder = tmp_path / "runs" / record.run_id
    save_predictions(predictions(), folder)
    assert load_predictions(folder) is not None
    assert "calibration" in write_report(tmp_path / "results", tmp_path, figures=False)[0].read_text()
    save_predictions(replace(predictions(), **parts), folder)
    assert "calibration" not in write_report(tmp_path / "results", tmp_path, figures=False)[0].read_text()
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"warning: {folder / PREDICTIONS_FILE} is left out: ValueError: its parts do not fit together."


def test_predictions_that_are_none_are_named(tmp_path, capsys):
    assert load_predictions(tmp_path) is None
    assert capsys.readouterr().err == ""
    for data in (b"", b"noise" * 40, save({"labels": np.zeros(1)}), save({"labels": np.zeros(1)}, {"modernize": "1"})):
        (tmp_path / PREDICTIONS_FILE).write_bytes(data)
        assert load_predictions(tmp_path) is None
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"warning: {tmp_path / PREDICTIONS_FILE} is left out: ")

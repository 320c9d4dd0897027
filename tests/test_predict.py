"""`modernize predict` on pictures of every kind: those that can be read, and those that are named and left out."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image
from saved_model import NAMES, saved_model

from modernize.cli import main
from modernize.inference.classifier import load_classifier


@pytest.fixture
def photos(tmp_path):
    """One picture in each mode that can be read."""
    folder = tmp_path / "photos"
    folder.mkdir()
    colours = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8))
    for mode, name in (("RGB", "a.png"), ("L", "b.png"), ("RGBA", "c.png"), ("CMYK", "d.jpg"), ("P", "e.png")):
        colours.convert(mode).save(folder / name)
    return folder


def told(capsys, *line):
    code = main(["predict", *map(str, line), "--json"])
    out, error = capsys.readouterr()
    return code, json.loads(out), error


def test_pictures_of_every_mode_by_folder_and_pattern(photos, tmp_path, capsys):
    model = saved_model(tmp_path)
    code, found, _ = told(capsys, photos, "--model", model, "--top", 2)
    assert code == 0
    assert [one["file"] for one in found] == [str(path) for path in sorted(photos.iterdir())]
    assert found == told(capsys, photos / "*", "--model", model, "--top", 2)[1]
    first = found[0]["classes"]
    assert len(first) == 2
    assert {one["name"] for one in first} <= set(NAMES)
    # What torch says of the same pixels: 32 px are resized to 36, and the middle is cut out.
    image = Image.open(photos / "a.png").resize((50, 36), Image.Resampling.BICUBIC).crop((9, 2, 41, 34))
    mean, std = (torch.tensor(values) for values in ((120.0, 110.0, 100.0), (60.0, 61.0, 62.0)))
    pixels = ((torch.from_numpy(np.array(image)).float() - mean) / std).permute(2, 0, 1)[None]
    expected = load_classifier(str(model)).network(pixels).softmax(dim=1).max()
    assert first[0]["probability_percent"] == pytest.approx(100 * float(expected), rel=1e-4)


def test_several_models_stand_side_by_side_and_are_drawn(photos, tmp_path, capsys):
    models = [saved_model(tmp_path), "torchvision:squeezenet1_1?weights=random"]
    drawn = tmp_path / "seen.png"
    line = ["predict", str(photos / "a.png"), *(part for one in models for part in ("--model", str(one)))]
    assert main([*line, "--picture", str(drawn)]) == 0
    out, error = capsys.readouterr()
    assert len(out.splitlines()) == 1 + 6 + 1
    assert "none: random numbers" in error
    assert drawn.read_bytes().startswith(b"\x89PNG")
    assert main([*line, "--picture", str(drawn)]) == 2
    assert "exists; give --replace" in capsys.readouterr().err


def test_broken_pictures_are_named_and_the_others_go_on(photos, tmp_path, capsys):
    (photos / "f.jpg").write_bytes((photos / "d.jpg").read_bytes()[:-200])
    (photos / "g.png").write_text("no picture")
    Image.fromarray(np.full((40, 40), 0.5, dtype=np.float32)).save(photos / "h.tif")
    Image.new("1", (20_000, 20_000)).save(photos / "i.png")
    Image.new("L", (20_000, 10)).save(photos / "j.png")
    code, found, error = told(capsys, photos, photos / "gone.png", "--model", saved_model(tmp_path))
    assert code == 2
    assert len(found) == 5
    lines = [line for line in error.splitlines() if line.startswith("warning: ")]
    for name, why in (
        ("f.jpg", "truncated"),
        ("g.png", "none of JPEG"),
        ("h.tif", "8 bits a channel"),
        ("i.png", "decompression bomb"),
        ("j.png", "20000 x 10 pixels: too long for its width"),
        ("gone.png", "No such file"),
    ):
        assert [line for line in lines if name in line and why in line], name
    assert len(lines) == 6
    assert error.splitlines()[-1] == "error: 6 of 11 pictures could not be read."


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["a.png"], "what is to look at these pictures? Give --model"),
        (["nothing", "--model", "x.safetensors"], "there is no file of weights x.safetensors"),
        (["empty", "--model", "MODEL"], "empty holds no pictures; pictures end in .bmp"),
        (["*.jpeg", "--model", "MODEL"], "*.jpeg holds no pictures"),
        (["a.png", "--model", "a", "--model", "b", "--weights", "c"], "each names its own: a?weights=c."),
    ],
)
def test_what_cannot_be_done_is_one_line(line, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    model = saved_model(tmp_path)
    assert main(["predict", *(str(model) if part == "MODEL" else part for part in line)]) == 2
    assert message in capsys.readouterr().err

"""Features of a network without its classifier, and classic classifiers on them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image
from pyarrow import parquet
from saved_model import saved_model

from modernize.cli import main
from modernize.datasets import load_data
from modernize.errors import ModernizeError
from modernize.inference.classifier import load_classifier
from modernize.inference.features import Features, features_of
from modernize.inference.pictures import preparation
from modernize.inference.transfer import transfer


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "modernize" / "features"


def photos(folder, classes=("cat", "dog"), count=3):
    """Write an image folder whose classes are told apart by colour."""
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        for label, name in enumerate(classes):
            (folder / split / name).mkdir(parents=True)
            for index in range(count):
                pixels = rng.integers(0, 100, (20, 30, 3), dtype=np.uint8)
                pixels[..., label] += 150
                Image.fromarray(pixels).save(folder / split / name / f"{index}.png")
    return f"folder:{folder}"


def test_features_are_what_the_network_gives_before_its_head(tmp_path, capsys, cache):
    model, file = saved_model(tmp_path), tmp_path / "seen.npz"
    data = photos(tmp_path / "photos")
    line = ["features", "--model", str(model), "--data", data]
    assert main([*line, "--of", "map", "--file", str(file)]) == 0
    assert ["test", "6", "2", "x", "2", "x", "256", "1,024"] in [
        row.split() for row in capsys.readouterr().out.splitlines()
    ]
    kept = np.load(file)
    classifier = load_classifier(str(model))
    images = preparation(classifier.description.preprocessing)(load_data(data).test.image(index) for index in range(6))
    with torch.inference_mode():
        maps = classifier.network.forward_features(images)
    assert np.allclose(kept["x_test"], maps.permute(0, 2, 3, 1).numpy(), atol=1e-5)
    assert kept["y_test"].tolist() == [0, 0, 0, 1, 1, 1]
    assert kept["class_names"].tolist() == ["cat", "dog"]
    # The cache knows network and data: both splits lie there, and another size is another network.
    assert len(list(cache.iterdir())) == 2
    times = {path: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert main([*line, "--of", "map"]) == 0
    assert {path: path.stat().st_mtime_ns for path in cache.iterdir()} == times
    assert main([*line, "--of", "map", "--image-size", "40"]) == 0
    assert len(list(cache.iterdir())) == 4
    table = tmp_path / "seen.parquet"
    assert main([*line, "--file", str(table)]) == 0
    rows = parquet.read_table(table).to_pydict()
    assert (rows["split"][-1], rows["class"][-1], rows["label"][-1]) == ("test", "dog", 1)
    assert np.allclose(rows["features"][-6:], maps.mean((2, 3)).numpy(), atol=1e-5)
    assert main([*line, "--file", str(table)]) == 2
    assert "exists; give --replace" in capsys.readouterr().err


def test_a_damaged_cache_is_made_anew(tmp_path, cache):
    classifier, data = load_classifier(str(saved_model(tmp_path))), load_data(photos(tmp_path / "photos"))
    first = features_of(classifier, data, "pooled")
    for damage in (lambda data: data[:100], lambda data: data[:300] + bytes([data[300] ^ 1]) + data[301:]):
        for path in cache.iterdir():
            path.write_bytes(damage(path.read_bytes()))
        again = features_of(classifier, data, "pooled")
        assert all(np.array_equal(first.values[name], again.values[name]) for name in first.values)


def test_tokens_have_pooled_features_only(tmp_path):
    name = "timm:vit_tiny_patch16_224?depth=1&embed_dim=24&img_size=32&patch_size=8&weights=random"
    classifier, data = load_classifier(name, image_size=32), load_data(photos(tmp_path / "photos"))
    found = features_of(classifier, data, "pooled")
    assert found.values["train"].shape == (6, 24)
    with pytest.raises(ModernizeError, match="works on tokens and has no feature map; ask for pooled features"):
        features_of(classifier, data, "map")


def blobs(count=60, spread=1.0):
    """Three classes as clouds of points, as features."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 3
    values = {
        s: (rng.normal(0, spread, (count, 8)) + 4 * np.eye(8)[labels]).astype(np.float32) for s in ("train", "test")
    }
    return Features(values=values, labels=dict.fromkeys(("train", "test"), labels), class_names=("a", "b", "c"))


def test_more_images_a_class_help_and_draws_have_an_interval():
    points, shown = transfer(blobs(spread=2.5), ["logistic", "knn", "pca", "mlp"], [5, 20], n_draws=3)
    assert [(one.classifier, one.images_per_class) for one in points[:3]] == [
        ("logistic", 5),
        ("logistic", 20),
        ("knn", 5),
    ]
    few, many = points[:2]
    assert few.top1_percent < many.top1_percent
    assert few.half_width > 0
    assert many.half_width == 0  # every draw takes all there are
    assert 100 * (shown == np.arange(60) % 3).mean() == pytest.approx(many.top1_percent)
    assert transfer(blobs(), ["knn"], [5], n_draws=1)[0][0].half_width is None


def test_the_figure_shows_two_test_images_with_what_they_are_taken_for(tmp_path, capsys, monkeypatch):
    from modernize.report.figures import transfer as drawing

    drawn = []
    monkeypatch.setattr(drawing, "settled", lambda figure, _: drawn.append(figure) or figure)
    picture = tmp_path / "transfer.png"
    line = ["transfer", "--model", str(saved_model(tmp_path)), "--data", photos(tmp_path / "photos"), "--images", "1,3"]
    assert main([*line, "--draws", "2", "--classifier", "knn,logistic", "--picture", str(picture)]) == 2
    assert "knn cannot be fitted to these features: Expected n_neighbors <= n_samples_fit" in capsys.readouterr().err
    line += ["--draws", "2", "--classifier", "logistic,mlp"]
    assert main([*line, "--picture", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    curves, *two = drawn[0].axes
    assert [axes.get_title(loc="left").partition("\n")[0] for axes in two] == ["Predicted: cat", "Predicted: dog"]
    assert [text.get_text() for text in curves.get_legend().get_texts()] == ["logistic", "mlp"]
    assert len(capsys.readouterr().out.splitlines()) == 1 + 4 + 1
    assert main([*line, "--json"]) == 0
    assert {one["n_draws"] for one in json.loads(capsys.readouterr().out)} == {2}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--images", "4"], "4 images of each class were asked for; cat has 3."),
        (["--images", "ten"], "--images 'ten' should list whole numbers above 0, for example 10,20,40."),
        (["--classifier", "knnn"], "unknown classifier 'knnn'. Did you mean 'knn'?"),
        (["--of", "maps"], "unknown kind of features 'maps'. Did you mean 'map'?"),
    ],
)
def test_what_cannot_be_done_is_one_line(options, message, tmp_path, capsys):
    line = ["transfer", "--model", str(saved_model(tmp_path)), "--data", photos(tmp_path / "photos"), "--images", "1"]
    assert main([*line, *options]) == 2
    assert message in capsys.readouterr().err


def test_one_class_no_labels_and_a_broken_image_are_one_line(tmp_path, capsys):
    line = ["transfer", "--model", str(saved_model(tmp_path)), "--images", "1", "--data"]
    assert main([*line, photos(tmp_path / "one", classes=("cat",))]) == 2
    assert "there is only one class, cat: nothing is to be told apart." in capsys.readouterr().err
    for split in ("train", "test"):
        (tmp_path / "bare" / split).mkdir(parents=True)
        Image.new("RGB", (9, 9)).save(tmp_path / "bare" / split / "a.png")
    assert main([*line, f"folder:{tmp_path}/bare"]) == 2
    assert "holds no class folders" in capsys.readouterr().err
    data = photos(tmp_path / "photos")
    broken = tmp_path / "photos" / "test" / "dog" / "1.png"
    broken.write_bytes(broken.read_bytes()[:300])
    assert main([*line, data]) == 2
    assert str(broken) in capsys.readouterr().err

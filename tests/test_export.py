"""Exports: read by the libraries that they are for, with the same logits, class names and preprocessing."""

from __future__ import annotations

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import timm
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from saved_model import NAMES, saved_model
from torchvision import models as torchvision_models

from modernize.cli import main
from modernize.external import parse_external
from modernize.families import family_spec
from modernize.inference.classifier import load_classifier
from modernize.ladder import ladder
from modernize.regimes import base_spec

SMALL = {"depths": (1, 1, 1, 1), "num_classes": len(NAMES)}
CONVNEXT = family_spec("convnext-t").with_arch(width=16, **SMALL)
LAST = {
    "resnet": base_spec("resnet50").with_arch(**SMALL),
    "convnext": CONVNEXT,
    "convnext without LayerScale": CONVNEXT.with_arch(layer_scale=False),
    "convnext v2": CONVNEXT.with_arch(layer_scale=False, grn=True, width=40),
}


def exported(folder, to, model=None, *options, **saved):
    """Export a network; return logits of images before, the images, and the path."""
    kept = saved_model(folder, model, **saved)
    path = folder / f"taken{'' if to == 'timm' else '.' + to}"
    assert main(["export", str(kept), "--to", to, "--file", str(path), *options]) == 0
    images = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(5))
    return load_classifier(str(kept)).logits(images), images, path


def same(got, expected):
    torch.testing.assert_close(got, expected, atol=1e-5 * max(1.0, float(expected.abs().max())), rtol=0)


def described(text):
    said = json.loads(text)
    assert tuple(said["class_names"]) == NAMES
    assert said["preprocessing"]["mean"] == [120.0, 110.0, 100.0]
    assert said["about"]["run"] == "0123456789abcdef"


@pytest.mark.parametrize(
    "spec", [base_spec("laptop").with_arch(num_classes=3), ladder("laptop")[-1].spec.with_arch(num_classes=3)]
)
def test_onnxruntime_gives_the_same_logits_for_any_batch(spec, tmp_path):
    expected, images, path = exported(tmp_path, "onnx", spec.arch)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for batch in (images, images[:1]):
        (got,) = session.run(None, {"images_nchw": batch.numpy()})
        same(torch.from_numpy(got), expected[: len(batch)])
    described(session.get_modelmeta().custom_metadata_map["modernize"])
    onnx.checker.check_model(onnx.load(path))


def test_torchscript_needs_nothing_of_ours(tmp_path):
    expected, images, path = exported(tmp_path, "torchscript")
    said = {"modernize": ""}
    with pytest.warns(match="deprecated"):
        network = torch.jit.load(path, _extra_files=said)
    same(network(images), expected)
    described(said["modernize"])


@pytest.mark.parametrize("kind", LAST)
def test_timm_loads_the_ends_of_the_ladder_from_a_folder(kind, tmp_path):
    expected, images, path = exported(tmp_path, "timm", LAST[kind].arch)
    network = timm.create_model(f"local-dir:{path}", pretrained=True).eval()
    with torch.inference_mode():
        same(network(images), expected)
    config = timm.data.resolve_data_config(pretrained_cfg=network.pretrained_cfg)
    assert config["input_size"] == (3, 32, 32)
    assert np.allclose(config["mean"], np.array([120, 110, 100]) / 255)
    assert np.allclose(config["std"], np.array([60, 61, 62]) / 255)
    assert (config["crop_pct"], config["interpolation"]) == (0.875, "bicubic")
    assert tuple(network.pretrained_cfg["label_names"]) == NAMES
    assert f'timm.create_model("local-dir:{path.name}", pretrained=True)' in (path / "README.md").read_text()


def test_torchvision_loads_a_resnet50(tmp_path):
    expected, images, path = exported(tmp_path, "torchvision", base_spec("resnet50").with_arch(num_classes=3).arch)
    network = torchvision_models.get_model("resnet50", num_classes=3).eval()
    network.load_state_dict(load_file(path))
    with torch.inference_mode():
        same(network(images), expected)
    with safe_open(path, "pt") as file:
        described(file.metadata()["modernize"])
    assert 'get_model("resnet50", num_classes=3)' in path.with_suffix(".md").read_text()


@pytest.mark.parametrize("name", ["timm:test_resnet", "torchvision:squeezenet1_1"])
def test_networks_of_a_library_go_back_to_it(name, tmp_path):
    library = name.partition(":")[0]
    expected, images, path = exported(tmp_path, library, parse_external(name))
    if library == "timm":
        network = timm.create_model(f"local-dir:{path}", pretrained=True).eval()
    else:
        network = torchvision_models.squeezenet1_1(num_classes=3).eval()
        network.load_state_dict(load_file(path))
    with torch.inference_mode():
        same(network(images), expected)


def test_safetensors_are_a_model_by_themselves(tmp_path, capsys):
    expected, images, path = exported(tmp_path, "safetensors")
    same(load_classifier(str(path)).logits(images), expected)
    card = path.with_suffix(".md").read_text()
    for text in ("3 classes", "cat, dog, eel", "120.0, 110.0, 100.0", "resized to 36 pixels", "Licence", "predict"):
        assert text in card
    before = path.read_bytes()
    capsys.readouterr()
    line = ["export", str(tmp_path / "kept.safetensors"), "--file", str(path)]
    assert main(line) == 2
    assert f"{path} exists; give --replace" in capsys.readouterr().err
    path.unlink()
    assert main(line) == 2  # the card alone
    assert f"{path.with_suffix('.md')} exists" in capsys.readouterr().err
    assert not path.exists()
    assert main([*line, "--replace"]) == 0
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("arch", "to", "message"),
    [
        (base_spec("laptop").arch, "timm", "timm has no such network (arch.depths is (2, 3, 3))"),
        (base_spec("resnet50").with_arch(width=8, **SMALL).arch, "timm", "are 64 wide, not 8."),
        (CONVNEXT.arch, "torchvision", "torchvision has no network of depths (1, 1, 1, 1) and width 16, only resnet50"),
        (parse_external("timm:test_resnet"), "torchvision", "timm:test_resnet is no network of torchvision."),
        (base_spec("laptop").arch, "keras", "unknown target 'keras'."),
    ],
)
def test_what_has_no_counterpart_is_one_line(arch, to, message, tmp_path, capsys):
    kept = saved_model(tmp_path, arch)
    assert main(["export", str(kept), "--to", to, "--file", str(tmp_path / "x")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Any network goes to safetensors, onnx and torchscript." in error or to == "keras"
    assert [path.name for path in tmp_path.iterdir()] == ["kept.safetensors"]

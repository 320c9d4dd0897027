"""Networks with weights by name: whose class names, whose preprocessing, and one line for what cannot be."""

from __future__ import annotations

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from saved_model import NAMES, saved_model
from torchvision import models as torchvision_models

from modernize.errors import ModernizeError
from modernize.external import parse_external
from modernize.families import family_spec
from modernize.inference.classifier import load_classifier
from modernize.inference.pictures import preparation
from modernize.models import preprocessing_of
from modernize.nn import build
from modernize.nn.convert import to_timm
from modernize.verify.logits import randomise


@pytest.fixture
def caches(tmp_path, monkeypatch):
    """Both libraries' caches in an empty folder."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    return tmp_path


def in_timms_cache(folder, state, name="test_resnet.r160_in1k"):
    repository = folder / "hub-cache" / f"models--timm--{name}"
    path = repository / "snapshots" / "0" / "model.safetensors"
    path.parent.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0")
    save_file(state, path)
    return path


def picture(width=300, height=200):
    pixels = np.random.default_rng(0).integers(0, 256, (height // 20, width // 20, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)


def test_torchvisions_weights_come_from_its_cache(caches):
    torch.manual_seed(0)
    theirs = torchvision_models.squeezenet1_1().eval()
    weights = torchvision_models.SqueezeNet1_1_Weights.DEFAULT
    path = caches / "hub" / "checkpoints" / weights.url.rpartition("/")[2]
    with pytest.raises(ModernizeError, match=f"are not here: they belong in {path}; --download fetches them"):
        load_classifier("torchvision:squeezenet1_1")
    path.parent.mkdir(parents=True)
    torch.save(theirs.state_dict(), path)
    loaded = load_classifier("torchvision:squeezenet1_1")
    assert loaded.description.class_names[:2] == ("tench", "goldfish")
    # Their whole way from a picture to logits is the oracle.
    with torch.inference_mode():
        expected = theirs(weights.transforms()(picture())[None])
    got = loaded.logits(preparation(loaded.description.preprocessing)([picture()]))
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)
    path.write_bytes(b"no weights")
    with pytest.raises(ModernizeError, match="could not be loaded") as caught:
        load_classifier("torchvision:squeezenet1_1?weights=IMAGENET1K_V1")
    assert "\n" not in str(caught.value)


def test_timms_weights_come_from_its_cache(caches):
    torch.manual_seed(0)
    theirs = timm.create_model("test_resnet").eval()
    with pytest.raises(ModernizeError, match=r"model.safetensors of timm/test_resnet.r160_in1k belongs in its cache"):
        load_classifier("timm:test_resnet")
    path = in_timms_cache(caches, theirs.state_dict())
    config = timm.data.resolve_data_config(pretrained_cfg=theirs.pretrained_cfg)
    transform = timm.data.create_transform(**config)
    with torch.inference_mode():
        expected = theirs(transform(picture())[None])
    for name, weights in (
        ("timm:test_resnet", ""),
        ("timm:test_resnet.r160_in1k", ""),
        ("timm:test_resnet?weights=r160_in1k", ""),
        ("timm:test_resnet", str(path)),
    ):
        loaded = load_classifier(name, weights=weights)
        got = loaded.logits(preparation(loaded.description.preprocessing)([picture()]))
        torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)
        assert loaded.description.class_names[:2] == ("tench", "goldfish")


@pytest.mark.parametrize("size", [(300, 200), (61, 400), (32, 32)])
@pytest.mark.parametrize(
    "name", ["torchvision:resnet50", "torchvision:inception_v3", "torchvision:convnext_small", "timm:convnext_tiny"]
)
def test_pictures_are_prepared_as_the_library_does(name, size):
    external = parse_external(name)
    if external.library == "timm":
        config = timm.data.resolve_data_config(pretrained_cfg=timm.get_pretrained_cfg(external.name).to_dict())
        transform = timm.data.create_transform(**config)
    else:
        transform = torchvision_models.get_model_weights(external.name).DEFAULT.transforms()
    got = preparation(preprocessing_of(external))([picture(*size)])[0]
    torch.testing.assert_close(got, transform(picture(*size)), atol=1e-5, rtol=1e-5)


def test_a_file_says_what_it_is_of(tmp_path):
    path = saved_model(tmp_path)
    loaded = load_classifier(str(path))
    assert loaded.description.class_names == NAMES
    assert loaded.logits(torch.zeros(2, 3, 32, 32)).shape == (2, 3)
    named = load_classifier("laptop/base", weights=str(path))
    assert named.fingerprint != load_classifier("laptop/base?weights=random").fingerprint
    torch.testing.assert_close(named.network.state_dict(), loaded.network.state_dict())
    assert load_classifier(str(path), image_size=64).description.preprocessing.image_size == 64
    assert load_classifier(str(path), image_size=64).fingerprint != loaded.fingerprint


def test_a_published_convnext_takes_weights_of_timms(tmp_path):
    spec = family_spec("convnext-v2-atto").with_arch(num_classes=7)
    network = build(spec).eval()
    randomise(network, seed=0)
    save_file(to_timm(network, spec), tmp_path / "atto.safetensors")
    loaded = load_classifier(f"convnext-v2-atto?weights={tmp_path}/atto.safetensors", image_size=64)
    images = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(loaded.logits(images), network(images))
    assert loaded.description.class_names == tuple("0123456")
    external = load_classifier("timm:convnextv2_atto", weights=f"{tmp_path}/atto.safetensors", image_size=64)
    torch.testing.assert_close(external.logits(images), loaded.logits(images), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("resnet50", {}, "unknown model 'resnet50'. Did you mean 'resnet50/STEP'? Allowed: convnext-t, "),
        ("convnext-tt", {}, "Did you mean 'convnext-t'?"),
        ("laptop/lnn", {}, "Did you mean 'ln'?"),
        ("laptop/ln", {}, "laptop/ln has no weights of its own: give a .safetensors file with --weights, or a run as"),
        ("timm:resnt50", {}, "timm has no classifier 'resnt50'. Nearest: resnet50"),
        ("torchvision:resnt50", {}, "torchvision has no classifier 'resnt50'. Nearest: "),
        ("timm:resnet18?weights=gone.pth", {}, "there is no file of weights gone.pth"),
        ("timm:resnet18?weights=a9", {}, "unknown weights of timm:resnet18 'a9'."),
        ("torchvision:vgg16?weights=V1", {}, "unknown weights of torchvision:vgg16 'V1'. Allowed: IMAGENET1K_V1"),
        ("timm:resnet18?weights=x.safetensors", {"weights": "y"}, "names its weights; --weights y would name others."),
        ("laptop/ln?weights=gone.safetensors", {}, "there is no file of weights gone.safetensors."),
        ("gone.safetensors", {}, "there is no file of weights gone.safetensors."),
        ("run:0123", {}, "there is no run '0123': no record has this id."),
        ("timm:vit_tiny_patch16_224?weights=random", {"image_size": 100}, "does not take images of 100 px"),
    ],
)
def test_what_cannot_be_loaded_is_one_clear_line(name, options, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModernizeError) as caught:
        load_classifier(name, **options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_weights_of_another_network_are_refused(tmp_path):
    path = saved_model(tmp_path)
    for name in ("laptop/ln", "timm:test_resnet", "torchvision:squeezenet1_1"):
        with pytest.raises(ModernizeError, match="its weights are of another network"):
            load_classifier(name, weights=str(path))
    save_file({"x": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(ModernizeError, match="does not say which network it is of"):
        load_classifier(str(tmp_path / "other.safetensors"))
    short = {name: tensor for name, tensor in load_file(path).items() if "stages.0" not in name}
    save_file(short, tmp_path / "short.safetensors", {"modernize": _said(path)})
    with pytest.raises(ModernizeError, match="its weights are of another network"):
        load_classifier(str(tmp_path / "short.safetensors"))
    (tmp_path / "broken.safetensors").write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ModernizeError, match="is no readable safetensors file"):
        load_classifier(str(tmp_path / "broken.safetensors"))


def _said(path):
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        return file.metadata()["modernize"]

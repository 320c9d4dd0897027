"""Networks of other libraries: built, refused in one line, counted as their authors count, and taken apart."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch import nn
from torchvision import models as torchvision_models

from modernize.cost import cost
from modernize.datasets.normalise import IMAGENET_MEAN, IMAGENET_STD
from modernize.errors import ModernizeError
from modernize.external import parse_external
from modernize.families import family_spec
from modernize.measure.counting import counted_params
from modernize.models import build_external, build_model, count_external, handle_of, preprocessing_of
from modernize.models.libraries import on_meta
from modernize.nn import build
from modernize.regimes import base_spec

# What takes 32 px, and how it is asked to; with 10 classes.
AT_32 = {
    "timm:vit_tiny_patch16_224": "?img_size=32&patch_size=4",
    "timm:swin_tiny_patch4_window7_224": "?img_size=32&patch_size=1&window_size=4",
    "timm:resnet50": "",
    "timm:mobilenetv3_small_100": "",
    "timm:efficientnet_b0": "",
    "timm:mixer_s16_224": "?img_size=32",
    "timm:convnext_tiny": "",
    "timm:convnextv2_atto": "",
    "timm:deit3_small_patch16_224": "?img_size=32&patch_size=4",
    "timm:regnety_002": "",
    "torchvision:vgg16": "",
    "torchvision:resnet18": "",
    "torchvision:mobilenet_v2": "",
    "torchvision:shufflenet_v2_x0_5": "",
    "torchvision:densenet121": "",
    "torchvision:vit_b_16": "?image_size=32",
    "torchvision:swin_t": "",
    "torchvision:squeezenet1_1": "",
    "torchvision:googlenet": "",
    "torchvision:regnet_y_400mf": "",
}
TINY_VIT = "timm:vit_tiny_patch16_224?depth=2&drop_path_rate=0.1&embed_dim=24&img_size=32&patch_size=8"


def network_of(text: str, *, num_classes: int = 10, image_size: int = 224) -> nn.Module:
    return on_meta(parse_external(text), num_classes=num_classes, image_size=image_size)


def counted(text: str, *, num_classes: int = 10, image_size: int = 224):
    return count_external(parse_external(text), num_classes=num_classes, image_size=image_size)


@pytest.mark.parametrize("model", AT_32)
def test_what_people_name_takes_224_px_and_can_be_taken_apart(model):
    network = network_of(model)
    handle = handle_of(network)
    names = [name for layer in handle.layers for name in layer]
    assert sorted(names) == sorted(name for name, _ in network.named_parameters())
    for path in handle.classifiers:
        classifier = network.get_submodule(path)
        assert len(classifier.weight) == 10
        assert f"{path}.weight" in handle.layers[-1]
    first = next(name for name, module in network.named_modules() if isinstance(module, nn.Conv2d))
    assert f"{first}.weight" in handle.layers[0]
    assert len(handle.layers) > 4


@pytest.mark.parametrize(("model", "options"), AT_32.items())
def test_32_px_is_taken_or_how_to_is_said(model, options):
    if options:
        with pytest.raises(ModernizeError) as caught:
            counted(model, image_size=32)
        assert f"{model} does not take images of 32 px" in str(caught.value)
        assert str(caught.value).endswith(f"; try {model}{options}.")
    assert counted(model + options, image_size=32).macs > 0


@pytest.mark.parametrize(
    ("text", "image_size", "message"),
    [
        ("timm:resnt50", 32, "timm has no classifier 'resnt50'. Nearest: resnet50, "),
        ("timm:swin_tiny", 32, "Nearest: swin_tiny_patch4_window7_224."),
        ("torchvision:fasterrcnn_resnet50_fpn", 32, "torchvision has no classifier 'fasterrcnn_resnet50_fpn'."),
        ("torchvision:alexnet", 32, "does not take images of 32 px (Given input size"),
        ("torchvision:alexnet", 32, "; it takes 64 px."),
        ("timm:vit_tiny_patch16_224?img_size=48", 32, "try timm:vit_tiny_patch16_224?img_size=32&patch_size=4."),
        ("timm:vit_tiny_patch16_224?imgsize=32", 32, "'imgsize'. Did you mean 'img_size'? Allowed: img_size, "),
        ("torchvision:resnet18?img_size=32", 32, "option of torchvision:resnet18 'img_size'. Allowed: zero_init_"),
        ("torchvision:regnet_y_400mf?x=1", 32, "unknown option of torchvision:regnet_y_400mf 'x'."),
        ("timm:mixer_s16_224?patch_size=4", 32, "cannot be built: it sets patch_size itself."),
        ("timm:vit_tiny_patch16_224?depth=deep", 224, "?depth=deep cannot be built: unsupported operand"),
        ("torchvision:googlenet?aux_logits=true", 224, "gives GoogLeNetOutputs, not a row of 10 logits an image."),
    ],
)
def test_what_cannot_be_built_is_one_clear_line(text, image_size, message):
    with pytest.raises(ModernizeError) as caught:
        counted(text, image_size=image_size)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "alexnet",
        "convnext_tiny",
        "densenet121",
        "maxvit_t",
        "regnet_y_400mf",
        "resnet50",
        "swin_t",
        "vgg16",
        "vit_b_16",
    ],
)
def test_costs_are_those_that_torchvision_gives(name):
    # Theirs are counted by torch's counter too: attention is in them.
    meta = torchvision_models.get_model_weights(name)["IMAGENET1K_V1"].meta
    got = counted(f"torchvision:{name}", num_classes=1000)
    assert (got.num_params, round(got.macs / 1e9, 3)) == (meta["num_params"], meta["_ops"])


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        ("vit_tiny_patch16_224", 5.72),
        ("swin_tiny_patch4_window7_224", 28.29),
        ("mobilenetv3_small_100", 2.54),
        ("efficientnet_b0", 5.29),
        ("mixer_s16_224", 18.53),
        ("convnextv2_atto", 3.71),
        ("deit3_small_patch16_224", 22.06),
        ("regnety_002", 3.16),
    ],
)
def test_parameters_are_those_of_timms_table(name, millions):
    # results/results-imagenet.csv of timm's repository, column param_count.
    assert round(counted(f"timm:{name}", num_classes=1000).num_params / 1e6, 2) == millions


@pytest.mark.parametrize(
    ("name", "spec"), [("resnet50", base_spec("resnet50")), ("convnext_tiny", family_spec("convnext-t"))]
)
@pytest.mark.parametrize("library", ["timm", "torchvision"])
@pytest.mark.parametrize("image_size", [32, 224])
def test_costs_are_those_of_our_own_network(library, name, spec, image_size):
    ours = cost(spec.with_arch(num_classes=10), image_size)
    got = counted(f"{library}:{name}", image_size=image_size)
    assert (got.macs, got.num_params) == (ours.macs, ours.num_params)


def test_attention_is_counted():
    width, patch, tokens = 192, 16, 14 * 14 + 1
    embedding = (tokens - 1) * 3 * patch**2 * width
    projections, mlp, attention = tokens * 4 * width**2, tokens * 8 * width**2, 2 * tokens**2 * width
    expected = embedding + 12 * (projections + mlp + attention) + width * 10
    assert counted("timm:vit_tiny_patch16_224").macs == expected


@pytest.mark.parametrize(
    "text", [TINY_VIT, "torchvision:shufflenet_v2_x0_5", "torchvision:regnet_y_400mf", "torchvision:googlenet"]
)
def test_a_built_network_learns(text):
    torch.manual_seed(0)
    network = build_external(parse_external(text), num_classes=3, image_size=32)
    images = torch.randn(4, 3, 32, 32).to(memory_format=torch.channels_last)
    assert network.eval()(images).shape == (4, 3)
    logits = network.train()(images)
    assert logits.shape == (4, 3)
    nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2, 0])).backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None] == []


@pytest.mark.parametrize("text", [TINY_VIT, "torchvision:regnet_y_400mf"])
def test_weights_follow_from_the_seed_alone(text):
    built = []
    for _ in range(2):  # The first time, it is tried out before.
        torch.manual_seed(7)
        built.append(build_external(parse_external(text), num_classes=5, image_size=32))
    first, second = (network.state_dict() for network in built)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert counted_params(built[0]) == counted(text, num_classes=5, image_size=32).num_params


def test_one_function_builds_ours_and_theirs():
    spec = base_spec("laptop").with_recipe(stochastic_depth=0.3)
    torch.manual_seed(1)
    ours = build_model(spec.arch, spec.recipe, num_classes=7, image_size=32)
    torch.manual_seed(1)
    expected = build(spec.with_arch(num_classes=7))
    assert str(ours) == str(expected)
    assert all(map(torch.equal, ours.state_dict().values(), expected.state_dict().values()))
    theirs = build_model(parse_external(TINY_VIT), spec.recipe, num_classes=7, image_size=32)
    assert theirs(torch.zeros(2, 3, 32, 32)).shape == (2, 7)


@pytest.mark.parametrize(
    ("text", "num_layers"),
    [
        # The stem, each block, the classifier.
        ("timm:resnet50", 1 + 16 + 1),
        ("torchvision:resnet50", 1 + 16 + 1),
        ("timm:vit_tiny_patch16_224", 1 + 12 + 1),
        ("torchvision:vit_b_16", 1 + 12 + 1),
        # Each layer with weights, as its name says.
        ("torchvision:vgg16", 16),
        ("torchvision:alexnet", 8),
        # The stem, four dense blocks, three transitions, the classifier.
        ("torchvision:densenet121", 1 + 4 + 3 + 1),
    ],
)
def test_layers_are_those_that_one_would_draw(text, num_layers):
    assert len(handle_of(network_of(text)).layers) == num_layers


def test_layers_of_a_resnet_are_the_same_from_either_library():
    timms, torchvisions = (handle_of(network_of(f"{library}:resnet50")) for library in ("timm", "torchvision"))
    assert timms == torchvisions


def test_layers_of_our_own_network():
    with torch.device("meta"):
        handle = handle_of(build(family_spec("convnext-t")))
    assert handle.classifiers == ("head.fc",)
    assert [layer[0] for layer in handle.layers[1:-1]] == [
        f"stages.{i}.{'downsample.norm' if i else 'blocks.0.branch.spatial'}" + ".weight" for i in range(4)
    ]
    assert handle.layers[-1] == ("head.fc.weight", "head.fc.bias")


def test_preprocessing_is_the_librarys_own():
    vgg = preprocessing_of(parse_external("torchvision:vgg16"))
    assert (vgg.mean, vgg.std) == (pytest.approx(IMAGENET_MEAN), pytest.approx(IMAGENET_STD))
    assert (vgg.image_size, vgg.crop_ratio, vgg.interpolation) == (224, 0.875, "bilinear")
    vit = preprocessing_of(parse_external("timm:vit_tiny_patch16_224"))
    assert vit == replace(vgg, mean=(127.5,) * 3, std=(127.5,) * 3, crop_ratio=0.9, interpolation="bicubic")


def test_neither_library_is_imported_before_it_is_needed():
    code = "import sys, modernize.models; print(*sorted({'timm', 'torchvision'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not done.stdout.split()

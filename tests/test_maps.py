"""Feature maps of any network: the shapes that people know, and the numbers that timm and torchvision give."""

from __future__ import annotations

import copy

import pytest
import timm
import torch
from torch import nn
from torchvision import models as torchvision_models
from torchvision.models.feature_extraction import create_feature_extractor

from modernize.external import parse_external
from modernize.models.libraries import on_meta
from modernize.models.maps import Backbone, before_classifier, feature_maps
from modernize.nn import build
from modernize.regimes import base_spec


@pytest.mark.parametrize(
    ("name", "image_size", "strides", "last"),
    [
        ("timm:resnet50", 224, (2, 4, 8, 16, 32), (7, 2048)),
        ("torchvision:resnet50", 224, (2, 4, 8, 16, 32), (7, 2048)),
        ("torchvision:vgg16", 224, (1, 2, 4, 8, 16, 32), (7, 512)),
        ("torchvision:vgg19", 224, (1, 2, 4, 8, 16, 32), (7, 512)),
        ("timm:vgg16", 224, (1, 2, 4, 8, 16, 32), (7, 512)),
        ("torchvision:inception_v3", 299, (2, 4, 8, 16, 32), (8, 2048)),
        ("timm:legacy_xception", 299, (2, 4, 8, 16, 32), (10, 2048)),
        ("torchvision:convnext_tiny", 224, (4, 8, 16, 32), (7, 768)),
        ("timm:convnextv2_atto", 224, (4, 8, 16, 32), (7, 320)),
        ("timm:mobilenetv3_small_100", 224, (2, 4, 8, 16, 32), (7, 576)),
        ("torchvision:squeezenet1_1", 224, (2, 4, 8, 16), (13, 512)),
    ],
)
def test_the_last_map_is_the_one_people_know(name, image_size, strides, last):
    network = on_meta(parse_external(name), num_classes=1000, image_size=image_size).eval()
    found = feature_maps(network, image_size)
    assert tuple(one.stride for one in found) == strides
    assert (found[-1].size, found[-1].channels) == last


def test_tokens_are_no_map():
    for name in ("timm:vit_tiny_patch16_224", "torchvision:vit_b_16"):
        assert feature_maps(on_meta(parse_external(name), num_classes=10, image_size=224).eval(), 224) == ()


@pytest.mark.parametrize(
    "name", ["resnet18", "convnext_atto", "swin_tiny_patch4_window7_224?img_size=64&window_size=2"]
)
def test_maps_are_those_that_timm_gives(name):
    name, _, sized = name.partition("?")
    options = {"img_size": 64, "window_size": 2} if sized else {}
    torch.manual_seed(0)
    network = timm.create_model(name, **options).eval()
    theirs = timm.create_model(name, features_only=True, **options).eval()
    state = network.state_dict()
    theirs.load_state_dict({key: state[key if key in state else _unflattened(key)] for key in theirs.state_dict()})
    images = torch.randn(2, 3, 64, 64)
    maps = feature_maps(network, 64)
    got = list(Backbone(network, maps)(images).values())
    expected = theirs(images)
    assert [one.stride for one in maps] == theirs.feature_info.reduction()
    assert [one.channels for one in maps] == theirs.feature_info.channels()
    for mine, theirs in list(zip(got, expected, strict=True))[
        : -1 if sized else None
    ]:  # timm leaves Swin's last norm out
        torch.testing.assert_close(mine, theirs.permute(0, 3, 1, 2) if sized else theirs)


def _unflattened(key: str) -> str:
    """features_only joins the first two parts of a name."""
    return key.replace("_", ".", 1)


def test_maps_are_those_that_torchvision_gives():
    torch.manual_seed(0)
    network = torchvision_models.resnet18().eval()
    images = torch.randn(2, 3, 64, 64)
    expected = create_feature_extractor(network, [f"layer{i}" for i in (1, 2, 3, 4)])(images)
    got = Backbone(network, feature_maps(network, 64)[1:])(images)
    for mine, theirs in zip(got.values(), expected.values(), strict=True):
        torch.testing.assert_close(mine, theirs)
    torch.testing.assert_close(before_classifier(network, images), expected["layer4"].mean((2, 3)))


def test_a_backbone_can_be_trained_and_copied():
    """A copy gives its own maps, and gradients reach the stem."""
    network = build(base_spec("laptop"))
    backbone = Backbone(network, feature_maps(network.eval(), 32))
    other = copy.deepcopy(backbone)
    nn.init.zeros_(other.network.stages[0].blocks[0].branch.pwconv1.weight)
    images = torch.randn(2, 3, 32, 32)
    mine, theirs = backbone(images), other(images)
    assert [tuple(one.shape[1:]) for one in mine.values()][1:] == [(64, 8, 8), (128, 4, 4), (256, 2, 2)]
    assert not torch.equal(mine["stages.0"], theirs["stages.0"])
    mine["stages.2"].sum().backward()
    assert network.stem.conv.weight.grad.abs().sum() > 0

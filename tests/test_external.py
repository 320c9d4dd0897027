"""Names of other libraries' networks: read, written and told apart without any library."""

from __future__ import annotations

import random

import pytest

from modernize.errors import ModernizeError
from modernize.external import External, parse_external

VIT = "timm:vit_tiny_patch16_224?img_size=32&patch_size=4"


def test_a_line_is_read():
    external = parse_external(VIT)
    assert external == External("timm", "vit_tiny_patch16_224", (("img_size", 32), ("patch_size", 4)))
    assert external.label == "vit_tiny_patch16_224"
    assert parse_external("torchvision:vgg16").options == ()


def test_values_keep_their_types():
    text = "timm:x?a=true&b=1&c=1.0&d=[7, 7]&e=gelu&f='1'&g=\"true\"&h=1e-3"
    options = dict(parse_external(text).options)
    assert [(type(value), value) for value in options.values()] == [
        (bool, True), (int, 1), (float, 1.0), (tuple, (7, 7)), (str, "gelu"), (str, "1"), (str, "true"), (float, 0.001),
    ]  # fmt: skip


def random_value(rng: random.Random) -> int | float | bool | str | tuple[int, ...]:
    words = ["gelu", "", "true", "1", "1.5", "[1]", " a ", '"', "'", "a=b", "?", "nan", "é", "# x", "1 # x", "\\n"]
    return rng.choice([
        rng.randint(-9, 9), rng.uniform(-1, 1), rng.uniform(0, 1) * 1e-30, rng.random() < 0.5, rng.choice(words),
        tuple(rng.randint(0, 9) for _ in range(rng.randint(0, 3))),
    ])  # fmt: skip


def test_what_is_written_is_read_back():
    rng = random.Random(0)
    for _ in range(500):
        names = rng.sample(["img_size", "patch_size", "depths", "act_layer", "a"], rng.randint(0, 5))
        external = External("timm", "net_1", tuple((name, random_value(rng)) for name in names))
        again = parse_external(str(external))
        assert repr(again) == repr(external)
        assert str(again) == str(external)


def test_a_value_that_is_no_literal_is_a_word_however_deep_its_brackets():
    assert parse_external(f"timm:x?a={'[' * 5_000}").options == (("a", "[" * 5_000),)


def test_the_order_of_options_and_blanks_do_not_matter():
    same = parse_external(" timm : vit_tiny_patch16_224 ? patch_size = 4 & img_size = 32 ")
    assert str(same) == VIT
    assert same == parse_external(VIT)


def test_a_fingerprint_tells_networks_apart():
    names = (
        "timm:resnet50",
        "torchvision:resnet50",
        VIT,
        "timm:x?a=1",
        "timm:x?a=1.0",
        "timm:x?a=true",
        "timm:x?a='1'",
    )
    assert len({parse_external(name).fingerprint for name in names}) == len(names)
    # Records name rows by it.
    assert parse_external(VIT).fingerprint == "c120e5a20349f2b2"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("resnet50", "should be LIBRARY:NAME, for example timm:"),
        ("tim:resnet50", "unknown library 'tim'. Did you mean 'timm'? Allowed: timm, torchvision."),
        (":resnet50", "unknown library ''"),
        ("timm:", "'timm:' names no model"),
        ("timm:hf-hub:somebody/net", "names no model"),
        ("timm:resnet50.a1_in1k", "write timm:resnet50."),
        ("timm:resnet50?", "should be OPTION=VALUE"),
        ("timm:resnet50?img_size", "'img_size' should be OPTION=VALUE"),
        ("timm:resnet50?img_size=", "should be OPTION=VALUE"),
        ("timm:resnet50?=3", "should be OPTION=VALUE"),
        ("timm:resnet50?a=3&a=4", "timm:resnet50 is given a twice"),
        ("timm:resnet50?a b=3", "'a b' is no name of an option"),
        ("timm:resnet50?a=nan", "a should be a number, true, false, a word or a list of integers"),
        ("timm:resnet50?a=[1, 'x']", "a should be a number"),
        ("timm:resnet50?a={b = 1}", "a should be a number"),
        ("timm:resnet50?a=2026-01-01", "a should be a number"),
        ("timm:resnet50?pretrained=true", "cannot be given pretrained: a baseline starts from random weights"),
        ("timm:resnet50?pretrained_cfg=x", "cannot be given pretrained_cfg: a baseline starts from random weights"),
        ("timm:resnet50?checkpoint_path=x", "cannot be given checkpoint_path: a baseline starts from random weights"),
        ("torchvision:vgg16?weights=DEFAULT", "cannot be given weights: a baseline starts from random weights"),
        ("torchvision:vgg16?url=x", "cannot be given url: a baseline starts from random weights"),
        ("torchvision:vgg16?num_classes=3", "cannot be given num_classes: it follows from the data"),
        ("timm:resnet50?in_chans=1", "cannot be given in_chans: images have three channels"),
        ("timm:resnet50?features_only=true", "cannot be given features_only: a classifier is needed"),
    ],
)
def test_what_cannot_be_read_is_one_clear_line(text, message):
    with pytest.raises(ModernizeError) as caught:
        parse_external(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)

"""Selecting and climbing a ladder."""

from __future__ import annotations

import itertools
import sys

import pytest

from modernize.errors import ModernizeError
from modernize.ladder import ladder, rung_of
from modernize.path import DEFAULT_PATH
from modernize.regimes import REGIMES, base_spec
from modernize.registry import load_steps, step

ON_PATH = [one for one in load_steps().values() if one.path == DEFAULT_PATH]
ALL = ["base", *(one.id for one in ON_PATH if one.adopted)]


def names(**selection) -> list[str]:
    return [rung.step for rung in ladder("resnet50", **selection)]


def test_the_default_ladder_takes_every_adopted_step():
    assert names() == ALL
    rungs = ladder("resnet50")
    assert rungs[0].title == "ResNet-50"
    assert all(later.before is earlier.spec for earlier, later in itertools.pairwise(rungs))
    assert rungs[-1].steps == tuple(ALL[1:])


@pytest.mark.parametrize("regime", REGIMES)
def test_a_ladder_ends_where_its_regime_says(regime):
    last = ladder(regime)[-1].spec
    assert (last.arch.depths, last.arch.width) == (last.regime.ratio_depths, last.regime.wide_width)


def test_upto():
    assert names(upto="patchify") == ["base", "recipe", "stage-ratio", "patchify"]
    assert names(upto="base") == ["base"]
    assert names(upto="kernel-9") == [*ALL[: ALL.index("kernel-7")], "kernel-9"]


def test_from_hides_rungs_but_applies_their_steps():
    rungs = ladder("resnet50", start="gelu", upto="fewer-acts")
    assert [rung.step for rung in rungs] == ["gelu", "fewer-acts"]
    assert rungs[0].spec == rung_of("gelu", "resnet50").spec
    assert names(start="base") == ALL


def test_skip():
    assert names(skip=["width", "ln"]) == [name for name in ALL if name not in ("width", "ln")]
    assert ladder("resnet50", skip=["width"])[-1].spec.arch.width == 64


def test_only_keeps_path_order():
    assert names(only=["ln", "gelu"]) == ["base", "gelu", "ln"]
    assert names(only=["gelu", "kernel-9"]) == ["base", "kernel-9", "gelu"]
    assert names(only=["base"]) == ["base"]
    assert names(only=["gelu", "ln"], upto="gelu") == ["base", "gelu"]


def test_order_is_taken_as_given():
    assert names(order=["ln", "gelu"]) == ["base", "ln", "gelu"]
    assert names(order=["base", "ln", "gelu"]) == ["base", "ln", "gelu"]
    assert ladder("resnet50", order=["ln", "gelu"])[-1].spec == ladder("resnet50", only=["ln", "gelu"])[-1].spec


def test_the_order_of_the_steps_does_not_change_where_they_lead():
    # Attribution stands on this: a set of steps is one network, whatever the order.
    for regime in REGIMES:
        assert ladder(regime, order=ALL[:0:-1])[-1].spec == ladder(regime)[-1].spec


def test_probes_stand_beside_their_counterpart_and_nothing_stands_on_them():
    rungs = ladder("resnet50", probes=True)
    assert [rung.step for rung in rungs] == ["base", *(one.id for one in ON_PATH)]
    by_step = {rung.step: rung for rung in rungs}
    for probe in ("kernel-5", "kernel-9", "kernel-11"):
        assert not by_step[probe].adopted
        assert by_step[probe].before == by_step["move-up"].spec == by_step["kernel-7"].before
        assert by_step[probe].spec.arch.kernel_size == int(probe.removeprefix("kernel-"))
    assert by_step["gelu"].before == by_step["kernel-7"].spec
    assert by_step["downsample"].spec == ladder("resnet50")[-1].spec


def test_probes_follow_their_counterpart_through_a_selection():
    assert names(only=["kernel-7"], probes=True) == ["base", "kernel-5", "kernel-7", "kernel-9", "kernel-11"]
    assert names(upto="move-up", probes=True) == names(upto="move-up")
    assert names(skip=["kernel-7"], probes=True) == names(skip=["kernel-7"])
    assert names(only=["kernel-7"], probes=True, skip=["kernel-11"]) == ["base", "kernel-5", "kernel-7", "kernel-9"]


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ({"upto": "patchfy"}, r"unknown step 'patchfy'\. Did you mean 'patchify'\?"),
        ({"start": "lnn"}, r"unknown step 'lnn'\. Did you mean 'ln'\?"),
        ({"skip": ["widht"]}, r"unknown step 'widht'\. Did you mean 'width'\?"),
        ({"only": ["nothing-like-it"]}, r"unknown step 'nothing-like-it'\. Allowed: "),
        ({"order": ["gelu", "gelu"]}, r"--order names a step twice: gelu, gelu\."),
        ({"only": ["gelu"], "order": ["ln"]}, r"--only and --order both say which steps to take"),
        ({"only": ["gelu"], "upto": "ln"}, r"--upto 'ln' is not on this ladder: gelu\."),
        ({"only": ["gelu"], "skip": ["ln"]}, r"--skip 'ln' is not on this ladder: gelu\."),
        ({"skip": ["kernel-5"]}, r"--skip 'kernel-5' is not on this ladder"),
        ({"skip": ["base"]}, r"--skip 'base' is not on this ladder"),
        ({"skip": ["ln"], "upto": "ln"}, r"--upto 'ln' is not on this ladder"),
        ({"start": "ln", "upto": "gelu"}, r"--start 'ln' is not on this ladder: base, "),
        ({"order": ["kernel-7", "kernel-7"]}, r"twice"),
        ({"only": "gelu"}, r"only should be a list of steps, not 'gelu'; write \['gelu'\]\."),
        ({"only": ""}, r"only should be a list of steps, not ''"),
        ({"only": [""]}, r"unknown step ''"),
        ({"skip": ["kernel-9"], "probes": True, "upto": "kernel-9"}, r"--upto 'kernel-9' is not on this ladder"),
        ({"path": "convnetx"}, r"unknown path 'convnetx'\. Did you mean 'convnext'\?"),
    ],
)
def test_an_impossible_selection_is_one_clear_line(selection, message):
    with pytest.raises(ModernizeError, match=message) as error:
        names(**selection)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ALL[1:])
def test_a_step_that_changes_nothing_raises(name):
    done = ladder("resnet50", only=[name])[-1].spec
    with pytest.raises(ModernizeError, match=f"step '{name}' changes nothing where it is applied"):
        ladder(done, only=[name])


@pytest.mark.parametrize(
    ("transform", "told"),
    [
        (lambda _: None, r"returned None; a step must return a Spec\."),
        (lambda spec: spec, r"changes nothing where it is applied\."),
        (lambda _: 1 / 0, r"fails: ZeroDivisionError: division by zero\."),
        (lambda spec: setattr(spec, "arch", None), r"fails: FrozenInstanceError: cannot assign to field 'arch'\."),
        (lambda spec: spec.with_arch(nrom="layer"), r"fails: unknown field 'arch\.nrom'\. Did you mean 'arch\.norm'\?"),
        (lambda _: sys.exit(3), r"fails: SystemExit: 3\."),
    ],
    ids=["none", "nothing", "raises", "writes", "field", "exits"],
)
def test_a_step_that_fails_is_named_with_its_module(own_registry, transform, told):
    step("broken", title="Broken", after="ln")(transform)
    with pytest.raises(ModernizeError, match=f"^step 'broken' of test_ladder {told}"):
        ladder("laptop", upto="broken")
    assert names() == ALL, "and nobody else meets it"


def test_a_step_is_on_the_paths_it_names_alone(own_registry):
    def widen(spec):
        return spec.with_arch(width=spec.arch.width + 4)

    step("wider", title="Wider", after="width", path="mine")(widen)
    step("widest", title="Widest", after="wider")(lambda spec: widen(widen(spec)))
    step("thin", title="Thin", instead_of="wider", path="mine")(lambda spec: spec.with_arch(width=8))
    at = ALL.index("width") + 1
    assert names() == ALL
    assert names(probes=True) == ["base", *(one.id for one in ON_PATH)]
    assert names(path="mine") == [*ALL[:at], "wider", *ALL[at:]]
    assert names(path="mine", probes=True, skip=["kernel-7"]) == [
        name for name in (*ALL[:at], "wider", "thin", *ALL[at:]) if name != "kernel-7"
    ]


def test_a_step_that_another_package_leaves_nothing_to_do_says_what_stands_before_it(own_registry):
    step("early", title="Early", after="depthwise", path="mine")(lambda spec: spec.with_arch(activation="gelu"))
    with pytest.raises(ModernizeError, match=r"^step 'gelu' changes .* Before it stands step 'early' of test_ladder\."):
        ladder("laptop", path="mine")
    assert load_steps()["early"].status == "path mine, after depthwise"


def test_a_step_on_no_path_is_taken_where_it_is_named(own_registry):
    step("mine", title="Mine", after="patchify")(lambda spec: spec.with_arch(width=80))
    step("next", title="Next", after="mine")(lambda spec: spec.with_arch(width=96))
    step("other", title="Other", instead_of="mine")(lambda spec: spec.with_arch(width=72))
    assert names(upto="mine") == ["base", "recipe", "stage-ratio", "patchify", "mine"]
    assert names(upto="next") == ["base", "recipe", "stage-ratio", "patchify", "mine", "next"]
    assert names(upto="other") == ["base", "recipe", "stage-ratio", "patchify", "other"]
    assert names(only=["mine", "gelu"]) == ["base", "mine", "gelu"]
    assert names(order=["gelu", "mine"]) == ["base", "gelu", "mine"]
    assert rung_of("next", "resnet50").spec.arch.width == 96


def test_a_ladder_can_start_from_any_spec():
    spec = base_spec("laptop").with_arch(width=8)
    assert ladder(spec, only=["gelu"])[-1].spec == spec.with_arch(activation="gelu")


def test_rung_of_finds_probes_and_the_base():
    assert rung_of("base", "resnet50").spec == base_spec("resnet50")
    assert rung_of("kernel-11", "resnet50").spec.arch.kernel_size == 11
    with pytest.raises(ModernizeError, match="unknown step"):
        rung_of("kernel-13")

"""Cost by arithmetic against everything that is printed."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from modernize.cost import cost
from modernize.errors import ModernizeError
from modernize.families import FAMILIES, family_spec
from modernize.ladder import ladder
from modernize.published import family_rows, published_rows
from modernize.regimes import REGIMES, base_spec

SHARED = Path(__file__).parents[2] / "shared" / "published"

# Exact parameters of the resnet50 ladder with every open choice at its default.
NUM_PARAMS = {
    "base": 25_557_032,
    "recipe": 25_572_136,
    "stage-ratio": 28_646_184,
    "patchify": 28_639_848,
    "depthwise": 15_740_328,
    "width": 33_787_528,
    "inverted": 25_858_120,
    "move-up": 25_632_136,
    "kernel-7": 25_870_216,
    "gelu": 25_870_216,
    "fewer-acts": 25_870_216,
    "fewer-norms": 25_837_096,
    "ln": 25_844_488,
    "downsample": 28_589_128,
}
# To more digits than are printed: GMACs of both ladders, by the paper's convention.
GMACS = {
    "base": ("4.089", "15.007"),
    "recipe": ("4.089", "15.007"),
    "stage-ratio": ("4.526", "14.518"),
    "patchify": ("4.418", "14.376"),
    "depthwise": ("2.350", "7.234"),
    "width": ("5.268", "16.764"),
    "inverted": ("4.644", "15.679"),
    "move-up": ("4.065", "14.627"),
    "kernel-5": ("4.097", "14.699"),
    "kernel-7": ("4.146", "14.807"),
    "kernel-9": ("4.210", "14.950"),
    "kernel-11": ("4.291", "15.130"),
    "gelu": ("4.146", "14.807"),
    "fewer-acts": ("4.146", "14.807"),
    "fewer-norms": ("4.146", "14.807"),
    "ln": ("4.146", "14.807"),
    "downsample": ("4.456", "15.355"),
}
# Which count gives the printed MACs: "plain" is convolutions and classifier, "fvcore" adds norms.
CONVENTIONS = {
    "convnext-t": {"plain", "fvcore"},
    "convnext-s": {"plain", "fvcore"},
    "convnext-b": {"plain", "fvcore"},
    "convnext-l": {"plain", "fvcore"},
    "convnext-xl": {"plain"},
    "convnext-v2-atto": {"plain", "fvcore"},
    "convnext-v2-femto": {"plain"},
    "convnext-v2-pico": {"plain", "fvcore"},
    "convnext-v2-nano": {"plain"},
    "convnext-v2-tiny": {"fvcore"},
    "convnext-v2-base": {"plain", "fvcore"},
    "convnext-v2-large": {"plain", "fvcore"},
    "convnext-v2-huge": {"plain", "fvcore"},
}
# Printed values that no count reproduces: they are flagged, never patched.
INCONSISTENT = {("resnet50", "ln"): ("4.46", "4.15"), ("resnet50", "downsample"): ("4.49", "4.46")}
COMPUTED = [
    pytest.param(regime, row, id=f"{regime}-{row.step}")
    for regime in ("resnet50", "resnet200")
    for row in published_rows(regime)
    if row.role != "reference"
]


def printed_like(value: float, text: str) -> str:
    return f"{value:.{len(text.partition('.')[2])}f}"


def spec_of(regime: str, step: str):
    return {rung.step: rung.spec for rung in ladder(regime, probes=True)}[step]


def test_there_are_34_computed_rows():
    assert len(COMPUTED) == 34


@pytest.mark.parametrize(("regime", "row"), COMPUTED)
def test_a_published_row_is_recomputed_to_the_last_digit(regime, row):
    got = printed_like(cost(spec_of(regime, row.step)).gmacs, row.gmacs_text)
    if (regime, row.step) in INCONSISTENT:
        assert (row.gmacs_text, got) == INCONSISTENT[regime, row.step]
        assert row.anomaly
    else:
        assert got == row.gmacs_text
        assert not row.anomaly


@pytest.mark.parametrize(("regime", "row"), COMPUTED)
def test_three_decimals_of_every_rung(regime, row):
    assert f"{cost(spec_of(regime, row.step)).gmacs:.3f}" == GMACS[row.step][regime == "resnet200"]


def test_the_package_prints_what_the_shared_tables_print():
    if not SHARED.is_dir():
        pytest.skip(f"no shared tables at {SHARED}")
    for regime, name in (
        ("resnet50", "convnext_table10_resnet50.csv"),
        ("resnet200", "convnext_table11_resnet200.csv"),
    ):
        with (SHARED / name).open(encoding="utf-8") as file:
            theirs = [(row["top1_mean"], row["gflops"]) for row in csv.DictReader(file)]
        assert [(row.top1_text, row.gmacs_text) for row in published_rows(regime)] == theirs


@pytest.mark.parametrize("step", NUM_PARAMS)
def test_exact_parameters_of_every_rung(step):
    assert cost(spec_of("resnet50", step)).num_params == NUM_PARAMS[step]


def test_exact_parameters_of_the_end_of_the_large_ladder():
    assert cost(ladder("resnet200")[-1].spec).num_params == 88_591_464


def test_the_fvcore_count_of_the_ends():
    ends = [base_spec("resnet50"), ladder("resnet50")[-1].spec, ladder("resnet200")[-1].spec]
    assert [f"{cost(spec).gmacs_fvcore:.2f}" for spec in ends] == ["4.11", "4.47", "15.38"]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_published_model_has_its_printed_size_and_cost(name):
    family = FAMILIES[name]
    rows = [row for row in family_rows() if row.model == family.title]
    assert rows, f"nothing is published for {family.title}"
    for row in rows:
        assert (row.depths, row.widths) == (family.depths, tuple(family.width * 2**i for i in range(4)))
        counted = cost(family_spec(name), row.image_size)
        assert printed_like(counted.num_params / 1e6, row.params_m_text) == row.params_m_text
        counts = {"plain": counted.gmacs, "fvcore": counted.gmacs_fvcore}
        agreeing = {count for count, gmacs in counts.items() if printed_like(gmacs, row.gmacs_text) == row.gmacs_text}
        assert agreeing == CONVENTIONS[name]


def test_every_ladder_ends_in_its_family():
    assert family_spec("convnext-t") == ladder("resnet50")[-1].spec
    assert family_spec("convnext-b").arch == ladder("resnet200")[-1].spec.arch


def test_an_unknown_model_is_named_with_its_nearest():
    with pytest.raises(ModernizeError, match=r"unknown model 'convnext-v2-ato'\. Did you mean 'convnext-v2-atto'\?"):
        family_spec("convnext-v2-ato")


@pytest.mark.parametrize("rung", ladder("resnet50", probes=True), ids=lambda rung: rung.step)
def test_parts_sum_to_the_whole(rung):
    whole = cost(rung.spec)
    for parts in (whole.stages, whole.blocks, whole.ops):
        for name in ("macs", "macs_fvcore", "num_params", "activations"):
            assert sum(getattr(part, name) for part in parts) == getattr(whole, name)
    assert [part.path for part in whole.stages] == ["stem", *(f"stages.{i}" for i in range(4)), "head"]
    assert sum(".blocks." in part.path for part in whole.blocks) == sum(rung.spec.arch.depths)


def test_macs_grow_with_the_image_and_parameters_do_not():
    spec = ladder("resnet50")[-1].spec
    small, large = cost(spec, 224), cost(spec, 448)
    head = small.stages[-1].macs
    assert large.num_params == small.num_params
    assert large.macs - head == 4 * (small.macs - head)


def test_no_map_is_a_single_pixel_before_the_last_stage_at_the_size_a_regime_assumes():
    for regime in REGIMES:
        for rung in ladder(regime, probes=True):
            for op in cost(rung.spec).ops:
                before_the_end = op.path.startswith(("stem", "stages.0", "stages.1", "stages.2"))
                assert min(op.out_shape[1:]) > 1 or not before_the_end, (regime, rung.step, op.path)


@pytest.mark.parametrize(("step", "size"), [("patchify", 3), ("downsample", 31), ("base", 0)])
def test_too_small_an_image_is_one_clear_line(step, size):
    with pytest.raises(ModernizeError, match=r"image (size should be at least 1|is too small: the map at )") as error:
        cost(spec_of("resnet50", step), size)
    assert "\n" not in str(error.value)


def test_cost_needs_no_torch():
    code = (
        "import sys; from modernize.cost import cost; from modernize.families import family_spec; "
        "print(cost(family_spec('convnext-v2-huge')).num_params, {'torch', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "660289640 set()"

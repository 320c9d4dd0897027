"""Studies are named after what was chosen, readably and each by a name of its own."""

from __future__ import annotations

import pytest

from modernize.run.identity import study_name
from modernize.run.request import request_from
from modernize.train.runtime import Runtime


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "laptop-shapes-smoke"),
        ({"upto": "ln"}, "laptop-shapes-smoke-upto-ln"),
        ({"seeds": 3, "jobs": 2}, "laptop-shapes-smoke"),
        (
            {
                "regime": "resnet50",
                "data": "digits",
                "epochs": 2,
                "train_images": 9,
                "test_images": 5,
                "image_size": 64,
            },
            "resnet50-digits-smoke-2-epochs-9-images-5-test-images-64px",
        ),
        ({"stem_stride": 1, "start": "width", "probes": True}, "laptop-shapes-smoke-stride-1-from-width-probes"),
        ({"skip": ("gelu", "ln")}, "laptop-shapes-smoke-skip-gelu-ln"),
        ({"only": ("gelu",)}, "laptop-shapes-smoke-only-gelu"),
        ({"data": "folder:../my photos/2024"}, "laptop-folder-..-my-photos-2024-smoke"),
        ({"set": {"recipe.lr": 2e-3, "arch.stem_norm": False}}, "laptop-shapes-smoke-stem_norm-false-lr-0.002"),
        ({"set": {"recipe.betas": [0.9, 0.95]}}, "laptop-shapes-smoke-betas-0.9-0.95"),
        ({"name": "mine", "upto": "ln"}, "mine"),
    ],
)
def test_a_study_is_named_after_what_was_chosen(options, name):
    assert study_name(request_from(**options)) == name


@pytest.mark.parametrize(
    ("runtime", "end"),
    [
        (Runtime(), ""),
        (Runtime(num_threads=4, decode_workers=2), ""),
        (Runtime(device="cuda", precision="bf16", num_threads=8), "-cuda-bf16"),
        (Runtime(num_processes=2, micro_batch=16), "-2-processes-micro-batch-16"),
        (Runtime(device="cuda", compile=True, deterministic=True), "-cuda-compile-deterministic"),
    ],
)
def test_a_study_is_named_after_how_its_runs_are_executed(runtime, end):
    assert study_name(request_from(), runtime) == f"laptop-shapes-smoke{end}"
    assert study_name(request_from(name="mine"), runtime) == "mine"


def test_a_long_name_is_cut_and_stays_unique():
    one, other = (study_name(request_from(data=f"folder:{'x' * 120}{end}")) for end in "ab")
    assert len(one) == len(other) <= 60
    assert one != other
    words = study_name(
        request_from(skip=("gelu", "fewer-acts", "fewer-norms", "ln", "downsample"), epochs=3, probes=True)
    )
    assert words.startswith("laptop-shapes-smoke-3-epochs-skip-gelu-fewer-acts-"), "cut between words"
    assert len(words) <= 60

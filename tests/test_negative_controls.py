"""The negative controls: labels that say nothing, names that change nothing, and the study that has them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from test_train import bars, short

from modernize.ladder import ladder, rung_of
from modernize.nn import build
from modernize.regimes import spec_of
from modernize.run.config import merged, read_study_file
from modernize.run.plan import plan_study
from modernize.run.request_entries import plan_entries
from modernize.studies.builtin import builtin_studies
from modernize.train.loop import train

STUDY = merged(read_study_file(builtin_studies()["negative-controls"]), {}, "negative-controls")
ENTRIES = {entry.name: entry for entry in plan_entries(STUDY)[0]}


def test_shuffled_labels_are_the_same_labels_of_other_images():
    data = bars()
    dealt = data.with_shuffled_labels(0)
    assert np.array_equal(np.bincount(dealt.train.labels), np.bincount(data.train.labels))
    assert (dealt.train.labels != data.train.labels).mean() > 0.3
    assert np.array_equal(dealt.train.labels, data.with_shuffled_labels(0).train.labels)
    assert not np.array_equal(dealt.train.labels, data.with_shuffled_labels(1).train.labels)
    assert dealt.train.source is data.train.source
    assert dealt.test is data.test


def test_what_is_learned_with_shuffled_labels_is_at_chance():
    data, spec = bars(), short(0)
    learned = train(spec, data, seed=0).result.metrics["top1_percent"]
    chance = 100 / data.num_classes
    dealt = [
        train(spec.with_recipe(shuffle_labels=True), data, seed=seed).result.metrics["top1_percent"]
        for seed in range(3)
    ]
    assert learned > 2 * chance
    assert np.mean(dealt) < (learned + chance) / 2


def test_shuffled_labels_are_another_run():
    spec = ladder("laptop")[0].spec
    assert spec.with_recipe(shuffle_labels=True).fingerprint != spec.fingerprint


def test_a_name_is_no_difference_and_widths_spelled_out_are_the_same_network():
    ln, renamed, spelled = (ENTRIES[name] for name in ("ln", "ln-renamed", "ln-spelled-out"))
    assert renamed.fingerprint == ln.fingerprint != spelled.fingerprint
    assert (ln.model.stage_widths, ln.model.depths) == (spelled.model.stage_widths, spelled.model.depths)
    tasks = plan_study(replace(STUDY, seeds=(0,), train_images=20, test_images=10)).tasks
    assert len(tasks) == len(ENTRIES) - 1


def test_widths_spelled_out_train_to_the_same_bits():
    data, spec = bars(), short(-1, epochs=1)
    outcomes = [train(one, data, seed=0) for one in (spec, spec.with_arch(dims=spec.arch.stage_widths))]
    assert outcomes[0].curves == outcomes[1].curves


def test_each_control_is_its_rung_but_for_what_it_is_about():
    for name, step, given in (
        ("base-layer-norm", "base", {"arch.norm: batch -> layer"}),
        ("downsample-without-norms", "downsample", {"arch.downsample_norm: True -> False"}),
    ):
        spec, control = rung_of(step, "laptop").spec, ENTRIES[name]
        assert {str(change) for change in spec.diff(replace(spec, arch=control.model))} == given
    assert all(entry.role == "control" for name, entry in ENTRIES.items() if "-" in name and name != "fewer-norms")
    definition = STUDY.definition
    assert {pair for one in definition.predictions for pair in one.pairs} <= {*definition.contrasts}


def test_a_network_without_its_norms_is_still_one_that_can_be_run():
    entry = ENTRIES["downsample-without-norms"]
    network = build(spec_of(entry.model, entry.recipe)).eval()
    assert torch.isfinite(network(torch.zeros(2, 3, 32, 32))).all()

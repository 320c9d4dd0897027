"""How long a plan will take, and what the estimate rests on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import make_record, make_study
from tiny_runs import tiny_data, tiny_request

from modernize.results.record import Execution
from modernize.run import environment
from modernize.run import estimate as module
from modernize.run.devices import Found, Gpu
from modernize.run.environment import hardware
from modernize.run.estimate import DECODING_SECONDS, EVALUATION_SHARE, GUESSED_WORK_PER_SECOND, estimate, rate_here
from modernize.run.plan import plan_study
from modernize.train.runtime import Runtime


@pytest.fixture
def tasks(tmp_path):
    tiny_data(tmp_path)
    return plan_study(tiny_request(tmp_path, upto="stage-ratio", epochs=2)).tasks


def record_of(task, rate, **changes):
    """An earlier run of this task's network on this machine."""
    record = make_record(make_study("before", upto="stage-ratio"), task.entry.name, hardware=hardware(1), **changes)
    speed = replace(record.speed, images_per_second=rate)
    data = replace(record.data, image_size=task.data.image_size)
    return replace(record, model=task.model, speed=speed, data=data)


def test_without_records_it_is_rough_and_says_so(tasks):
    found = estimate(tasks, [], jobs=1)
    assert found.basis.startswith("rough")
    assert "no such record" in found.basis
    assert set(found.run_seconds) == {task.run_id for task in tasks}
    assert found.seconds == pytest.approx(sum(found.run_seconds.values()))
    assert found.run_seconds[tasks[0].run_id] >= tasks[0].work / GUESSED_WORK_PER_SECOND["cpu"]


def test_the_same_rungs_take_as_long_as_they_did(tasks):
    records = [record_of(task, rate) for task in tasks for rate in (90.0, 100.0, 110.0)]
    found = estimate(tasks, records, jobs=1)
    images = 2 * (128 + EVALUATION_SHARE * 64)
    assert found.run_seconds[tasks[0].run_id] == pytest.approx(images / 100)
    assert "measured images/s of the same rungs" in found.basis


def test_other_rungs_are_scaled_by_their_work(tasks):
    found = estimate(tasks, [record_of(tasks[0], 100.0)], jobs=1)
    ratio = found.run_seconds[tasks[2].run_id] / found.run_seconds[tasks[0].run_id]
    assert ratio == pytest.approx(tasks[2].work / tasks[0].work)
    assert found.basis.startswith("1 of 3 runs from the measured")
    assert "other rungs" in estimate(tasks[2:], [record_of(tasks[0], 100.0)], jobs=1).basis


def test_a_listing_knows_the_work_a_second_of_this_machine_from_its_records(tasks):
    assert rate_here([], Runtime()) == (GUESSED_WORK_PER_SECOND["cpu"], False)
    per_image = tasks[0].work / (2 * tasks[0].data.num_train_images)
    assert rate_here([record_of(tasks[0], 100.0)], Runtime()) == (pytest.approx(100 * per_image), True)


def test_runs_too_short_to_measure_do_not_count(tasks):
    record = record_of(tasks[0], 85.0)
    for images, batch, epochs in ((5, 4, 14), (64, 64, 4), (4096, 4096, 4)):
        recipe = record.trained_recipe | {"batch_size": batch, "epochs": epochs}
        short = replace(record, data=replace(record.data, num_train_images=images), trained_recipe=recipe)
        assert estimate(tasks, [short], jobs=1) == estimate(tasks, [], jobs=1), (images, batch, epochs)
    assert estimate(tasks, [replace(record, trained_recipe={})], jobs=1) == estimate(tasks, [], jobs=1)


def test_an_estimate_says_what_it_stands_on(tasks):
    records = [record_of(tasks[0], rate) for rate in (90.0, 110.0)]
    recipe = records[0].trained_recipe
    images = recipe["epochs"] * (records[0].data.num_train_images // recipe["batch_size"]) * recipe["batch_size"]
    assert f"the same rungs on this machine (2 runs, {2 * images:,} images)" in estimate(tasks, records, jobs=1).basis
    assert f"other rungs on this machine (1 run, {images:,} images)" in estimate(tasks[1:], records[:1], jobs=1).basis
    assert "images)" not in estimate(tasks, [], jobs=1).basis


def test_other_machines_and_failures_do_not_count(tasks):
    elsewhere = replace(record_of(tasks[0], 1.0), hardware=replace(hardware(1), processor="another"))
    failed = record_of(tasks[0], 1.0, status="failed")
    assert "no such record" in estimate(tasks, [elsewhere, failed], jobs=1).basis


def test_several_at_a_time_are_no_faster_than_the_longest(tasks):
    alone = estimate(tasks, [], jobs=1)
    assert estimate(tasks, [], jobs=2).seconds == pytest.approx(max(alone.seconds / 2, max(alone.run_seconds.values())))
    assert estimate(tasks, [], jobs=99).seconds == pytest.approx(max(alone.run_seconds.values()))
    assert estimate((), [], jobs=1).seconds == 0


def test_speed_on_a_gpu_says_nothing_about_the_processor_and_other_precisions(tasks, monkeypatch):
    monkeypatch.setattr(environment, "find_gpus", lambda: Found((Gpu(0, "A GPU", (9, 0)),)))
    on_gpu = replace(
        record_of(tasks[0], 1e5), hardware=hardware(4, "A GPU"), execution=Execution(device="cuda", precision="bf16")
    )
    assert "no such record" in estimate(tasks, [on_gpu], jobs=1).basis

    def planned(**changes):
        runtime = Runtime(device="cuda", precision="bf16", num_threads=8)
        return [replace(task, runtime=replace(runtime, **changes)) for task in tasks]

    found = estimate(planned(), [on_gpu], jobs=1)
    assert found.basis.startswith("1 of 3 runs from the measured"), "whatever the threads"
    assert found.run_seconds[tasks[0].run_id] < 1
    for changes in ({"precision": "fp32"}, {"num_processes": 2}, {"compile": True}):
        assert "no such record" in estimate(planned(**changes), [on_gpu], jobs=1).basis
    guessed, shared = (estimate(planned(num_processes=n), [], jobs=1).seconds for n in (1, 2))
    assert shared == pytest.approx(guessed / 2)


def test_a_validation_split_is_evaluated_each_epoch_and_the_test_images_once(tasks):
    with_val = replace(tasks[0], data=replace(tasks[0].data, num_val_images=32))
    record = record_of(tasks[0], 100.0)
    found = estimate([with_val], [record], jobs=1)
    assert found.seconds == pytest.approx((2 * 128 + EVALUATION_SHARE * (2 * 32 + 64)) / 100)


def decoded(task, **runtime):
    return replace(task, input_path="decoded", runtime=replace(task.runtime, **runtime))


def test_decoding_is_added_where_records_know_only_images_in_memory(tasks, monkeypatch):
    monkeypatch.setattr(module, "num_cores", lambda: 8)
    record = record_of(tasks[0], 100.0)
    plain = estimate(tasks[:1], [record], jobs=1)
    found = estimate([decoded(tasks[0])], [record], jobs=1)
    decoding = 2 * (128 + 64) * DECODING_SECONDS[32]
    assert found.seconds == pytest.approx(plain.seconds + decoding)
    assert found.basis.startswith("rough: from the measured images/s of the same rungs")
    assert (
        "decoding is added for 8 cores at about 0.5 ms of a core an image, from what was measured on an AMD EPYC"
        in found.basis
    )
    assert "decod" not in plain.basis


def test_workers_decode_while_the_network_trains(tasks, monkeypatch):
    monkeypatch.setattr(module, "num_cores", lambda: 8)
    decoding = 2 * (128 + 64) * DECODING_SECONDS[32]
    fast, slow = record_of(tasks[0], 1e6), record_of(tasks[0], 1.0)

    def seconds(record, workers, jobs=1):
        return estimate([decoded(tasks[0], decode_workers=workers)], [record], jobs=jobs).seconds

    assert seconds(slow, 4) == pytest.approx(estimate(tasks[:1], [slow], jobs=1).seconds), "hidden behind the network"
    assert seconds(fast, 1) == pytest.approx(decoding)
    assert seconds(fast, 4) == pytest.approx(decoding / 4)
    assert seconds(fast, 99) == pytest.approx(decoding / 8), "no more at a time than there are cores"
    assert seconds(fast, 4, jobs=4) == pytest.approx(decoding / 2)


def test_records_count_for_the_path_that_their_images_took(tasks):
    in_memory = record_of(tasks[0], 1e6)
    one_by_one = replace(record_of(tasks[0], 50.0), execution=Execution(input_path="decoded"))
    of_this_data = replace(one_by_one, data=replace(one_by_one.data, name=tasks[0].data.name))
    images = 2 * (128 + EVALUATION_SHARE * 64)

    found = estimate([decoded(tasks[0])], [in_memory, of_this_data], jobs=1)
    assert found.seconds == pytest.approx(images / 50)
    assert found.basis.startswith("from the measured images/s of the same rungs on this machine (1 run, ")
    assert estimate(tasks[:1], [in_memory, of_this_data], jobs=1).seconds == pytest.approx(images / 1e6)

    assert "no such record" in estimate(tasks[:1], [of_this_data], jobs=1).basis
    assert "decoding is added" in estimate([decoded(tasks[0])], [one_by_one], jobs=1).basis, "of another data set"


def test_larger_images_take_longer_to_decode(tasks, monkeypatch):
    monkeypatch.setattr(module, "num_cores", lambda: 1)
    record = record_of(replace(tasks[0], data=replace(tasks[0].data, image_size=224)), 1e9)
    large = replace(decoded(tasks[0]), data=replace(tasks[0].data, image_size=224))
    assert estimate([large], [record], jobs=1).seconds == pytest.approx(
        2 * (128 + 64) * DECODING_SECONDS[224], rel=1e-3
    )

"""Where runs are done: devices, processes, threads and precision, from what is asked and what there is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modernize.errors import ModernizeError
from modernize.run import placement
from modernize.run.devices import Found, Gpu
from modernize.run.placement import for_batch, place, settle, torchrun
from modernize.run.request import request_from
from modernize.train.runtime import Runtime

NEW, OLD = "A GPU", "An older GPU"
LAUNCHER = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """Put together a machine; at first it has eight cores and no GPU."""
    for name in LAUNCHER:
        monkeypatch.delenv(name, raising=False)

    def has(*names, cores=8):
        gpus = tuple(Gpu(i, name, (7, 5) if name == OLD else (9, 0)) for i, name in enumerate(names))
        monkeypatch.setattr(placement, "find_gpus", lambda: Found(gpus, "" if gpus else "no NVIDIA driver was found"))
        monkeypatch.setattr(placement, "num_cores", lambda: cores)

    has()
    return has


def where(num_runs=100, **options):
    return place(request_from(**options), num_runs)


def test_without_gpus_runs_take_a_core_each():
    found = where()
    assert found.runtime == Runtime(), "today's default"
    assert found.jobs == 8
    assert found.devices(3) == ("cpu",)
    assert where(num_runs=3).jobs == 3
    assert where(jobs=20).jobs == 20, "asked for"


def test_runs_are_dealt_out_over_gpus_round_robin(machine):
    machine(NEW, NEW, cores=8)
    found = where()
    assert (found.runtime.device, found.runtime.precision, found.jobs) == ("cuda", "bf16", 2)
    assert found.runtime.num_threads == found.runtime.decode_workers == 4
    found = where(jobs=4)
    assert [found.devices(slot) for slot in range(4)] == [("cuda:0",), ("cuda:1",), ("cuda:0",), ("cuda:1",)]
    assert found.runtime.num_threads == 2


def test_one_gpu_may_be_chosen(machine):
    machine(NEW, NEW)
    found = where(device="cuda:1")
    assert found.jobs == 1
    assert found.devices(0) == ("cuda:1",)
    assert where(device="cpu").runtime == Runtime()


def test_several_gpus_share_a_run(machine):
    machine(NEW, NEW, NEW, NEW)
    found = where(device="cuda", gpus=2)
    assert (found.jobs, found.runtime.num_processes) == (2, 2)
    assert [found.devices(slot) for slot in range(2)] == [("cuda:0", "cuda:1"), ("cuda:2", "cuda:3")]


def test_what_changes_no_number_is_settled_where_the_run_is_done(machine):
    machine(NEW, cores=2)
    planned = where(micro_batch=8, compile=True).runtime
    machine(NEW, NEW, cores=8)
    here = where().runtime
    assert settle(planned, here, "cuda:1") == replace(planned, device="cuda:1", num_threads=4, decode_workers=4)
    assert settle(Runtime(num_threads=3), here, "cpu").num_threads == 3, "it changes roundings"


def test_several_processes_of_the_processor_share_a_run():
    found = place(replace(request_from(device="cpu"), gpus=2), 100)
    assert (found.jobs, found.devices(0)) == (4, ("cpu", "cpu"))
    assert found.runtime.num_threads == 1


def test_precision_suits_the_gpus(machine):
    machine(OLD)
    assert where().runtime.precision == "fp32"
    assert where(precision="fp16").runtime.precision == "fp16"
    assert where(cuda_graphs=True).runtime.cuda_graphs
    machine(NEW, OLD)
    assert where().runtime.precision == "fp32", "all runs alike"
    assert where(device="cuda:0").runtime.precision == "bf16"
    machine()
    assert where(precision="bf16").runtime.precision == "bf16"


@pytest.mark.parametrize(
    ("gpus", "options", "message"),
    [
        ((), {"device": "cuda"}, "a GPU is asked for, but there is none that training could use: no NVIDIA driver"),
        ((), {"device": "cuda", "gpus": 2}, "2 GPUs are asked for, but there is none"),
        ((), {"gpus": 2}, "2 GPUs are asked for, but there is none"),
        ((NEW,), {"gpus": 2}, "2 GPUs are asked for on one machine, but it has 1"),
        ((NEW, NEW), {"device": "cuda:2"}, "there is no GPU 'cuda:2'. There: cuda:0, cuda:1."),
        ((NEW, NEW), {"device": "cuda:1", "gpus": 2}, "2 processes need one each; write 'cuda'"),
        ((NEW, OLD), {"precision": "bf16"}, "precision is bf16, which GPU 1 \\(An older GPU\\) lacks"),
        ((), {"precision": "fp16"}, "precision is fp16, which needs a GPU"),
        ((), {"cuda_graphs": True}, "CUDA graphs need a GPU; leave out --cuda-graphs."),
        ((NEW, NEW), {"cuda_graphs": True, "gpus": 2}, "leave out --cuda-graphs or --gpus"),
        ((NEW,), {"cuda_graphs": True, "precision": "fp16"}, "use bf16 or fp32"),
    ],
)
def test_what_cannot_be_is_one_line(machine, gpus, options, message):
    machine(*gpus)
    with pytest.raises(ModernizeError, match=message) as caught:
        where(**options)
    assert "\n" not in str(caught.value)


def test_a_plan_supposes_the_gpus_that_this_machine_lacks(machine):
    for options, devices in (
        ({"gpus": 8}, tuple(f"cuda:{index}" for index in range(8))),
        ({"device": "cuda"}, ("cuda:0",)),
        ({"device": "cuda:3"}, ("cuda:3",)),
    ):
        found = place(request_from(**options), 100, here=False)
        assert found.devices(0) == devices
        assert (found.runtime.device, found.runtime.precision) == ("cuda", "bf16")
        assert "no NVIDIA driver" in found.missing
    machine(NEW, NEW)
    assert place(request_from(), 100, here=False) == where()
    assert "it has 2" in place(request_from(gpus=3), 100, here=False).missing


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "gpu"}, "device cannot be 'gpu'. Allowed: auto, cpu, cuda, cuda:0"),
        ({"device": "cuda:x"}, "device cannot be 'cuda:x'"),
        ({"precision": "fp8"}, "precision cannot be 'fp8'. Allowed: 'auto', 'fp32'"),
        ({"gpus": 0}, "gpus should be from 1 to"),
        ({"micro_batch": -1}, "micro_batch should be from 0"),
        ({"decode_workers": -1}, "decode_workers should be from 0"),
        ({"compile": "yes"}, "compile should be bool"),
    ],
)
def test_what_is_no_request_is_one_line(options, message):
    with pytest.raises(ModernizeError, match=message):
        request_from(**options)


def launch(monkeypatch, **values):
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_torchrun_decides_how_many_share_a_run(machine, monkeypatch):
    assert torchrun() is None
    launch(monkeypatch, RANK="3", WORLD_SIZE="4", LOCAL_RANK="1", LOCAL_WORLD_SIZE="2")
    assert (torchrun().rank, torchrun().local_rank) == (3, 1)
    assert where().runtime == Runtime(num_processes=4)
    machine(NEW, NEW)
    assert where(gpus=4).jobs == 1
    assert where().runtime.device == "cuda"
    assert where().runtime.num_threads == 4, "two processes share this machine"


@pytest.mark.parametrize(
    ("gpus", "options", "message"),
    [
        ((), {"gpus": 2}, "torchrun has started 4 processes, but 2 are asked for; leave out --gpus"),
        ((), {"jobs": 2}, "leave out --jobs"),
        ((NEW, NEW), {}, "4 GPUs are asked for on one machine, but it has 2"),
    ],
)
def test_torchrun_and_wishes_that_contradict_it(machine, monkeypatch, gpus, options, message):
    machine(*gpus)
    launch(monkeypatch, RANK="0", WORLD_SIZE="4")
    with pytest.raises(ModernizeError, match=message):
        where(**options)


def test_a_launcher_of_one_process_is_none(monkeypatch):
    launch(monkeypatch, RANK="0", WORLD_SIZE="1")
    assert torchrun() is None
    launch(monkeypatch, RANK="first", WORLD_SIZE="2")
    with pytest.raises(ModernizeError, match="should be numbers"):
        torchrun()


def test_a_batch_is_shared_evenly():
    assert for_batch(Runtime(num_processes=4, micro_batch=8), 64).micro_batch == 8
    assert for_batch(Runtime(num_processes=4, micro_batch=16), 64).micro_batch == 0, "the whole share"
    with pytest.raises(ModernizeError, match="a batch of 64 images cannot be shared evenly by 3 processes"):
        for_batch(Runtime(num_processes=3), 64)

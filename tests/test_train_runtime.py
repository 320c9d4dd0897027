"""Devices and precisions: what a processor can show of them, and that the record tells what was done."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from test_checkpoint import Notebook, run_until
from test_train import bars, short

from modernize.errors import ModernizeError
from modernize.nn import build
from modernize.objectives.classification import Classification
from modernize.results.record import Execution
from modernize.train.device import choose_device, set_arithmetic
from modernize.train.distributed import World, join
from modernize.train.learner import Learner
from modernize.train.loop import train
from modernize.train.runtime import Runtime

EVERYTHING = {
    "mixup": 0.8,
    "cutmix": 1.0,
    "mix_probability": 0.8,
    "ema_decay": 0.9,
    "clip_grad_norm": 1.0,
    "stochastic_depth": 0.3,
    "layer_decay": 0.8,
    "random_erasing": 0.25,
}


def learner(spec, **runtime) -> Learner:
    return Learner(
        Classification(spec, num_classes=spec.arch.num_classes, image_size=32, seed=0, batch_size=16),
        runtime=Runtime(**runtime),
        device=torch.device("cpu"),
        world=World(),
    )


@pytest.fixture(scope="module")
def arrays():
    return bars()


@pytest.fixture
def switches():
    """Torch's switches for the whole process, put back afterwards."""
    before = (
        torch.are_deterministic_algorithms_enabled(),
        torch.get_float32_matmul_precision(),
        torch.backends.cudnn.allow_tf32,
        torch.backends.cudnn.deterministic,
        torch.backends.cudnn.benchmark,
        os.environ.get("CUBLAS_WORKSPACE_CONFIG"),
    )
    yield
    torch.use_deterministic_algorithms(before[0])
    torch.set_float32_matmul_precision(before[1])
    torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic = before[2:4]
    torch.backends.cudnn.benchmark = before[4]
    if before[5] is None:
        os.environ.pop("CUBLAS_WORKSPACE_CONFIG", None)


@pytest.mark.parametrize(
    ("rung", "runtime"),
    [(0, Runtime(micro_batch=6)), (-1, Runtime(micro_batch=6)), (-1, Runtime(precision="fp16"))],
    ids=["resnet-sgd", "convnext-adamw", "convnext-fp16"],
)
def test_stopped_anywhere_a_run_with_everything_on_ends_with_the_same_bits(arrays, tmp_path, rung, runtime):
    spec = short(rung, **EVERYTHING)
    whole = train(spec, arrays, seed=3, runtime=runtime)
    assert not whole.diverged
    for first in (2, 6, 9) if runtime.micro_batch else (7,):
        notebook = Notebook(tmp_path / str(first))
        run_until(first, spec, arrays, notebook, runtime=runtime)
        torch.randn(7)
        resumed = train(spec, arrays, seed=3, runtime=runtime, checkpoints=notebook.checkpoints)
        assert notebook.said == [f"resumed in epoch {(first - 1) // 6 + 1} of 2 after {first} steps"]
        assert resumed.curves == whole.curves
        assert resumed.result == whole.result


def test_a_checkpoint_without_the_average_is_refused(arrays, tmp_path):
    run_until(2, short(0), arrays, Notebook(tmp_path))
    notebook = Notebook(tmp_path)
    spec = short(0, ema_decay=0.9)
    assert train(spec, arrays, seed=3, checkpoints=notebook.checkpoints).num_resumes == 0
    assert "it lacks ema." in notebook.said[0]


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
@pytest.mark.parametrize("rung", [0, 5, -1], ids=["full-conv", "depthwise-3", "depthwise-7"])
def test_half_precision_is_close_to_full(rung, precision):
    losses, gradients = [], []
    for each in (learner(short(rung)), learner(short(rung), precision=precision)):
        images = torch.randn((16, 3, 32, 32), generator=torch.Generator().manual_seed(0))
        losses.append(float(each.train_batch(images, torch.arange(16) % 4, step=0, lr=0.0)))
        gradients.append(each.network.head.fc.weight.grad)
    assert losses[1] == pytest.approx(losses[0], rel=0.03)
    assert losses[1] != losses[0]
    assert torch.cosine_similarity(gradients[0].ravel(), gradients[1].ravel(), dim=0) > 0.99


def test_weights_and_optimizer_stay_in_fp32():
    each = learner(short(-1), precision="bf16")
    loss = each.train_batch(torch.randn(4, 3, 32, 32), torch.arange(4), step=0, lr=0.01)
    tensors = [loss, *each.network.state_dict().values(), *each.tensors().values()]
    assert {tensor.dtype for tensor in tensors if tensor.is_floating_point()} == {torch.float32}


def test_small_gradients_do_not_vanish_in_fp16():
    each = learner(short(-1), precision="fp16")
    assert each.scaler_state().tolist() == [2.0**16, 0]
    before = {name: tensor.clone() for name, tensor in each.network.state_dict().items()}
    # A step whose gradients overflow is left out, and the scale is halved.
    images = torch.full((4, 3, 32, 32), 1.0)
    each.network.head.fc.weight.register_hook(lambda gradient: gradient * float("inf"))
    each.train_batch(images, torch.arange(4), step=0, lr=0.01)
    assert each.scaler_state().tolist() == [2.0**15, 0]
    assert all(torch.equal(before[name], tensor) for name, tensor in each.network.state_dict().items())


def test_the_outcome_says_how_it_was_executed(arrays, switches):
    outcome = train(short(0, epochs=1), arrays, seed=0)
    assert outcome.execution == Execution(batch_per_device=16)
    runtime = Runtime(micro_batch=4, precision="bf16", deterministic=True)
    assert train(short(0, epochs=1), arrays, seed=0, runtime=runtime).execution == Execution(
        precision="bf16", batch_per_device=4, deterministic=True
    )
    assert torch.are_deterministic_algorithms_enabled()
    train(short(0, epochs=1), arrays, seed=0)
    assert not torch.are_deterministic_algorithms_enabled(), "it holds for one run"


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize(("precision", "tf32"), [("fp32", False), ("bf16", True), ("fp16", True)])
def test_fp32_means_fp32_on_a_gpu(switches, precision, tf32, deterministic):
    """The switches exist without a GPU."""
    torch.backends.cudnn.allow_tf32 = not tf32
    runtime = Runtime(device="cuda", precision=precision, deterministic=deterministic)
    assert set_arithmetic(runtime, torch.device("cuda", 0)) is tf32
    assert torch.backends.cuda.matmul.allow_tf32 is tf32
    assert torch.backends.cudnn.allow_tf32 is tf32
    assert torch.backends.cudnn.deterministic is deterministic
    assert torch.backends.cudnn.benchmark is not deterministic
    assert torch.are_deterministic_algorithms_enabled() is deterministic
    assert ("CUBLAS_WORKSPACE_CONFIG" in os.environ) is deterministic


def test_a_processor_leaves_the_gpus_switches_alone(switches):
    torch.backends.cudnn.allow_tf32 = True
    assert set_arithmetic(Runtime(), torch.device("cpu")) is False
    assert torch.backends.cudnn.allow_tf32


@pytest.mark.parametrize(
    ("device", "says"),
    [
        ("cuda:99", "device cuda:99 is wanted, but torch finds"),
        ("gpu", "there is no device 'gpu'. Allowed: cpu, cuda"),
        ("mps", "there is no device 'mps'. Allowed: cpu, cuda"),
    ],
)
def test_a_wrong_device_is_one_line(device, says):
    with pytest.raises(ModernizeError, match=says):
        choose_device(Runtime(device=device), World())


def test_several_processes_are_numbered_by_a_launcher(monkeypatch):
    assert join(Runtime()) == World()
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ModernizeError, match="RANK is '': a run on several processes is started by torchrun"):
        join(Runtime(num_processes=2))
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.setenv(name, "3")
    with pytest.raises(ModernizeError, match="WORLD_SIZE is 3, but the run is for 2 processes"):
        join(Runtime(num_processes=2))


COMPILED = """
import sys
sys.path.insert(0, {tests!r})
from test_train import bars, short
from modernize.train.runtime import Runtime
from modernize.train.loop import Trainer

spec = short(-1, epochs=1, ema_decay=0.5)
outcomes = []
for compile in (False, True):
    trainer = Trainer(spec, bars(16, 8), seed=0, runtime=Runtime(compile=compile))
    names = list(trainer.learner.network.state_dict())
    outcomes.append((trainer.run(), names))
(plain, names), (compiled, same_names) = outcomes
assert names == same_names
assert compiled.execution.compiled and not plain.execution.compiled
assert abs(compiled.curves.train_loss[0] - plain.curves.train_loss[0]) < 1e-4, (plain, compiled)
print("fine")
"""


@pytest.mark.slow
def test_a_compiled_network_gives_the_same_under_the_same_names():
    code = COMPILED.format(tests=str(Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if "No working C++ compiler" in done.stderr or "InvalidCxxCompiler" in done.stderr:
        pytest.skip("torch.compile needs a C++ compiler")
    assert done.stdout.split() == ["fine"], done.stderr


def test_the_network_is_in_channels_last_memory():
    network = build(short(-1))
    assert network.stages[0].blocks[0].branch[0].weight.is_contiguous(memory_format=torch.channels_last)

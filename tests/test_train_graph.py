"""Steps that are recorded once and replayed: the same training as without."""

from __future__ import annotations

import pytest
import torch
from recorded import recorder
from test_train import short
from test_train_learner import batch, learner

from modernize.train.graph import STEPS_BEFORE, GraphedStep
from modernize.train.learner import Learner


def graphed(spec, **options) -> Learner:
    """Return a learner whose step is recorded as on a GPU."""
    each = learner(spec, cuda_graphs=True, **options)
    state = [*each.network.state_dict().values(), *each.tensors().values()]
    assert isinstance(each._step, GraphedStep)
    each._step.record = recorder(lambda: state)
    return each


def train(each: Learner, num_steps: int) -> list[float]:
    each.wrapped.train()
    torch.manual_seed(1)
    losses = []
    for number in range(num_steps):
        images, labels = batch()
        lr = float(torch.tensor(0.001 * (number + 1)))  # as fp32 has it, which the recorded step reads
        losses.append(float(each.train_batch(images + number, labels.roll(number), step=number, lr=lr)))
    return losses


@pytest.mark.parametrize(
    ("rung", "options"),
    [
        (0, {}),
        (0, {"momentum": 0.0, "weight_decay": 0.1}),
        (-1, {"stochastic_depth": 0.5}),
        (-1, {"mixup": 0.8, "cutmix": 1.0, "mix_probability": 0.5}),
        (-1, {"ema_decay": 0.9, "clip_grad_norm": 0.5}),
    ],
    ids=["sgd", "plain-sgd", "drop-path", "mixed", "averaged-clipped"],
)
@pytest.mark.parametrize("micro_batch", [0, 5])
def test_replayed_steps_train_as_the_others_do(rung, options, micro_batch):
    spec = short(rung, **options)
    usual, replayed = learner(spec, micro_batch=micro_batch), graphed(spec, micro_batch=micro_batch)
    num_steps = STEPS_BEFORE + 4
    assert train(replayed, num_steps) == train(usual, num_steps)
    for (name, one), other in zip(
        usual.network.state_dict().items(), replayed.network.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other), name
    for name, one in usual.tensors().items():
        assert torch.equal(one, replayed.tensors()[name]), name


def test_layers_have_learning_rates_of_their_own_up_to_the_rounding_of_fp32():
    spec = short(-1, layer_decay=0.8)
    assert train(graphed(spec), STEPS_BEFORE + 4) == pytest.approx(train(learner(spec), STEPS_BEFORE + 4), rel=1e-5)


def test_python_is_left_out_once_a_step_is_recorded(monkeypatch):
    each = graphed(short(-1))
    train(each, STEPS_BEFORE + 1)

    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError("called in a replay")

    monkeypatch.setattr(each.network, "forward", refuse)
    monkeypatch.setattr(each.optimizer, "step", refuse)
    assert all(torch.isfinite(torch.tensor(train(each, 3))))


def test_a_step_that_waits_for_the_device_cannot_be_recorded():
    weight = torch.zeros(3)

    def step(images, targets, lr):
        return weight.add_(float(images.sum())).sum()

    each = GraphedStep(step, torch.device("cpu"), record=recorder(lambda: [weight]))
    for _ in range(STEPS_BEFORE):
        each(torch.ones(2), torch.ones(2), 0.1)
    with pytest.raises(RuntimeError, match="waits for the device"):
        each(torch.ones(2), torch.ones(2), 0.1)

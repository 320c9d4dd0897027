"""One optimizer step: in parts, clipped, averaged, by layers, from given weights."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from test_train import bars, short

from modernize.errors import ModernizeError
from modernize.ladder import ladder
from modernize.nn import build
from modernize.nn.convert import to_timm, to_torchvision
from modernize.objectives.classification import Classification
from modernize.recipes import named_recipe
from modernize.spec import Spec
from modernize.train.distributed import World
from modernize.train.layer_decay import layer_factors
from modernize.train.learner import Learner
from modernize.train.loop import train
from modernize.train.runtime import Runtime
from modernize.train.state_dicts import fitting_weights


def learner(spec: Spec, batch_size: int = 12, **options) -> Learner:
    weights = options.pop("weights", None)
    return Learner(
        Classification(spec, num_classes=spec.arch.num_classes, image_size=32, seed=0, batch_size=batch_size),
        runtime=Runtime(**options),
        device=torch.device("cpu"),
        world=World(),
        weights=weights,
    )


def batch(count: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn((count, 3, 32, 32), generator=generator).to(memory_format=torch.channels_last)
    return images, torch.arange(count) % 4


def step(learner: Learner, lr: float = 0.01, number: int = 0) -> float:
    learner.wrapped.train()
    return float(learner.train_batch(*batch(), step=number, lr=lr))


@pytest.mark.parametrize("micro_batch", [1, 4, 5, 12, 99])
@pytest.mark.parametrize("mixing", [{}, {"mixup": 0.8, "cutmix": 1.0, "mix_probability": 1.0}], ids=["plain", "mixed"])
def test_the_gradient_is_the_whole_batchs_whatever_its_parts(micro_batch, mixing):
    spec = short(-1, **mixing)  # LayerNorm: no image sees another
    whole, parts = learner(spec), learner(spec, micro_batch=micro_batch)
    assert parts.micro_batch == min(micro_batch, 12)
    assert step(parts) == pytest.approx(step(whole), rel=1e-6)
    for one, other in zip(whole.network.parameters(), parts.network.parameters(), strict=True):
        torch.testing.assert_close(other.grad, one.grad, rtol=1e-4, atol=1e-6)


def test_batch_norm_sees_the_parts_alone():
    spec = short(0)
    whole, parts = learner(spec), learner(spec, micro_batch=4)
    assert step(whole) != pytest.approx(step(parts), rel=1e-3)


def test_the_gradients_norm_is_clipped():
    spec = short(-1)
    free, clipped = learner(spec), learner(replace(spec, recipe=replace(spec.recipe, clip_grad_norm=0.01)))
    norms = []
    for each in (free, clipped):
        step(each)
        norms.append(float(torch.linalg.vector_norm(torch.cat([p.grad.ravel() for p in each.network.parameters()]))))
    assert norms[0] > 0.1
    assert norms[1] == pytest.approx(0.01, rel=1e-3)


def test_the_average_is_of_weights_and_buffers_and_is_what_is_evaluated():
    spec = short(0, ema_decay=0.9)
    each = learner(spec)
    expected = {k: v.clone().double() for k, v in each.network.state_dict().items() if v.is_floating_point()}
    for number in range(3):
        step(each, number=number)
        now = each.network.state_dict()
        expected = {k: 0.9 * v + 0.1 * now[k].double() for k, v in expected.items()}
    assert each.evaluated is not each.network
    state = each.evaluated.state_dict()
    for name, value in expected.items():
        torch.testing.assert_close(state[name].double(), value, rtol=1e-5, atol=1e-6)
    assert {f"ema.{name}" for name in state} <= each.tensors().keys()


def test_without_an_average_the_network_is_evaluated():
    each = learner(short(0))
    assert each.evaluated is each.network


def test_an_average_changes_the_evaluation_and_not_the_training():
    plain, averaged = (train(short(0, ema_decay=decay), bars(), seed=0) for decay in (0.0, 0.9))
    assert averaged.curves.train_loss == plain.curves.train_loss
    assert averaged.curves.metrics != plain.curves.metrics


def meta(spec: Spec):
    with torch.device("meta"):
        return build(spec)


@pytest.mark.parametrize("step_id", ["downsample", "ln", "base"])
def test_layers_learn_at_the_released_codes_rates(step_id):
    """ConvNeXt-T and ResNet-50's depths by hand: three groups in stage 3, so the head is seven above the stem."""
    rung = next(rung for rung in ladder("resnet50") if rung.step == step_id)
    spec = rung.spec.with_recipe(layer_decay=0.5, layer_decay_blocks=3 if step_id != "base" else 2)
    network = meta(spec)
    factors = layer_factors(network, spec)
    assert len(factors) == len(list(network.parameters()))
    powers = {"stem": 7, "stages.0": 6, "stages.1": 5, "stages.3": 1, "head": 0}
    powers |= {"stages.2.downsample": 4} if step_id == "downsample" else {}
    blocks = [4, 4, 3, 3, 2, 2] if step_id == "base" else [4, 4, 4, 3, 3, 3, 2, 2, 2]
    powers |= {f"stages.2.blocks.{number}": power for number, power in enumerate(blocks)}
    found = {}
    for name, parameter in network.named_parameters():
        (prefix,) = (prefix for prefix in powers if name.startswith(f"{prefix}."))
        found.setdefault(prefix, set()).add(factors[parameter])
    assert found == {prefix: {0.5**power} for prefix, power in powers.items()}


def test_twelve_groups_and_a_head_of_convnext_b():
    """As `num_max_layer = 12` in the released code, for depths (3, 3, 27, 3)."""
    spec = ladder("resnet50")[-1].spec.with_arch(depths=(3, 3, 27, 3)).with_recipe(layer_decay=0.7)
    assert {round(factor, 12) for factor in layer_factors(meta(spec), spec).values()} == {
        round(0.7**power, 12) for power in range(14)
    }


def test_every_gradient_that_reaches_the_fused_optimizer_lies_in_memory_as_its_parameter_does():
    """torch's fused optimizers pair them element by element in memory: elsewhere they would be silently wrong."""

    def layout(tensor: torch.Tensor) -> list[tuple[int, int]]:
        return [(n, step) for n, step in zip(tensor.shape, tensor.stride(), strict=True) if n > 1]

    for rung in ladder("laptop", probes=True):
        each = learner(rung.spec.with_arch(num_classes=4).with_recipe(mixup=0.0, cutmix=0.0), 4, micro_batch=2)
        each.wrapped.train()
        each.train_batch(*batch(4), step=0, lr=0.01)
        for (parameters, *_), state in zip(each.optimizer.groups, each.optimizer.state, strict=True):
            for beside in ([p.grad for p in parameters], state["first"], state["second"] or parameters):
                assert list(map(layout, beside)) == list(map(layout, parameters)), rung.step


def test_factors_scale_the_steps():
    spec = short(0, layer_decay=0.5)
    spec = replace(spec, recipe=replace(spec.recipe, momentum=0.0, weight_decay=0.0))
    each = learner(spec)
    before = copy.deepcopy(each.network)
    step(each, lr=0.1)
    for (name, then), now in zip(before.named_parameters(), each.network.parameters(), strict=True):
        factor = layer_factors(before, spec)[then]
        torch.testing.assert_close(then - now, 0.1 * factor * now.grad, rtol=1e-3, atol=1e-7, msg=name)


def test_a_classifier_may_start_small():
    spec = short(-1)
    torch.manual_seed(0)
    plain = build(spec).state_dict()
    torch.manual_seed(0)
    small = build(spec.with_recipe(head_init_scale=0.001)).state_dict()
    for name, value in plain.items():
        torch.testing.assert_close(small[name], value * (0.001 if name.startswith("head.fc.") else 1.0))


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple[Spec, Path]:
    spec = short(-1).with_arch(num_classes=7)
    torch.manual_seed(5)
    path = tmp_path_factory.mktemp("weights") / "weights.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in build(spec).state_dict().items()}, path)
    return spec, path


def test_training_starts_from_given_weights_with_a_new_classifier(trained):
    spec, path = trained
    found = fitting_weights(path, spec)
    fewer = spec.with_arch(num_classes=4)
    state = learner(fewer, weights=fitting_weights(path, fewer)).network.state_dict()
    assert state["head.fc.weight"].shape[0] == 4
    for name, value in found.items():
        assert name.startswith("head.fc.") or torch.equal(state[name], value)
    assert torch.equal(learner(spec, weights=found).network.state_dict()["head.fc.weight"], found["head.fc.weight"])
    assert train(fewer, bars(), seed=0, weights=path).curves != train(fewer, bars(), seed=0).curves


@pytest.mark.parametrize("convert", [to_timm, to_torchvision])
@pytest.mark.parametrize("regime_end", [0, -1], ids=["resnet", "convnext"])
def test_weights_may_be_named_as_in_the_libraries(tmp_path, convert, regime_end):
    spec = ladder("resnet50")[regime_end].spec
    spec = spec.with_arch(depths=(1, 1, 1, 1), width=8, num_classes=5)
    network = build(spec)
    save_file({name: tensor.contiguous() for name, tensor in convert(network, spec).items()}, tmp_path / "theirs")
    ours = fitting_weights(tmp_path / "theirs", spec)
    assert ours.keys() == network.state_dict().keys()
    assert all(torch.equal(ours[name], tensor) for name, tensor in network.state_dict().items())


def test_weights_that_do_not_fit_are_one_line(trained, tmp_path):
    spec, path = trained
    (tmp_path / "text").write_text("hello")
    save_file({"x": torch.zeros(1)}, tmp_path / "other")
    narrower = spec.with_arch(width=spec.arch.width // 2)
    for given, wanted, says in (
        (tmp_path / "none", spec, "there is no file of weights"),
        (tmp_path / "text", spec, "no readable safetensors file"),
        (tmp_path / "other", spec, "it has no classifier"),
        (path, short(0), "its weights are of another network: one has"),
        (path, narrower, "is needed"),
    ):
        with pytest.raises(ModernizeError, match=says) as error:
            fitting_weights(given, wanted)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("stem.0.weight", "whole", "holds int64 numbers, float32 ones are needed"),
        ("stem.0.weight", float("nan"), "holds values that are not finite"),
        ("head.fc.weight", float("inf"), "holds values that are not finite"),
        ("head.fc.bias", "scalar", "it has no classifier"),
    ],
)
def test_weights_that_would_train_something_else_are_refused(trained, tmp_path, name, value, says):
    spec, path = trained
    state = load_file(path)
    name = name if name in state else next(key for key in state if key.startswith("stem"))
    match value:
        case "whole":
            state[name] = (state[name] * 100).long()
        case "scalar":
            state[name] = torch.tensor(1.0)
        case _:
            state[name].view(-1)[0] = value
    save_file(state, tmp_path / "bad.safetensors")
    with pytest.raises(ModernizeError, match=says):
        fitting_weights(tmp_path / "bad.safetensors", spec)


def test_the_recipe_for_fine_tuning_is_trained(trained, tmp_path):
    spec, path = trained
    recipe = replace(named_recipe("finetune"), epochs=1, batch_size=16, rand_augment="", color_jitter=0.0)
    spec = replace(spec.with_arch(num_classes=4), recipe=recipe)
    outcome = train(spec, bars(), seed=0, weights=path)
    assert outcome.result.epoch == 1

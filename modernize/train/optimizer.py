"""SGD and AdamW through torch's functional API.

The arithmetic is torch's own (`torch.optim.adamw.adamw`, `torch.optim.sgd.sgd`). The optimizer classes are avoided
because constructing one imports torch's compiler, which costs seconds at the start of every process.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from modernize.spec import Recipe


class Optimizer:
    """One of the two optimizers, over parameter groups that differ in weight decay and learning rate.

    Args:
        groups: Pairs of parameters and their weight decay.
        recipe: Its optimizer, momentum, betas and eps are read.
        lr_factors: Factor on the learning rate of each parameter; 1 for those that are not named.
        apart: Parameters that do not learn at times (`requires_grad` off), and are left alone then.
    """

    def __init__(
        self,
        groups: Iterable[tuple[list[nn.Parameter], float]],
        recipe: Recipe,
        lr_factors: Mapping[nn.Parameter, float] | None = None,
        apart: Collection[nn.Parameter] = (),
    ) -> None:
        self.groups = [
            (chosen, decay, factor)
            for parameters, decay in groups
            for (factor, _), chosen in _alike(parameters, lr_factors or {}, apart).items()
        ]
        self.recipe = recipe
        self.state: list[dict[str, list[Any]]] = [
            {
                "first": [torch.zeros_like(p) for p in parameters],
                "second": [torch.zeros_like(p) for p in parameters] if recipe.optimizer == "adamw" else [],
                "steps": [torch.zeros((), device=p.device) for p in parameters] if recipe.optimizer == "adamw" else [],
            }
            for parameters, _, _ in self.groups
        ]

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The parameters as torch's GradScaler looks for them."""
        return [{"params": parameters} for parameters, _, _ in self.groups]

    def tensors(self) -> dict[str, Tensor]:
        """Return the live tensors that a checkpoint has to keep, by name."""
        return {
            f"optimizer.{group}.{name}.{number}": tensor
            for group, state in enumerate(self.state)
            for name, tensors in state.items()
            for number, tensor in enumerate(tensors)
        }

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameters, _, _ in self.groups:
            for parameter in parameters:
                parameter.grad = None

    @torch.no_grad()
    def step(self, lr: float | Tensor) -> None:
        """Update all parameters that learn with this learning rate; one without a gradient counts as having a zero one.

        Args:
            lr: A number, or for a CUDA graph a tensor () on the parameters' device, which may change between replays.
        """
        for (parameters, decay, factor), state in zip(self.groups, self.state, strict=True):
            if not parameters[0].requires_grad:
                continue
            gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
            self._update(list(parameters), gradients, state, {"lr": lr * factor, "weight_decay": decay})

    def _update(
        self, parameters: list[Tensor], gradients: list[Tensor], state: dict[str, list[Any]], rates: dict[str, Any]
    ) -> None:
        recipe, alike = self.recipe, {"fused": True, "maximize": False, **rates}
        if recipe.optimizer == "sgd":
            still: dict[str, Any] = {"momentum": recipe.momentum, "dampening": 0.0, "nesterov": False}
            sgd(parameters, gradients, state["first"], **still, **alike)
            return
        betas: dict[str, Any] = {"beta1": recipe.betas[0], "beta2": recipe.betas[1], "eps": recipe.eps}
        first, second, steps = state["first"], state["second"], state["steps"]
        adamw(parameters, gradients, first, second, [], steps, amsgrad=False, **betas, **alike)


def _alike(
    parameters: list[nn.Parameter], factors: Mapping[nn.Parameter, float], apart: Collection[nn.Parameter]
) -> dict[tuple[float, bool], list[nn.Parameter]]:
    found: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for parameter in parameters:
        found.setdefault((factors.get(parameter, 1.0), parameter in apart), []).append(parameter)
    return found


def parameter_groups(network: nn.Module, recipe: Recipe) -> list[tuple[list[nn.Parameter], float]]:
    """Split a network's parameters into those that weight decay pulls to zero and those it leaves alone.

    With `recipe.decay_norm_and_bias` off, only the weights of convolutions and matrix products are decayed, those of
    attention included: no norm, bias, embedding, LayerScale or GRN parameter is.
    """
    decayed: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for module in network.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if not parameter.requires_grad:  # a fixed embedding of another library
                continue
            # torch's attention holds the weights of three products as one, in a module that is none.
            product = isinstance(module, nn.Conv2d | nn.Linear) and name == "weight"
            weight = product or name == "in_proj_weight"
            (decayed if weight or recipe.decay_norm_and_bias else others).append(parameter)
    return [(decayed, recipe.weight_decay), (others, 0.0)]

"""One optimizer step: forward and backward in parts, clipping, the update, and the weights' moving average."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from modernize.objectives import Forward, Objective
from modernize.train.device import autocast
from modernize.train.distributed import World
from modernize.train.freezing import Freezing
from modernize.train.graph import GraphedStep
from modernize.train.layer_decay import layer_factors
from modernize.train.optimizer import Optimizer, parameter_groups
from modernize.train.runtime import Runtime


class Learner:
    """A network and all that changes it.

    timm is imported only for a recipe with a moving average, torch's compiler only if it is wanted.

    Args:
        objective: What to build and what its loss is.
        runtime: Its `precision`, `micro_batch`, `compile` and `cuda_graphs` are read.
        device: Of this process.
        world: The processes that share each batch.
        weights_seed: Of random weights; None for the objective's.
        weights: State dict to start from, in place of random weights; see `state_dicts.fitting_weights`.

    Attributes:
        network: What is trained; its state dict is the same in any runtime.
        evaluated: What is evaluated: the moving average (EMA) of the weights where the recipe has one, else `network`.
            BatchNorm's statistics are averaged too.
        best: Copy of the state of `evaluated` in the best epoch so far, where the recipe chooses that; else empty.
        micro_batch: Images that pass through the network at once.
        scaler: Scales fp16's loss, so that small gradients do not vanish; None for other precisions.
    """

    def __init__(
        self,
        objective: Objective,
        *,
        runtime: Runtime,
        device: torch.device,
        world: World,
        weights_seed: int | None = None,
        weights: dict[str, Tensor] | None = None,
    ) -> None:
        self.objective, recipe, batch_size = objective, objective.recipe, objective.batch_size
        torch.manual_seed(objective.seed if weights_seed is None else weights_seed)
        self.network = objective.build()
        if weights:
            objective.trunk(self.network).load_state_dict(weights, strict=False)
        self.network.to(device)
        trunk = objective.trunk(self.network)
        self.freezing = Freezing(trunk, recipe)
        self.optimizer = Optimizer(
            parameter_groups(self.network, recipe),
            recipe,
            lr_factors=layer_factors(trunk, objective.entry),
            apart=self.freezing.parameters,
        )
        self.ema = _moving_average(self.network, recipe.ema_decay) if recipe.ema_decay else None
        self.evaluated: nn.Module = self.ema.module if self.ema else self.network
        choosing = recipe.chosen_epoch == "best"
        self.best = {name: its.clone() for name, its in self.evaluated.state_dict().items()} if choosing else {}
        self.micro_batch = min(runtime.micro_batch or batch_size, batch_size)
        self.autocast = autocast(runtime, device)
        self.runtime, self.device = runtime, device
        self.scaler = torch.amp.GradScaler(device.type) if runtime.precision == "fp16" else None
        self.world = world
        if runtime.compile:
            self.network.compile()
        self.freezing.begin_epoch(self.network, 0)
        self._arrange()

    def _arrange(self) -> None:
        """Prepare steps of the layers that learn."""
        self.wrapped = self.world.wrap(self.network)
        self._forward = self.forward(self.wrapped)
        self._step = GraphedStep(self._eager_step, self.device) if self.runtime.cuda_graphs else self._eager_step

    def begin_epoch(self, epoch: int) -> None:
        """Make ready for training in an epoch, counted from 0, with the layers that learn in it."""
        self.wrapped.train()
        if self.freezing.begin_epoch(self.network, epoch):
            self._arrange()

    def note_best(self) -> None:
        """Keep a copy of what was just evaluated: it is the best so far."""
        for name, tensor in self.evaluated.state_dict().items():
            self.best[name].copy_(tensor)

    def forward(self, network: nn.Module) -> Forward:
        """Return what calls a network in the run's precision."""

        def call(*inputs: Any) -> Any:
            with self.autocast:
                return network(*inputs)

        return call

    def tensors(self) -> dict[str, Tensor]:
        """Return the live tensors that a checkpoint has to keep beside the network's, by name."""
        averages = {f"ema.{name}": tensor for name, tensor in self.ema.module.state_dict().items()} if self.ema else {}
        best = {f"best.{name}": tensor for name, tensor in self.best.items()}
        return self.optimizer.tensors() | averages | best

    def scaler_state(self) -> Tensor:
        """Return what `scaler` has learned, (2,): the scale, and the steps since it changed."""
        state = self.scaler.state_dict() if self.scaler else {}
        return torch.tensor([state["scale"], state["_growth_tracker"]], dtype=torch.float64)

    def set_scaler_state(self, state: Tensor) -> None:
        """Take over what `scaler_state` gave."""
        if self.scaler:
            scale, steps = state.tolist()
            self.scaler.load_state_dict(self.scaler.state_dict() | {"scale": scale, "_growth_tracker": int(steps)})

    def train_batch(self, inputs: Any, targets: Any, *, step: int, lr: float) -> Tensor:
        """Do one optimizer step, on the mean gradient over the batch whatever parts it is computed in.

        Args:
            inputs: This process's share of the batch; may be changed in place.
            targets: What the feed gave with them.
            step: Optimizer steps done before.
            lr: Learning rate.

        Returns:
            The loss before the step, on the device: fp32, the mean over the share. With CUDA graphs the next step
            overwrites it.
        """
        return self._step(*self.objective.prepare(inputs, targets, step=step), lr)

    def _eager_step(self, inputs: Any, targets: Any, lr: float | Tensor) -> Tensor:
        self.optimizer.zero_grad()
        loss = self._gradients(inputs, targets)
        self._update(lr)
        return loss

    def _gradients(self, inputs: Any, targets: Any) -> Tensor:
        count = len(targets)
        total: Tensor | None = None
        for start in range(0, count, self.micro_batch):
            part = slice(start, start + self.micro_batch)
            with self.world.sync(self.wrapped, now=start + self.micro_batch >= count):
                loss = self.objective.loss(self._forward, inputs[part], targets[part])
                if self.micro_batch < count:
                    loss = loss * (len(targets[part]) / count)
                (self.scaler.scale(loss) if self.scaler else loss).backward()  # type: ignore[no-untyped-call]
            total = loss.detach() if total is None else total + loss.detach()
        if total is None:
            raise ValueError("an empty batch")
        return total

    def _update(self, lr: float | Tensor) -> None:
        if self.scaler:
            self.scaler.unscale_(self.optimizer)  # type: ignore[arg-type]
        if clip := self.objective.recipe.clip_grad_norm:
            nn.utils.clip_grad_norm_(self.network.parameters(), clip)
        if self.scaler:
            self.scaler.step(self.optimizer, lr)  # type: ignore[arg-type]
            self.scaler.update()
        else:
            self.optimizer.step(lr)
        if self.ema:
            self.ema.update(self.network)


def _moving_average(network: nn.Module, decay: float) -> Any:
    """Return timm's moving average of weights and buffers, which begins at the initial weights."""
    from timm.utils.model_ema import ModelEmaV3

    return ModelEmaV3(network, decay=decay)

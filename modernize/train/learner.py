"""One optimizer step: mixing, forward and backward in parts, clipping, the update, and the weights' moving average."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from modernize.entry import Trainable
from modernize.models import build_model
from modernize.train.device import autocast
from modernize.train.distributed import World
from modernize.train.graph import GraphedStep
from modernize.train.layer_decay import layer_factors
from modernize.train.mixing import Mixing, mixes
from modernize.train.optimizer import Optimizer, parameter_groups
from modernize.train.runtime import Runtime


class Learner:
    """A network and all that changes it.

    timm is imported only for a recipe with mixup, CutMix or a moving average, torch's compiler only if it is wanted.

    Args:
        entry: What to build and train.
        num_classes: Outputs of the classifier.
        image_size: Height and width of the images in pixels.
        seed: Of weights and mixing.
        batch_size: Images in a batch of this process.
        runtime: Its `precision`, `micro_batch`, `compile` and `cuda_graphs` are read.
        device: Of this process.
        world: The processes that share each batch.
        weights: State dict to start from, in place of random weights; see `weights.fitting_weights`.

    Attributes:
        network: What is trained; its state dict is the same in any runtime.
        evaluated: What is evaluated: the moving average (EMA) of the weights where the recipe has one, else `network`.
            BatchNorm's statistics are averaged too.
        micro_batch: Images that pass through the network at once.
        scaler: Scales fp16's loss, so that small gradients do not vanish; None for other precisions.
    """

    def __init__(
        self,
        entry: Trainable,
        *,
        num_classes: int,
        image_size: int,
        seed: int,
        batch_size: int,
        runtime: Runtime,
        device: torch.device,
        world: World,
        weights: dict[str, Tensor] | None = None,
    ) -> None:
        recipe = self.recipe = entry.recipe
        torch.manual_seed(seed)
        self.network = build_model(entry.model, recipe, num_classes=num_classes, image_size=image_size)
        if weights:
            self.network.load_state_dict(weights, strict=False)
        self.network.to(device)
        self.optimizer = Optimizer(
            parameter_groups(self.network, recipe), recipe, lr_factors=layer_factors(self.network, entry)
        )
        self.ema = _moving_average(self.network, recipe.ema_decay) if recipe.ema_decay else None
        self.evaluated: nn.Module = self.ema.module if self.ema else self.network
        self.mixing = (
            Mixing(recipe, num_classes=num_classes, batch_size=batch_size, seed=seed, rank=world.rank)
            if mixes(recipe)
            else None
        )
        self.micro_batch = min(runtime.micro_batch or batch_size, batch_size)
        self.autocast = autocast(runtime, device)
        self.scaler = torch.amp.GradScaler(device.type) if runtime.precision == "fp16" else None
        self.world = world
        if runtime.compile:
            self.network.compile()
        self.wrapped = world.wrap(self.network)
        self._step = GraphedStep(self._eager_step, device) if runtime.cuda_graphs else self._eager_step

    def tensors(self) -> dict[str, Tensor]:
        """Return the live tensors that a checkpoint has to keep beside the network's, by name."""
        averages = {f"ema.{name}": tensor for name, tensor in self.ema.module.state_dict().items()} if self.ema else {}
        return self.optimizer.tensors() | averages

    def scaler_state(self) -> Tensor:
        """Return what `scaler` has learned, (2,): the scale, and the steps since it changed."""
        state = self.scaler.state_dict() if self.scaler else {}
        return torch.tensor([state["scale"], state["_growth_tracker"]], dtype=torch.float64)

    def set_scaler_state(self, state: Tensor) -> None:
        """Take over what `scaler_state` gave."""
        if self.scaler:
            scale, steps = state.tolist()
            self.scaler.load_state_dict(self.scaler.state_dict() | {"scale": scale, "_growth_tracker": int(steps)})

    def train_batch(self, images_nchw: Tensor, labels: Tensor, *, step: int, lr: float) -> Tensor:
        """Do one optimizer step, on the mean gradient over the batch whatever parts it is computed in.

        Args:
            images_nchw: This process's share of the batch, (n, 3, h, w); may be changed in place.
            labels: (n,), int64.
            step: Optimizer steps done before.
            lr: Learning rate.

        Returns:
            The loss before the step, on the device: fp32, the mean over the share. With CUDA graphs the next step
            overwrites it.
        """
        targets = labels
        if self.mixing:
            images_nchw, targets = self.mixing(images_nchw, labels, step=step)
        return self._step(images_nchw, targets, lr)

    def _eager_step(self, images_nchw: Tensor, targets: Tensor, lr: float | Tensor) -> Tensor:
        self.optimizer.zero_grad()
        loss = self._gradients(images_nchw, targets)
        self._update(lr)
        return loss

    def _gradients(self, images_nchw: Tensor, targets: Tensor) -> Tensor:
        count = len(targets)
        total: Tensor | None = None
        for start in range(0, count, self.micro_batch):
            part = slice(start, start + self.micro_batch)
            with self.world.sync(self.wrapped, now=start + self.micro_batch >= count):
                loss = self._loss(images_nchw[part], targets[part])
                if self.micro_batch < count:
                    loss = loss * (len(targets[part]) / count)
                (self.scaler.scale(loss) if self.scaler else loss).backward()  # type: ignore[no-untyped-call]
            total = loss.detach() if total is None else total + loss.detach()
        if total is None:
            raise ValueError("an empty batch")
        return total

    def _loss(self, images_nchw: Tensor, targets: Tensor) -> Tensor:
        with self.autocast:
            logits = self.wrapped(images_nchw)
        # Mixed targets are smoothed already.
        smoothing = 0.0 if self.mixing else self.recipe.label_smoothing
        return F.cross_entropy(logits.float(), targets, label_smoothing=smoothing)

    def _update(self, lr: float | Tensor) -> None:
        if self.scaler:
            self.scaler.unscale_(self.optimizer)  # type: ignore[arg-type]
        if self.recipe.clip_grad_norm:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip_grad_norm)
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

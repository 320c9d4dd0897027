"""The state of a run between two steps: all that decides how it goes on, saved and taken up again."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import asdict
from functools import partial

import torch
from torch import Tensor

from modernize.errors import ModernizeError
from modernize.strict import from_dict
from modernize.train.checkpoint import Checkpoint, CheckpointError, Checkpoints, copy_into
from modernize.train.distributed import World
from modernize.train.learner import Learner
from modernize.train.progress import Progress


class RunState:
    """All that decides how a run goes on.

    The learning rate, the order of the data, augmentation and mixing are functions of seed, epoch and step, so there
    is nothing but the weights, the tensors of optimizer and moving average, what each process has of its own (random
    numbers, the loss so far) and `progress`.

    Args:
        learner: The network and all that changes it.
        world: The processes of the run; all take part in saving and resuming, the first one reads and writes.
        device: Of this process.
        epochs: Of the whole run.
        steps_per_epoch: Of the run.
        split: What is evaluated after each epoch, "val" or "test".
        metrics: Names of what is measured.

    Attributes:
        progress: How far the run has come.
        loss_sum: Of the steps done in the epoch under way, on the device.
        earlier_seconds: What the run had taken before it was resumed.
    """

    def __init__(
        self,
        learner: Learner,
        world: World,
        device: torch.device,
        *,
        epochs: int,
        steps_per_epoch: int,
        split: str,
        metrics: Collection[str],
    ) -> None:
        self.learner, self.world, self.device = learner, world, device
        self.progress = Progress()
        self._contradiction = partial(
            Progress.contradiction, epochs=epochs, steps_per_epoch=steps_per_epoch, split=split, metrics=metrics
        )
        self.loss_sum = torch.zeros((), dtype=torch.float64, device=device)
        self.earlier_seconds = 0.0
        # What all processes have of their own, by rank: filled when a checkpoint is read.
        self._gathered = {name: torch.stack([read().cpu()] * world.size) for name, (read, _) in self._own().items()}

    def save(self, checkpoints: Checkpoints | None, step: int) -> None:
        """Save all that `restore` needs, after so many steps."""
        own = {name: self.world.gather(read()) for name, (read, _) in self._own().items()}
        if checkpoints:
            checkpoints.save(
                Checkpoint(
                    step=step,
                    weights=self.learner.network.state_dict(),
                    state=self.learner.tensors() | own,
                    progress=asdict(self.progress),
                )
            )

    def resume(self, checkpoints: Checkpoints | None) -> bool:
        """Go back to the last usable checkpoint of the first process, if there is one."""
        (found,) = self.world.any(checkpoints is not None and checkpoints.restore(self.restore))
        if found:
            self.world.spread([*self.learner.network.state_dict().values(), *self.learner.tensors().values()])
            self.world.spread(self._gathered.values())
            for name, (_, write) in self._own().items():
                write(self._gathered[name][self.world.rank].clone())
            progress = json.loads(self.world.spread_text(json.dumps(asdict(self.progress))))
            self.progress = from_dict(Progress, progress, "progress")
            self.progress.num_resumes += 1
            self.earlier_seconds = self.progress.seconds
        return found

    def restore(self, checkpoint: Checkpoint) -> None:
        """Take over what was saved of a run of the same spec, data, seed and runtime; `resume` does the rest.

        Raises:
            CheckpointError: If the checkpoint does not fit; nothing has changed then.
        """
        state = dict(checkpoint.state)
        own = {name: state.pop(name) for name in self._gathered if name in state}
        copies = [
            copy_into(self.learner.network.state_dict(), checkpoint.weights),
            copy_into(self.learner.tensors(), state),
            copy_into(self._gathered, own),
        ]
        try:
            progress = from_dict(Progress, checkpoint.progress, "progress")
            for numbers in own["rng"]:
                torch.Generator().set_state(numbers.clone())  # a row of several is refused
        except (ModernizeError, RuntimeError) as error:
            raise CheckpointError(str(error)) from error
        if not own["loss_sum"].isfinite().all():
            raise CheckpointError("its loss is not finite")
        if wrong := self._contradiction(progress, step=checkpoint.step):
            raise CheckpointError(wrong)
        self.progress = progress
        for copy in copies:
            copy()

    def _own(self) -> dict[str, tuple[Callable[[], Tensor], Callable[[Tensor], object]]]:
        """What each process has of its own, by name: how to read it and how to set it."""
        own: dict[str, tuple[Callable[[], Tensor], Callable[[Tensor], object]]] = {
            "rng": (torch.get_rng_state, torch.set_rng_state),
            "loss_sum": (lambda: self.loss_sum, self.loss_sum.copy_),
        }
        if self.device.type == "cuda":
            own["cuda_rng"] = (
                lambda: torch.cuda.get_rng_state(self.device),
                lambda state: torch.cuda.set_rng_state(state, self.device),
            )
        if self.learner.scaler:
            own["scaler"] = (self.learner.scaler_state, self.learner.set_scaler_state)
        return own

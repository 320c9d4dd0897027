"""The training loop of one process: epochs of steps, evaluation after each, and what happens between two steps."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch

from modernize.datasets.dataset import Dataset
from modernize.datasets.feed import Feed, make_feed
from modernize.entry import Trainable
from modernize.errors import ModernizeError
from modernize.models.description import description_of
from modernize.results.record import Execution, WeightsFile
from modernize.train.artifact import keep_weights
from modernize.train.budget import refuse_contradictions
from modernize.train.checkpoint import Checkpoints
from modernize.train.device import choose_device, set_arithmetic
from modernize.train.distributed import World, join
from modernize.train.evaluate import evaluate
from modernize.train.learner import Learner
from modernize.train.outcome import Outcome, final_result
from modernize.train.progress import Progress
from modernize.train.runtime import Runtime
from modernize.train.schedule import learning_rate
from modernize.train.state import RunState
from modernize.train.weights import fitting_weights

EVAL_BATCH = 250
STEPS_BETWEEN_LOOKS = 50
"""On a GPU, looking at the loss waits for the GPU; on a processor it is looked at after every step."""

_NOISE_SEEDS_APART = 1_000_003

OnStep = Callable[[int, int], None]


class Stopped(Exception):  # noqa: N818 - it is no error
    """The run was asked to stop before its end; its checkpoint, if it keeps any, is on disk."""


class Trainer:
    """One process's part in a run; for the arguments see `train`."""

    def __init__(
        self,
        entry: Trainable,
        data: Dataset | Feed,
        *,
        seed: int,
        runtime: Runtime = Runtime(),  # noqa: B008 - frozen
        weights: Path | None = None,
    ) -> None:
        refuse_contradictions(entry.recipe)
        self.model, self.recipe = entry.model, entry.recipe
        self.seed = seed
        self.world = join(runtime)
        self.device = choose_device(runtime, self.world)
        tf32 = set_arithmetic(runtime, self.device)
        self.feed = self._feed(data, runtime)
        self.batch_size = batch_size(self.recipe.batch_size, self.feed.num_train_images, self.world)
        self.steps_per_epoch = self.feed.num_train_images // self.batch_size
        fits = {"num_classes": self.feed.num_classes, "image_size": self.feed.image_size}
        self.learner = Learner(
            entry,
            **fits,
            seed=seed,
            batch_size=self.batch_size // self.world.size,
            runtime=runtime,
            device=self.device,
            world=self.world,
            weights=fitting_weights(weights, entry, **fits) if weights else None,
        )
        self.execution = Execution(
            device=self.device.type,
            precision=runtime.precision,
            num_devices=self.world.size,
            batch_per_device=self.learner.micro_batch,
            input_path=self.feed.input_path,
            tf32=tf32,
            compiled=runtime.compile,
            cuda_graphs=runtime.cuda_graphs,
            deterministic=runtime.deterministic,
        )
        self.split: Literal["val", "test"] = "val" if self.feed.has_val else "test"
        self.state = RunState(
            self.learner,
            self.world,
            self.device,
            epochs=self.recipe.epochs,
            steps_per_epoch=self.steps_per_epoch,
            split=self.split,
        )
        self._last_lap = time.perf_counter()
        # Noise inside the network (stochastic depth) must not depend on how many numbers the weights took.
        torch.manual_seed(seed + 1 + self.world.rank * _NOISE_SEEDS_APART)

    def _feed(self, data: Dataset | Feed, runtime: Runtime) -> Feed:
        if not isinstance(data, Dataset):
            return data
        return make_feed(
            data,
            self.recipe,
            device=self.device,
            rank=self.world.rank,
            world_size=self.world.size,
            decode_workers=runtime.decode_workers,
        )

    @property
    def progress(self) -> Progress:
        """How far the run has come."""
        return self.state.progress

    @property
    def step(self) -> int:
        """Optimizer steps done."""
        return self.progress.epoch * self.steps_per_epoch + self.progress.batch

    def run(
        self,
        *,
        on_step: OnStep | None = None,
        checkpoints: Checkpoints | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        keep: Path | None = None,
    ) -> Outcome:
        """Train to the end; for the arguments and what is raised see `train`."""

        def after_step() -> bool:
            """Tell, save and stop as wanted; False if the loss is not finite any more, and no checkpoint then."""
            if on_step:
                on_step(self.progress.epoch, self.step)
            looks = self.device.type == "cpu" or self.progress.batch % STEPS_BETWEEN_LOOKS == 0
            stop, save, bad = self.world.any(
                should_stop(), checkpoints is not None and checkpoints.due(), looks and not self._finite()
            )
            if (stop or save) and not looks:
                (bad,) = self.world.any(not self._finite())
            if bad:
                return False
            if stop or save:
                self._lap(training=True)
                self.state.save(checkpoints, self.step)
                self._lap()
            if stop:
                raise Stopped
            return True

        progress = self.progress
        self._last_lap = time.perf_counter()
        diverged = False
        while progress.epoch < self.recipe.epochs and not diverged:
            diverged = not (self._train_epoch(after_step) and self._evaluate_epoch())
        test = self._evaluate("test") if self.feed.has_val and not diverged else None
        diverged = diverged or (test is not None and not math.isfinite(test[0]))
        self._lap()
        weights, ema_weights = self._kept(keep, checkpoints) if keep and not diverged else (WeightsFile(),) * 2
        return Outcome(
            diverged=diverged,
            curves=progress.curves,
            result=final_result(progress.curves, diverged=diverged, test=test),
            images_per_second=self.step * self.batch_size / progress.training_seconds,
            epoch_seconds=progress.epoch_seconds[: progress.epoch],
            execution=self.execution,
            num_resumes=progress.num_resumes,
            earlier_seconds=self.state.earlier_seconds,
            weights=weights,
            ema_weights=ema_weights,
        )

    def _kept(self, folder: Path, checkpoints: Checkpoints | None) -> tuple[WeightsFile, WeightsFile]:
        """Keep the final weights; what was measured is worth more than they are, if the disk is full."""
        if self.world.rank == 0:
            try:
                return keep_weights(self.learner, folder, description_of(self.model, self.feed, {"run": folder.name}))
            except ModernizeError as error:
                if checkpoints:
                    checkpoints.note(f"its weights are not kept: {error}")
        return WeightsFile(), WeightsFile()

    def _train_epoch(self, after_step: Callable[[], bool]) -> bool:
        """Train to the end of the epoch; False if the loss stopped being finite."""
        self.learner.wrapped.train()
        for images, labels in self.feed.train_batches(
            self.batch_size, seed=self.seed, epoch=self.progress.epoch, first_batch=self.progress.batch
        ):
            lr = learning_rate(self.recipe, self.step, self.steps_per_epoch)
            self.state.loss_sum += self.learner.train_batch(images, labels, step=self.step, lr=lr)
            self.progress.batch += 1
            if not after_step():
                break
        (bad,) = self.world.any(not self._finite())
        self._lap(training=True)
        return not bad

    def _finite(self) -> bool:
        return math.isfinite(float(self.state.loss_sum))

    def _evaluate_epoch(self) -> bool:
        """Evaluate and begin the next epoch; False if the loss is not finite."""
        curves = self.progress.curves
        split = self.split
        loss, top1_percent = self._evaluate(split)
        self._lap()
        if not math.isfinite(loss):
            return False
        (loss_sum,) = self.world.sum(float(self.state.loss_sum))
        losses, top1 = f"{split}_loss", f"{split}_top1_percent"
        self.state.loss_sum.zero_()
        self.progress.next_epoch(
            replace(
                curves,
                train_loss=(*curves.train_loss, loss_sum / self.world.size / self.steps_per_epoch),
                lr=(*curves.lr, learning_rate(self.recipe, self.step - 1, self.steps_per_epoch)),
                **{losses: (*getattr(curves, losses), loss), top1: (*getattr(curves, top1), top1_percent)},
            )
        )
        return True

    def _evaluate(self, split: Literal["val", "test"]) -> tuple[float, float]:
        return evaluate(
            self.learner.evaluated,
            self.feed.eval_batches(split, EVAL_BATCH),
            world=self.world,
            autocast=self.learner.autocast,
        )

    def _lap(self, *, training: bool = False) -> None:
        """Book the time since the last lap."""
        now = time.perf_counter()
        self.progress.book(now - self._last_lap, training=training)
        self._last_lap = now


def batch_size(wanted: int, num_images: int, world: World) -> int:
    """Return the images in one batch over all processes; `budget.cut_batch` fits a recipe to fewer images."""
    if wanted % world.size:
        raise ModernizeError(f"recipe.batch_size is {wanted}, which {world.size} processes cannot share evenly.")
    if wanted > num_images:
        raise ModernizeError(
            f"recipe.batch_size is {wanted}, but there are only {num_images} training images; set it to at most that, "
            "and recipe.lr in proportion."
        )
    return wanted

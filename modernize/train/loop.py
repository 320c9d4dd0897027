"""One run: train a network on one data set with one seed, and evaluate it after every epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import torch
from PIL import Image
from torch import nn

from modernize.datasets.dataset import Dataset
from modernize.datasets.feed import Feed
from modernize.datasets.feeds import make_feed
from modernize.entry import Trainable
from modernize.errors import ModernizeError
from modernize.metrics import CLASSIFICATION, METRICS, primary
from modernize.models.description import description_of
from modernize.objectives import OBJECTIVES, Forward, Objective
from modernize.results.artifact import PICTURES_FILE
from modernize.results.files import write_atomically
from modernize.results.predictions import save_predictions
from modernize.results.record import NO_WEIGHTS, Curves, Execution, WeightsFile
from modernize.train.budget import refuse_contradictions
from modernize.train.checkpoint import Checkpoints
from modernize.train.device import choose_device, set_arithmetic
from modernize.train.distributed import World, join
from modernize.train.learner import Learner
from modernize.train.predict import predict_test
from modernize.train.progress import Outcome, Progress, best_epoch, final_result
from modernize.train.runtime import Runtime
from modernize.train.schedule import learning_rate
from modernize.train.state import RunState
from modernize.train.state_dicts import fitting_weights, keep_weights

EVAL_BATCH = 250
NUM_PICTURES = 8
STEPS_BETWEEN_LOOKS = 50
"""On a GPU, looking at the loss waits for the GPU; on a processor it is looked at after every step."""

_NOISE_SEEDS_APART = 1_000_003

OnStep = Callable[[int, int], None]


class Stopped(Exception):  # noqa: N818 - it is no error
    """The run was asked to stop before its end; its checkpoint, if it keeps any, is on disk."""


def train(
    entry: Trainable,
    data: Dataset | Feed,
    *,
    seed: int,
    runtime: Runtime = Runtime(),  # noqa: B008 - frozen
    on_step: OnStep | None = None,
    checkpoints: Checkpoints | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    weights: Path | None = None,
    keep: Path | None = None,
) -> Outcome:
    """Train an entry or a spec with its recipe as given (shorten it first if need be).

    The same network, recipe, data, seed and runtime give the same numbers bit for bit on one processor with one thread
    (on a GPU with `runtime.deterministic`), however often the run is interrupted and resumed. The data order and
    augmentation depend on the seed alone, not on the network.

    Where the recipe has a moving average of the weights (`ema_decay`), the average is what is evaluated. Where the
    data has a validation split, it is evaluated after each epoch and the test images once, at the end; otherwise the
    test images are evaluated after each epoch.

    Args:
        entry: What to train; the data says how many classes there are.
        data: Training and evaluation images, or a feed of them for this process and device.
        seed: Of weights, order and augmentation.
        runtime: Device, precision and the like. With `num_processes` above 1, each process calls this function alike,
            and the environment says which one it is (see `distributed.join`).
        on_step: Called with the epochs and the steps done after each step.
        checkpoints: Where to resume from and to save to; of several processes the first one's are used.
        should_stop: Asked after each step; if any process is told so, all stop.
        weights: File of weights to start from; see `state_dicts.fitting_weights`.
        keep: The run's own folder, where its final weights are kept (see `state_dicts.keep_weights`); None not to.

    Returns:
        The outcome, the same in every process; a run whose loss stops being finite ends there as diverged.

    Raises:
        ModernizeError: If data, recipe, runtime or weights do not fit together.
        Stopped: After a last checkpoint, if `should_stop` said so.
    """
    trainer = Trainer(entry, data, seed=seed, runtime=runtime, weights=weights)
    if trainer.world.rank > 0:
        checkpoints = None
    if trainer.state.resume(checkpoints) and checkpoints:
        done = f"epoch {trainer.progress.epoch + 1} of {entry.recipe.epochs} after {trainer.step} steps"
        checkpoints.note(f"resumed in {done}")
    return trainer.run(on_step=on_step, checkpoints=checkpoints, should_stop=should_stop, keep=keep)


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
        self.seed = seed if self.recipe.seed_draws != "weights" else 0  # of order, augmentation and noise
        self.world = join(runtime)
        self.device = choose_device(runtime, self.world)
        tf32 = set_arithmetic(runtime, self.device)
        self.data = data if isinstance(data, Dataset) else None
        self.feed = self._feed(data, runtime)
        self.batch_size = batch_size(self.recipe.batch_size, self.feed.num_train_images, self.world)
        self.steps_per_epoch = self.feed.num_train_images // self.batch_size
        fits = {"num_classes": self.feed.num_classes, "image_size": self.feed.image_size}
        self.objective = OBJECTIVES[self.recipe.objective](
            entry, **fits, batch_size=self.batch_size // self.world.size, seed=self.seed, rank=self.world.rank
        )
        self.learner = Learner(
            self.objective,
            runtime=runtime,
            device=self.device,
            world=self.world,
            weights_seed=seed if self.recipe.seed_draws != "order" else 0,
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
        if not self.feed.has_val and (self.recipe.patience or self.recipe.chosen_epoch == "best"):
            raise ModernizeError("an epoch is to be chosen, which takes validation images; the data set has none.")
        self.split: Literal["val", "test"] = "val" if self.feed.has_val else "test"
        self.state = RunState(
            self.learner,
            self.world,
            self.device,
            epochs=self.recipe.epochs,
            steps_per_epoch=self.steps_per_epoch,
            split=self.split,
            metrics=[metric.name for metric in METRICS[self.recipe.objective]],
        )
        self._last_lap = time.perf_counter()
        # Noise inside the network (stochastic depth) must not depend on how many numbers the weights took.
        torch.manual_seed(self.seed + 1 + self.world.rank * _NOISE_SEEDS_APART)

    def _feed(self, data: Dataset | Feed, runtime: Runtime) -> Feed:
        if not isinstance(data, Dataset):
            return data
        return make_feed(
            data.with_shuffled_labels(self.seed) if self.recipe.shuffle_labels else data,
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
        while progress.epoch < self.recipe.epochs and not diverged and not self._stalled():
            diverged = not (self._train_epoch(after_step) and self._evaluate_epoch())
        if self.learner.best and not diverged:
            self.learner.evaluated.load_state_dict(self.learner.best)
        test = self._evaluate("test") if self.feed.has_val and not diverged else None
        diverged = diverged or (test is not None and not _finite(test))
        self._lap()
        weights, ema_weights = self._kept(keep, checkpoints) if keep and not diverged else (NO_WEIGHTS,) * 2
        return Outcome(
            diverged=diverged,
            curves=progress.curves,
            result=final_result(progress.curves, primary(self.recipe.objective), diverged=diverged, test=test),
            images_per_second=self.step * self.batch_size / progress.training_seconds,
            epoch_seconds=progress.epoch_seconds[: progress.epoch],
            execution=self.execution,
            num_resumes=progress.num_resumes,
            earlier_seconds=self.state.earlier_seconds,
            weights=weights,
            ema_weights=ema_weights,
        )

    def _kept(self, folder: Path, checkpoints: Checkpoints | None) -> tuple[WeightsFile, WeightsFile]:
        """Keep what the run leaves; what was measured is worth more, if the disk is full."""
        kept = NO_WEIGHTS, NO_WEIGHTS
        parts = (("weights", self._keep_weights), ("pictures", self._keep_pictures), ("predictions", self._keep_seen))
        for what, keep in parts if self.world.rank == 0 else ():
            try:
                kept = keep(folder) or kept
            except ModernizeError as error:
                if checkpoints:
                    checkpoints.note(f"its {what} are not kept: {error}")
        return kept

    def _keep_weights(self, folder: Path) -> tuple[WeightsFile, WeightsFile]:
        return keep_weights(self.learner, folder, description_of(self.model, self.feed, {"run": folder.name}))

    @torch.no_grad()
    def _keep_pictures(self, folder: Path) -> None:
        """Keep what the network makes of the first test images, a kind a row; nothing where it draws nothing."""
        if not self.objective.shows:
            return
        network = self.learner.evaluated.eval()
        inputs, targets = next(iter(self.feed.eval_batches("test", NUM_PICTURES)))
        pictures = self.objective.pictures(self.learner.forward(network), inputs, targets).float().cpu()
        normalise = self.feed.normalise
        pixels = pictures * normalise.std.view(3, 1, 1) + normalise.mean.view(3, 1, 1)
        kinds, count, _, height, width = pixels.shape
        sheet = pixels.permute(0, 3, 1, 4, 2).reshape(kinds * height, count * width, 3)
        data = BytesIO()
        Image.fromarray(sheet.round().clamp(0, 255).to(torch.uint8).numpy()).save(data, "png")
        write_atomically(folder / PICTURES_FILE, data.getvalue())

    def _keep_seen(self, folder: Path) -> None:
        """Keep what test images were taken for, where they were looked at once and by this process alone."""
        once = self.recipe.objective == CLASSIFICATION and self.feed.has_val and self.world.size == 1
        found = predict_test(self.learner.evaluated, self.feed, self.data) if once and self.data else None
        if found:
            save_predictions(found, folder)

    def _best_epoch(self) -> int:
        return best_epoch(self.progress.curves, primary(self.recipe.objective))

    def _stalled(self) -> bool:
        """Whether too many epochs have gone by without a better one."""
        patience = self.recipe.patience
        return bool(patience) and self.progress.epoch - self._best_epoch() >= patience

    def _train_epoch(self, after_step: Callable[[], bool]) -> bool:
        """Train to the end of the epoch; False if the loss stopped being finite."""
        self.learner.begin_epoch(self.progress.epoch)
        for inputs, targets in self.feed.train_batches(
            self.batch_size, seed=self.seed, epoch=self.progress.epoch, first_batch=self.progress.batch
        ):
            lr = learning_rate(self.recipe, self.step, self.steps_per_epoch)
            self.state.loss_sum += self.learner.train_batch(inputs, targets, step=self.step, lr=lr)
            self.progress.batch += 1
            if not after_step():
                break
        (bad,) = self.world.any(not self._finite())
        self._lap(training=True)
        return not bad

    def _finite(self) -> bool:
        return math.isfinite(float(self.state.loss_sum))

    def _evaluate_epoch(self) -> bool:
        """Evaluate and begin the next epoch; False if what was measured is not finite."""
        curves = self.progress.curves
        measured = self._evaluate(self.split)
        self._lap()
        if not _finite(measured):
            return False
        (loss_sum,) = self.world.sum(float(self.state.loss_sum))
        self.state.loss_sum.zero_()
        self.progress.next_epoch(
            Curves(
                train_loss=(*curves.train_loss, loss_sum / self.world.size / self.steps_per_epoch),
                lr=(*curves.lr, learning_rate(self.recipe, self.step - 1, self.steps_per_epoch)),
                split=self.split,
                metrics={name: (*curves.metrics.get(name, ()), value) for name, value in measured.items()},
            )
        )
        if self.learner.best and self._best_epoch() == self.progress.epoch:
            self.learner.note_best()
        return True

    def _evaluate(self, split: Literal["val", "test"]) -> dict[str, float]:
        network = self.learner.evaluated
        batches = self.feed.eval_batches(split, EVAL_BATCH)
        return evaluate(self.objective, network, batches, forward=self.learner.forward(network), world=self.world)

    def _lap(self, *, training: bool = False) -> None:
        """Book the time since the last lap."""
        now = time.perf_counter()
        self.progress.book(now - self._last_lap, training=training)
        self._last_lap = now


@torch.no_grad()
def evaluate(
    objective: Objective,
    network: nn.Module,
    batches: Iterable[tuple[Any, Any]],
    *,
    forward: Forward | None = None,
    world: World = World(),  # noqa: B008 - frozen
) -> dict[str, float]:
    """Return an objective's metrics over a split, every image counted once over all processes.

    Args:
        objective: What to measure.
        network: What is evaluated.
        batches: This process's share of the split.
        forward: Calls the network; by default as it is.
        world: The processes that have the other shares.
    """
    network.eval()
    world.spread(network.buffers())
    evaluator = objective.evaluator()
    for inputs, targets in batches:
        evaluator.add(forward or network, inputs, targets)
    return evaluator.metrics(world)


def _finite(measured: dict[str, float]) -> bool:
    return all(map(math.isfinite, measured.values()))


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

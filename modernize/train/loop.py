"""One run: train a spec from scratch on one data set with one seed, and evaluate it after every epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from modernize.datasets.arrays import ImageArrays
from modernize.datasets.batches import SmallImages, channel_statistics
from modernize.errors import ModernizeError
from modernize.nn import build
from modernize.results.record import Curves
from modernize.spec import Spec
from modernize.strict import from_dict
from modernize.train.budget import refuse_untrained
from modernize.train.checkpoint import Checkpoint, CheckpointError, Checkpoints, copy_into
from modernize.train.optimizer import Optimizer, parameter_groups
from modernize.train.outcome import Outcome, final_result
from modernize.train.schedule import learning_rate

TEST_BATCH = 250

OnStep = Callable[[int, int], None]


class Stopped(Exception):  # noqa: N818 - it is no error
    """The run was asked to stop before its end; its checkpoint, if it keeps any, is on disk."""


def train(
    spec: Spec,
    arrays: ImageArrays,
    *,
    seed: int,
    on_step: OnStep | None = None,
    checkpoints: Checkpoints | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Train a spec with its recipe as given (shorten it first if need be).

    The same spec, data and seed give the same numbers bit for bit on one machine with one thread, however often the
    run is interrupted and resumed. The data order and augmentation depend on the seed alone, not on the spec.

    Args:
        spec: What to train; `arch.num_classes` must fit the data.
        arrays: Training and evaluation images.
        seed: Of weights, order and augmentation.
        on_step: Called with the epochs and the steps done after each step.
        checkpoints: Where to resume from and to save to.
        should_stop: Asked after each step.

    Returns:
        The outcome; a run whose loss stops being finite ends there as diverged.

    Raises:
        ModernizeError: If the recipe asks for what this loop does not do.
        Stopped: After a last checkpoint, if `should_stop` said so.
    """
    trainer = Trainer(spec, arrays, seed=seed)
    if checkpoints and checkpoints.restore(trainer.restore):
        progress = trainer.progress
        progress.num_resumes += 1
        checkpoints.note(f"resumed in epoch {progress.epoch + 1} of {spec.recipe.epochs} after {trainer.step} steps")

    def after_step(epoch: int, step: int) -> None:
        if on_step:
            on_step(epoch, step)
        stop = should_stop()
        if checkpoints and (stop or checkpoints.due()):
            trainer.save(checkpoints)
        if stop:
            raise Stopped

    return trainer.run(after_step)


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far a run has come and what it has measured, as plain data.

    Attributes:
        epoch: Epochs done, evaluation included.
        batch: Steps done in the epoch under way.
        loss_sum: Of those steps.
        curves: One value for each epoch done.
        epoch_seconds: One value for each epoch done, and one for the epoch under way.
        training_seconds: Spent in training steps.
        seconds: Spent in training, evaluation and checkpoints.
        num_resumes: How often it was resumed.
    """

    epoch: int = 0
    batch: int = 0
    loss_sum: float = 0.0
    curves: Curves = field(default_factory=Curves)
    epoch_seconds: tuple[float, ...] = (0.0,)
    training_seconds: float = 0.0
    seconds: float = 0.0
    num_resumes: int = 0


class Trainer:
    """A run between two steps: what is trained, and how far it has come.

    The learning rate, the order of the data and the augmentation are functions of seed, epoch and step, so the
    weights, the optimizer's tensors, the state of the random number generator and `progress` are all there is to save.

    Args:
        spec: What to train.
        arrays: Training and evaluation images.
        seed: Of weights, order and augmentation.
    """

    def __init__(self, spec: Spec, arrays: ImageArrays, *, seed: int) -> None:
        self.recipe = spec.recipe
        self.seed = seed
        refuse_untrained(self.recipe)
        torch.manual_seed(seed)
        self.network = build(spec)
        self.optimizer = Optimizer(parameter_groups(self.network, self.recipe), self.recipe)
        mean, std = channel_statistics(arrays.train_images_nhwc)
        self.train_set = SmallImages(arrays.train_images_nhwc, arrays.train_labels, mean, std)
        self.test_set = SmallImages(arrays.test_images_nhwc, arrays.test_labels, mean, std)
        self.batch_size = min(self.recipe.batch_size, len(self.train_set))
        self.steps_per_epoch = len(self.train_set) // self.batch_size
        self.progress = Progress()
        self.earlier_seconds = 0.0
        self._last_lap = time.perf_counter()
        # Noise inside the network (stochastic depth) must not depend on how many numbers the weights took.
        torch.manual_seed(seed + 1)

    @property
    def step(self) -> int:
        """Optimizer steps done."""
        return self.progress.epoch * self.steps_per_epoch + self.progress.batch

    def run(self, after_step: OnStep) -> Outcome:
        """Train to the end.

        Args:
            after_step: Called with the epochs and the steps done after each step. It may save the trainer, and what it
                raises ends the run.
        """
        progress = self.progress
        self._last_lap = time.perf_counter()
        diverged = False
        while progress.epoch < self.recipe.epochs and not diverged:
            diverged = not (self._train_epoch(after_step) and self._evaluate_epoch())
        return Outcome(
            diverged=diverged,
            curves=progress.curves,
            result=final_result(progress.curves, diverged=diverged),
            images_per_second=self.step * self.batch_size / progress.training_seconds,
            epoch_seconds=progress.epoch_seconds[: progress.epoch],
            num_resumes=progress.num_resumes,
            earlier_seconds=self.earlier_seconds,
        )

    def save(self, checkpoints: Checkpoints) -> None:
        """Save all that `restore` needs."""
        self._lap(training=True)
        checkpoints.save(
            Checkpoint(
                step=self.step,
                weights=self.network.state_dict(),
                state=self.optimizer.tensors() | {"rng": torch.get_rng_state()},
                progress=asdict(self.progress),
            )
        )
        self._lap()

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back to where a trainer of the same spec, data and seed was saved.

        Raises:
            CheckpointError: If the checkpoint does not fit; nothing has changed then.
        """
        state = dict(checkpoint.state)
        rng = state.pop("rng", torch.empty(0, dtype=torch.uint8))
        copies = [
            copy_into(self.network.state_dict(), checkpoint.weights),
            copy_into(self.optimizer.tensors(), state),
            copy_into({"rng": torch.get_rng_state()}, {"rng": rng}),
        ]
        try:
            progress = from_dict(Progress, checkpoint.progress, "progress")
        except ModernizeError as error:
            raise CheckpointError(str(error)) from error
        for copy in copies:
            copy()
        torch.set_rng_state(rng)
        self.progress, self.earlier_seconds = progress, progress.seconds

    def _train_epoch(self, after_step: OnStep) -> bool:
        """Train to the end of the epoch; False if the loss stopped being finite."""
        progress, recipe = self.progress, self.recipe
        self.network.train()
        for images, labels in self.train_set.train_batches(
            self.batch_size,
            seed=self.seed,
            epoch=progress.epoch,
            shift_pixels=recipe.shift_pixels,
            horizontal_flip=recipe.horizontal_flip,
            first_batch=progress.batch,
        ):
            progress.loss_sum += self._train_batch(images, labels)
            progress.batch += 1
            if not math.isfinite(progress.loss_sum):
                break  # and no checkpoint of it
            after_step(progress.epoch, self.step)
        self._lap(training=True)
        return math.isfinite(progress.loss_sum)

    def _train_batch(self, images_nchw: Tensor, labels: Tensor) -> float:
        """Do one optimizer step and return the loss before it."""
        loss = F.cross_entropy(self.network(images_nchw), labels, label_smoothing=self.recipe.label_smoothing)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step(learning_rate(self.recipe, self.step, self.steps_per_epoch))
        return float(loss.detach())

    def _evaluate_epoch(self) -> bool:
        """Evaluate and begin the next epoch; False if the loss is not finite."""
        progress, curves = self.progress, self.progress.curves
        test_loss, top1_percent = evaluate(self.network, self.test_set)
        self._lap()
        if not math.isfinite(test_loss):
            return False
        progress.curves = replace(
            curves,
            train_loss=(*curves.train_loss, progress.loss_sum / self.steps_per_epoch),
            test_loss=(*curves.test_loss, test_loss),
            test_top1_percent=(*curves.test_top1_percent, top1_percent),
            lr=(*curves.lr, learning_rate(self.recipe, self.step - 1, self.steps_per_epoch)),
        )
        progress.epoch, progress.batch, progress.loss_sum = progress.epoch + 1, 0, 0.0
        progress.epoch_seconds = (*progress.epoch_seconds, 0.0)
        return True

    def _lap(self, *, training: bool = False) -> None:
        """Book the time since the last lap."""
        now = time.perf_counter()
        seconds, self._last_lap = now - self._last_lap, now
        progress = self.progress
        progress.seconds += seconds
        progress.epoch_seconds = (*progress.epoch_seconds[:-1], progress.epoch_seconds[-1] + seconds)
        progress.training_seconds += seconds * training


@torch.no_grad()
def evaluate(network: nn.Module, images: SmallImages) -> tuple[float, float]:
    """Return the mean cross-entropy and the top-1 accuracy in percent over every image."""
    network.eval()
    loss_sum, correct = 0.0, 0
    for batch, labels in images.test_batches(TEST_BATCH):
        logits = network(batch)
        loss_sum += float(F.cross_entropy(logits, labels, reduction="sum"))
        correct += int((logits.argmax(dim=1) == labels).sum())
    return loss_sum / len(images), 100.0 * correct / len(images)

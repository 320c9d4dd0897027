"""The record: everything one run has to say, as typed data that reads and writes JSON.

A record is written once, when its run ends, and never changed. `result` and `curves` are what was measured on the
data and repeat bit for bit; `speed` depends on the machine.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from modernize.entry import Role
from modernize.errors import ModernizeError
from modernize.metrics import CLASSIFICATION, LOSS, TOP1, Metric, primary
from modernize.results.upgrade import upgraded_record
from modernize.strict import from_dict

SCHEMA_VERSION = 3

Status = Literal["finished", "diverged", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFacts:
    """Which row of a study a run belongs to.

    Attributes:
        name: Its key in the study: of a rung the id of its step, or "base".
        title: What reports call it.
        role: See `Role`.
        steps: Ids of all steps applied to the base, in order; none for what is no rung.
        regime: Name of the regime of a rung, "" for what is none.
        image_size: Height and width of the input in pixels.
        fingerprint: Of network and recipe before the budget shortened it: what the entry is, whatever its name.
        changes: The fields the step changed: each with "field", "before", "after".
    """

    name: str
    title: str
    role: Role
    steps: tuple[str, ...]
    regime: str
    image_size: int
    fingerprint: str
    changes: tuple[dict[str, Any], ...]

    @property
    def adopted(self) -> bool:
        """Whether it is a rung that later ones stand on."""
        return self.role == "rung"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFacts:
    """What a run trained and was evaluated on.

    Attributes:
        num_val_images: 0 where there is no validation split.
        val_share: Share of the training images that was held out as validation split by seed 0, class by class (and as
            many for testing, where a folder holds training images alone); 0 where the data set has one of its own.
    """

    name: str
    fingerprint: str
    num_classes: int
    image_size: int
    num_train_images: int
    num_test_images: int
    note: str
    num_val_images: int = 0
    val_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetFacts:
    """How a recipe was cut to the time at hand (`modernize.run.recipe_changes` says so in sentences).

    Attributes:
        name: Of the budget.
        epochs: As trained.
        given: Fields that the user set by hand, by full name, for example "recipe.lr"; they stayed as they were set.
        cut_from: The batch before there turned out to be too few images for it; None where there were enough.
    """

    name: str
    epochs: int
    given: dict[str, Any]
    cut_from: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """One value an epoch; index 0 is the first epoch.

    Attributes:
        train_loss: Mean of the epoch's steps.
        lr: Of its last step.
        split: What was evaluated after each epoch: "val" where the data have such a split, so that the test images are
            looked at once, at the end; else "test".
        metrics: What was measured on it, by the names of `modernize.metrics`.
    """

    train_loss: tuple[float, ...] = ()
    lr: tuple[float, ...] = ()
    split: Literal["val", "test"] = "test"
    metrics: dict[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The evaluation of one epoch, `epoch`, on the test images: the last, unless the recipe chooses the best.

    Attributes:
        metrics: What was measured, by the names of `modernize.metrics`; nothing of a run that did not finish.
        epoch: Epochs done.
        best: The objective's primary metric at its best epoch, on the validation split where there is one, or else on
            the test images, and then never reported as the result; None before the first epoch is over.
        best_epoch: Which one that was, 0 for none.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    epoch: int = 0
    best: float | None = None
    best_epoch: int = 0

    @property
    def top1_percent(self) -> float | None:
        """Of a classifier that finished."""
        return self.metrics.get(TOP1.name)

    @property
    def loss(self) -> float | None:
        """Likewise, its mean cross-entropy."""
        return self.metrics.get(LOSS.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostFacts:
    """Counted from the spec at the run's image size; MACs in the paper's convention."""

    macs: int
    num_params: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """What it took.

    Attributes:
        images_per_second: Training throughput, over all devices; evaluation and start-up count in `seconds` only.
        seconds: Wall time of the run.
        peak_memory_mb: Largest resident size of the (first) process, in units of 2^20 bytes.
        epoch_seconds: Of each epoch, evaluation included.
        peak_device_memory_mb: The most that tensors took on the (first) GPU, likewise; 0 on a processor.
    """

    images_per_second: float
    seconds: float
    peak_memory_mb: float
    epoch_seconds: tuple[float, ...] = ()
    peak_device_memory_mb: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """The machine; `device` is "cpu", or the name of the GPU."""

    device: str
    processor: str
    num_cores: int
    num_threads: int
    memory_gb: float
    platform: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How the arithmetic was done, as far as it can change a number.

    Attributes:
        device: "cpu" or "cuda".
        precision: "fp32", "bf16" or "fp16" (autocast; weights and optimizer stay in fp32).
        num_devices: Processes that shared each batch.
        batch_per_device: Images that one device saw at once, which is what BatchNorm averages over.
        input_path: "resident" (the whole set in memory, batches augmented at once) or "decoded" (image by image).
        tf32: Whether matrix products of fp32 numbers may round to TF32.
        compiled: Whether torch.compile was on.
        cuda_graphs: Whether whole steps were replayed as CUDA graphs.
        deterministic: Whether torch was told to use deterministic algorithms only.
    """

    device: str = "cpu"
    precision: str = "fp32"
    num_devices: int = 1
    batch_per_device: int = 0
    input_path: str = "resident"
    tf32: bool = False
    compiled: bool = False
    cuda_graphs: bool = False
    deterministic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsFile:
    """A file of trained weights in the run's folder (`modernize.results.artifact`); `file` is "" for none."""

    file: str = ""
    sha256: str = ""
    num_bytes: int = 0


NO_WEIGHTS = WeightsFile()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run, planned (`modernize.run.task.Task`) or done (`Record`): one entry, one data set, one seed.

    Attributes:
        run_id: Hash of all that can change a number (`modernize.run.identity`): the same id means the same run.
        model: What is trained: {"arch": its fields} of a network of this toolkit, {"external": its name} of another
            library's.
        recipe: The recipe as the paper has it.
        trained_recipe: The recipe as trained, after the budget shortened it.
        starts_from: The weights it begins with (sixteen digits of the hash, and no size); of none, random ones. Those
            that another run of its study leaves are called "run:ID", and have no hash before it is done.
    """

    run_id: str
    study: str
    entry: EntryFacts
    model: dict[str, Any]
    recipe: dict[str, Any]
    trained_recipe: dict[str, Any]
    data: DataFacts
    budget: BudgetFacts
    seed: int
    cost: CostFacts
    starts_from: WeightsFile = NO_WEIGHTS

    def facts(self) -> dict[str, Any]:
        """Return what a planned run and its record have in common, by field."""
        return {each.name: getattr(self, each.name) for each in fields(Run)}

    @property
    def num_steps(self) -> int:
        """Optimizer steps; 0 where the recipe, of another version, does not tell."""
        epochs, batch_size = (int(self.trained_recipe.get(name, 0)) for name in ("epochs", "batch_size"))
        return epochs * (self.data.num_train_images // batch_size) if batch_size else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Run):
    """A run that has ended, and what was measured.

    Attributes:
        status: "finished", "diverged" (loss not finite) or "failed" (see `error`).
        error: One line, "" unless the run failed.
        versions: Of python, torch, numpy and modernize, and of CUDA where it was used.
        commit: Of the source tree, "+dirty" if it had changes; "" outside a repository.
        sources: Hash of the code that trained it (`modernize.results.sources`), "" in old records.
        started_at: UTC, ISO 8601; of a resumed run, when it was last resumed.
        copied_from: Study that did the run, where this is its copy in another study's folder; "" for the original.
        num_resumes: How often it was interrupted and went on from a checkpoint; the measured values do not show it.
        weights: The network's, after the last step.
        ema_weights: Those of the weights' moving average, where the recipe has one.
    """

    status: Status
    curves: Curves
    result: Result
    speed: Speed
    hardware: Hardware
    versions: dict[str, str]
    commit: str
    sources: str = ""
    started_at: str
    finished_at: str
    error: str = ""
    copied_from: str = ""
    num_resumes: int = 0
    execution: Execution = Execution()
    weights: WeightsFile = NO_WEIGHTS
    ema_weights: WeightsFile = NO_WEIGHTS
    schema_version: int = SCHEMA_VERSION

    @property
    def arch(self) -> dict[str, Any]:
        """Fields of the architecture; none of another library's network."""
        found: dict[str, Any] = self.model.get("arch", {})
        return found

    @property
    def objective(self) -> str:
        """What was learned."""
        return str(self.recipe.get("objective", CLASSIFICATION))

    @property
    def metric(self) -> Metric:
        """What its results are compared by."""
        return primary(self.objective)

    @property
    def value(self) -> float | None:
        """The result in that metric; None of a run that did not finish."""
        return self.result.metrics.get(self.metric.name) if self.status == "finished" else None

    @property
    def chosen_epoch(self) -> int:
        """The epoch whose weights were tested and kept: the last, or the best on validation images."""
        return self.result.best_epoch if self.trained_recipe.get("chosen_epoch") == "best" else self.result.epoch

    def to_json(self) -> dict[str, Any]:
        """Return plain data for `json.dump`, in the newest schema."""
        return asdict(self) | {"schema_version": SCHEMA_VERSION}

    @staticmethod
    def from_json(data: Any, path: str = "record") -> Record:
        """Read what `to_json` gave.

        Args:
            data: Parsed JSON.
            path: Where it was read, for messages.

        Raises:
            ModernizeError: If it is no record, or one of a newer schema.
        """
        version = data.get("schema_version") if isinstance(data, dict) else None
        if not isinstance(version, int):
            raise ModernizeError(f"{path} is not a record of a run: it has no schema_version.")
        if version > SCHEMA_VERSION:
            raise ModernizeError(
                f"{path} has schema version {version}; this modernize reads up to {SCHEMA_VERSION}. Update it."
            )
        return from_dict(Record, upgraded_record(data), path)

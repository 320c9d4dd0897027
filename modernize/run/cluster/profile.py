"""What is asked of a cluster for each run: a TOML file, single fields, or both.

partition = "gpu"
account = "vision"
gpus = 8
nodes = 2
time_limit_minutes = 240
setup = ["module load cuda", "export NCCL_SOCKET_IFNAME=ib0"]

[sbatch]
constraint = "a100"
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from modernize.errors import ModernizeError
from modernize.run.request import RunRequest
from modernize.strict import from_dict, refuse_outside
from modernize.toml import MOST_BYTES, parse_toml, read_literal, toml_literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What each job is given.

    Attributes:
        partition: "" for the cluster's default.
        account: Likewise.
        gpus: That share the run, over all of its nodes; 0 for the processor. `--gpus` and `--device cpu` win.
        nodes: That share the run.
        cpus: Cores of each process, of which there is one a GPU; 0 for the cluster's default.
        memory_gb: Of each node; 0 for the cluster's default.
        time_limit_minutes: After which a job is put into the queue again and goes on from its last checkpoint.
        notice_seconds: Before the limit at which it is told to write that checkpoint.
        setup: Lines of shell before the run, for example to load modules.
        attempts: How often a run is submitted whose jobs end without a record (killed, out of memory, a broken node).
        report_partition: Of the small job that writes the report; "" for that of the runs.
        sbatch: Further options of sbatch by name; true for those without a value.
    """

    partition: str = ""
    account: str = ""
    gpus: int = 1
    nodes: int = 1
    cpus: int = 0
    memory_gb: int = 0
    time_limit_minutes: int = 240
    notice_seconds: int = 120
    setup: tuple[str, ...] = ()
    attempts: int = 3
    report_partition: str = ""
    sbatch: dict[str, Any] = field(default_factory=dict)

    def applied_to(self, request: RunRequest) -> RunRequest:
        """Return a request whose runs are for the nodes: what this machine has does not count.

        Raises:
            ModernizeError: If they cannot share a run so.
        """
        if ":" in request.device:
            raise ModernizeError(f"the cluster gives each run its GPUs; write 'cuda', not '{request.device}'.")
        gpus = request.gpus or (0 if request.device == "cpu" else self.gpus)
        if gpus % self.nodes:
            raise ModernizeError(f"{gpus} gpus cannot be shared evenly by {self.nodes} nodes.")
        size = max(gpus, self.nodes)
        return replace(request, device="cuda" if gpus else "cpu", gpus=size if size > 1 else None)

    def to_toml(self) -> str:
        """Write it so that it reads back the same."""
        values = asdict(self)
        table = values.pop("sbatch")
        lines = [f"{name} = {toml_literal(value)}" for name, value in values.items()]
        return (
            "\n".join([*lines, "", "[sbatch]", *(f'"{name}" = {toml_literal(v)}' for name, v in table.items())]) + "\n"
        )


_RANGES: dict[str, tuple[float, float]] = {
    "gpus": (0, 4_096),
    "nodes": (1, 1_024),
    "cpus": (0, 1_024),
    "memory_gb": (0, 100_000),
    "time_limit_minutes": (1, 100_000),
    "notice_seconds": (1, 65_535),
    "attempts": (1, 100),
}


def read_profile(words: Iterable[str]) -> Profile:
    """Read what is asked of a cluster.

    Args:
        words: Files, and fields as `partition=gpu`; later ones win.

    Raises:
        ModernizeError: If a file cannot be read, or a field is unknown or has a wrong value.
    """
    options: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if equals and not Path(word).is_file():
            options[name.strip()] = read_literal(value)
        else:
            options |= _read(Path(word))
    profile = from_dict(Profile, options, "cluster")
    refuse_outside(profile, _RANGES, "cluster.")
    if profile.notice_seconds >= 60 * profile.time_limit_minutes:
        raise ModernizeError("cluster.notice_seconds should be less than the time limit: no run would get anywhere.")
    for name, value in profile.sbatch.items():
        if value is False or not isinstance(value, str | int | float):
            raise ModernizeError(f"cluster.sbatch.{name} should be a text, a number or true.")
    return profile


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return parse_toml(file.read(MOST_BYTES + 1).decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, ModernizeError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).rstrip(".")
        raise ModernizeError(f"the cluster profile {path} cannot be read: {reason}.") from error

"""Where runs are launched: by this machine's workers, or as jobs of a cluster."""

from __future__ import annotations

from collections.abc import Sequence

from modernize.errors import ModernizeError, unknown_name
from modernize.run.executor import Executor
from modernize.run.request import RunRequest

LAUNCHERS = ("local", "slurm")


def launch(request: RunRequest, launcher: str, cluster: Sequence[str] = ()) -> tuple[RunRequest, Executor | None]:
    """Say what does the runs of a request.

    Args:
        request: What is asked.
        launcher: One of `LAUNCHERS`.
        cluster: What is asked of a cluster, see `modernize.run.cluster.profile.read_profile`.

    Returns:
        The request for where its runs are done, and what does them; None for this machine.

    Raises:
        ModernizeError: If there is no such launcher, or the cluster is asked for what cannot be.
    """
    if launcher not in LAUNCHERS:
        raise unknown_name("launcher", launcher, LAUNCHERS)
    if launcher == "local":
        if cluster:
            raise ModernizeError("--cluster is for --launcher slurm.")
        return request, None
    from modernize.run.cluster.profile import read_profile
    from modernize.run.cluster.slurm import Slurm

    profile = read_profile(cluster)
    return profile.applied_to(request), Slurm(request, profile)

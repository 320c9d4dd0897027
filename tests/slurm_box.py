"""A real Slurm of two emulated nodes on this machine, without systemd, cgroups or a database: for tests alone."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

DAEMONS = ("munged", "slurmctld", "slurmd")
SECONDS = 60

CONF = """\
ClusterName=box
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldParameters=preempt_send_user_signal
SlurmctldPort={ports[0]}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/log/jobs.txt
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,sched_min_interval=100000
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
KillWait=5
MinJobAge=3600
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd-%n.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd-%n.log
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 RealMemory=4096 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 RealMemory=4096 State=UNKNOWN
PartitionName=low  Nodes=ALL Default=YES MaxTime=INFINITE PriorityTier=1  GraceTime=20 State=UP
PartitionName=high Nodes=ALL Default=NO  MaxTime=INFINITE PriorityTier=10 PreemptMode=OFF State=UP
"""


def why_not() -> str:
    """Say why no Slurm can be started here; "" if one can."""
    missing = [name for name in DAEMONS if _program(name) is None]
    if missing:
        return f"no {missing[0]} here (Debian: slurm-wlm and munge)"
    return "" if os.geteuid() == 0 else "only root can start Slurm's daemons"


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def slurm() -> Iterator[dict[str, str]]:
    """Start Slurm, and end it with all of its jobs.

    Yields:
        The environment of its commands.
    """
    with TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)  # every user may speak to munge
        with _slurm_in(Path(name)) as environment:
            yield environment


@contextmanager
def _slurm_in(folder: Path) -> Iterator[dict[str, str]]:
    for name in ("state", "spool/n1", "spool/n2", "log", "run", "munge"):
        (folder / name).mkdir(parents=True)
    (folder / "munge").chmod(0o711)
    key, conf = folder / "munge" / "key", folder / "slurm.conf"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o600)
    conf.write_text(CONF.format(folder=folder, host=socket.gethostname().partition(".")[0], ports=_free_ports()))
    environment = {"SLURM_CONF": f"{conf}"}
    files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    try:
        _start("munged", *(f"--{option}={folder / 'munge' / name}" for option, name in files.items()))
        _start("slurmctld", "-c", "-f", f"{conf}")
        for node in ("n1", "n2"):
            _start("slurmd", "-N", node, "-f", f"{conf}")
        _wait_for_nodes(environment)
        yield environment
    finally:
        _end(folder, environment)


def _end(folder: Path, environment: dict[str, str]) -> None:
    """End jobs, then the daemons, and wait until they are gone."""
    os_and_slurm = {"env": os.environ | environment, "check": False, "capture_output": True, "timeout": SECONDS}
    subprocess.run(["scancel", "--me"], **os_and_slurm)
    deadline = time.monotonic() + SECONDS
    while subprocess.run(["squeue", "--noheader"], **os_and_slurm).stdout and time.monotonic() < deadline:
        time.sleep(0.1)
    for path in [*(folder / "run").glob("*.pid"), folder / "munge" / "pid"]:
        with suppress(OSError, ValueError):
            number = int(path.read_text())
            os.kill(number, signal.SIGTERM)
            while Path(f"/proc/{number}").exists() and time.monotonic() < deadline:
                time.sleep(0.05)


def _start(name: str, *options: str) -> None:
    subprocess.run([f"{_program(name)}", *options], check=True, capture_output=True, timeout=SECONDS)


def _wait_for_nodes(environment: dict[str, str]) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        asked = ["sinfo", "--noheader", "--Node", "--partition=low", "--format=%t"]
        said = subprocess.run(asked, env=os.environ | environment, capture_output=True, text=True, check=False)
        if said.stdout.split() == ["idle", "idle"]:
            return
        time.sleep(0.1)
    raise TimeoutError(said.stdout + said.stderr)


def _free_ports() -> list[int]:
    with socket.socket() as one, socket.socket() as two, socket.socket() as three:
        for free in (one, two, three):
            free.bind(("127.0.0.1", 0))
        return [free.getsockname()[1] for free in (one, two, three)]

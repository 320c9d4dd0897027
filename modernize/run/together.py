"""A study done by processes that torchrun or a cluster started: they do each run together, one run after another.

    torchrun --nproc-per-node 8 -m modernize run --budget full --data imagenet

Every process executes the command. The first one plans, claims, records and reports, and tells the others which run to
join; they print nothing.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from types import FrameType, TracebackType
from typing import Any

from modernize.errors import FAILURE, INTERRUPTED, SOME_RUNS_FAILED, ModernizeError
from modernize.run.executor import Event, Started, Tell
from modernize.run.perform import perform
from modernize.run.placement import Torchrun, place, settle
from modernize.run.request import RunRequest
from modernize.run.task import Task
from modernize.run.worker import Server
from modernize.train.runtime import Runtime

# The last one is what a cluster sends some time before it ends a job; Windows has none.
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR2") if hasattr(signal, name))
MEETING = timedelta(seconds=120)
"""What the processes get to come together after a run; the first one writes the record meanwhile."""

PATIENCE = timedelta(days=30)
"""How long the others wait for the next run: the first one may have to wait for another command's."""


class LostProcessError(ModernizeError):
    """The processes are out of step, or one has died."""

    exit_code = FAILURE


class Together:
    """The process of rank 0, and through it the others if there are any; an `Executor`.

    Args:
        launched: This process's place.
        runtime: Of the runs.
    """

    jobs = 1

    def __init__(self, launched: Torchrun, runtime: Runtime) -> None:
        self._here = _on_device(runtime, launched)
        self._server = _SignalledServer()
        self._num_failed = 0

    def __enter__(self) -> Together:
        self._channel = _Channel(self._here)
        self._server.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.deafen()
        if not isinstance(error, LostProcessError):
            with suppress(RuntimeError):  # they are gone
                self._channel.say({"end": _exit_code(error, self._num_failed)})

    def run(self, tasks: Sequence[Task], handle: Tell) -> None:
        """Do tasks in turn and hand over what happens.

        Raises:
            LostProcessError: If another process did not come along.
            KeyboardInterrupt: At SIGINT, after a checkpoint.
            SystemExit: At another of `SIGNALS`, likewise, with 128 and its number.
        """
        for task in tasks:
            self._do(task, handle)

    def _do(self, task: Task, handle: Tell) -> None:
        from modernize.train.loop import Stopped

        joined = False

        def tell(event: Event) -> None:
            nonlocal joined
            if isinstance(event, Started):
                joined = True
                self._channel.say({"task": task.to_json()})
            handle(event)

        self._server.busy = True
        try:
            record = self._server.serve(_settled(task, self._here), tell)
            self._num_failed += record is not None and record.status == "failed"
        except Stopped:
            self._server.leave()
        finally:
            self._server.busy = False
        if joined and not self._channel.meet():
            raise LostProcessError(
                f"another process was lost in {task.entry.name} seed {task.seed}, and the study ends here; "
                "the same command goes on from the last checkpoint."
            )
        if self._server.stopping:
            self._server.leave()


def follow(request: RunRequest, launched: Torchrun) -> int:
    """Join the runs that the first process does, until it ends.

    Args:
        request: The same in every process, or how its runs are executed at least.
        launched: This process's place.

    Returns:
        The exit code.

    Raises:
        ModernizeError: If this process has not what it takes.
    """
    from modernize.train.loop import Stopped

    server = _SignalledServer()
    server.busy = True  # until the first process says so
    code = 0
    try:
        here = _on_device(place(request, 1).runtime, launched)
        channel = _Channel(here)
        server.listen()
        while "end" not in (message := channel.hear()):
            task = _settled(Task.from_json(message["task"]), here)
            with suppress(Stopped):
                perform(task, should_stop=lambda: server.stopping)
                if not channel.meet():
                    return FAILURE
        if code := int(message["end"]):
            # A launcher ends all processes as soon as one ends badly; the first one has a report to write.
            channel.hear()
    except RuntimeError:  # the first process is gone
        return code or FAILURE
    else:
        return code
    finally:
        server.deafen()


class _Channel:
    """What the first process tells the others, apart from training's own messages; nothing if it is alone."""

    def __init__(self, here: Runtime) -> None:
        self._alone = here.num_processes == 1
        if self._alone:
            return
        import torch.distributed as dist

        from modernize.train.distributed import join

        join(here)
        self._dist = dist
        self._group: Any = dist.new_group(backend="gloo", timeout=PATIENCE)

    def say(self, message: dict[str, Any]) -> None:
        if not self._alone:
            self._dist.broadcast_object_list([message], src=0, group=self._group)

    def hear(self) -> dict[str, Any]:
        box: list[dict[str, Any]] = [{}]
        self._dist.broadcast_object_list(box, src=0, group=self._group)
        return box[0]

    def meet(self) -> bool:
        """Wait for the others; False if one does not come."""
        try:
            if not self._alone:
                self._dist.monitored_barrier(self._group, MEETING)
        except RuntimeError:
            return False
        return True


class _SignalledServer(Server):
    """A server whose process is not a worker's: signals end it by exceptions, after the run in hand has stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self._before: dict[int, Any] = {}

    def listen(self) -> None:
        import os

        self.watch(os.getppid())
        with suppress(ValueError):  # not in the main thread
            self._before = {number: signal.signal(number, self.stop) for number in SIGNALS}

    def deafen(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def stop(self, number: int, _frame: FrameType | None) -> None:
        self.stopping, self.number = True, number
        if not self.busy:
            self.leave()

    def leave(self) -> None:
        if self.number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + (self.number or signal.SIGTERM))


def _on_device(runtime: Runtime, launched: Torchrun) -> Runtime:
    return replace(runtime, device=f"cuda:{launched.local_rank}") if runtime.device == "cuda" else runtime


def _settled(task: Task, here: Runtime) -> Task:
    return replace(task, runtime=settle(task.runtime, here, here.device))


def _exit_code(error: BaseException | None, num_failed: int) -> int:
    match error:
        case None:
            return SOME_RUNS_FAILED if num_failed else 0
        case ModernizeError():
            return error.exit_code
        case SystemExit(code=int() as code):
            return code
        case KeyboardInterrupt():
            return INTERRUPTED
        case _:
            return 1

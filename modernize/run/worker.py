"""The worker process: reads tasks, one JSON line each, and writes messages, one JSON line each.

Started as `python -m modernize.run.worker PID`, by the process of that number. It ends when its input ends, when that
process does, or at SIGTERM, after a checkpoint. Messages:

    {"event": "ready"}
    {"event": "claimed", "run_id": ...}
    {"event": "step", "run_id": ..., "epoch": ..., "step": ..., "images": ...}
    {"event": "note", "run_id": ..., "text": ...}
    {"event": "elsewhere", "run_id": ..., "holder": "process 7 on host", or "" if its record is on disk}
    {"event": "record", "run_id": ..., "record": {...}}
    {"event": "failed", "error": ...}

Where several workers share each run (RANK and WORLD_SIZE are set), the first one speaks for all; the others begin when
it has claimed the run. Whichever fails says so, and all of them have to be ended: they are out of step.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

from modernize.run.lifeline import end_with

if TYPE_CHECKING:
    from modernize.run.events import Tell
    from modernize.run.serving import Server
    from modernize.run.task import Task


def main(parent: int) -> None:
    """Serve tasks until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    end_with(parent)

    from modernize.run.serving import STOPPED, Server
    from modernize.run.task import Task

    server = Server()
    signal.signal(signal.SIGTERM, server.stop)
    server.watch(parent)
    # Nothing but messages may reach the pipe, whatever a library prints.
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def tell(message: dict[str, Any]) -> None:
        pipe.write(json.dumps(message) + "\n")
        pipe.flush()

    from modernize.train.loop import Stopped  # loads torch, which takes seconds, before there is a task

    rank = int(os.environ.get("RANK", "0"))
    tell({"event": "ready"})
    try:
        for line in sys.stdin:
            server.busy = True
            task = Task.from_json(json.loads(line))
            if task.runtime.num_processes == 1:
                server.serve(task, tell)
            else:
                _serve_together(server, task, tell, rank)
            server.busy = False
            if server.stopping:
                os._exit(STOPPED)
    except Stopped:
        os._exit(STOPPED)
    except BrokenPipeError:
        os._exit(1)  # the parent is gone


def _serve_together(server: Server, task: Task, tell: Tell, rank: int) -> None:
    """Do this process's part of a run; it does not return where that fails."""
    from modernize.run.perform import perform

    def only_success(message: dict[str, Any]) -> None:
        if message["event"] == "record" and message["record"]["status"] == "failed":
            _fail(tell, message["record"]["error"])
        tell(message)

    if rank == 0:
        server.serve(task, only_success, lambda: tell({"event": "claimed", "run_id": task.run_id}))
    else:
        record = perform(task, should_stop=lambda: server.stopping)
        if record.status == "failed":
            _fail(tell, record.error)


def _fail(tell: Tell, error: str) -> None:
    tell({"event": "failed", "error": error})
    while True:  # the parent ends the whole crew
        time.sleep(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))

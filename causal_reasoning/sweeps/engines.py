"""Where runs are computed: a pool of processes on this machine."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

MOST_TRIES = 3
_WATCH_SECONDS = 1.0


@dataclass(frozen=True)
class Done:
    """The outcome of one job.

    Parameters
    ----------
    job : int
        Its position.
    value : object
        What it returned, or ``None``.
    error : str or None
        Why it failed.
    """

    job: int
    value: Any
    error: str | None


def local(work: Callable[..., Any], jobs: Sequence[tuple[Any, ...]], workers: int, threads: int) -> Iterator[Done]:
    """Run jobs in fresh processes on this machine and yield them as they finish.

    A job that raises fails alone. A process that dies (out of memory, killed) takes no other job with it: its job
    is tried again after the others, three times in all. If this process is killed, its workers stop within about
    a second.

    Parameters
    ----------
    work : callable
        A function that a fresh process can import.
    jobs : sequence of tuple
        Its arguments, one tuple a job.
    workers : int
        Processes at a time.
    threads : int
        Threads of each process.

    Yields
    ------
    Done
        As they finish; those that finish at the same moment in any order.
    """
    waiting = deque(enumerate(jobs))
    tries = [0] * len(jobs)
    idle: list[ProcessPoolExecutor] = []
    running: dict[Future[Any], tuple[int, tuple[Any, ...], ProcessPoolExecutor]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                job, arguments = waiting.popleft()
                tries[job] += 1
                process = idle.pop() if idle else _one_process(threads)
                running[process.submit(work, *arguments)] = (job, arguments, process)
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                job, arguments, process = running.pop(future)
                try:
                    done = Done(job, future.result(), None)
                except BrokenProcessPool:
                    process.shutdown(wait=False)
                    if tries[job] < MOST_TRIES:
                        waiting.append((job, arguments))
                        continue
                    done = Done(job, None, f"its process died {tries[job]} times (killed, or out of memory)")
                except Exception as error:
                    idle.append(process)
                    done = Done(job, None, str(error) or type(error).__name__)
                else:
                    idle.append(process)
                yield done
    finally:
        for process in [*idle, *(process for _, _, process in running.values())]:
            process.shutdown(cancel_futures=True)


def _one_process(threads: int) -> ProcessPoolExecutor:
    """A pool of one: when a process dies, its pool breaks, and it is clear which job it was."""
    return ProcessPoolExecutor(
        1,
        multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(os.getpid(), threads),
    )


def _start_worker(parent: int, threads: int) -> None:
    """Set the threads of a worker, and let it stop when the process that started it is gone."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    import torch

    torch.set_num_threads(threads)

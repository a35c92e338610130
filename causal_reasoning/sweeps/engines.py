"""Where runs are computed: a pool of processes on this machine."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
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

    A job that raises fails alone. A process that dies (out of memory, killed) takes no other job with it: jobs
    that were under way are tried again, three times at most. If this process is killed, its workers stop within about a second.

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
        In the order of finishing.
    """
    left = dict(enumerate(jobs))
    tries = dict.fromkeys(left, 0)
    while left:
        pool = ProcessPoolExecutor(
            workers,
            multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(os.getpid(), threads),
        )
        # Only as many as there are workers are handed over, so that a broken pool blames no waiting job.
        waiting = sorted(left)
        running: dict[Future[Any], int] = {}
        broken = False
        try:
            while (waiting or running) and not broken:
                while waiting and len(running) < workers:
                    job = waiting.pop(0)
                    tries[job] += 1
                    running[pool.submit(work, *left[job])] = job
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    job = running.pop(future)
                    try:
                        value = future.result()
                    except BrokenProcessPool:
                        broken = True
                        if tries[job] >= MOST_TRIES:
                            del left[job]
                            yield Done(job, None, "its process died three times (killed, or out of memory)")
                        continue
                    except Exception as error:
                        del left[job]
                        yield Done(job, None, str(error) or type(error).__name__)
                        continue
                    del left[job]
                    yield Done(job, value, None)
        finally:
            pool.shutdown(wait=not broken, cancel_futures=True)


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

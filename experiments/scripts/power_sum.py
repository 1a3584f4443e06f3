#!/usr/bin/env python3
"""Sum i + i^2 + i^3 for i in range(n), twice, in one of three ways.

The job is done twice:

normal
    one after the other, in this thread;
threading
    by ``threading.Thread`` workers, answers handed back through ``queue.Queue``;
multiprocessing
    by ``multiprocessing.Process`` workers, answers handed back through
    ``multiprocessing.Queue``.

Job number k goes to worker number k modulo ``--workers``. Two lines are printed: the total of
both jobs, and the seconds from before the first worker is created until after the last one has
been joined. Starting the interpreter is not in this time.

Workers are started with the method "fork" where the system has it. It is what
``multiprocessing.Process`` meant when this exercise was first written, and it copies a running
interpreter instead of starting a new one, so that the three ways differ in who computes and not
in what is imported. Nothing has started a thread before the fork, so it is safe here. Elsewhere
(Windows) "spawn" is used, and the time then holds the start of an interpreter per worker.

Works with Python 3.8 and newer; needs nothing but the standard library.
"""

import argparse
import multiprocessing
import queue
import sys
import threading
import time

JOBS = 2


def job(n):
    """Return the sum of i + i^2 + i^3 for i in range(n), exactly."""
    total = 0
    for i in range(n):
        total += i + i**2 + i**3
    return total


def work(n, jobs, answers):
    """Do ``jobs`` jobs and put one answer for each into the queue."""
    for _ in range(jobs):
        answers.put(job(n))


def jobs_of(worker, workers):
    """Return how many of the jobs go to a worker."""
    return len(range(worker, JOBS, workers))


def normal(n, workers):
    """Do the jobs one after the other; there are no workers."""
    del workers
    return sum(job(n) for _ in range(JOBS))


def with_workers(create, answers, n, workers):
    """Create the workers, start them, collect their answers and join them."""
    started = []
    for worker in range(workers):
        args = (n, jobs_of(worker, workers), answers)
        started.append(create(target=work, args=args))
        started[-1].start()
    # The answers are taken out before the join: a process that still has something in the queue
    # does not end.
    total = sum(take(answers, started) for _ in range(JOBS))
    for worker in started:
        worker.join()
    return total


def take(answers, started):
    """Return the next answer; give up when a worker process died without handing one in."""
    while True:
        try:
            return answers.get(timeout=1)
        except queue.Empty:
            codes = [getattr(worker, "exitcode", None) for worker in started]
            if any(codes):
                raise SystemExit(f"a worker died: exit codes {codes}") from None


def with_threads(n, workers):
    """Do the jobs on threads."""
    return with_workers(threading.Thread, queue.Queue(), n, workers)


def with_processes(n, workers):
    """Do the jobs in processes."""
    has_fork = "fork" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if has_fork else "spawn")
    return with_workers(context.Process, context.Queue(), n, workers)


MODES = {
    "normal": normal,
    "threading": with_threads,
    "multiprocessing": with_processes,
}


def positive(text):
    """Return ``text`` as an integer of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def main():
    """Read the arguments, do the jobs, print the answer and the time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mode", choices=sorted(MODES), required=True)
    parser.add_argument("--n", type=positive, default=1_000_000)
    parser.add_argument("--workers", type=positive, default=2)
    arguments = parser.parse_args()

    begin = time.perf_counter()
    total = MODES[arguments.mode](arguments.n, arguments.workers)
    seconds = time.perf_counter() - begin

    print(f"result: {total}")
    print(f"cost time: {seconds:.9f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Sums 0 … n - 1 with a pool of processes that are handed one chunk after the other."""

import sys
from multiprocessing import Pool


def part(bounds):
    """The sum of one chunk."""
    start, stop = bounds
    return sum(range(start, stop))


def main():
    """Reads `map` or `imap`, n, the workers and the size of a chunk from the command line."""
    way = sys.argv[1]
    n, workers, chunk = (int(argument) for argument in sys.argv[2:5])
    chunks = [(start, min(start + chunk, n)) for start in range(0, n, chunk)]
    with Pool(workers) as pool:
        print("result:", sum(getattr(pool, way)(part, chunks, chunksize=1)))


if __name__ == "__main__":
    main()

"""Adds the numbers below n with a pool of threads that are handed chunks of them."""

import sys
from concurrent.futures import ThreadPoolExecutor


def main():
    n, workers, chunk = map(int, sys.argv[1:])
    with ThreadPoolExecutor(workers) as pool:
        starts = range(0, n, chunk)
        sums = pool.map(lambda start: sum(range(start, min(start + chunk, n))), starts)
        print("sum:", sum(sums))


main()

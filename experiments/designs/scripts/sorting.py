"""Sorts numbers that follow from their count, and reports what that took as JSON."""

import json
import sys
import time

COUNTS = {"comparisons": 0, "moves": 0}


def before(a, b):
    COUNTS["comparisons"] += 1
    return a < b


def insertion(items):
    for at in range(1, len(items)):
        item = items[at]
        while at > 0 and before(item, items[at - 1]):
            items[at] = items[at - 1]
            COUNTS["moves"] += 1
            at -= 1
        items[at] = item
    return items


def merge(items):
    if len(items) < 2:
        return items
    left, right = merge(items[: len(items) // 2]), merge(items[len(items) // 2 :])
    merged, i, j = [], 0, 0
    while i < len(left) and j < len(right):
        if before(right[j], left[i]):
            merged.append(right[j])
            j += 1
        else:
            merged.append(left[i])
            i += 1
    merged += left[i:] + right[j:]
    COUNTS["moves"] += len(merged)
    return merged


def main():
    way, size = sys.argv[1], int(sys.argv[2])
    items = [i * 7919 % 10007 for i in range(size)]
    start = time.perf_counter()
    done = {"insertion": insertion, "merge": merge}[way](list(items))
    seconds = time.perf_counter() - start
    assert done == sorted(items)
    checksum = sum(at * item for at, item in enumerate(done))
    print(json.dumps({"seconds": seconds, "counts": COUNTS, "checksum": checksum}))


main()

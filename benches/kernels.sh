#!/bin/sh
# How fast is power-sum? Against the same loop in CPython 3 and in C (cc -O3), and on two threads.
#
#   benches/kernels.sh [ROUNDS]        (10 unless given; two idle cores, please)
#
# Every round measures each side once, in turn; printed is the median of the per-round ratios.
set -eu
cd "$(dirname "$0")/.."
rounds=${1:-10}
: "${CC:=cc}"
: "${PYTHON:=python3}"
build=target/benches
mkdir -p "$build"
"$CC" -O3 -o "$build/power_sum_c" benches/power_sum.c
POWER_SUM_C=$build/power_sum_c PYTHON=$PYTHON ROUNDS=$rounds cargo bench --bench kernels

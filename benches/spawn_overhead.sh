#!/bin/sh
# What a supervised child costs over a bare posix_spawn + wait4 in C.
# Usage: benches/spawn_overhead.sh [ROUNDS [TRIALS]]
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target"
cc -O2 -o "$target/spawn_floor" benches/spawn_floor.c
cargo build --release --quiet --bin runner
target=$(cd "$target" && pwd)
cargo bench --quiet --bench spawn -- "$target/spawn_floor" "$target/release/runner" "$@"

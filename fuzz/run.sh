#!/bin/sh
# Fuzzes everything that reads bytes from the wire.
#
#     fuzz/run.sh [seconds]        60 by default; 0: until something is found
#
# Needs a C++ compiler and cargo-fuzz, which is installed if it is missing. A nightly compiler is used
# if there is one; otherwise the stable one is told to allow what cargo-fuzz asks of a nightly.
# What is found lands in fuzz/artifacts/; copy it to fuzz/seeds/ once it is mended, and the tests hold it.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}

if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "cargo-fuzz is missing: installing it with cargo install cargo-fuzz --locked" >&2
    cargo install cargo-fuzz --locked
fi
if rustup toolchain list 2>/dev/null | grep -q '^nightly'; then
    toolchain=+nightly
else
    toolchain=
    export RUSTC_BOOTSTRAP=1
fi
mkdir -p fuzz/corpus/wire
# $toolchain is empty or one word.
# shellcheck disable=SC2086
exec cargo $toolchain fuzz run wire fuzz/corpus/wire fuzz/seeds -- \
    -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=2048

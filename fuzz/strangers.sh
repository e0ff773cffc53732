#!/usr/bin/env bash
# Ten million bytes of strangers' to every reader of peers' data in libzmq, compiled with
# AddressSanitizer and UndefinedBehaviorSanitizer: `fuzz/strangers.sh`, or with fewer bytes and another
# row of chances, `fuzz/strangers.sh 1000000 7`. Takes gcc or clang with both sanitizers.
set -euo pipefail
cd "$(dirname "$0")/.."

export ZMQ_SYS_BYTES=${1:-10000000} ZMQ_SYS_SEED=${2:-1}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target/sanitized}
host=$(rustc -vV | sed -n 's/^host: //p')
# But for a copy of nothing from nowhere, which libzmq often makes and which does nothing; and for the
# types of objects, which the runtime reads through a pipe: a test leaves it no descriptor for one.
sanitizers="-fsanitize=address,undefined -fno-sanitize=nonnull-attribute,vptr"
upper=$(tr a-z- A-Z_ <<<"$host")

# Only what is linked for the host itself: build scripts stay as they are. Leaks are not looked for, as
# libzmq keeps what a connection still has when its context ends. The runtime of the one has to be there
# before everything else.
env "CXXFLAGS_$host=$sanitizers -fno-sanitize-recover=all -fno-omit-frame-pointer -g" \
    "CARGO_TARGET_${upper}_RUSTFLAGS=-C link-arg=-lasan -C link-arg=-lubsan" \
    "CARGO_TARGET_${upper}_RUNNER=env LD_PRELOAD=$(c++ -print-file-name=libasan.so)" \
    ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 \
    UBSAN_OPTIONS=print_stacktrace=1 \
    cargo test --manifest-path zmq-sys/Cargo.toml --features patched --target "$host" --test strangers -- --nocapture

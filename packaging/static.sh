#!/bin/sh
# Builds the program with everything inside, libzmq and the C library too.
#
#   packaging/static.sh [--profile PROFILE] [--target TARGET] [--to FILE]
#
# By default of the profile dist, for the machine that builds it, as target/static/zrig. For another machine,
# `--target aarch64-unknown-linux-gnu` wants that target of rustup's and a cross compiler (on Debian:
# g++-aarch64-linux-gnu).
#
# It is always built for a named target, so that what runs while building, such as procedural macros, is not
# linked statically. Ends with an error when the result wants a shared library. It bears no symbols: those are in
# what cargo builds otherwise, and most of its size. `zrig --version` says the commit, that of the clone or what
# ZRIG_COMMIT has.
set -eu

profile=dist
to=
target=
while [ $# -gt 0 ]; do
    case $1 in
        --profile) profile=$2; shift 2 ;;
        --target) target=$2; shift 2 ;;
        --to) to=$2; shift 2 ;;
        *) echo "static.sh: $1 is none of --profile, --target and --to" >&2; exit 2 ;;
    esac
done

cd "$(dirname "$0")/.."
to=${to:-target/static/zrig}
host=$(rustc -vV | sed -n 's/^host: //p')
target=${target:-$host}
if [ "$target" != "$host" ]; then
    # As Debian names compilers: without the vendor.
    prefix=$(echo "$target" | sed 's/-unknown-/-/')
    name=$(echo "$target" | tr a-z- A-Z_)
    export "CARGO_TARGET_${name}_LINKER=$prefix-gcc"
    export "CC_$(echo "$target" | tr - _)=$prefix-gcc" "CXX_$(echo "$target" | tr - _)=$prefix-g++"
fi
export ZRIG_COMMIT="${ZRIG_COMMIT:-$(git describe --always --abbrev=12 --dirty --exclude='*' 2> /dev/null || true)}"
# mimalloc takes the place of C++'s operators; linked statically those of libstdc++ are there as well, behind.
RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static" \
    cargo rustc --locked --bin zrig --profile "$profile" --target "$target" -- \
    -C link-arg=-Wl,--allow-multiple-definition -C strip=symbols

folder=$profile
[ "$profile" = dev ] && folder=debug
built=${CARGO_TARGET_DIR:-target}/$target/$folder/zrig
# A program that is loaded by nobody has no interpreter.
if readelf --program-headers "$built" | grep -q INTERP; then
    echo "static.sh: $built wants a shared library" >&2
    exit 1
fi
mkdir -p "$(dirname "$to")"
install -m 0755 "$built" "$to"
echo "$to"

#!/bin/sh
# Builds the program with everything inside, libzmq and the C library too, for the machine that builds it.
#
#   packaging/static.sh [--profile PROFILE] [--to FILE]      default: dist, target/static/zrig
#
# It is built for a named target, so that what runs while building, such as procedural macros, is not
# linked statically. Ends with an error when the result wants a shared library.
set -eu

profile=dist
to=
while [ $# -gt 0 ]; do
    case $1 in
        --profile) profile=$2; shift 2 ;;
        --to) to=$2; shift 2 ;;
        *) echo "static.sh: $1 is none of --profile and --to" >&2; exit 2 ;;
    esac
done

cd "$(dirname "$0")/.."
to=${to:-target/static/zrig}
target=$(rustc -vV | sed -n 's/^host: //p')
# mimalloc takes the place of C++'s operators; linked statically those of libstdc++ are there as well, behind.
RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static" \
    cargo rustc --locked --bin zrig --profile "$profile" --target "$target" -- \
    -C link-arg=-Wl,--allow-multiple-definition

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

#!/bin/bash
# The packages on a machine that has nothing: a bare Debian made for it, the wheel by pip, the Debian package by
# dpkg; with each the README's first topology and one of `zrig new`. Says how long it takes until both have said
# something, and fails above a minute.
#
#   packaging/fresh.sh [PACKAGES]      what packaging/build.py made; default: target/packages
#
# It wants root and debootstrap. SUITE is the Debian (bookworm), MIRROR where its packages come from. With ROOT,
# that root is taken and kept. The machine has no network but loopback of its own once it is made. Its names are
# looked up by plugins too, as on a desktop, which a program with a C library of its own must not load.
# Run by hand; two minutes, most of them for the Debian.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
packages=$(realpath "${1:-$top/target/packages}")
suite=${SUITE:-bookworm}
case $(uname -m) in x86_64) debian=amd64 ;; aarch64) debian=arm64 ;; *) echo "fresh.sh: $(uname -m) is no machine that packages are made for" >&2; exit 2 ;; esac
wheel=$(ls "$packages"/zrig-*_"$(uname -m)".whl)
package=$(ls "$packages"/zrig_*_$debian.deb)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -n "${ROOT:-}" ]; then
    root=$ROOT
else
    root=$work/root
    debootstrap --variant=minbase --include=python3-venv,libnss-mdns,libnss-myhostname \
        "$suite" "$root" ${MIRROR:+"$MIRROR"} > "$work/log" 2>&1 || { tail "$work/log"; exit 1; }
fi
mkdir -p "$root/packages"
cp "$wheel" "$package" "$root/packages"
cp "$top/packaging/first.sh" "$top/README.md" "$root/packages"
# An end of its own for everything that is started there.
unshare --mount --pid --net --ipc --uts --fork --kill-child timeout 300 bash -euc '
    ip link set lo up
    mount -t proc proc "$0/proc"
    mount --rbind /dev "$0/dev"
    exec chroot "$0" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root bash -eu /packages/first.sh
' "$root"

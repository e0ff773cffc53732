#!/bin/sh
# Tries the image's root without an engine: the program alone in a file system, in namespaces of its own.
#
#   packaging/root.sh PROGRAM TOPOLOGY [ARGUMENTS OF RUN…]
#
# It needs no root where users may make namespaces. What the topology's folder has is at /etc/zrig there, as
# in a container of an export, and read-only.
set -eu

program=$(realpath "$1")
topology=$(realpath "$2")
shift 2
files=$(dirname "$(dirname "$topology")")
name=${topology#"$files"/}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
install -m 0755 "$program" "$root/zrig"
mkdir -p "$root/etc/zrig" "$root/tmp" "$root/dev"
ROOT=$root FILES=$files unshare --user --map-root-user --mount --pid --fork --net sh -euc '
    mount --bind "$ROOT" "$ROOT"
    mount --bind "$FILES" "$ROOT/etc/zrig"
    mount -o remount,bind,ro "$ROOT/etc/zrig"
    # Every engine gives a container one.
    mount --rbind /dev "$ROOT/dev"
    ip link set lo up
    chroot "$ROOT" /zrig check "/etc/zrig/$0"
    exec chroot "$ROOT" /zrig run "/etc/zrig/$0" "$@"
' "$name" "$@"

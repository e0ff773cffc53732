#!/bin/bash
# The same traffic through one place on each engine: a plain process, the image's root in namespaces, a
# container of the image, and a unit of the Debian package under a real systemd.
#
#   tests/engines/traffic.sh [process] [namespaces] [container] [systemd]      default: all
#
# PROGRAM is the static one (target/static/zrig), PACKAGES what `packaging/build.py` made of it
# (target/packages), COUNT how many messages. `container` wants podman (PODMAN="podman --runtime runc" where control
# groups are of the first version; PODMAN_RUN has further arguments of its `run`), `systemd` wants root,
# systemd-nspawn and in ROOT a Debian root with systemd (debootstrap --include=systemd,dbus). What cannot be run is
# an error; name the others then. Run by hand: ports 7301 and 7302 of loopback have to be free.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
program=$(realpath "${PROGRAM:-$top/target/static/zrig}")
packages=${PACKAGES:-$top/target/packages}
count=${COUNT:-20000}
python=$("$top/tests/python/setup.sh")
work=$(mktemp -d)
running=
finish() {
    [ -z "$running" ] || kill "$running" 2> /dev/null || true
    wait
    rm -rf "$work"
}
trap finish EXIT
mkdir "$work/files"
cp "$here/relay.yaml" "$work/files"

# Ends what was started last and waits for it.
ended() {
    kill "$1"
    wait "$running" 2> /dev/null || true
    running=
}

process() {
    "$program" run "$work/files/relay.yaml" > "$work/log" 2>&1 &
    running=$!
    "$python" "$here/traffic.py" "$count"
    ended "$running"
}

namespaces() {
    "$top/packaging/root.sh" "$program" "$work/files/relay.yaml" > "$work/log" 2>&1 &
    running=$!
    # The last of its children is the run, which has the namespaces.
    for _ in $(seq 100); do
        inside=$running
        while child=$(pgrep --oldest --parent "$inside"); do inside=$child; done
        ! grep --quiet --text '^/zrig.run' "/proc/$inside/cmdline" 2> /dev/null || break
        sleep 0.1
    done
    nsenter --target "$inside" --user --net --preserve-credentials "$python" "$here/traffic.py" "$count"
    ended "$inside"
}

container() {
    archive=$(ls "$packages"/zrig-*-image.tar)
    # An engine of its own, and nothing of it is left.
    engine() { ${PODMAN:-podman} --root "$work/images" --runroot "$work/state" --storage-driver "${DRIVER:-vfs}" "$@"; }
    image=$(engine load --quiet --input "$archive" | sed 's/^Loaded image: //')
    engine run --rm --name relay --network host --read-only --cap-drop all \
        --volume "$work/files:/etc/zrig:ro" ${PODMAN_RUN:-} "$image" run /etc/zrig/relay.yaml > "$work/log" 2>&1 &
    running=$!
    "$python" "$here/traffic.py" "$count" || { cat "$work/log"; exit 1; }
    engine stop --time 10 relay > /dev/null
    wait "$running"
    running=
    engine rmi --all --force > /dev/null
}

systemd() {
    debian=${ROOT:?is a Debian root with systemd: debootstrap --include=systemd,dbus bookworm DIR}
    cp -a "$debian" "$work/root"
    dpkg --root="$work/root" --force-script-chrootless -i "$packages/zrig_"*"_$(dpkg --print-architecture).deb" > /dev/null
    "$program" export systemd "$work/files/relay.yaml" --to "$work/units" > /dev/null
    mkdir -p "$work/root/etc/zrig/relay" "$work/root/var/log/journal"
    cp -r "$work/units/files/." "$work/root/etc/zrig/relay"
    cp "$work/units/zrig-relay.service" "$work/root/etc/systemd/system"
    mkdir -p "$work/root/etc/systemd/system/multi-user.target.wants"
    ln -s ../zrig-relay.service "$work/root/etc/systemd/system/multi-user.target.wants"
    systemd-nspawn --boot --register=no --keep-unit --directory="$work/root" --machine=zrig-relay \
        < /dev/null > "$work/log" 2>&1 &
    running=$!
    "$python" "$here/traffic.py" "$count" || { cat "$work/log"; exit 1; }
    # It ends its machine in good order, and the unit too.
    ended "$running"
    journalctl --directory "$work/root/var/log/journal" --unit zrig-relay --output cat --no-pager > "$work/journal"
    grep --quiet 'Deactivated successfully' "$work/journal" || { cat "$work/journal"; exit 1; }
}

[ $# -gt 0 ] || set -- process namespaces container systemd
for way in "$@"; do
    case $way in
    process | namespaces | container | systemd)
        printf '%s: ' "$way"
        "$way"
        ;;
    *) echo "traffic.sh: $way is none of process, namespaces, container and systemd" >&2; exit 2 ;;
    esac
done

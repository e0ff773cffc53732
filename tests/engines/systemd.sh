#!/bin/bash
# An export for systemd under a real one: three machines made by systemd-nspawn on networks of their own, each
# with the unit of its place. One is restarted and killed, all are edited and reloaded.
#
#   tests/engines/systemd.sh ROOT PROGRAM      a root of Debian's with systemd (debootstrap --include=systemd,dbus)
#
# It wants root, systemd-nspawn and `ip netns`. Run by hand; it takes about a minute and a half.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
debian=$(realpath "$1")
program=$(realpath "${2:-$here/../../target/static/zrig}")
work=$(mktemp -d)
net=zrigsd
places="edge hall yard"
down() { for name in $places hub; do ip netns del "$net-$name" 2> /dev/null || true; done; }
trap 'down; rm -rf "$work"' EXIT
down
ip netns add $net-hub
ip -n $net-hub link add hub type bridge
ip -n $net-hub link set hub up
at=1
for place in $places; do
    ip netns add $net-$place
    ip -n $net-hub link add $place type veth peer name wire netns $net-$place
    ip -n $net-$place addr add 10.254.7.$at/24 dev wire
    ip -n $net-$place link set lo up
    ip -n $net-$place link set wire up
    ip -n $net-hub link set $place master hub up
    at=$((at + 1))
done
cd "$work"
cp "$here/fleet.yaml" .
"$program" keys keys --for fleet.yaml > /dev/null
"$program" export systemd fleet.yaml --to systemd
cat > report.sh <<'END'
#!/bin/sh
unit=$(basename /etc/systemd/system/zrig-*.service)
{
    sleep 8
    systemctl show $unit -p ActiveState,StatusText,NRestarts
    case $unit in
    *hall*)
        systemctl restart $unit && echo "restarted"
        sleep 3
        kill -9 "$(systemctl show $unit -p MainPID --value)"
        sleep 4
        systemctl show $unit -p ActiveState,NRestarts
        ;;
    *) sleep 7 ;;
    esac
    sed -i 's/every: 5ms/every: 6ms/' /etc/zrig/fleet/fleet.yaml
    sleep 3
    systemctl show $unit -p StatusText
    systemctl reload $unit && echo "reloaded"
    sleep 1
    systemd-analyze security $unit 2> /dev/null | tail -1
    case $unit in *hall*) sleep 2 ;; esac
    systemctl stop $unit && echo "stopped"
    systemctl show $unit -p Result
    journalctl -u $unit --no-pager -o cat | grep -iE 'error|failed|dropped' || echo "no error in its journal"
} > /report.txt 2>&1
systemctl poweroff
END
for place in $places; do
    root=$work/root-$place
    cp -a "$debian" "$root"
    install -m 0755 "$program" "$root/usr/local/bin/zrig"
    mkdir -p "$root/etc/zrig/fleet/secrets" "$root/etc/systemd/system/multi-user.target.wants"
    cp -r systemd/files/. "$root/etc/zrig/fleet"
    cp keys/*.key_secret "$root/etc/zrig/fleet/secrets"
    chmod -R go= "$root/etc/zrig/fleet/secrets"
    cp "systemd/zrig-fleet-$place.service" "$root/etc/systemd/system"
    install -m 0755 report.sh "$root/report.sh"
    printf '[Unit]\nAfter=multi-user.target\n[Service]\nType=oneshot\nExecStart=/report.sh\n' \
        > "$root/etc/systemd/system/report.service"
    ln -s ../report.service ../zrig-fleet-$place.service "$root/etc/systemd/system/multi-user.target.wants"
    timeout 150 systemd-nspawn --boot --register=no --keep-unit --directory="$root" --machine="zrig-$place" \
        --network-namespace-path=/run/netns/$net-$place < /dev/null > "nspawn-$place.log" 2>&1 &
done
wait
for place in $places; do
    echo "== $place"
    cat "$work/root-$place/report.txt"
done
python3 "$here/holes.py" "$work"/root-yard/var/lib/private/zrig-fleet-yard/done.txt 400
python3 "$here/holes.py" "$work"/root-edge/var/lib/private/zrig-fleet-edge/answers.txt 400

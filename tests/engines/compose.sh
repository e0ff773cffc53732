#!/bin/bash
# An export for Compose on a real engine: the image of the static program, three services, one of them ended
# and started again ten times, and an edit that is applied while they run.
#
#   tests/engines/compose.sh PROGRAM        default: target/static/zrig
#
# It wants an engine of Docker's (DOCKER_HOST says where) and `docker compose`, or docker-compose. Run by hand.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
program=$(realpath "${1:-$here/../../target/static/zrig}")
work=$(mktemp -d)
cd "$work"
mkdir -p image/var/lib/zrig image/tmp
install -m 0755 "$program" image/zrig
chmod 1777 image/var/lib/zrig image/tmp
printf 'FROM scratch\nCOPY image/ /\nUSER 65532:65532\nENTRYPOINT ["/zrig"]\n' > Containerfile
DOCKER_BUILDKIT=0 docker build --quiet --file Containerfile --tag zrig:try . 2>/dev/null
cp "$here/fleet.yaml" .
"$program" keys keys --for fleet.yaml > /dev/null
"$program" export compose fleet.yaml --to compose --image zrig:try
cp -r keys compose/secrets
rm -rf compose/secrets/*.key compose/secrets/allow
chown -R 1000:1000 compose/secrets
cd compose
if docker compose version > /dev/null 2>&1; then
    compose="docker compose"
else
    # docker-compose 1.29 knows no `name`, and wants the number of an older format.
    { echo 'version: "3.8"'; grep -v '^name:' compose.yaml; } > old.yaml
    compose="docker-compose -p fleet -f old.yaml"
fi
trap '$compose down --volumes --timeout 5 > /dev/null 2>&1; rm -rf "$work"' EXIT
$compose config --quiet && echo "config: taken"
$compose up --detach > up.log 2>&1 || { cat up.log; exit 1; }
volume() { docker volume inspect --format '{{.Mountpoint}}' "fleet_$1-state"; }
lines() { cat "$1" 2> /dev/null | wc -l; }
grows() { # FILE: until it has 300 lines more
    local wanted=$(($(lines "$1") + 300))
    for _ in $(seq 300); do [ "$(lines "$1")" -ge "$wanted" ] && return; sleep 0.1; done
    echo "$1 does not grow"; $compose logs --tail 20; exit 1
}
done=$(volume yard)/done.txt answers=$(volume edge)/answers.txt
grows "$done"
for _ in $(seq 10); do
    $compose restart --timeout 10 hall > /dev/null 2>&1
    grows "$done"
    grows "$answers"
done
sed -i 's/every: 5ms/every: 6ms/' files/fleet.yaml
for place in edge hall yard; do
    for _ in $(seq 100); do $compose logs "$place" 2>&1 | grep -q 'reload applied' && break; sleep 0.1; done
    $compose logs "$place" 2>&1 | grep -c 'reload applied' | sed "s/^/$place, edits applied: /"
done
for _ in $(seq 200); do $compose ps | grep -c '(healthy)' | grep -q 3 && break; sleep 0.2; done
$compose ps
$compose stop --timeout 10 > /dev/null 2>&1
python3 "$here/holes.py" "$done" 400
python3 "$here/holes.py" "$answers" 400

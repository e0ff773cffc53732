# What fresh.sh does on the fresh machine.
set -o pipefail

# What the README has to be written and run, by the program of this name, as far as its first message.
first() {
    cd "$(mktemp -d)"
    mkdir topologies scripts
    for file in topologies/first.yaml scripts/first.rhai; do
        awk -v "file=$file" '/^```/ { inside = $2 == file; next } inside' /packages/README.md > "$file"
        [ -s "$file" ] || { echo "the README has no block '$file'"; exit 1; }
    done
    "$1" check --deny-warnings topologies/first.yaml
    timeout 60 "$1" run topologies/first.yaml --for 3s > log 2>&1 || { cat log; exit 1; }
    grep -m 1 'Oslo 1 °C' log || { echo "no message came:"; cat log; exit 1; }
}

# A topology that `zrig new` writes, its tests, and its run.
made() {
    cd "$(mktemp -d)"
    "$1" new pipeline my.yaml > log
    "$1" test my.test.yaml > log 2>&1 || { cat log; exit 1; }
    timeout 60 "$1" run my.yaml --for 3s > log 2>&1 || { cat log; exit 1; }
    grep -m 1 '12 = 2 × 2 × 3' log || { echo "no message came:"; cat log; exit 1; }
}

# A name that no file has: the plugins of this system would be asked.
names() {
    cat > names.yaml << 'YAML'
nodes:
  asker: {role: push, connect: "tcp://nowhere.example:5999", every: 200ms, on_tick: 'send("a")'}
YAML
    timeout 60 "$1" run names.yaml --for 2s > log 2>&1 || { cat log; echo "a look-up of a name ended the program"; exit 1; }
}

. /etc/os-release
echo "== $PRETTY_NAME, $(grep ^hosts: /etc/nsswitch.conf | tr -s ' ')"

echo "== pip install"
begun=$(date +%s.%N)
python3 -m venv /opt/try
/opt/try/bin/pip install --quiet --no-index --disable-pip-version-check /packages/*.whl
/opt/try/bin/zrig --version
first /opt/try/bin/zrig
made /opt/try/bin/zrig
python3 -c "import sys, time; took = time.time() - $begun; print(f'both first messages after {took:.1f} s'); sys.exit(took > 60)"
names /opt/try/bin/zrig
/opt/try/bin/pip uninstall --quiet --yes zrig
[ ! -e /opt/try/bin/zrig ] && [ -z "$(find /opt/try -name '*zrig*')" ] && echo "uninstalled, nothing is left"

echo "== dpkg -i"
begun=$(date +%s.%N)
dpkg -i /packages/*.deb > log 2>&1 || { cat log; exit 1; }
zrig --version
first zrig
made zrig
python3 -c "import sys, time; took = time.time() - $begun; print(f'both first messages after {took:.1f} s'); sys.exit(took > 60)"
names zrig
# A bare Debian's dpkg may be told to leave out manuals and examples; the package has them.
dpkg --fsys-tarfile /packages/*.deb | tar -x ./usr/share
man=$(gzip -dc usr/share/man/man1/zrig.1.gz)
[[ $man = *zrig* ]] || { echo "no manual"; exit 1; }
zrig check usr/share/doc/zrig/examples/topologies/*.yaml > log 2>&1 || { cat log; exit 1; }
tail -1 log
dpkg --purge zrig > log 2>&1 || { cat log; exit 1; }
[ -z "$(find /usr /etc -name '*zrig*')" ] && echo "purged, nothing is left"

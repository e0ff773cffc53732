#!/bin/sh
# Makes the virtual environment that the interoperation tests run Python in, and
# prints the path of its interpreter.
#
#   tests/python/setup.sh [DIRECTORY]      default: target/python-venv
#
# It may be called any number of times and by several tests at once: one caller
# installs, the others wait for it at the lock and find the work done. A half-made
# environment, or one made from other requirements, is made anew.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
venv=${1:-${CARGO_TARGET_DIR:-$here/../../target}/python-venv}
python=${PYTHON:-python3}
requirements=$here/requirements.txt

mkdir -p "$(dirname "$venv")"
venv=$(cd "$(dirname "$venv")" && pwd)/$(basename "$venv")
stamp=$venv/requirements.installed

exec 9>"$venv.lock"
flock 9

if ! cmp -s "$requirements" "$stamp" || ! "$venv/bin/python" -c 'import zmq.asyncio' 2>/dev/null; then
    "$python" -m venv --clear "$venv" >&2 || {
        echo "setup.sh: '$python -m venv' failed; on Debian it needs the package python3-venv" >&2
        exit 1
    }
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --requirement "$requirements" >&2
    cp "$requirements" "$stamp"
fi

echo "$venv/bin/python"

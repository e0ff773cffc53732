#!/bin/sh
# Makes the book: the pages of docs/ as a site with search, in target/book/. A link that leads nowhere ends it.
#
#   docs/book/build.sh
#
# What it needs is installed into a virtual environment in target/book-venv.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}
venv=$target/book-venv
mkdir -p "$target"

if ! cmp -s "$here/requirements.txt" "$venv/requirements.installed"; then
    "${PYTHON:-python3}" -m venv --clear "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/requirements.installed"
fi

rm -rf "$target/book"
"$venv/bin/sphinx-build" --quiet --fail-on-warning --keep-going -c "$here" "$here/.." "$target/book"
echo "$target/book/README.html"

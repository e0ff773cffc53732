#!/bin/sh
# Draws every topology of topologies/guide/ anew, as docs/guide/NAME.svg.
#
#   docs/guide/pictures.sh [ZRIG]      default: target/debug/zrig
set -eu
here=$(cd "$(dirname "$0")" && pwd)
zrig=${1:-$here/../../target/debug/zrig}
for file in "$here"/../../topologies/guide/*.yaml; do
    "$zrig" graph "$file" --output "$here/$(basename "$file" .yaml).svg"
done

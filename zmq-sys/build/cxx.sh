#!/bin/sh
# The C++ compiler for libzmq, with one fault of its draft API mended on the way:
# zmq_socket_monitor_pipes_stats asks the other end of every pipe, also of one that is ending, whose
# other end may be freed by then. Any peer that leaves at the wrong moment crashes the program.
#
# Called with a compiler's arguments; ZRIG_CXX is the compiler, OUT_DIR a folder to write to.
set -eu

for argument do
    shift
    case $argument in
    */src/pipe.cpp)
        mended=$OUT_DIR/pipe.cpp
        sed '/^void zmq::pipe_t::send_stats_to_peer/,/^}/s/^{$/{\n    if (_state != active)\n        return;/' \
            "$argument" >"$mended"
        if cmp -s "$argument" "$mended"; then
            echo "zmq-sys: pipe.cpp is not the one that cxx.sh mends" >&2
            exit 1
        fi
        # Whoever links a libzmq without this is told so.
        echo 'extern "C" int zmq_pipes_stats_is_mended () { return 1; }' >>"$mended"
        set -- "$@" "$mended" "-I${argument%/*}"
        ;;
    *)
        set -- "$@" "$argument"
        ;;
    esac
done
exec "$ZRIG_CXX" "$@"

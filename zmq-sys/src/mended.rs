//! Owns what `build/cxx.sh` adds to libzmq where it mends a fault of it.

use std::ffi::c_int;

unsafe extern "C" {
    /// 1. It is there only where `zmq_socket_monitor_pipes_stats` is mended, which in libzmq 4.3.5
    /// follows a dangling pointer when a peer is just leaving.
    pub fn zmq_pipes_stats_is_mended() -> c_int;
}

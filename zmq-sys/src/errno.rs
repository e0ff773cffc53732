//! Owns the error numbers that [`zmq_errno`](crate::zmq_errno) can give, under the names that the
//! crate `zmq` expects.
//!
//! It never says what they mean: [`zmq_strerror`](crate::zmq_strerror) does. libzmq passes on what
//! the system gave it, so numbers that are not in this list can come, too.
#![allow(missing_docs, reason = "the names are those of errno.h")]

pub use libc::{
    EACCES, EADDRINUSE, EADDRNOTAVAIL, EAGAIN, EBUSY, ECONNREFUSED, EFAULT, EHOSTUNREACH,
    EINPROGRESS, EINTR, EINVAL, EMFILE, EMSGSIZE, ENAMETOOLONG, ENETDOWN, ENOBUFS, ENODEV, ENOENT,
    ENOMEM, ENOTCONN, ENOTSOCK, ENOTSUP, EPROTO, EPROTONOSUPPORT,
};

const HAUSNUMERO: i32 = crate::ZMQ_HAUSNUMERO as i32;

// libzmq's own.
pub const EFSM: i32 = HAUSNUMERO + 51;
pub const ENOCOMPATPROTO: i32 = HAUSNUMERO + 52;
pub const ETERM: i32 = HAUSNUMERO + 53;
pub const EMTHREAD: i32 = HAUSNUMERO + 54;

// In place of what a system does not define. Linux defines them all; `zmq` asks for the names.
pub const ENOTSUP_ALT: i32 = HAUSNUMERO + 1;
pub const EPROTONOSUPPORT_ALT: i32 = HAUSNUMERO + 2;
pub const ENOBUFS_ALT: i32 = HAUSNUMERO + 3;
pub const ENETDOWN_ALT: i32 = HAUSNUMERO + 4;
pub const EADDRINUSE_ALT: i32 = HAUSNUMERO + 5;
pub const EADDRNOTAVAIL_ALT: i32 = HAUSNUMERO + 6;
pub const ECONNREFUSED_ALT: i32 = HAUSNUMERO + 7;
pub const EINPROGRESS_ALT: i32 = HAUSNUMERO + 8;
pub const ENOTSOCK_ALT: i32 = HAUSNUMERO + 9;
pub const EMSGSIZE_ALT: i32 = HAUSNUMERO + 10;

//! What the system is asked beside libzmq: connections' ends, and room for descriptors.
//!
//! Owns these calls. Never decides anything.

use std::ffi::c_int;
use std::os::fd::RawFd;

use super::{Errno, check};

/// Says to the peer of a connection of libzmq's that nothing more is sent to it. What the peer sends
/// still arrives.
pub(in crate::node) fn end_output(descriptor: RawFd) -> Result<(), Errno> {
    // SAFETY: it takes a number only; the caller knows that it is a connection's.
    check(unsafe { libc::shutdown(descriptor, libc::SHUT_WR) })
}

/// Ends a connection of libzmq's for both sides; libzmq finds its end, and closes it.
pub(in crate::node) fn end_connection(descriptor: RawFd) -> Result<(), Errno> {
    // SAFETY: as in `end_output`.
    check(unsafe { libc::shutdown(descriptor, libc::SHUT_RDWR) })
}

/// Raises the limit of open descriptors of this process as far as it goes, and returns it.
fn raise_descriptor_limit() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls take a valid pointer to the struct.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) != 0 {
            return 1024;
        }
        let raised = libc::rlimit { rlim_cur: limit.rlim_max, ..limit };
        if libc::setrlimit(libc::RLIMIT_NOFILE, &raised) == 0 {
            return raised.rlim_cur;
        }
    }
    limit.rlim_cur
}

/// Raises the limit of open descriptors as far as it goes, and has the system lay out its table for
/// so many of them.
///
/// A process with several threads waits for all processors each time the table grows, so this is
/// for before they begin.
pub fn lay_out_descriptors(expected: u64) {
    let last = expected.min(raise_descriptor_limit()).saturating_sub(1);
    // SAFETY: both calls take numbers only; the second one closes what the first one opened.
    unsafe {
        let duplicate = libc::fcntl(
            libc::STDERR_FILENO,
            libc::F_DUPFD_CLOEXEC,
            c_int::try_from(last).unwrap_or(c_int::MAX),
        );
        if duplicate >= 0 {
            libc::close(duplicate);
        }
    }
}

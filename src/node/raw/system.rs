//! What the system is asked beside libzmq: connections' ends, room for descriptors, and names of hosts.
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

/// Has names of hosts looked up in `/etc/hosts` and by DNS alone, where the program is linked with
/// glibc statically.
///
/// All else that `/etc/nsswitch.conf` names, such as `mdns4_minimal` or `resolve`, is a library for
/// the glibc of this system. Loaded into a program that brings another version, it ends that program by
/// a signal. This is for before threads begin.
pub fn look_up_hosts_by_itself() {
    #[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
    {
        unsafe extern "C" {
            fn __nss_configure_lookup(
                database: *const std::ffi::c_char,
                services: *const std::ffi::c_char,
            ) -> c_int;
        }
        for (database, services) in
            [(c"hosts", c"files dns"), (c"services", c"files"), (c"passwd", c"files")]
        {
            // SAFETY: both are texts with an end, which it copies.
            unsafe { __nss_configure_lookup(database.as_ptr(), services.as_ptr()) };
        }
    }
}

//! Owns the list of what a Linux system offers libzmq: the part of `./configure`'s findings that
//! `zeromq-src` leaves out, without which libzmq silently builds a poorer version of itself.
//!
//! It never holds a name that libzmq's source does not test (`tests/upstream.rs` holds that), and
//! never what is a choice of ours rather than a fact of the system (that is in `main.rs`).

/// Preprocessor names and their values.
pub(crate) const DEFINES: &[(&str, &str)] = &[
    // One descriptor wakes a socket, instead of a socket pair.
    ("ZMQ_HAVE_EVENTFD", "1"),
    // Nothing of ours stays open in a child process.
    ("ZMQ_HAVE_EVENTFD_CLOEXEC", "1"),
    ("ZMQ_HAVE_SOCK_CLOEXEC", "1"),
    ("ZMQ_IOTHREAD_POLLER_USE_EPOLL_CLOEXEC", "1"),
    ("HAVE_ACCEPT4", "1"),
    // Timers follow the monotonic clock, not the one on the wall.
    ("HAVE_CLOCK_GETTIME", "1"),
    // `tcp://eth0:*`, and IPv6 scopes by name.
    ("ZMQ_HAVE_IFADDRS", "1"),
    ("HAVE_IF_NAMETOINDEX", "1"),
    // `ipc://*` in a folder of its own; who is at the other end of an ipc connection.
    ("HAVE_MKDTEMP", "1"),
    ("ZMQ_HAVE_SO_PEERCRED", "1"),
    // Without these the socket options of the same names succeed and do nothing.
    ("ZMQ_HAVE_SO_KEEPALIVE", "1"),
    ("ZMQ_HAVE_TCP_KEEPCNT", "1"),
    ("ZMQ_HAVE_TCP_KEEPIDLE", "1"),
    ("ZMQ_HAVE_TCP_KEEPINTVL", "1"),
    ("ZMQ_HAVE_SO_BINDTODEVICE", "1"),
    ("ZMQ_HAVE_SO_PRIORITY", "1"),
    ("ZMQ_HAVE_BUSY_POLL", "1"),
    // The same for the context options on threads, and names for them in `top` and `gdb`.
    ("ZMQ_HAVE_PTHREAD_SETNAME_2", "1"),
    ("ZMQ_HAVE_PTHREAD_SET_AFFINITY", "1"),
    // Queues that do not share cache lines between two threads.
    ("HAVE_POSIX_MEMALIGN", "1"),
    ("ZMQ_CACHELINE_SIZE", "64"),
];

// Left out on purpose: `HAVE_FORK` (a `getpid` on each wake-up, for children that go on using the
// parent's sockets; nobody may), `ZMQ_HAVE_PPOLL` (`zmq_ppoll`, not declared here) and
// `ZMQ_USE_RADIX_TREE` (another store of subscriptions for XSUB, not the stable default).

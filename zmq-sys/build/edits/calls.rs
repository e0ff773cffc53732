//! Owns the edits by which libzmq makes fewer system calls.

use super::Edit;

/// A connection that is written out asks at once to be told when it can be written again, and finds
/// out that way that nothing is left: a turn of the I/O thread for every message that comes alone.
/// What was written whole, with nothing behind it, needs none.
///
/// A heartbeat comes when it is due, whether the kernel has room for it or not, so whatever is not
/// written whole asks for its turn here, and not only where a message of the socket is sent.
pub(super) const ENGINE: &[Edit] = &[
    (
        "    //  If write buffer is empty, try to read new data from the encoder.
    if (!_outsize) {
",
        "    bool zmq_sys_drained = false;

    //  If write buffer is empty, try to read new data from the encoder.
    if (!_outsize) {
",
    ),
    (
        "                if (errno == ECONNRESET)
                    return;
                else
                    break;
",
        "                if (errno == ECONNRESET)
                    return;
                zmq_sys_drained = true;
                break;
",
    ),
    (
        "    if (unlikely (_handshaking))
        if (_outsize == 0)
            reset_pollout ();
}
",
        "    if (unlikely (_handshaking)) {
        if (_outsize == 0)
            reset_pollout ();
    } else if (_outsize == 0) {
        if (zmq_sys_drained) {
            _output_stopped = true;
            reset_pollout ();
        }
    } else if (_output_stopped) {
        _output_stopped = false;
        set_pollout ();
    }
}
",
    ),
];

/// Whoever looks for a command without waiting asks the descriptor whether there is a signal before
/// it reads it, and asks again once it has read all: two system calls at every waking that a read,
/// which never blocks here, answers by itself.
pub(super) const MAILBOX: &[Edit] = &[
    (
        "        _active = false;
    }
",
        "        _active = false;
        if (timeout_ == 0) {
            errno = EAGAIN;
            return -1;
        }
    }
",
    ),
    (
        "    int rc = _signaler.wait (timeout_);
",
        "    int rc = timeout_ == 0 ? 0 : _signaler.wait (timeout_);
",
    ),
];

/// A change of what a descriptor is watched for: it is noted, and told later.
macro_rules! noted {
    ($change:literal) => {
        (
            concat!(
                "    pe->ev.events ",
                $change,
                ";
    const int rc = epoll_ctl (_epoll_fd, EPOLL_CTL_MOD, pe->fd, &pe->ev);
    errno_assert (rc != -1);
"
            ),
            concat!("    pe->ev.events ", $change, ";\n    zmq_sys_note (pe);\n"),
        )
    };
}

/// What a descriptor is watched for changes up to twelve times while a connection is made, and each
/// change was a system call. They are told to the system together, before it is waited for.
pub(super) const POLLER: &[Edit] = &[
    (
        "    pe->events = events_;

    const int rc = epoll_ctl (_epoll_fd, EPOLL_CTL_ADD, fd_, &pe->ev);
    errno_assert (rc != -1);
",
        "    pe->events = events_;
    zmq_sys_note (pe);
",
    ),
    (
        "    const int rc = epoll_ctl (_epoll_fd, EPOLL_CTL_DEL, pe->fd, &pe->ev);
    errno_assert (rc != -1);
    pe->fd = retired_fd;
",
        "    if (pe->zmq_sys_is_watched) {
        const int rc = epoll_ctl (_epoll_fd, EPOLL_CTL_DEL, pe->fd, &pe->ev);
        errno_assert (rc != -1);
    }
    pe->fd = retired_fd;
",
    ),
    noted!("|= EPOLLIN"),
    noted!("&= ~(static_cast<uint32_t> (EPOLLIN))"),
    noted!("|= EPOLLOUT"),
    noted!("&= ~(static_cast<uint32_t> (EPOLLOUT))"),
    (
        "void zmq::epoll_t::stop ()
",
        "void zmq::epoll_t::zmq_sys_note (poll_entry_t *pe_)
{
    if (!pe_->zmq_sys_is_noted) {
        pe_->zmq_sys_is_noted = true;
        zmq_sys_noted.push_back (pe_);
    }
}

void zmq::epoll_t::zmq_sys_tell ()
{
    for (size_t i = 0; i < zmq_sys_noted.size (); i++) {
        poll_entry_t *const pe = zmq_sys_noted[i];
        pe->zmq_sys_is_noted = false;
        if (pe->fd == retired_fd)
            continue;
        if (pe->zmq_sys_is_watched && pe->zmq_sys_told == pe->ev.events)
            continue;
        const int rc = epoll_ctl (
          _epoll_fd, pe->zmq_sys_is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
          pe->fd, &pe->ev);
        errno_assert (rc != -1);
        pe->zmq_sys_is_watched = true;
        pe->zmq_sys_told = pe->ev.events;
    }
    zmq_sys_noted.clear ();
}

void zmq::epoll_t::stop ()
",
    ),
    (
        "        //  Wait for events.
        const int n = epoll_wait",
        "        zmq_sys_tell ();

        //  Wait for events.
        const int n = epoll_wait",
    ),
    (
        "        //  Destroy retired event sources.
        for (",
        "        //  None of them may be noted when it is destroyed.
        zmq_sys_tell ();

        //  Destroy retired event sources.
        for (",
    ),
];

/// The parts of a greeting are sent when they are there, instead of when the system has told that they
/// can be: two turns of the I/O thread for every connection.
pub(super) const GREETING: &[Edit] = &[
    (
        "    set_pollout ();
    //  Flush",
        "    set_pollout ();
    out_event ();
    //  Flush",
    ),
    (
        "            if (errno != EAGAIN)
                error (connection_error);
            return -1;
        }

        _greeting_bytes_read += n;
",
        "            if (errno != EAGAIN)
                error (connection_error);
            else if (_outsize > 0)
                out_event ();
            return -1;
        }

        _greeting_bytes_read += n;
",
    ),
    (
        "    // Start polling for output if necessary.
",
        "    if (_outsize > 0)
        out_event ();

    // Start polling for output if necessary.
",
    ),
];

/// What [`POLLER`] keeps.
pub(super) const POLLER_HEADER: &[Edit] = &[
    (
        "        epoll_event ev;
        zmq::i_poll_events *events;
    };
",
        "        epoll_event ev;
        zmq::i_poll_events *events;
        uint32_t zmq_sys_told;
        bool zmq_sys_is_watched;
        bool zmq_sys_is_noted;
    };

    //  Makes sure that what an entry is to be watched for will be told.
    void zmq_sys_note (poll_entry_t *pe_);

    //  Tells the system what changed.
    void zmq_sys_tell ();
",
    ),
    (
        "    retired_t _retired;
",
        "    retired_t _retired;
    retired_t zmq_sys_noted;
",
    ),
];

/// An address to bind is taken for the name of a network interface first, and all interfaces are
/// listed to find that out, at every bind. An address in digits is no name.
pub(super) const RESOLVER: &[Edit] = &[(
    "    if (!resolved && _options.allow_nic_name ()) {
",
    "    in6_addr zmq_sys_digits;
    if (!resolved && _options.allow_nic_name ()
        && inet_pton (AF_INET, addr_str, &zmq_sys_digits) != 1
        && inet_pton (AF_INET6, addr_str, &zmq_sys_digits) != 1) {
",
)];

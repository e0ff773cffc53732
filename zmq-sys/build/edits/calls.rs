//! Owns the edits by which libzmq makes fewer system calls.

use super::Edit;

/// A connection that is written out asks at once to be told when it can be written again, and finds
/// out that way that nothing is left: two more system calls and a turn of the I/O thread for every
/// message that comes alone. What was written whole, with nothing behind it, needs neither.
pub(super) const ENGINE: &[Edit] = &[
    (
        "void zmq::stream_engine_base_t::out_event ()
{
    zmq_assert (!_io_error);
",
        "//  Whether output is being tried before POLLOUT was asked for, and what came of it.
enum zmq_sys_trial_t
{
    zmq_sys_no_trial,
    zmq_sys_tried,
    zmq_sys_failed
};
static thread_local zmq_sys_trial_t zmq_sys_trial = zmq_sys_no_trial;

void zmq::stream_engine_base_t::out_event ()
{
    zmq_assert (!_io_error);
    bool zmq_sys_drained = false;
",
    ),
    (
        "        _outpos = NULL;
        _outsize = _encoder->encode (&_outpos, 0);

        while (_outsize < static_cast<size_t> (_options.out_batch_size)) {
",
        "        _outpos = NULL;
        const size_t zmq_sys_room = _encoder->zmq_sys_room ();
        _outsize = _encoder->encode (&_outpos, 0);

        while (_outsize < zmq_sys_room) {
",
    ),
    (
        "              _encoder->encode (&bufptr, _options.out_batch_size - _outsize);
",
        "              _encoder->encode (&bufptr, zmq_sys_room - _outsize);
",
    ),
    (
        "                if (errno == ECONNRESET)
                    return;
                else
                    break;
",
        "                if (errno == ECONNRESET) {
                    if (zmq_sys_trial == zmq_sys_tried)
                        zmq_sys_trial = zmq_sys_failed;
                    return;
                }
                zmq_sys_drained = true;
                break;
",
    ),
    (
        "            _output_stopped = true;
            reset_pollout ();
            return;
",
        "            _output_stopped = true;
            if (zmq_sys_trial == zmq_sys_no_trial)
                reset_pollout ();
            return;
",
    ),
    (
        "    if (nbytes == -1) {
        reset_pollout ();
        return;
    }

    _outpos += nbytes;
",
        "    if (nbytes == -1) {
        if (zmq_sys_trial == zmq_sys_tried)
            zmq_sys_trial = zmq_sys_failed;
        else
            reset_pollout ();
        return;
    }

    _outpos += nbytes;
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
    } else if (zmq_sys_drained && _outsize == 0) {
        _output_stopped = true;
        if (zmq_sys_trial == zmq_sys_no_trial)
            reset_pollout ();
    }
}
",
    ),
    (
        "    if (likely (_output_stopped)) {
        set_pollout ();
        _output_stopped = false;
    }
",
        "    if (likely (_output_stopped)) {
        _output_stopped = false;
        zmq_sys_trial = zmq_sys_tried;
        out_event ();
        const zmq_sys_trial_t outcome = zmq_sys_trial;
        zmq_sys_trial = zmq_sys_no_trial;
        //  One that failed may be gone.
        if (outcome == zmq_sys_tried && !_output_stopped)
            io_object_t::set_pollout (_handle);
        return;
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
/// change was a system call. They are told to the system together, before it is waited for; and a
/// connection that has something to send tries to before it asks when it can.
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

void zmq::epoll_t::zmq_sys_try_pollout (handle_t handle_)
{
    set_pollout (handle_);
    static_cast<poll_entry_t *> (handle_)->zmq_sys_tries = true;
}

void zmq::epoll_t::zmq_sys_tell ()
{
    for (size_t i = 0; i < zmq_sys_noted.size (); i++) {
        poll_entry_t *const pe = zmq_sys_noted[i];
        if (pe->zmq_sys_tries && pe->fd != retired_fd) {
            pe->zmq_sys_tries = false;
            //  What follows the greeting comes from another buffer.
            for (int tries = 0; tries < 2 && pe->fd != retired_fd; tries++)
                if (pe->ev.events & ~pe->zmq_sys_told & EPOLLOUT)
                    pe->events->out_event ();
        }
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
        "            if (ev_buf[i].events & EPOLLOUT)
                pe->events->out_event ();
            if (pe->fd == retired_fd)
                continue;
            if (ev_buf[i].events & EPOLLIN)
                pe->events->in_event ();
",
        "            if (ev_buf[i].events & EPOLLIN)
                pe->events->in_event ();
            if (pe->fd == retired_fd)
                continue;
            if (ev_buf[i].events & EPOLLOUT)
                pe->events->out_event ();
",
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

/// Only this poller can try.
pub(super) const IO_OBJECT: &[Edit] = &[(
    "void zmq::io_object_t::set_pollout (handle_t handle_)
",
    "void zmq::io_object_t::zmq_sys_try_pollout (handle_t handle_)
{
#if defined ZMQ_IOTHREAD_POLLER_USE_EPOLL
    _poller->zmq_sys_try_pollout (handle_);
#else
    _poller->set_pollout (handle_);
#endif
}

void zmq::io_object_t::set_pollout (handle_t handle_)
",
)];

/// See [`IO_OBJECT`].
pub(super) const IO_OBJECT_HEADER: &[Edit] = &[(
    "    void set_pollout (handle_t handle_);
",
    "    void set_pollout (handle_t handle_);
    void zmq_sys_try_pollout (handle_t handle_);
",
)];

/// What asks when it can send is a connection.
pub(super) const ENGINE_HEADER: &[Edit] = &[(
    "    void set_pollout () { io_object_t::set_pollout (_handle); }
",
    "    void set_pollout () { io_object_t::zmq_sys_try_pollout (_handle); }
    void zmq_sys_set_pollout () { io_object_t::set_pollout (_handle); }
",
)];

/// Two ends that greet each other at once need two messages each until they know who speaks. The
/// one that was connected to waits a moment for the other's greeting, which mostly is there by then,
/// and answers it in one.
pub(super) const GREETING: &[Edit] = &[(
    "    set_pollin ();
    set_pollout ();
    //  Flush",
    "    set_pollin ();
    if (get_endpoint ().local_type == endpoint_type_bind)
        zmq_sys_set_pollout ();
    else
        set_pollout ();
    //  Flush",
)];

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
        bool zmq_sys_tries;
    };

    //  Makes sure that what an entry is to be watched for will be told.
    void zmq_sys_note (poll_entry_t *pe_);

    //  Tells the system what changed.
    void zmq_sys_tell ();
",
    ),
    (
        "    void set_pollout (handle_t handle_);
",
        "    void set_pollout (handle_t handle_);
    void zmq_sys_try_pollout (handle_t handle_);
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

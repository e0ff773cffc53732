//! Owns the few places where libzmq is built otherwise than it was released. Never compiles them:
//! `compiler` does.

/// A text in a source file, and what it becomes.
pub(crate) type Edit = (&'static str, &'static str);

/// A queue takes memory in pieces of so many messages of 64 bytes. 256 of them are 16 KiB for each
/// direction of each connection, of which an idle one uses the first; 14 of them, with what an
/// allocator adds for their alignment, fill a block of 1 KiB.
const CONFIG: &[Edit] = &[("message_pipe_granularity = 256,", "message_pipe_granularity = 14,")];

/// A third version of the monitor: events are told by a call instead of through two more sockets.
/// The pointer to a `zmq_sys_monitor_t` takes the place of the monitor's socket.
const SOCKET: &[Edit] = &[
    (
        "int zmq::socket_base_t::monitor (const char *endpoint_,",
        "struct zmq_sys_monitor_t
{
    void (*tell) (void *, uint64_t, const uint64_t *, uint64_t, const char *, const char *);
    void *hint;
};

int zmq::socket_base_t::monitor (const char *endpoint_,",
    ),
    (
        "    //  Parse endpoint_uri_ string.
    std::string protocol;
    std::string address;
    if (parse_uri (endpoint_, protocol, address) || check_protocol (protocol))
        return -1;

    //  Event notification only supported over inproc://",
        "    if (event_version_ == 3) {
        stop_monitor ();
        _monitor_events = events_;
        options.monitor_event_version = event_version_;
        _monitor_socket = const_cast<char *> (endpoint_);
        return 0;
    }

    //  Parse endpoint_uri_ string.
    std::string protocol;
    std::string address;
    if (parse_uri (endpoint_, protocol, address) || check_protocol (protocol))
        return -1;

    //  Event notification only supported over inproc://",
    ),
    (
        "        switch (options.monitor_event_version) {\n",
        "        switch (options.monitor_event_version) {
            case 3: {
                const zmq_sys_monitor_t *const monitor =
                  static_cast<const zmq_sys_monitor_t *> (_monitor_socket);
                monitor->tell (monitor->hint, event_, values_, values_count_,
                               endpoint_uri_pair_.local.c_str (),
                               endpoint_uri_pair_.remote.c_str ());
            } break;
",
    ),
    (
        "        zmq_close (_monitor_socket);\n",
        "        if (options.monitor_event_version != 3)
            zmq_close (_monitor_socket);\n",
    ),
];

/// `zmq_socket_monitor_pipes_stats` asks the other end of every pipe, also of one that is ending,
/// whose other end may be freed by then: any peer that leaves at the wrong moment would crash the
/// process.
const PIPE: &[Edit] = &[(
    "void zmq::pipe_t::send_stats_to_peer (own_t *socket_base_)
{
",
    "void zmq::pipe_t::send_stats_to_peer (own_t *socket_base_)
{
    if (_state != active)
        return;
",
)];

/// A connection that is written out asks at once to be told when it can be written again, and finds
/// out that way that nothing is left: two more system calls and a turn of the I/O thread for every
/// message that comes alone. What was written whole, with nothing behind it, needs neither.
const ENGINE: &[Edit] = &[
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
            set_pollout ();
        return;
    }
",
    ),
];

/// A buffer to receive into is as long as `ZMQ_IN_BATCH_SIZE` and kept by every message in it that
/// nobody has closed: a message that came alone and waits would keep all of it. So one of more than
/// 8 KiB is only taken after a read that got as much.
const ALLOCATOR: &[Edit] = &[
    (
        "    // if buf != NULL it is not used by any message so we can re-use it for the next run
    if (!_buf) {
        // allocate memory for reference counters together with reception buffer
        std::size_t const allocationsize =
          _max_size + sizeof (zmq::atomic_counter_t)
          + _max_counters * sizeof (zmq::msg_t::content_t);
",
        "    const std::size_t zmq_sys_short = 8192;
    const bool zmq_sys_is_short =
      zmq_sys_got < zmq_sys_short && zmq_sys_short < _max_size;
    const std::size_t zmq_sys_wanted =
      zmq_sys_is_short ? zmq_sys_short : _max_size;
    if (_buf && zmq_sys_room != zmq_sys_wanted) {
        reinterpret_cast<zmq::atomic_counter_t *> (_buf)->~atomic_counter_t ();
        std::free (_buf);
        _buf = NULL;
    }
    zmq_sys_room = zmq_sys_wanted;

    // if buf != NULL it is not used by any message so we can re-use it for the next run
    if (!_buf) {
        // allocate memory for reference counters together with reception buffer
        std::size_t const allocationsize =
          zmq_sys_room + sizeof (zmq::atomic_counter_t)
          + std::min (_max_counters, zmq_sys_room / msg_t::max_vsm_size + 1)
              * sizeof (zmq::msg_t::content_t);
",
    ),
    (
        "    _buf_size = _max_size;
    _msg_content = reinterpret_cast<zmq::msg_t::content_t *> (
      _buf + sizeof (atomic_counter_t) + _max_size);
",
        "    _buf_size = zmq_sys_room;
    _msg_content = reinterpret_cast<zmq::msg_t::content_t *> (
      _buf + sizeof (atomic_counter_t) + zmq_sys_room);
",
    ),
];

/// What the last read got, and how much there is room for.
const ALLOCATOR_HEADER: &[Edit] = &[
    (
        "    void resize (std::size_t new_size_) { _buf_size = new_size_; }
",
        "    void resize (std::size_t new_size_)
    {
        _buf_size = new_size_;
        zmq_sys_got = new_size_;
    }
",
    ),
    (
        "    std::size_t _max_counters;
};
}
",
        "    std::size_t _max_counters;
    std::size_t zmq_sys_got = 0;
    std::size_t zmq_sys_room = 0;
};
}
",
    ),
];

/// Whoever looks for a command without waiting asks the descriptor whether there is a signal before
/// it reads it, and asks again once it has read all: two system calls at every waking that a read,
/// which never blocks here, answers by itself.
const MAILBOX: &[Edit] = &[
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

/// An address to bind is taken for the name of a network interface first, and all interfaces are
/// listed to find that out, at every bind. An address in digits is no name.
const RESOLVER: &[Edit] = &[(
    "    if (!resolved && _options.allow_nic_name ()) {
",
    "    in6_addr zmq_sys_digits;
    if (!resolved && _options.allow_nic_name ()
        && inet_pton (AF_INET, addr_str, &zmq_sys_digits) != 1
        && inet_pton (AF_INET6, addr_str, &zmq_sys_digits) != 1) {
",
)];

/// Headers that are edited. Their include guards keep the ones in the folder out.
pub(crate) const HEADERS: &[(&str, &[Edit])] =
    &[("config.hpp", CONFIG), ("decoder_allocators.hpp", ALLOCATOR_HEADER)];
/// Source files that are edited.
pub(crate) const EDITED: &[(&str, &[Edit])] = &[
    ("decoder_allocators.cpp", ALLOCATOR),
    ("ip_resolver.cpp", RESOLVER),
    ("mailbox.cpp", MAILBOX),
    ("pipe.cpp", PIPE),
    ("socket_base.cpp", SOCKET),
    ("stream_engine_base.cpp", ENGINE),
];

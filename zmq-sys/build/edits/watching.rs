//! Owns the edits by which a running libzmq can be watched.

use super::Edit;

/// A third version of the monitor: events are told by a call instead of through two more sockets.
/// The pointer to a `zmq_sys_monitor_t` takes the place of the monitor's socket.
pub(super) const SOCKET: &[Edit] = &[
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
        "    uint64_t values[1] = {static_cast<uint64_t> (interval_)};
    event (endpoint_uri_pair_, values, 1, ZMQ_EVENT_CONNECT_RETRIED);",
        "    const uint64_t reason = static_cast<uint64_t> (errno);
    uint64_t values[2] = {static_cast<uint64_t> (interval_), reason};
    event (endpoint_uri_pair_, values,
           options.monitor_event_version == 3 ? 2 : 1,
           ZMQ_EVENT_CONNECT_RETRIED);",
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
///
/// How many messages wait to go out is known where they are read: what the socket's own end knows of
/// the reader's progress lags by up to half the high-water mark, and where only the last message is
/// kept it hears of none. There one waits at most, and whether it does is known.
pub(super) const PIPE: &[Edit] = &[
    (
        "void zmq::pipe_t::send_stats_to_peer (own_t *socket_base_)
{
",
        "void zmq::pipe_t::send_stats_to_peer (own_t *socket_base_)
{
    if (_state != active)
        return;
",
    ),
    (
        "    send_pipe_peer_stats (_peer, _msgs_written - _peers_msgs_read, socket_base_,
                          ep);
",
        "    send_pipe_peer_stats (_peer, _msgs_written, socket_base_, ep);
",
    ),
    (
        "    send_pipe_stats_publish (socket_base_, queue_count_,
                             _msgs_written - _peers_msgs_read, endpoint_pair_);
",
        "    uint64_t outbound =
      queue_count_ > _msgs_read ? queue_count_ - _msgs_read : 0;
    uint64_t inbound = _msgs_written - _peers_msgs_read;
    if (_conflate) {
        outbound = _in_pipe && _in_pipe->check_read () ? 1 : 0;
        inbound = _out_pipe && _out_pipe->check_read () ? 1 : 0;
    }
    send_pipe_stats_publish (socket_base_, outbound, inbound, endpoint_pair_);
",
    ),
];

/// Of a connection that does not come about libzmq tells when it tries again, but not why: a second
/// value, the errno, goes with that event.
pub(super) const CONNECTER: &[Edit] = &[
    (
        "    if (_delayed_start)
        add_reconnect_timer ();
    else",
        "    if (_delayed_start) {
        errno = 0;
        add_reconnect_timer ();
    } else",
    ),
    (
        "        const int interval = get_new_reconnect_ivl ();
        add_timer (interval, reconnect_timer_id);
",
        "        const int reason = errno;
        const int interval = get_new_reconnect_ivl ();
        add_timer (interval, reconnect_timer_id);
        errno = reason;
",
    ),
    (
        "        const int rc = ::close (_s);
        errno_assert (rc == 0);
#endif
        _socket->event_closed (
          make_unconnected_connect_endpoint_pair (_endpoint), _s);
",
        "        const int reason = errno;
        const int rc = ::close (_s);
        errno_assert (rc == 0);
        _socket->event_closed (
          make_unconnected_connect_endpoint_pair (_endpoint), _s);
        errno = reason;
#endif
",
    ),
];

/// A connection that took too long has its reason too.
pub(super) const CONNECT_TIMEOUT: &[Edit] = &[(
    "        _connect_timer_started = false;
        rm_handle ();
        close ();
        add_reconnect_timer ();",
    "        _connect_timer_started = false;
        rm_handle ();
        close ();
        errno = ETIMEDOUT;
        add_reconnect_timer ();",
)];

/// A peer whose routing id is taken is left aside without a word: now there is one.
pub(super) const ROUTER: &[Edit] = &[(
    "                if (!_handover)
                    //  Ignore peers with duplicate ID
                    return false;
",
    "                if (!_handover) {
                    //  Ignore peers with duplicate ID
                    if (options.monitor_event_version == 3)
                        event_handshake_failed_protocol (
                          pipe_->get_endpoint_pair (), 0x40000001);
                    return false;
                }
",
)];

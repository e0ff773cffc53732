//! Owns the edits by which nothing that a peer, a load, a file or the network does can end the
//! process through libzmq: where the released one asserts, the connection ends, or waits.
//!
//! Never what only makes libzmq faster or smaller. `zmq-sys/ASSERTIONS.md` lists what was looked
//! at, and which test tries it.

use super::Edit;

/// What a connection whose other end is gone still has in its buffer is handed over when the socket
/// has room again; until then its heartbeats are due as before, and a PING among what is handed over
/// wants its answer. Neither can be sent any more.
///
/// A socket that has room again tells its session, which meanwhile may have another connection (the
/// first one was lost): that one never stopped reading. libzmq#3937, #4229, #4364, #4767.
///
/// A malformed command ends the connection instead of passing for an unknown one; and what a mechanism
/// refuses ends it whatever those who are told of it, before it returns, leave in `errno`.
///
/// Who is at its high-water mark does not read. What the peer said meanwhile waits in the kernel, so
/// its silence proves nothing, and the connection is kept. Nor are the peer's PINGs answered: our own
/// show that we live, and come twice as often, as the peer may wait no longer than its own interval.
pub(super) const ENGINE: &[Edit] = &[
    (
        "void zmq::stream_engine_base_t::out_event ()
{
    zmq_assert (!_io_error);
",
        "void zmq::stream_engine_base_t::out_event ()
{
    if (unlikely (_io_error))
        return;
",
    ),
    (
        "bool zmq::stream_engine_base_t::restart_input ()
{
    zmq_assert (_input_stopped);
",
        "bool zmq::stream_engine_base_t::restart_input ()
{
    if (!_input_stopped)
        return true;
",
    ),
    (
        "    const int rc = _mechanism->process_handshake_command (msg_);
    if (rc == 0) {
",
        "    const int rc = _mechanism->process_handshake_command (msg_);
    if (rc == -1)
        errno = EPROTO;
    if (rc == 0) {
",
    ),
    (
        "    if (_mechanism->decode (msg_) == -1)
        return -1;

    if (_has_timeout_timer) {
",
        "    if (_mechanism->decode (msg_) == -1) {
        errno = EPROTO;
        return -1;
    }

    if (_has_timeout_timer) {
",
    ),
    (
        "        process_command_message (msg_);
    }

    if (_metadata)
",
        "        if (process_command_message (msg_) == -1)
            return -1;
    }

    if (_metadata)
",
    ),
    (
        "            // so we can just bail out of the notification.
            return;
        }
        errno_assert (rc == 0);
        flush_session = true;
",
        "            // so we can just bail out of the notification.
            // Or it is full still of what the last connection brought.
            connect_notification.close ();
        } else {
            errno_assert (rc == 0);
            flush_session = true;
        }
",
    ),
    (
        "        add_timer (_options.heartbeat_interval, heartbeat_ivl_timer_id);
    } else if (id_ == heartbeat_ttl_timer_id) {
        _has_ttl_timer = false;
        error (timeout_error);
    } else if (id_ == heartbeat_timeout_timer_id) {
        _has_timeout_timer = false;
        error (timeout_error);
    } else
",
        "        add_timer (_input_stopped ? (_options.heartbeat_interval + 1) / 2
                                  : _options.heartbeat_interval,
                   heartbeat_ivl_timer_id);
    } else if (id_ == heartbeat_ttl_timer_id) {
        _has_ttl_timer = false;
        if (zmq_sys_has_unread ()) {
            add_timer (zmq_sys_ttl, heartbeat_ttl_timer_id);
            _has_ttl_timer = true;
        } else
            error (timeout_error);
    } else if (id_ == heartbeat_timeout_timer_id) {
        _has_timeout_timer = false;
        if (zmq_sys_has_unread ()) {
            add_timer (_options.heartbeat_timeout == -1
                         ? _options.heartbeat_interval
                         : _options.heartbeat_timeout,
                       heartbeat_timeout_timer_id);
            _has_timeout_timer = true;
        } else
            error (timeout_error);
    } else
",
    ),
    (
        "int zmq::stream_engine_base_t::read (void *data_, size_t size_)
{
",
        "bool zmq::stream_engine_base_t::zmq_sys_has_unread () const
{
    if (_input_stopped || _insize > 0)
        return true;
    char first;
    return recv (_s, &first, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

int zmq::stream_engine_base_t::read (void *data_, size_t size_)
{
",
    ),
];

/// See [`ENGINE`].
pub(super) const ENGINE_HEADER: &[Edit] = &[(
    "    virtual int read (void *data, size_t size_);
",
    "    //  Whether the peer said something that has not been looked at.
    bool zmq_sys_has_unread () const;
    //  Whether there is nobody to send to any more.
    bool zmq_sys_is_dead () const { return _io_error; }
    //  What the peer's last PING asked for, in milliseconds.
    int zmq_sys_ttl = 0;

    virtual int read (void *data, size_t size_);
",
)];

/// A PING without its time to live was answered with 16 bytes of an earlier message, as the length of
/// its context was taken for a huge one. One of more than 65.5 seconds passed for a short one: a tenth
/// of a second times 100 does not fit 16 bits.
///
/// A subscription is for who publishes; others took the command for a message.
///
/// The routing id of a peer that speaks an older ZMTP waits where the socket is closing, instead of
/// asserting that there is a socket to take it.
pub(super) const ZMTP_ENGINE: &[Edit] = &[
    (
        "        const size_t ping_max_ctx_len = 16;
        uint16_t remote_heartbeat_ttl;
",
        "        const size_t ping_max_ctx_len = 16;
        uint16_t remote_heartbeat_ttl;

        if (unlikely (msg_->size () < ping_ttl_len)) {
            errno = EPROTO;
            return -1;
        }
",
    ),
    (
        "        remote_heartbeat_ttl *= 100;

        if (!_has_ttl_timer && remote_heartbeat_ttl > 0) {
            add_timer (remote_heartbeat_ttl, heartbeat_ttl_timer_id);
            _has_ttl_timer = true;
        }
",
        "        zmq_sys_ttl = static_cast<int> (remote_heartbeat_ttl) * 100;

        if (!_has_ttl_timer && zmq_sys_ttl > 0) {
            add_timer (zmq_sys_ttl, heartbeat_ttl_timer_id);
            _has_ttl_timer = true;
        }
",
    ),
    (
        "    const uint8_t cmd_name_size =
      *(static_cast<const uint8_t *> (msg_->data ()));
",
        "    errno = EPROTO;
    if (unlikely (msg_->size () == 0))
        return -1;
    const uint8_t cmd_name_size =
      *(static_cast<const uint8_t *> (msg_->data ()));
    const bool zmq_sys_publishes =
      _options.type == ZMQ_PUB || _options.type == ZMQ_XPUB;
",
    ),
    (
        "    if (cmd_name_size == sub_name_size
        && memcmp",
        "    if (zmq_sys_publishes && cmd_name_size == sub_name_size
        && memcmp",
    ),
    (
        "    if (cmd_name_size == cancel_name_size
        && memcmp",
        "    if (zmq_sys_publishes && cmd_name_size == cancel_name_size
        && memcmp",
    ),
    (
        "        const int rc = session ()->push_msg (msg_);
        errno_assert (rc == 0);
",
        "        if (session ()->push_msg (msg_) == -1)
            return -1;
",
    ),
    (
        "        rc = session ()->push_msg (&subscription);
        errno_assert (rc == 0);
",
        "        rc = session ()->push_msg (&subscription);
        if (rc == -1) {
            subscription.close ();
            errno = EAGAIN;
            return -1;
        }
",
    ),
];

/// A peer that speaks `ZWS2.0` without a mechanism met heartbeats that assume one; one that names two
/// protocols, the second with a mechanism, never got the queues that the first relies on.
///
/// After a CLOSE is answered the connection has to be written to once more, as that is what closes it.
///
/// Like TCP, what never finishes its handshake is closed in time.
pub(super) const WS_ENGINE: &[Edit] = &[
    (
        "    start_ws_handshake ();
    set_pollin ();
",
        "    set_handshake_timer ();
    start_ws_handshake ();
    set_pollin ();
",
    ),
    (
        "        memcpy (msg_->data (), _options.routing_id, _options.routing_id_size);
    _next_msg = &ws_engine_t::pull_msg_from_session;

    return 0;
",
        "        memcpy (msg_->data (), _options.routing_id, _options.routing_id_size);
    _next_msg = &ws_engine_t::pull_msg_from_session;

    if (_options.heartbeat_interval > 0 && !_has_heartbeat_timer) {
        add_timer (_options.heartbeat_interval, heartbeat_ivl_timer_id);
        _has_heartbeat_timer = true;
    }

    return 0;
",
    ),
    (
        "        // No mechanism in place, enabling heartbeat
        if (_options.heartbeat_interval > 0 && !_has_heartbeat_timer) {
            add_timer (_options.heartbeat_interval, heartbeat_ivl_timer_id);
            _has_heartbeat_timer = true;
        }

",
        "",
    ),
    (
        "int zmq::ws_engine_t::process_routing_id_msg (msg_t *msg_)
{
    if (_options.recv_routing_id) {
        msg_->set_flags (msg_t::routing_id);
        const int rc = session ()->push_msg (msg_);
        errno_assert (rc == 0);
    } else {
",
        "int zmq::ws_engine_t::process_routing_id_msg (msg_t *msg_)
{
    if (msg_->is_ping () || msg_->is_pong () || msg_->is_close_cmd ())
        return process_command_message (msg_);

    if (_options.recv_routing_id) {
        msg_->set_flags (msg_t::routing_id);
        if (session ()->push_msg (msg_) == -1)
            return -1;
    } else {
",
    ),
    (
        "    _process_msg = &ws_engine_t::push_msg_to_session;
",
        "    _process_msg = static_cast<int (stream_engine_base_t::*) (msg_t *)> (
      &ws_engine_t::decode_and_push);
",
    ),
    (
        "                        if (_mechanism) {
",
        "                        if (_mechanism || _websocket_protocol[0] != '\\0') {
",
    ),
    (
        "int zmq::ws_engine_t::decode_and_push (msg_t *msg_)
{
    zmq_assert (_mechanism != NULL);
",
        "int zmq::ws_engine_t::decode_and_push (msg_t *msg_)
{
",
    ),
    (
        "    } else if (_mechanism->decode (msg_) == -1)
        return -1;
",
        "    } else if (_mechanism && _mechanism->decode (msg_) == -1) {
        errno = EPROTO;
        return -1;
    }
",
    ),
    (
        "    msg_->set_flags (msg_t::command | msg_t::ping);

    _next_msg = &ws_engine_t::pull_and_encode;
",
        "    msg_->set_flags (msg_t::command | msg_t::ping);

    _next_msg = _mechanism ? &ws_engine_t::pull_and_encode
                           : &ws_engine_t::pull_msg_from_session;
",
    ),
    (
        "    msg_->set_flags (msg_t::command | msg_t::pong);

    _next_msg = &ws_engine_t::pull_and_encode;
",
        "    msg_->set_flags (msg_t::command | msg_t::pong);

    _next_msg = _mechanism ? &ws_engine_t::pull_and_encode
                           : &ws_engine_t::pull_msg_from_session;
",
    ),
    (
        "          &ws_engine_t::produce_close_message);
        out_event ();
",
        "          &ws_engine_t::produce_close_message);
        out_event ();
        if (!zmq_sys_is_dead ()) {
            _output_stopped = false;
            set_pollout ();
        }
",
    ),
];

/// A step that fails without saying why met something malformed. What `errno` held before could say
/// that the socket is full, and then the connection waited for ever instead of ending.
pub(super) const DECODER_HEADER: &[Edit] =
    &[("        bytes_used_ = 0;\n", "        bytes_used_ = 0;\n        errno = EPROTO;\n")];

/// A buffer to receive into that is shorter than a length on the wire (`ZMQ_IN_BATCH_SIZE` up to 8) is
/// not used for that length. Behind it no message begins: the released one took what lay there in
/// memory for the message, and a stranger wrote into it.
pub(super) const V2_DECODER: &[Edit] = &[(
    "    if (unlikely (!_zero_copy
                  || msg_size_",
    "    if (unlikely (!_zero_copy || allocator.data () > read_pos_
                  || static_cast<size_t> (read_pos_ - allocator.data ())
                       > allocator.size ()
                  || msg_size_",
)];

/// A message of 2 GiB is unmasked to its end: its bytes were counted in an `int`.
pub(super) const WS_DECODER: &[Edit] = &[(
    "        int mask_index = _opcode == ws_protocol_t::opcode_binary ? 1 : 0;
",
    "        size_t mask_index = _opcode == ws_protocol_t::opcode_binary ? 1 : 0;
",
)];

/// As [`WS_DECODER`].
pub(super) const WS_ENCODER: &[Edit] = &[(
    "        int mask_index = 0;
        if (_is_binary)
            ++mask_index;
",
    "        size_t mask_index = 0;
        if (_is_binary)
            ++mask_index;
",
)];

/// A subscription of 255 bytes has 256 with the byte in front of it, and a length of eight bytes: the
/// flag that says so was set by the length without that byte, and the publisher read nonsense.
pub(super) const V2_ENCODER: &[Edit] = &[(
    "    if (in_progress ()->size () > UCHAR_MAX)
        protocol_flags |= v2_protocol_t::large_flag;
    if (in_progress ()->flags () & msg_t::command)
        protocol_flags |= v2_protocol_t::command_flag;
    if (in_progress ()->is_subscribe () || in_progress ()->is_cancel ())
        ++size;
",
    "    if (in_progress ()->flags () & msg_t::command)
        protocol_flags |= v2_protocol_t::command_flag;
    if (in_progress ()->is_subscribe () || in_progress ()->is_cancel ())
        ++size;
    if (size > UCHAR_MAX)
        protocol_flags |= v2_protocol_t::large_flag;
",
)];

/// What is left of a message that was half sent cannot be read from a queue that is ending already:
/// a peer that leaves while the socket closes asserted that it can.
///
/// What sits in a handler's place and cannot answer admits nobody.
pub(super) const SESSION: &[Edit] = &[
    (
        "    zmq_assert (peer.options.type == ZMQ_REP || peer.options.type == ZMQ_ROUTER
                || peer.options.type == ZMQ_SERVER);
",
        "",
    ),
    (
        "        rc = pull_msg (&msg);
        errno_assert (rc == 0);
        rc = msg.close ();
",
        "        if (pull_msg (&msg) == -1)
            _incomplete_in = false;
        rc = msg.close ();
",
    ),
];

/// A routing id opens what a peer that came back has to say. It does not count as a message, so it
/// needs no room: where the queue was full still of what came before, the connection never got ready,
/// or asserted.
///
/// What libzmq says in the peer's place counts, as its reader counts it: the writer took the queue for
/// full for ever once it was told of more read than written.
pub(super) const PIPE: &[Edit] = &[
    (
        "    if (unlikely (!check_write ()))
        return false;

    const bool more = (msg_->flags () & msg_t::more) != 0;
    const bool is_routing_id = msg_->is_routing_id ();
",
        "    const bool more = (msg_->flags () & msg_t::more) != 0;
    const bool is_routing_id = msg_->is_routing_id ();
    if (unlikely (!check_write ())
        && !(is_routing_id && !more && _state == active))
        return false;

",
    ),
    (
        "        _out_pipe->write (_disconnect_msg, false);
",
        "        _out_pipe->write (_disconnect_msg, false);
        _msgs_written++;
",
    ),
    (
        "        const int rc = msg.init_buffer (&hiccup_[0], hiccup_.size ());
        errno_assert (rc == 0);

        _out_pipe->write (msg, false);
",
        "        const int rc = msg.init_buffer (&hiccup_[0], hiccup_.size ());
        errno_assert (rc == 0);

        _out_pipe->write (msg, false);
        _msgs_written++;
",
    ),
];

/// A socket whose `immediate` was changed after it connected is told of a lost connection as if it had
/// not been.
pub(super) const SOCKET: &[Edit] = &[
    (
        "void zmq::socket_base_t::xhiccuped (pipe_t *)
{
    zmq_assert (false);
}
",
        "void zmq::socket_base_t::xhiccuped (pipe_t *pipe_)
{
    pipe_->terminate (false);
}
",
    ),
    (
        "    zmq_assert (it != end);
    zmq_assert (!it->second.active);
    it->second.active = true;
",
        "    if (it != end)
        it->second.active = true;
",
    ),
];

/// A peer that calls itself as ROUTER calls the nameless, with a zero and four bytes, is nameless: the
/// next one that was given that name asserted that it is free. So did a `connect_routing_id` that a
/// peer had taken before.
///
/// A peer that is gone is no longer the one that is read from.
///
/// A request that ends within its envelope leaves nothing behind: where its sender had no room for an
/// answer, the envelope of the next one was taken for the rest of it, and its answer lost.
pub(super) const ROUTER: &[Edit] = &[
    (
        "        //  Not allowed to duplicate an existing rid
        zmq_assert (!has_out_pipe (routing_id));
    } else if (
",
        "    }
    if (routing_id.size () > 0 && !has_out_pipe (routing_id)) {
        //  Its name is free.
    } else if (
",
    ),
    (
        "        if (msg.size () == 0) {
",
        "        if (msg.size () == 0
            || (msg.size () == 5
                && *static_cast<unsigned char *> (msg.data ()) == 0)) {
",
    ),
    (
        "        if (pipe_ == _current_out)
            _current_out = NULL;
",
        "        if (pipe_ == _current_out)
            _current_out = NULL;
        if (pipe_ == _current_in) {
            _current_in = NULL;
            _terminate_current_in = false;
        }
",
    ),
    (
        "        _current_out->rollback ();
        _current_out = NULL;
        _more_out = false;
    }
    return 0;
",
        "        _current_out->rollback ();
        _current_out = NULL;
    }
    _more_out = false;
    return 0;
",
    ),
];

/// As [`ROUTER`].
pub(super) const STREAM: &[Edit] = &[(
    "        //  Not allowed to duplicate an existing rid
        zmq_assert (!has_out_pipe (routing_id));
    } else {
",
    "    }
    if (routing_id.size () == 0 || has_out_pipe (routing_id)) {
",
)];

/// A subscriber that is gone before its subscription was read is nobody whose queue may be looked at.
pub(super) const XPUB: &[Edit] = &[(
    "        if (pipe_ == _last_pipe) {
            _last_pipe = NULL;
        }
",
    "        if (pipe_ == _last_pipe) {
            _last_pipe = NULL;
        }
        std::replace (_pending_pipes.begin (), _pending_pipes.end (), pipe_,
                      static_cast<pipe_t *> (NULL));
",
)];

/// A server that knows its secret key may send a point that no key can be made of. That is its fault.
pub(super) const CURVE_TOOLS: &[Edit] = &[(
    "        rc = crypto_box_beforenm (cn_precom_, cn_server_, cn_secret_);
        zmq_assert (rc == 0);
",
    "        rc = crypto_box_beforenm (cn_precom_, cn_server_, cn_secret_);
        if (rc != 0) {
            errno = EPROTO;
            return -1;
        }
",
)];

/// What comes before its time is not opened with a key that is not there yet.
pub(super) const CURVE_CLIENT: &[Edit] = &[
    (
        "    const int rc = _tools.process_welcome (msg_data_, msg_size_,
",
        "    if (_state != expect_welcome) {
        session->get_socket ()->event_handshake_failed_protocol (
          session->get_endpoint (), ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND);
        errno = EPROTO;
        return -1;
    }

    const int rc = _tools.process_welcome (msg_data_, msg_size_,
",
    ),
    (
        "    if (msg_size_ < 30) {
",
        "    if (_state != expect_ready) {
        session->get_socket ()->event_handshake_failed_protocol (
          session->get_endpoint (), ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND);
        errno = EPROTO;
        return -1;
    }
    if (msg_size_ < 30) {
",
    ),
];

/// What a network answers is not in libzmq's hands: a host that refuses the protocol, a filter that
/// forbids, a system that is out of memory or descriptors. Each ends one connection.
pub(super) const IP: &[Edit] = &[
    (
        "    if (err != 0) {
        errno = err;
        errno_assert (errno == ECONNREFUSED || errno == ECONNRESET
                      || errno == ECONNABORTED || errno == EINTR
                      || errno == ETIMEDOUT || errno == EHOSTUNREACH
                      || errno == ENETUNREACH || errno == ENETDOWN
                      || errno == ENETRESET || errno == EINVAL);
    }
",
        "    if (err != 0)
        errno = err;
",
    ),
    (
        "#else
    errno_assert (rc == 0);
#endif

    //  Windows and Hurd do not support IPV6_TCLASS
",
        "#endif

    //  Windows and Hurd do not support IPV6_TCLASS
",
    ),
    (
        "    if (rc == -1) {
        errno_assert (errno == ENOPROTOOPT || errno == EINVAL);
    }
",
        "    LIBZMQ_UNUSED (rc);
",
    ),
    (
        "                  reinterpret_cast<char *> (&priority_), sizeof (priority_));
    errno_assert (rc == 0);
",
        "                  reinterpret_cast<char *> (&priority_), sizeof (priority_));
    LIBZMQ_UNUSED (rc);
",
    ),
];

/// As [`IP`].
pub(super) const TCP: &[Edit] = &[
    (
        "        errno_assert (errno != EACCES && errno != EBADF && errno != EDESTADDRREQ
                      && errno != EFAULT && errno != EISCONN
                      && errno != EMSGSIZE && errno != ENOMEM
                      && errno != ENOTSOCK && errno != EOPNOTSUPP);
",
        "        errno_assert (errno != EBADF && errno != EFAULT && errno != ENOTSOCK);
",
    ),
    (
        "        errno_assert (errno != EBADF && errno != EFAULT && errno != ENOMEM
                      && errno != ENOTSOCK);
",
        "        errno_assert (errno != EBADF && errno != EFAULT && errno != ENOTSOCK);
",
    ),
];

/// Those errors of `accept` that Linux passes on from the connection, or that a filter makes; and a
/// connection that was reset already is closed, not kept.
macro_rules! any_error_of_accept {
    () => {
        (
            "#else
        errno_assert (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR
                      || errno == ECONNABORTED || errno == EPROTO
                      || errno == ENOBUFS || errno == ENOMEM || errno == EMFILE
                      || errno == ENFILE);
#endif
        return retired_fd;
",
            "#endif
        return retired_fd;
",
        )
    };
}

/// As [`IP`].
pub(super) const TCP_LISTENER: &[Edit] = &[
    any_error_of_accept!(),
    (
        "    rc = rc | tune_tcp_maxrt (fd, options.tcp_maxrt);
    if (rc != 0) {
",
        "    rc = rc | tune_tcp_maxrt (fd, options.tcp_maxrt);
    if (rc != 0) {
        const int zmq_sys_why = errno;
        ::close (fd);
        errno = zmq_sys_why;
",
    ),
];

/// As [`IP`].
pub(super) const WS_LISTENER: &[Edit] = &[any_error_of_accept!()];

/// As [`IP`]. The released one does not even expect to be out of descriptors.
pub(super) const IPC_LISTENER: &[Edit] = &[(
    "#else
        errno_assert (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR
                      || errno == ECONNABORTED || errno == EPROTO
                      || errno == ENFILE);
#endif
",
    "#endif
",
)];

/// As [`IP`]. `iptables -j REJECT --reject-with icmp-proto-unreachable` ended the process.
macro_rules! any_error_of_connect {
    () => {
        (
            "        errno_assert (errno != EBADF && errno != ENOPROTOOPT
                      && errno != ENOTSOCK && errno != ENOBUFS);
#else
",
            "        errno_assert (errno != EBADF && errno != ENOTSOCK);
#else
",
        )
    };
}

/// See [`IP`].
pub(super) const TCP_CONNECTER: &[Edit] = &[any_error_of_connect!()];

/// See [`IP`].
pub(super) const WS_CONNECTER: &[Edit] = &[any_error_of_connect!()];

/// See [`IP`].
pub(super) const IPC_CONNECTER: &[Edit] = &[(
    "        errno_assert (errno == ECONNREFUSED || errno == ECONNRESET
                      || errno == ETIMEDOUT || errno == EHOSTUNREACH
                      || errno == ENETUNREACH || errno == ENETDOWN);

",
    "",
)];

/// See [`IP`]. And a proxy that was left is no longer watched: who stopped while it waited to ask
/// again asserted that.
pub(super) const SOCKS_CONNECTER: &[Edit] = &[
    (
        "        errno_assert (errno == ECONNREFUSED || errno == ECONNRESET
                      || errno == ETIMEDOUT || errno == EHOSTUNREACH
                      || errno == ENETUNREACH || errno == ENETDOWN
                      || errno == EINVAL);
",
        "",
    ),
    (
        "    rm_fd (_handle);
    close ();
    _greeting_encoder.reset ();
",
        "    rm_handle ();
    close ();
    _greeting_encoder.reset ();
",
    ),
];

/// What lies behind a buffer begins where it may: `ZMQ_IN_BATCH_SIZE` may be odd.
pub(super) const ALLOCATOR: &[Edit] = &[
    (
        "    zmq_sys_room = zmq_sys_wanted;
",
        "    zmq_sys_room = zmq_sys_wanted;
    const std::size_t zmq_sys_end = (zmq_sys_room + 15) & ~std::size_t (15);
",
    ),
    (
        "          zmq_sys_room + sizeof (zmq::atomic_counter_t)
",
        "          zmq_sys_end + sizeof (zmq::atomic_counter_t)
",
    ),
    (
        "      _buf + sizeof (atomic_counter_t) + zmq_sys_room);
",
        "      _buf + sizeof (atomic_counter_t) + zmq_sys_end);
",
    ),
];

/// A subscription that an XPUB hears is passed on to an XSUB by who forwards. Its length is the
/// stranger's choice, so nothing may go as deep into the stack as it is long.
pub(super) const TRIE: &[Edit] = &[
    (
        "    if (_count == 1) {
        zmq_assert (_next.node);
        LIBZMQ_DELETE (_next.node);
    } else if (_count > 1) {
        for (unsigned short i = 0; i != _count; ++i) {
            LIBZMQ_DELETE (_next.table[i]);
        }
        free (_next.table);
    }
}

bool zmq::trie_t::add (unsigned char *prefix_, size_t size_)
{
    //  We are at the node corresponding to the prefix. We are done.
    if (!size_) {
        ++_refcnt;
        return _refcnt == 1;
    }

    const unsigned char c = *prefix_;
",
        "    std::vector<trie_t *> rest;
    zmq_sys_leave (rest);
    while (!rest.empty ()) {
        trie_t *node = rest.back ();
        rest.pop_back ();
        node->zmq_sys_leave (rest);
        delete node;
    }
}

void zmq::trie_t::zmq_sys_leave (std::vector<trie_t *> &rest_)
{
    if (_count == 1)
        rest_.push_back (_next.node);
    else if (_count > 1) {
        for (unsigned short i = 0; i != _count; ++i)
            if (_next.table[i])
                rest_.push_back (_next.table[i]);
        free (_next.table);
    }
    _count = 0;
}

bool zmq::trie_t::add (unsigned char *prefix_, size_t size_)
{
    trie_t *node = this;
    for (; size_; ++prefix_, --size_)
        node = node->zmq_sys_step (*prefix_);
    ++node->_refcnt;
    return node->_refcnt == 1;
}

zmq::trie_t *zmq::trie_t::zmq_sys_step (const unsigned char c)
{
",
    ),
    (
        "        return _next.node->add (prefix_ + 1, size_ - 1);
",
        "        return _next.node;
",
    ),
    (
        "    return _next.table[c - _min]->add (prefix_ + 1, size_ - 1);
",
        "    return _next.table[c - _min];
",
    ),
    (
        "    //  TODO: Shouldn't an error be reported if the key does not exist?
    if (!size_) {
        if (!_refcnt)
            return false;
        _refcnt--;
        return _refcnt == 0;
    }
    const unsigned char c = *prefix_;
    if (!_count || c < _min || c >= _min + _count)
        return false;

    trie_t *next_node = _count == 1 ? _next.node : _next.table[c - _min];

    if (!next_node)
        return false;

    const bool ret = next_node->rm (prefix_ + 1, size_ - 1);

    //  Prune redundant nodes
",
        "    std::vector<trie_t *> path;
    trie_t *node = this;
    for (size_t i = 0; i != size_; ++i) {
        const unsigned char c = prefix_[i];
        if (!node->_count || c < node->_min || c >= node->_min + node->_count)
            return false;
        path.push_back (node);
        node = node->_count == 1 ? node->_next.node
                                 : node->_next.table[c - node->_min];
        if (!node)
            return false;
    }
    if (!node->_refcnt)
        return false;
    node->_refcnt--;
    const bool ret = node->_refcnt == 0;
    while (!path.empty () && node->is_redundant ()) {
        node = path.back ();
        path.pop_back ();
        node->zmq_sys_prune (prefix_[path.size ()]);
    }
    return ret;
}

void zmq::trie_t::zmq_sys_prune (const unsigned char c)
{
    trie_t *next_node = _count == 1 ? _next.node : _next.table[c - _min];

    //  Prune redundant nodes
",
    ),
    (
        "    return ret;
}

bool zmq::trie_t::check (",
        "}

bool zmq::trie_t::check (",
    ),
    (
        "    unsigned char *buff = NULL;
    apply_helper (&buff, 0, 0, func_, arg_);
    free (buff);
",
        "    std::vector<unsigned char> prefix;
    std::vector<std::pair<const trie_t *, unsigned short> > path;
    if (_refcnt)
        func_ (NULL, 0, arg_);
    path.push_back (std::make_pair (this, 0));
    while (!path.empty ()) {
        const trie_t *const node = path.back ().first;
        const unsigned short child = path.back ().second++;
        if (child >= node->_count) {
            path.pop_back ();
            if (!prefix.empty ())
                prefix.pop_back ();
            continue;
        }
        const trie_t *const next =
          node->_count == 1 ? node->_next.node : node->_next.table[child];
        if (!next)
            continue;
        prefix.push_back (node->_min + child);
        if (next->_refcnt)
            func_ (&prefix[0], prefix.size (), arg_);
        path.push_back (std::make_pair (next, 0));
    }
",
    ),
];

/// See [`TRIE`].
pub(super) const TRIE_HEADER: &[Edit] = &[
    (
        "    bool is_redundant () const;

    uint32_t _refcnt;
",
        "    bool is_redundant () const;
    //  Gives the nodes below to somebody else, and has none.
    void zmq_sys_leave (std::vector<trie_t *> &rest_);
    //  The node below for a byte, made if there is none.
    trie_t *zmq_sys_step (unsigned char c);
    //  Removes the node below for a byte, if nothing needs it.
    void zmq_sys_prune (unsigned char c);

    uint32_t _refcnt;
",
    ),
    ("#include \"macros.hpp\"\n", "#include <vector>\n#include \"macros.hpp\"\n"),
];

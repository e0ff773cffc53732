//! Owns the edits by which nobody is connected whom a ZAP handler should have been asked about.
//!
//! The released libzmq takes a handler that is away for "no authentication wanted", waits for ever
//! for the answer of one that went, and lets a WebSocket peer choose to pass without a mechanism.

use super::Edit;

/// A setting of a context, 0 or 1: whether every handshake that would ask a ZAP handler fails while
/// there is none. It is read at each handshake, so it holds for listeners that are there already.
pub(super) const CONTEXT_HEADER: &[Edit] = &[(
    "    //  Does context wait (possibly forever) on termination?
    bool _blocky;
",
    "    //  Does context wait (possibly forever) on termination?
    bool _blocky;

    //  Must a ZAP handler be there for handshakes that would ask it?
    bool _zmq_sys_needs_zap;
",
)];

/// See [`CONTEXT_HEADER`]. The number is `ZMQ_SYS_NEEDS_ZAP`.
pub(super) const CONTEXT: &[Edit] = &[
    ("    _blocky (true),\n", "    _blocky (true),\n    _zmq_sys_needs_zap (false),\n"),
    (
        "        case ZMQ_BLOCKY:
            if (is_int && value >= 0) {
",
        "        case 0x5a41:
            if (is_int && (value == 0 || value == 1)) {
                scoped_lock_t locker (_opt_sync);
                _zmq_sys_needs_zap = (value == 1);
                return 0;
            }
            break;

        case ZMQ_BLOCKY:
            if (is_int && value >= 0) {
",
    ),
    (
        "        case ZMQ_BLOCKY:
            if (is_int) {
",
        "        case 0x5a41:
            if (is_int) {
                scoped_lock_t locker (_opt_sync);
                *value = _zmq_sys_needs_zap;
                return 0;
            }
            break;

        case ZMQ_BLOCKY:
            if (is_int) {
",
    ),
];

/// Whether a handshake fails where no handler is there to be asked.
pub(super) const SESSION_HEADER: &[Edit] = &[(
    "    bool zap_enabled () const;
",
    "    bool zap_enabled () const;

    bool zmq_sys_needs_zap () const;
",
)];

/// A handshake whose handler goes without an answer ends at once, so that the peer knocks again.
/// And a connection made anew asks anew: the answer that an earlier peer at that endpoint got, or a
/// late one that finds no mechanism, is not for it.
pub(super) const SESSION: &[Edit] = &[
    (
        "bool zmq::session_base_t::zap_enabled () const
",
        "bool zmq::session_base_t::zmq_sys_needs_zap () const
{
    return options.zap_enforce_domain
           || get_ctx ()->get (0x5a41) == 1;
}

bool zmq::session_base_t::zap_enabled () const
",
    ),
    (
        "    } else if (pipe_ == _zap_pipe)
        _zap_pipe = NULL;
    else
        // Remove the pipe from the detached pipes set
",
        "    } else if (pipe_ == _zap_pipe) {
        _zap_pipe = NULL;
        if (_engine && !_pending && !is_terminating ())
            _engine->zap_msg_available ();
    } else
        // Remove the pipe from the detached pipes set
",
    ),
    (
        "            if (_active) {
                reconnect ();
                break;
            }
",
        "            if (_active) {
                if (_zap_pipe) {
                    _zap_pipe->terminate (false);
                    _terminating_pipes.insert (_zap_pipe);
                    _zap_pipe = NULL;
                }
                reconnect ();
                break;
            }
",
    ),
];

/// What a handler says when nobody waits for it is passed over. A peer that it puts off (300) is let
/// go at once, instead of by the handshake's time.
pub(super) const ENGINE: &[Edit] = &[(
    "    zmq_assert (_mechanism != NULL);

    const int rc = _mechanism->zap_msg_available ();
    if (rc == -1) {
        error (protocol_error);
        return;
    }
",
    "    if (_mechanism == NULL
        || _mechanism->status () != mechanism_t::handshaking)
        return;

    const int rc = _mechanism->zap_msg_available ();
    if (rc == -1) {
        //  With the handler gone, a connecting socket has to try again.
        error (errno == ENOTCONN ? connection_error : protocol_error);
        return;
    }
    if (_mechanism->status () == mechanism_t::error) {
        error (protocol_error);
        return;
    }
",
)];

/// A handler may answer twice.
pub(super) const CLIENT: &[Edit] = &[(
    "int zap_client_common_handshake_t::zap_msg_available ()
{
    zmq_assert (state == waiting_for_zap_reply);
",
    "int zap_client_common_handshake_t::zap_msg_available ()
{
    if (state != waiting_for_zap_reply)
        return 0;
",
)];

/// See [`NULL_MECHANISM`].
pub(super) const NULL_MECHANISM_HEADER: &[Edit] = &[(
    "    void send_zap_request ();\n",
    "    void send_zap_request ();\n    int zmq_sys_ask ();\n",
)];

/// Whoever comes first, our READY or the peer's, the handler is asked before. Where it has to be
/// there and is not, the handshake ends as it does when a handler puts the peer off, instead of
/// waiting for its time to be over.
pub(super) const NULL_MECHANISM: &[Edit] = &[
    (
        "int zmq::null_mechanism_t::next_handshake_command (msg_t *msg_)
",
        "int zmq::null_mechanism_t::zmq_sys_ask ()
{
    if (_zap_reply_received || _zap_request_sent || !zap_required ())
        return 0;

    if (session->zap_connect () == -1) {
        if (session->zmq_sys_needs_zap ()) {
            session->get_socket ()->event_handshake_failed_no_detail (
              session->get_endpoint (), EFAULT);
            _zap_reply_received = true;
            status_code = \"300\";
        }
        return 0;
    }
    send_zap_request ();
    _zap_request_sent = true;

    //  The pipe tells of an answer only after a read has found none.
    const int rc = receive_and_process_zap_reply ();
    if (rc == 0)
        _zap_reply_received = true;
    return rc == -1 ? -1 : 0;
}

int zmq::null_mechanism_t::next_handshake_command (msg_t *msg_)
",
    ),
    (
        "    if (zap_required () && !_zap_reply_received) {
        if (_zap_request_sent) {
            errno = EAGAIN;
            return -1;
        }
        //  Given this is a backward-incompatible change, it's behind a socket
        //  option disabled by default.
        int rc = session->zap_connect ();
        if (rc == -1 && options.zap_enforce_domain) {
            session->get_socket ()->event_handshake_failed_no_detail (
              session->get_endpoint (), EFAULT);
            return -1;
        }
        if (rc == 0) {
            send_zap_request ();
            _zap_request_sent = true;

            //  TODO actually, it is quite unlikely that we can read the ZAP
            //  reply already, but removing this has some strange side-effect
            //  (probably because the pipe's in_active flag is true until a read
            //  is attempted)
            rc = receive_and_process_zap_reply ();
            if (rc != 0)
                return -1;

            _zap_reply_received = true;
        }
    }
",
        "    if (zmq_sys_ask () == -1)
        return -1;
    if (_zap_request_sent && !_zap_reply_received) {
        errno = EAGAIN;
        return -1;
    }
",
    ),
    (
        "    const unsigned char *cmd_data =
      static_cast<unsigned char *> (msg_->data ());
    const size_t data_size = msg_->size ();

    int rc = 0;
    if (data_size >= ready_command_name_len
",
        "    if (zmq_sys_ask () == -1)
        return -1;
    if (_zap_reply_received && status_code == \"300\") {
        errno = EPROTO;
        return -1;
    }

    const unsigned char *cmd_data =
      static_cast<unsigned char *> (msg_->data ());
    const size_t data_size = msg_->size ();

    int rc = 0;
    if (data_size >= ready_command_name_len
",
    ),
    (
        "    if (_zap_reply_received) {
        errno = EFSM;
        return -1;
    }
    const int rc = receive_and_process_zap_reply ();
",
        "    if (_zap_reply_received)
        return 0;
    const int rc = receive_and_process_zap_reply ();
",
    ),
    (
        "    if (_ready_command_sent && _ready_command_received)
        return ready;
",
        "    if (_ready_command_sent && _ready_command_received)
        return ready;
    if (_zap_reply_received && status_code == \"300\")
        return error;
",
    ),
];

/// See [`CONTEXT_HEADER`].
pub(super) const CURVE_SERVER: &[Edit] = &[
    (
        "        } else if (!options.zap_enforce_domain) {
",
        "        } else if (!session->zmq_sys_needs_zap ()) {
",
    ),
    (
        "            session->get_socket ()->event_handshake_failed_no_detail (
              session->get_endpoint (), EFAULT);
            return -1;
",
        "            session->get_socket ()->event_handshake_failed_no_detail (
              session->get_endpoint (), EFAULT);
            errno = EPROTO;
            return -1;
",
    ),
];

/// The assertion could be reached by the first peer of a socket that enforces no domain; the handler
/// is asked in any case.
pub(super) const PLAIN_SERVER: &[Edit] = &[
    (
        "    if (options.zap_enforce_domain)
        zmq_assert (zap_required ());
",
        "",
    ),
    (
        "        session->get_socket ()->event_handshake_failed_no_detail (
          session->get_endpoint (), EFAULT);
        return -1;
",
        "        session->get_socket ()->event_handshake_failed_no_detail (
          session->get_endpoint (), EFAULT);
        errno = EPROTO;
        return -1;
",
    ),
];

/// A peer that asks for ZWS2.0 without a mechanism has no handshake in which it could be asked about,
/// as one of ZMTP 1 and 2, which is turned away for that.
pub(super) const WS_ENGINE: &[Edit] = &[(
    "    if (_options.mechanism == ZMQ_NULL && (strcmp (\"ZWS2.0\", protocol_) == 0)) {
",
    "    if (_options.mechanism == ZMQ_NULL && !session ()->zap_enabled ()
        && (strcmp (\"ZWS2.0\", protocol_) == 0)) {
",
)];

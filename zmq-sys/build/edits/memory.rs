//! Owns the edits by which a connection that is idle takes little memory.

use super::Edit;

/// A queue takes memory in pieces of so many messages or commands of 64 bytes. 256 of them are 16 KiB
/// for each direction of each connection, of which an idle one uses the first; 14 of them, with what
/// an allocator adds for their alignment, fill a block of 1 KiB, and 6 one of 512 bytes.
pub(super) const CONFIG: &[Edit] = &[
    ("message_pipe_granularity = 256,", "message_pipe_granularity = 14,"),
    ("command_pipe_granularity = 16,", "command_pipe_granularity = 6,"),
];

/// A buffer to receive into is as long as `ZMQ_IN_BATCH_SIZE` and kept by every message in it that
/// nobody has closed: a message that came alone and waits would keep all of it. So one of more than
/// 8 KiB is only taken after a read that got as much, and until a read got 512 bytes, which on an
/// idle connection none ever does, one of 512 bytes has to do.
pub(super) const ALLOCATOR: &[Edit] = &[
    (
        "    // if buf != NULL it is not used by any message so we can re-use it for the next run
    if (!_buf) {
        // allocate memory for reference counters together with reception buffer
        std::size_t const allocationsize =
          _max_size + sizeof (zmq::atomic_counter_t)
          + _max_counters * sizeof (zmq::msg_t::content_t);
",
        "    zmq_sys_is_used = zmq_sys_is_used || zmq_sys_got >= 512;
    const std::size_t zmq_sys_short = zmq_sys_is_used ? 8192 : 512;
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

/// What the last read got, how much there is room for, and whether a read ever got much.
pub(super) const ALLOCATOR_HEADER: &[Edit] = &[
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
    bool zmq_sys_is_used = false;
};
}
",
    ),
];

/// A buffer to send from is as long as `ZMQ_OUT_BATCH_SIZE` and kept by its connection, used or not.
/// One of 512 bytes has to do until it was full once.
pub(super) const ENCODER_HEADER: &[Edit] = &[
    (
        "        _buf_size (bufsize_),
        _buf (static_cast<unsigned char *> (malloc (bufsize_))),
",
        "        _buf_size (bufsize_),
        zmq_sys_space (std::min<size_t> (bufsize_, 512)),
        zmq_sys_was_full (false),
        _buf (static_cast<unsigned char *> (malloc (zmq_sys_space))),
",
    ),
    (
        "        const size_t buffersize = !*data_ ? _buf_size : size_;
",
        "        const size_t buffersize = !*data_ ? zmq_sys_space : size_;
",
    ),
    (
        "                pos = _to_write;
                _write_pos = NULL;
                _to_write = 0;
                return pos;
",
        "                pos = _to_write;
                _write_pos = NULL;
                _to_write = 0;
                zmq_sys_was_full = true;
                return pos;
",
    ),
    (
        "        *data_ = buffer;
        return pos;
    }
",
        "        zmq_sys_was_full = zmq_sys_was_full || pos == buffersize;
        *data_ = buffer;
        return pos;
    }

    size_t zmq_sys_room () ZMQ_FINAL
    {
        if (zmq_sys_was_full && zmq_sys_space < _buf_size) {
            free (_buf);
            _buf = static_cast<unsigned char *> (malloc (_buf_size));
            alloc_assert (_buf);
            zmq_sys_space = _buf_size;
        }
        return zmq_sys_space;
    }
",
    ),
    (
        "    const size_t _buf_size;
    unsigned char *const _buf;
",
        "    const size_t _buf_size;
    size_t zmq_sys_space;
    bool zmq_sys_was_full;
    unsigned char *_buf;
",
    ),
];

/// See [`ENCODER_HEADER`].
pub(super) const ENGINE: &[Edit] = &[
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
];

/// How many bytes the next batch may have. Only to be asked when the one before is sent.
pub(super) const ENCODER_INTERFACE: &[Edit] = &[(
    "    virtual void load_msg (msg_t *msg_) = 0;
",
    "    virtual void load_msg (msg_t *msg_) = 0;

    virtual size_t zmq_sys_room () = 0;
",
)];

/// A connection keeps two more copies of its session's options, 1.2 KiB each. The session, and the
/// listener whose child it is, outlive its engine, and the engine its mechanism.
pub(super) const MECHANISM_HEADER: &[Edit] =
    &[("    const options_t options;\n", "    const options_t &options;\n")];

/// See [`MECHANISM_HEADER`].
pub(super) const ENGINE_HEADER: &[Edit] =
    &[("    const options_t _options;\n", "    const options_t &_options;\n")];

/// See [`MECHANISM_HEADER`].
pub(super) const SESSION_HEADER: &[Edit] = &[(
    "    //  To be used once only, when creating the session.
",
    "    const options_t &zmq_sys_options () const { return options; }

    //  To be used once only, when creating the session.
",
)];

/// What connects is gone as soon as there is a connection.
pub(super) const CONNECTER: &[Edit] = &[
    (" raw_engine_t (fd_, options,", " raw_engine_t (fd_, _session->zmq_sys_options (),"),
    (" zmtp_engine_t (fd_, options,", " zmtp_engine_t (fd_, _session->zmq_sys_options (),"),
];

/// As [`CONNECTER`].
pub(super) const WS_CONNECTER: &[Edit] = &[(
    "ws_engine_t (
          fd_, options,",
    "ws_engine_t (
          fd_, _session->zmq_sys_options (),",
)];

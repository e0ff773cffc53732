//! Owns the few places where libzmq is built otherwise than it was released, and the compiler that
//! sees them: this build script itself, standing in for the real one. What it compiles is one file
//! that includes all others, so that what is called for each message is inlined: each class of
//! libzmq's has a file of its own.
//!
//! It never changes what is on disk but its own copies, and never passes over an edit that does
//! not fit: the version of the sources is pinned, so each place is there exactly once.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The real compiler, for a build script that was started as a compiler.
pub(crate) const REAL_COMPILER: &str = "ZMQ_SYS_REAL_COMPILER";

/// A text in a source file, and what it becomes.
type Edit = (&'static str, &'static str);

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
const HEADERS: &[(&str, &[Edit])] =
    &[("config.hpp", CONFIG), ("decoder_allocators.hpp", ALLOCATOR_HEADER)];
/// Source files that are edited.
const EDITED: &[(&str, &[Edit])] = &[
    ("decoder_allocators.cpp", ALLOCATOR),
    ("ip_resolver.cpp", RESOLVER),
    ("mailbox.cpp", MAILBOX),
    ("pipe.cpp", PIPE),
    ("socket_base.cpp", SOCKET),
    ("stream_engine_base.cpp", ENGINE),
];
/// The file that stands for all of them.
const WHOLE: &str = "zmq.cpp";
/// What needs GnuTLS, which is not here.
const LEFT_OUT: &[&str] = &["wss_address.cpp", "wss_engine.cpp"];

/// Calls the real compiler, with all of libzmq in the place of one of its files and nothing in the
/// place of the others.
pub(crate) fn compile(compiler: &str) -> ExitCode {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    let source = arguments.iter().position(|argument| argument.ends_with(".cpp"));
    if let Some(at) = source {
        let path = PathBuf::from(&arguments[at]);
        let folder = path.parent().unwrap_or(Path::new("."));
        if folder.join("config.hpp").exists() {
            arguments[at] = if path.ends_with(WHOLE) {
                written("whole.cpp", &whole_of(folder))
            } else {
                written("nothing.cpp", "")
            };
        }
    }
    let mut words = compiler.split_whitespace();
    let status =
        words.next().ok_or_else(|| "no compiler is named".to_owned()).and_then(|program| {
            let mut command = Command::new(program);
            command.args(words).args(&arguments);
            command.status().map_err(|error| format!("{program}: {error}"))
        });
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("zmq-sys: the C++ compiler does not run: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A file that includes every source file of a folder, edited where there is an edit.
fn whole_of(folder: &Path) -> String {
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display()));
    let mut sources: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a folder can be read to its end").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "cpp"))
        .filter(|path| !LEFT_OUT.iter().any(|name| path.ends_with(name)))
        .collect();
    sources.sort();
    let mut text = "#include \"precompiled.hpp\"\n".to_owned();
    for (name, edits) in HEADERS {
        text += &format!("#include \"{}\"\n", edited(&folder.join(name), edits));
    }
    for path in sources {
        let edits = EDITED.iter().find(|(name, _)| path.ends_with(name));
        let path = edits.map_or_else(|| path.display().to_string(), |(_, all)| edited(&path, all));
        text += &format!("#include \"{path}\"\n");
    }
    text
}

/// Writes the edited copy of a file, and returns where it is.
fn edited(path: &Path, edits: &[Edit]) -> String {
    let mut text = fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    for (from, to) in edits {
        assert_eq!(text.matches(from).count(), 1, "{}: {from:?}", path.display());
        text = text.replace(from, to);
    }
    written(&path.file_name().expect("a source file has a name").to_string_lossy(), &text)
}

/// Writes a file that is to be compiled, and returns where it is.
fn written(name: &str, text: &str) -> String {
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("edited");
    // Several compilers run at once, and each has to see a whole file.
    let draft = folder.join(format!("{name}.{}", std::process::id()));
    let copy = folder.join(name);
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&draft, text))
        .and_then(|()| fs::rename(&draft, &copy))
        .unwrap_or_else(|error| panic!("cannot write {}: {error}", copy.display()));
    copy.display().to_string()
}

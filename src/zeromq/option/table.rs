//! The table of all socket options, and of those that are not to be had.
//!
//! Owns the facts, from `zmq_setsockopt`'s page and `options.cpp` of libzmq 4.3.5.

use super::Effective::{Live, NextPeer, Rebuild};
use super::OptionKind::{
    Boolean, Buffer, Flags, Integer, Key, LongSize, Mask, Milliseconds, Property, Seconds, Size,
    Text, Tristate,
};
use super::{OptionName, Refusal, SocketOption};
use crate::zeromq::Role;
use crate::zeromq::Role::{Dealer, Pub, Pull, Push, Req, Router, Stream, Sub, Xpub, Xsub};

const ALL: &[Role] = &Role::ALL;
/// All but STREAM, which speaks no ZMTP.
const ZMTP: &[Role] =
    &[Role::Pair, Pub, Sub, Req, Role::Rep, Dealer, Router, Push, Pull, Xpub, Xsub];

const INT: i32 = i32::MAX;
const LARGEST_BUFFER: i32 = super::OptionKind::LARGEST_BUFFER;

/// Of 8 KiB, which is libzmq's default, half of a forward's time on a connection is system calls.
const BATCH_BYTES: i64 = 64 << 10;

macro_rules! options {
    ($($name:ident $id:literal $kind:expr, $roles:expr, $effective:ident, $default:expr, $meaning:literal;)*) => {
        &[$(SocketOption {
            name: OptionName(stringify!($name)),
            id: $id,
            kind: $kind,
            roles: $roles,
            effective: $effective,
            default: $default,
            meaning: $meaning,
        },)*]
    };
}

/// Milliseconds from 0 up.
const fn milliseconds() -> super::OptionKind {
    Milliseconds { min: 0, max: INT, step: 1 }
}

/// Text of at least a byte, and at most 255.
const fn short_text() -> super::OptionKind {
    Text { min: 1, max: 255 }
}

/// By name.
#[rustfmt::skip]
pub(super) const OPTIONS: &[SocketOption] = options! {
    affinity 4 Mask, ALL, Rebuild, Some(0), "Which of the context's I/O threads serve new connections, as a mask; 0 is any";
    backlog 19 Integer { min: 0, max: INT }, ALL, Rebuild, Some(65535), "How many connections may wait to be accepted, within what the system allows (net.core.somaxconn)";
    bindtodevice 92 Text { min: 1, max: 15 }, ALL, Rebuild, None, "The network interface or VRF to bind to; needs CAP_NET_RAW";
    busy_poll 113 Integer { min: 0, max: 1 }, ALL, Rebuild, Some(0), "Poll the network device instead of waiting for its interrupt";
    conflate 54 Boolean, &[Pull, Push, Sub, Pub, Dealer], Rebuild, Some(0), "Keep only the last message; ignores the high-water mark and breaks messages of several frames";
    connect_routing_id 61 short_text(), &[Router, Stream], Rebuild, None, "The routing id that this socket gives the peer of its one connection";
    connect_timeout 79 milliseconds(), ALL, Rebuild, Some(0), "How long connecting may take before it is tried again; 0 leaves it to the system";
    curve_publickey 48 Key, ZMTP, Rebuild, None, "A CURVE client's own public key";
    curve_secretkey 49 Key, ZMTP, Rebuild, None, "The socket's own CURVE secret key";
    curve_server 47 Boolean, ZMTP, Rebuild, Some(0), "This side is the CURVE server";
    curve_serverkey 50 Key, ZMTP, Rebuild, None, "The public key of the CURVE server that a client trusts";
    disconnect_msg 111 Text { min: 1, max: 1 << 20 }, &[Router], Rebuild, None, "A message that arrives, as if the peer had sent it, when an accepted peer is gone";
    handshake_ivl 66 milliseconds(), ZMTP, Rebuild, Some(30_000), "How long the handshake of a new connection may take; 0 is no limit";
    heartbeat_ivl 75 milliseconds(), ZMTP, Rebuild, Some(0), "How often a PING is sent to each peer; 0 is never";
    heartbeat_timeout 77 milliseconds(), ZMTP, Rebuild, Some(-1), "How long after a PING a silent connection is closed; by default heartbeat_ivl";
    heartbeat_ttl 76 Milliseconds { min: 0, max: 6_553_599, step: 100 }, ZMTP, Rebuild, Some(0), "How long the peer may hear nothing of us before it closes, in steps of 100 ms";
    hello_msg 110 Text { min: 1, max: 1 << 20 }, &[Router, Dealer], Rebuild, None, "A message that is sent to every new peer first";
    hiccup_msg 114 Text { min: 1, max: 1 << 20 }, &[Dealer], Rebuild, None, "A message that arrives, as if the peer had sent it, when a connection is lost";
    immediate 39 Boolean, ALL, Rebuild, Some(0), "Queue messages for finished connections only";
    in_batch_size 101 Buffer, ALL, Rebuild, Some(BATCH_BYTES), "How many bytes one system call receives at most";
    invert_matching 74 Boolean, &[Pub, Xpub, Sub], Live, Some(0), "Send and take what does not match; both ends have to set it";
    ipc_filter_gid 60 Integer { min: 0, max: INT }, ALL, Rebuild, None, "Accept ipc peers of this group only (deprecated in favour of ZAP)";
    ipc_filter_pid 58 Integer { min: 1, max: INT }, ALL, Rebuild, None, "Accept ipc peers of this process only (deprecated in favour of ZAP)";
    ipc_filter_uid 59 Integer { min: 0, max: INT }, ALL, Rebuild, None, "Accept ipc peers of this user only (deprecated in favour of ZAP)";
    ipv6 42 Boolean, ALL, Rebuild, Some(0), "Use IPv6 where there is an address for it";
    maxmsgsize 22 LongSize, ALL, Rebuild, Some(-1), "The largest message a peer may send before it is disconnected; -1 is no limit";
    metadata 95 Property, ZMTP, Rebuild, None, "A property X-NAME:VALUE that the peer can read";
    only_first_subscribe 108 Boolean, &[Xpub, Xsub], Live, Some(0), "Only the first frame of a message can be a subscription";
    out_batch_size 102 Integer { min: 1, max: LARGEST_BUFFER }, ALL, Rebuild, Some(BATCH_BYTES), "How many bytes one system call sends at most";
    plain_password 46 short_text(), ZMTP, Rebuild, None, "The password that a PLAIN client gives";
    plain_server 44 Boolean, ZMTP, Rebuild, Some(0), "This side asks for names and passwords (PLAIN)";
    plain_username 45 short_text(), ZMTP, Rebuild, None, "The name that a PLAIN client gives";
    priority 112 Integer { min: 0, max: 6 }, ALL, Rebuild, Some(0), "The priority of the socket's packets in the kernel's queue; above 6 the system asks for rights";
    probe_router 51 Boolean, &[Router, Dealer, Req], NextPeer, Some(0), "Send an empty message to every new connection, so that a ROUTER knows of it";
    rcvbuf 12 Size, ALL, Rebuild, Some(-1), "The kernel's receive buffer; -1 leaves it to the system";
    reconnect_ivl 18 Milliseconds { min: -1, max: INT, step: 1 }, ALL, Rebuild, Some(100), "How long to wait before connecting again; -1 is never";
    reconnect_ivl_max 21 milliseconds(), ALL, Rebuild, Some(0), "Up to which wait the interval doubles with each attempt; 0 keeps it constant";
    reconnect_stop 109 Flags(&[("conn_refused", 1), ("handshake_failed", 2), ("after_disconnect", 4)]), ALL, Rebuild, Some(0), "What ends reconnecting: conn_refused, handshake_failed, after_disconnect";
    req_correlate 52 Boolean, &[Req], Live, Some(0), "Put an id in front of each request and take only the reply that bears it";
    req_relaxed 53 Boolean, &[Req], Live, Some(0), "A new request may be sent before the reply to the last one came";
    router_handover 56 Boolean, &[Router], NextPeer, Some(0), "A new peer takes over a routing id that is in use";
    router_mandatory 33 Boolean, &[Router], Live, Some(0), "A message to an unknown peer is an error instead of vanishing";
    router_notify 97 Flags(&[("connect", 1), ("disconnect", 2)]), &[Router], Rebuild, Some(0), "An empty message with the peer's id arrives when it connects, disconnects or both";
    sndbuf 11 Size, ALL, Rebuild, Some(-1), "The kernel's send buffer; -1 leaves it to the system";
    socks_password 100 short_text(), ALL, Rebuild, None, "The password for the SOCKS5 proxy";
    socks_proxy 68 Text { min: 1, max: 1024 }, ALL, Rebuild, None, "The SOCKS5 proxy, HOST:PORT, that TCP connections go through";
    socks_username 99 short_text(), ALL, Rebuild, None, "The name for the SOCKS5 proxy";
    stream_notify 73 Boolean, &[Stream], Rebuild, Some(1), "An empty message arrives when a peer connects or disconnects";
    tcp_accept_filter 38 short_text(), ALL, Rebuild, None, "Accept TCP peers of this address range only (deprecated in favour of ZAP)";
    tcp_keepalive 34 Tristate, ALL, Rebuild, Some(-1), "Probe silent TCP connections; -1 leaves it to the system";
    tcp_keepalive_cnt 35 Integer { min: -1, max: 127 }, ALL, Rebuild, Some(-1), "How many probes go unanswered before the connection is closed; -1 leaves it to the system";
    tcp_keepalive_idle 36 Seconds, ALL, Rebuild, Some(-1), "How long a connection is silent before it is probed, in seconds; -1 leaves it to the system";
    tcp_keepalive_intvl 37 Seconds, ALL, Rebuild, Some(-1), "How long between two probes, in seconds; -1 leaves it to the system";
    tcp_maxrt 80 milliseconds(), ALL, Rebuild, Some(0), "How long data may go unacknowledged before TCP closes; 0 leaves it to the system";
    tos 57 Integer { min: 0, max: 255 }, ALL, Rebuild, Some(0), "The type-of-service field of the packets";
    xpub_manual 71 Boolean, &[Xpub], Live, Some(0), "Subscriptions arrive as messages but count only once the socket itself subscribes for them";
    xpub_manual_last_value 98 Boolean, &[Xpub], Live, Some(0), "As xpub_manual, and the next message goes to the last subscriber only";
    xpub_verbose 40 Boolean, &[Xpub], Live, Some(0), "Every subscription arrives as a message, not only the first to a topic";
    xpub_verboser 78 Boolean, &[Xpub], Live, Some(0), "As xpub_verbose, and every unsubscription too";
    xpub_welcome_msg 72 Text { min: 1, max: 1 << 20 }, &[Xpub], NextPeer, None, "A message that every new subscriber gets first, if it subscribed to it";
    xsub_verbose_unsubscribe 115 Boolean, &[Xsub], Live, Some(0), "Every unsubscription goes upstream, not only the last of a topic";
    zap_domain 55 short_text(), ZMTP, Rebuild, None, "The domain under which peers are authenticated; NULL asks only when it is set";
    zap_enforce_domain 93 Boolean, ZMTP, Rebuild, Some(0), "Let nobody in where no ZAP handler answers; zrig sets it with a zap_domain";
};

const fn has_key(instead: &'static str) -> Refusal {
    Refusal { why: "the format has a key of its own for it", instead }
}

const fn of_context(instead: &'static str) -> Refusal {
    Refusal { why: "it is an option of the context, not of a socket", instead }
}

const READ_ONLY: Refusal = Refusal { why: "libzmq only lets it be read", instead: "remove it" };
const ANOTHER_NAME: &str = "libzmq knows it under another name today";
const MULTICAST: Refusal = Refusal {
    why: "it is for multicast transports, which this libzmq does not have",
    instead: "remove it",
};

/// Names that libzmq's pages mention, with why they are not taken.
pub(super) const REFUSED: &[(&[&str], Refusal)] = &[
    (&["sndhwm"], has_key("write `hwm: {send: …}` beside `options`")),
    (&["rcvhwm"], has_key("write `hwm: {receive: …}` beside `options`")),
    (&["hwm"], has_key("move `hwm` out of `options`")),
    (&["linger"], has_key("move `linger` out of `options`")),
    (&["routing_id", "identity"], has_key("write `identity: …` beside `options`")),
    (&["subscribe"], has_key("write `msgids: […]` or `topics: […]` beside `options`")),
    (&["unsubscribe"], has_key("leave the topic out of `msgids` and `topics`")),
    (&["xpub_nodrop"], has_key("write `when_full: wait` beside `options`")),
    (
        &["sndtimeo", "rcvtimeo"],
        Refusal {
            why: "a node never blocks in a send or receive, so a time limit on one means nothing",
            instead: "use `timers` or `after` where an answer has to come in time",
        },
    ),
    (
        &["router_raw"],
        Refusal { why: "it turns a ROUTER into a STREAM", instead: "write `role: stream`" },
    ),
    (
        &["use_fd"],
        Refusal { why: "a topology has no open descriptor to hand over", instead: "remove it" },
    ),
    (&["ipv4only"], Refusal { why: ANOTHER_NAME, instead: "write `ipv6: true` or nothing" }),
    (&["delay_attach_on_connect"], Refusal { why: ANOTHER_NAME, instead: "write `immediate`" }),
    (
        &["fail_unroutable", "router_behavior"],
        Refusal { why: ANOTHER_NAME, instead: "write `router_mandatory`" },
    ),
    (&["connect_rid"], Refusal { why: ANOTHER_NAME, instead: "write `connect_routing_id`" }),
    (
        &[
            "fd",
            "events",
            "type",
            "rcvmore",
            "last_endpoint",
            "mechanism",
            "thread_safe",
            "topics_count",
        ],
        READ_ONLY,
    ),
    (&["max_sockets"], of_context("remove it: the number of sockets follows from the topology")),
    (
        &[
            "io_threads",
            "socket_limit",
            "thread_priority",
            "thread_sched_policy",
            "max_msgsz",
            "msg_t_size",
            "thread_affinity_cpu_add",
            "thread_affinity_cpu_remove",
            "thread_name_prefix",
            "blocky",
            "zero_copy_recv",
        ],
        of_context("remove it: the runner sets the context up from the topology"),
    ),
    (&["rate", "recovery_ivl", "multicast_hops", "multicast_maxtpdu", "multicast_loop"], MULTICAST),
    (
        &[
            "norm_mode",
            "norm_unicast_nack",
            "norm_buffer_size",
            "norm_segment_size",
            "norm_block_size",
            "norm_num_parity",
            "norm_num_autoparity",
            "norm_push",
        ],
        MULTICAST,
    ),
    (
        &[
            "vmci_buffer_size",
            "vmci_buffer_min_size",
            "vmci_buffer_max_size",
            "vmci_connect_timeout",
        ],
        Refusal { why: "this libzmq is built without VMCI", instead: "remove it" },
    ),
    (
        &["wss_key_pem", "wss_cert_pem", "wss_trust_pem", "wss_hostname", "wss_trust_system"],
        Refusal { why: "this libzmq is built without TLS", instead: "use CURVE, or `ws://`" },
    ),
    (
        &[
            "gssapi_server",
            "gssapi_principal",
            "gssapi_service_principal",
            "gssapi_plaintext",
            "gssapi_principal_nametype",
            "gssapi_service_principal_nametype",
        ],
        Refusal { why: "this libzmq is built without GSSAPI", instead: "use CURVE" },
    ),
    (&["loopback_fastpath"], Refusal { why: "it exists on Windows only", instead: "remove it" }),
];

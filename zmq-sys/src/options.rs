//! Owns the socket options of libzmq 4.3.5, draft ones included, with the type of their values.
//!
//! Never a default or a rule when an option takes effect: that is for who sets them. All types are
//! C's: a `bool` is an `int` that is 0 or 1; a time without a unit is in milliseconds.

/// `u64`: a bit for each I/O thread that may serve new connections; 0 is all.
pub const ZMQ_AFFINITY: u32 = 4;
/// bytes, 1 to 255.
pub const ZMQ_ROUTING_ID: u32 = 5;
/// bytes, set only: adds a filter of a SUB.
pub const ZMQ_SUBSCRIBE: u32 = 6;
/// bytes, set only: takes back a filter of a SUB.
pub const ZMQ_UNSUBSCRIBE: u32 = 7;
/// `int`, kbit/s, multicast.
pub const ZMQ_RATE: u32 = 8;
/// `int`, time, multicast.
pub const ZMQ_RECOVERY_IVL: u32 = 9;
/// `int`, bytes of kernel buffer; -1 leaves it to the system.
pub const ZMQ_SNDBUF: u32 = 11;
/// `int`, bytes of kernel buffer; -1 leaves it to the system.
pub const ZMQ_RCVBUF: u32 = 12;
/// `bool`, get only: more frames of the message follow.
pub const ZMQ_RCVMORE: u32 = 13;
/// `int`, get only: the descriptor that wakes a waiter, edge-triggered.
pub const ZMQ_FD: u32 = 14;
/// `int`, get only: `ZMQ_POLLIN | ZMQ_POLLOUT`. Reading it makes the socket work.
pub const ZMQ_EVENTS: u32 = 15;
/// `int`, get only: the socket type.
pub const ZMQ_TYPE: u32 = 16;
/// `int`, time that a closed socket goes on sending; -1 is without end.
pub const ZMQ_LINGER: u32 = 17;
/// `int`, time; -1 is never again.
pub const ZMQ_RECONNECT_IVL: u32 = 18;
/// `int`, connections that wait to be accepted.
pub const ZMQ_BACKLOG: u32 = 19;
/// `int`, time up to which `ZMQ_RECONNECT_IVL` doubles; 0 is not at all.
pub const ZMQ_RECONNECT_IVL_MAX: u32 = 21;
/// `i64`, bytes of a frame; -1 is no limit. A peer that exceeds it is cut off.
pub const ZMQ_MAXMSGSIZE: u32 = 22;
/// `int`, messages; 0 is no limit.
pub const ZMQ_SNDHWM: u32 = 23;
/// `int`, messages; 0 is no limit.
pub const ZMQ_RCVHWM: u32 = 24;
/// `int`, multicast.
pub const ZMQ_MULTICAST_HOPS: u32 = 25;
/// `int`, time; -1 is without end.
pub const ZMQ_RCVTIMEO: u32 = 27;
/// `int`, time; -1 is without end.
pub const ZMQ_SNDTIMEO: u32 = 28;
/// string, get only: the last endpoint bound, with its wildcards resolved.
pub const ZMQ_LAST_ENDPOINT: u32 = 32;
/// `bool`, set only, ROUTER: an unroutable message is an error.
pub const ZMQ_ROUTER_MANDATORY: u32 = 33;
/// `int`: 1, 0, or -1 to leave it to the system.
pub const ZMQ_TCP_KEEPALIVE: u32 = 34;
/// `int`, probes; -1 leaves it to the system.
pub const ZMQ_TCP_KEEPALIVE_CNT: u32 = 35;
/// `int`, seconds; -1 leaves it to the system.
pub const ZMQ_TCP_KEEPALIVE_IDLE: u32 = 36;
/// `int`, seconds; -1 leaves it to the system.
pub const ZMQ_TCP_KEEPALIVE_INTVL: u32 = 37;
/// `bool`: queue only for connections that are there.
pub const ZMQ_IMMEDIATE: u32 = 39;
/// `bool`, set only, XPUB: pass on subscriptions that are there already.
pub const ZMQ_XPUB_VERBOSE: u32 = 40;
/// `bool`, set only, ROUTER: talk raw TCP.
pub const ZMQ_ROUTER_RAW: u32 = 41;
/// `bool`.
pub const ZMQ_IPV6: u32 = 42;
/// `int`, get only: `ZMQ_NULL`, `ZMQ_PLAIN`, `ZMQ_CURVE` or `ZMQ_GSSAPI`.
pub const ZMQ_MECHANISM: u32 = 43;
/// `bool`.
pub const ZMQ_PLAIN_SERVER: u32 = 44;
/// string, 1 to 255; a null pointer turns PLAIN off.
pub const ZMQ_PLAIN_USERNAME: u32 = 45;
/// string, 1 to 255; a null pointer turns PLAIN off.
pub const ZMQ_PLAIN_PASSWORD: u32 = 46;
/// `bool`.
pub const ZMQ_CURVE_SERVER: u32 = 47;
/// 32 bytes, or 40 characters of Z85 (to get: with a 0).
pub const ZMQ_CURVE_PUBLICKEY: u32 = 48;
/// 32 bytes, or 40 characters of Z85 (to get: with a 0).
pub const ZMQ_CURVE_SECRETKEY: u32 = 49;
/// 32 bytes, or 40 characters of Z85 (to get: with a 0). Makes the socket a client.
pub const ZMQ_CURVE_SERVERKEY: u32 = 50;
/// `bool`, set only: an empty message to each new peer.
pub const ZMQ_PROBE_ROUTER: u32 = 51;
/// `bool`, set only, REQ.
pub const ZMQ_REQ_CORRELATE: u32 = 52;
/// `bool`, set only, REQ.
pub const ZMQ_REQ_RELAXED: u32 = 53;
/// `bool`: keep the last message only.
pub const ZMQ_CONFLATE: u32 = 54;
/// string, up to 255.
pub const ZMQ_ZAP_DOMAIN: u32 = 55;
/// `bool`, set only, ROUTER: who comes with a routing id that is taken, takes it over.
pub const ZMQ_ROUTER_HANDOVER: u32 = 56;
/// `int`, type of service.
pub const ZMQ_TOS: u32 = 57;
/// bytes, set only, ROUTER and STREAM: the routing id of the next connection.
pub const ZMQ_CONNECT_ROUTING_ID: u32 = 61;
/// `bool`.
pub const ZMQ_GSSAPI_SERVER: u32 = 62;
/// string.
pub const ZMQ_GSSAPI_PRINCIPAL: u32 = 63;
/// string.
pub const ZMQ_GSSAPI_SERVICE_PRINCIPAL: u32 = 64;
/// `bool`.
pub const ZMQ_GSSAPI_PLAINTEXT: u32 = 65;
/// `int`, time; 0 is without end.
pub const ZMQ_HANDSHAKE_IVL: u32 = 66;
/// string, `host:port`; a null pointer is none.
pub const ZMQ_SOCKS_PROXY: u32 = 68;
/// `bool`, set only, PUB and XPUB: EAGAIN instead of dropping.
pub const ZMQ_XPUB_NODROP: u32 = 69;
/// `bool`, of a context: 0 makes the linger of its sockets 0 instead of without end.
pub const ZMQ_BLOCKY: u32 = 70;
/// `int`, of a context, only in this build: 1 lets every handshake that would ask a ZAP handler
/// fail while there is none; 2 as well, and its questions bear the number of the connection's
/// descriptor. It is read at each handshake.
#[cfg(feature = "needed")]
pub const ZMQ_SYS_NEEDS_ZAP: u32 = 0x5a41;
/// `bool`, set only, XPUB: subscriptions are decided by who receives them.
pub const ZMQ_XPUB_MANUAL: u32 = 71;
/// bytes, set only, XPUB: what each new subscriber gets first.
pub const ZMQ_XPUB_WELCOME_MSG: u32 = 72;
/// `bool`, set only, STREAM: empty messages for coming and going.
pub const ZMQ_STREAM_NOTIFY: u32 = 73;
/// `bool`: send to those whose filters do **not** match; on both ends.
pub const ZMQ_INVERT_MATCHING: u32 = 74;
/// `int`, time; 0 is none.
pub const ZMQ_HEARTBEAT_IVL: u32 = 75;
/// `int`, time in steps of 100.
pub const ZMQ_HEARTBEAT_TTL: u32 = 76;
/// `int`, time; -1 is as `ZMQ_HEARTBEAT_IVL`.
pub const ZMQ_HEARTBEAT_TIMEOUT: u32 = 77;
/// `bool`, set only, XPUB: pass on subscriptions and their ends that change nothing.
pub const ZMQ_XPUB_VERBOSER: u32 = 78;
/// `int`, time; 0 leaves it to the system.
pub const ZMQ_CONNECT_TIMEOUT: u32 = 79;
/// `int`, time that sent data may go without acknowledgement; 0 leaves it to the system.
pub const ZMQ_TCP_MAXRT: u32 = 80;
/// `bool`, get only.
pub const ZMQ_THREAD_SAFE: u32 = 81;
/// `int`, bytes, multicast.
pub const ZMQ_MULTICAST_MAXTPDU: u32 = 84;
/// `u64`.
pub const ZMQ_VMCI_BUFFER_SIZE: u32 = 85;
/// `u64`.
pub const ZMQ_VMCI_BUFFER_MIN_SIZE: u32 = 86;
/// `u64`.
pub const ZMQ_VMCI_BUFFER_MAX_SIZE: u32 = 87;
/// `int`, time.
pub const ZMQ_VMCI_CONNECT_TIMEOUT: u32 = 88;
/// `int`: a listening descriptor to use instead of making one; -1 is none.
pub const ZMQ_USE_FD: u32 = 89;
/// `int`: `ZMQ_GSSAPI_NT_…`.
pub const ZMQ_GSSAPI_PRINCIPAL_NAMETYPE: u32 = 90;
/// `int`: `ZMQ_GSSAPI_NT_…`.
pub const ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE: u32 = 91;
/// string, the name of an interface.
pub const ZMQ_BINDTODEVICE: u32 = 92;

/// Draft. `bool`: a connection without an answer of the authenticator fails.
pub const ZMQ_ZAP_ENFORCE_DOMAIN: u32 = 93;
/// Draft. `bool`, Windows.
pub const ZMQ_LOOPBACK_FASTPATH: u32 = 94;
/// Draft. string, set only, `X-name:value`: told to each peer.
pub const ZMQ_METADATA: u32 = 95;
/// Draft. `bool`.
pub const ZMQ_MULTICAST_LOOP: u32 = 96;
/// Draft. `int`, ROUTER: `ZMQ_NOTIFY_…`; an empty message for each.
pub const ZMQ_ROUTER_NOTIFY: u32 = 97;
/// Draft. `bool`, set only, XPUB: as `ZMQ_XPUB_MANUAL`, sending to the last subscriber first.
pub const ZMQ_XPUB_MANUAL_LAST_VALUE: u32 = 98;
/// Draft. string, up to 255.
pub const ZMQ_SOCKS_USERNAME: u32 = 99;
/// Draft. string, up to 255.
pub const ZMQ_SOCKS_PASSWORD: u32 = 100;
/// Draft. `int`, bytes read at once.
pub const ZMQ_IN_BATCH_SIZE: u32 = 101;
/// Draft. `int`, bytes written at once.
pub const ZMQ_OUT_BATCH_SIZE: u32 = 102;
/// Draft. string.
pub const ZMQ_WSS_KEY_PEM: u32 = 103;
/// Draft. string.
pub const ZMQ_WSS_CERT_PEM: u32 = 104;
/// Draft. string.
pub const ZMQ_WSS_TRUST_PEM: u32 = 105;
/// Draft. string.
pub const ZMQ_WSS_HOSTNAME: u32 = 106;
/// Draft. `bool`.
pub const ZMQ_WSS_TRUST_SYSTEM: u32 = 107;
/// Draft. `bool`, set only, XPUB and XSUB: only the first frame of a message can subscribe.
pub const ZMQ_ONLY_FIRST_SUBSCRIBE: u32 = 108;
/// Draft. `int`: `ZMQ_RECONNECT_STOP_…`.
pub const ZMQ_RECONNECT_STOP: u32 = 109;
/// Draft. bytes, set only: the first message that each peer gets.
pub const ZMQ_HELLO_MSG: u32 = 110;
/// Draft. bytes, set only: what this socket receives when a peer goes.
pub const ZMQ_DISCONNECT_MSG: u32 = 111;
/// Draft. `int`, `SO_PRIORITY`. Above 6 it aborts without the right to use it.
pub const ZMQ_PRIORITY: u32 = 112;
/// Draft. `int`, µs, `SO_BUSY_POLL`.
pub const ZMQ_BUSY_POLL: u32 = 113;
/// Draft. bytes, set only: what this socket receives when a connection is made anew.
pub const ZMQ_HICCUP_MSG: u32 = 114;
/// Draft. `bool`, set only, XSUB: pass on every end of a subscription.
pub const ZMQ_XSUB_VERBOSE_UNSUBSCRIBE: u32 = 115;
/// Draft. `int`, get only, PUB, XPUB, SUB and XSUB: distinct subscriptions.
pub const ZMQ_TOPICS_COUNT: u32 = 116;
/// Only in this build: `int`, get only, SUB: how many messages it threw away, modulo 2³², because
/// it had unsubscribed when they came.
pub const ZMQ_SYS_UNWANTED: u32 = 0x5a01;
/// Draft. `int`: `ZMQ_NORM_…`.
pub const ZMQ_NORM_MODE: u32 = 117;
/// Draft. `bool`.
pub const ZMQ_NORM_UNICAST_NACK: u32 = 118;
/// Draft. `int`.
pub const ZMQ_NORM_BUFFER_SIZE: u32 = 119;
/// Draft. `int`.
pub const ZMQ_NORM_SEGMENT_SIZE: u32 = 120;
/// Draft. `int`.
pub const ZMQ_NORM_BLOCK_SIZE: u32 = 121;
/// Draft. `int`.
pub const ZMQ_NORM_NUM_PARITY: u32 = 122;
/// Draft. `int`.
pub const ZMQ_NORM_NUM_AUTOPARITY: u32 = 123;
/// Draft. `bool`.
pub const ZMQ_NORM_PUSH: u32 = 124;

/// Deprecated: networks to accept from; without an authenticator there is nothing else.
/// string, set only, `192.168.0.0/16`; a null pointer clears.
pub const ZMQ_TCP_ACCEPT_FILTER: u32 = 38;
/// Deprecated. `int`, set only: processes to accept from; a null pointer clears.
pub const ZMQ_IPC_FILTER_PID: u32 = 58;
/// Deprecated. `int`, set only: users to accept from; a null pointer clears.
pub const ZMQ_IPC_FILTER_UID: u32 = 59;
/// Deprecated. `int`, set only: groups to accept from; a null pointer clears.
pub const ZMQ_IPC_FILTER_GID: u32 = 60;

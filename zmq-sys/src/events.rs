//! Owns what a monitor can tell: the events, and the reasons that come with a failed handshake.
//!
//! Never how to read them; the frames are described at
//! [`zmq_socket_monitor_versioned`](crate::zmq_socket_monitor_versioned).

/// A connection is there. The value is its descriptor, which may be gone by now.
pub const ZMQ_EVENT_CONNECTED: u32 = 0x0001;
/// A connection is on its way.
pub const ZMQ_EVENT_CONNECT_DELAYED: u32 = 0x0002;
/// A connection did not come about; the value is the milliseconds until the next attempt.
pub const ZMQ_EVENT_CONNECT_RETRIED: u32 = 0x0004;
/// A bind is in effect; the value is the descriptor.
pub const ZMQ_EVENT_LISTENING: u32 = 0x0008;
/// A bind failed; the value is the errno.
pub const ZMQ_EVENT_BIND_FAILED: u32 = 0x0010;
/// A connection came in; the value is its descriptor.
pub const ZMQ_EVENT_ACCEPTED: u32 = 0x0020;
/// A connection was refused by us or broke while it came in; the value is the errno.
pub const ZMQ_EVENT_ACCEPT_FAILED: u32 = 0x0040;
/// A descriptor was closed; the value is what it was.
pub const ZMQ_EVENT_CLOSED: u32 = 0x0080;
/// A descriptor could not be closed; the value is the errno.
pub const ZMQ_EVENT_CLOSE_FAILED: u32 = 0x0100;
/// A connection broke; the value is its descriptor.
pub const ZMQ_EVENT_DISCONNECTED: u32 = 0x0200;
/// No more events will come.
pub const ZMQ_EVENT_MONITOR_STOPPED: u32 = 0x0400;
/// A handshake failed for a reason of the system; the value is the errno.
pub const ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: u32 = 0x0800;
/// A handshake is done: the connection carries messages from here on.
pub const ZMQ_EVENT_HANDSHAKE_SUCCEEDED: u32 = 0x1000;
/// A peer or an authenticator broke the protocol; the value is a `ZMQ_PROTOCOL_ERROR_…`.
pub const ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: u32 = 0x2000;
/// The authenticator said no; the value is its status, 300, 400 or 500.
pub const ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: u32 = 0x4000;
/// Draft, and only in version 2. The two values are how many messages wait in a connection,
/// outbound and inbound.
pub const ZMQ_EVENT_PIPES_STATS: u32 = 0x10000;
/// Only told with the feature `patched`: a connection whose endpoint or socket was let go of dropped
/// what it had not sent; the value is how many messages.
pub const ZMQ_SYS_EVENT_UNSENT: u32 = 0x10_0000;

/// Every event of version 1.
pub const ZMQ_EVENT_ALL: u32 = 0xFFFF;
/// Every event of version 1.
pub const ZMQ_EVENT_ALL_V1: u32 = ZMQ_EVENT_ALL;
/// Every event of version 2.
pub const ZMQ_EVENT_ALL_V2: u32 = ZMQ_EVENT_ALL_V1 | ZMQ_EVENT_PIPES_STATS;

/// The stable version of the monitor protocol.
pub const ZMQ_CURRENT_EVENT_VERSION: u32 = 1;
/// The draft version of the monitor protocol.
pub const ZMQ_CURRENT_EVENT_VERSION_DRAFT: u32 = 2;

/// Only with the feature `needed`: the version whose events are told by a call, see
/// [`zmq_sys_monitor_t`](crate::zmq_sys_monitor_t).
#[cfg(feature = "needed")]
pub const ZMQ_SYS_EVENT_VERSION_CALL: u32 = 3;

/// Only with the feature `needed`, of a failed handshake: a ROUTER has a peer of that routing id already.
#[cfg(feature = "needed")]
pub const ZMQ_SYS_PROTOCOL_ERROR_SAME_ROUTING_ID: u32 = 0x4000_0001;

/// The peer broke ZMTP in a way without a number.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED: u32 = 0x1000_0000;
/// A command that does not belong there.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND: u32 = 0x1000_0001;
/// A CURVE nonce out of sequence.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE: u32 = 0x1000_0002;
/// The exchange of CURVE keys failed.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE: u32 = 0x1000_0003;
/// A malformed command.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED: u32 = 0x1000_0011;
/// A malformed MESSAGE.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE: u32 = 0x1000_0012;
/// A malformed HELLO.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO: u32 = 0x1000_0013;
/// A malformed INITIATE.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE: u32 = 0x1000_0014;
/// A malformed ERROR.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR: u32 = 0x1000_0015;
/// A malformed READY.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY: u32 = 0x1000_0016;
/// A malformed WELCOME.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME: u32 = 0x1000_0017;
/// Metadata that cannot be, such as a socket type that does not talk to ours.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA: u32 = 0x1000_0018;
/// What the peer encrypted cannot be read: most likely one of us has a wrong key.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC: u32 = 0x1100_0001;
/// The two sides want different mechanisms.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH: u32 = 0x1100_0002;
/// The authenticator broke ZAP in a way without a number.
pub const ZMQ_PROTOCOL_ERROR_ZAP_UNSPECIFIED: u32 = 0x2000_0000;
/// The authenticator's reply has the wrong frames.
pub const ZMQ_PROTOCOL_ERROR_ZAP_MALFORMED_REPLY: u32 = 0x2000_0001;
/// The authenticator replied to another request.
pub const ZMQ_PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID: u32 = 0x2000_0002;
/// The authenticator speaks another version.
pub const ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION: u32 = 0x2000_0003;
/// The authenticator's status is none.
pub const ZMQ_PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE: u32 = 0x2000_0004;
/// The authenticator's metadata cannot be read.
pub const ZMQ_PROTOCOL_ERROR_ZAP_INVALID_METADATA: u32 = 0x2000_0005;
/// The peer broke the WebSocket protocol.
pub const ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED: u32 = 0x3000_0000;

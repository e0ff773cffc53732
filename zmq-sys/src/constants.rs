//! Owns the constants of `zmq.h` that are neither socket options nor events.
//!
//! Never a value of our own: those of libzmq 4.3.5, draft ones included. They are `u32` because
//! `zmq` matches on them as such; functions want `c_int`, which every one of them fits.
#![allow(missing_docs, reason = "zmq.h's names; each group says what it is for")]

// The version that these declarations were written from.
pub const ZMQ_VERSION_MAJOR: u32 = 4;
pub const ZMQ_VERSION_MINOR: u32 = 3;
pub const ZMQ_VERSION_PATCH: u32 = 5;

// Where libzmq's own error numbers start.
pub const ZMQ_HAUSNUMERO: u32 = 156_384_712;

// Options of a context. IO_THREADS, MAX_SOCKETS, the thread options and MSG_T_SIZE are `int`s;
// ZMQ_BLOCKY and ZMQ_IPV6 from the socket options are context options, too. THREAD_NAME_PREFIX is
// at most 16 bytes through `zmq_ctx_set_ext`. THREAD_PRIORITY aborts without the right to use it.
pub const ZMQ_IO_THREADS: u32 = 1;
pub const ZMQ_MAX_SOCKETS: u32 = 2;
pub const ZMQ_SOCKET_LIMIT: u32 = 3;
pub const ZMQ_THREAD_PRIORITY: u32 = 3;
pub const ZMQ_THREAD_SCHED_POLICY: u32 = 4;
pub const ZMQ_MAX_MSGSZ: u32 = 5;
pub const ZMQ_MSG_T_SIZE: u32 = 6;
pub const ZMQ_THREAD_AFFINITY_CPU_ADD: u32 = 7;
pub const ZMQ_THREAD_AFFINITY_CPU_REMOVE: u32 = 8;
pub const ZMQ_THREAD_NAME_PREFIX: u32 = 9;
pub const ZMQ_ZERO_COPY_RECV: u32 = 10; // draft

pub const ZMQ_IO_THREADS_DFLT: u32 = 1;
pub const ZMQ_MAX_SOCKETS_DFLT: u32 = 1023;
pub const ZMQ_THREAD_PRIORITY_DFLT: i32 = -1;
pub const ZMQ_THREAD_SCHED_POLICY_DFLT: i32 = -1;

// Socket types.
pub const ZMQ_PAIR: u32 = 0;
pub const ZMQ_PUB: u32 = 1;
pub const ZMQ_SUB: u32 = 2;
pub const ZMQ_REQ: u32 = 3;
pub const ZMQ_REP: u32 = 4;
pub const ZMQ_DEALER: u32 = 5;
pub const ZMQ_ROUTER: u32 = 6;
pub const ZMQ_PULL: u32 = 7;
pub const ZMQ_PUSH: u32 = 8;
pub const ZMQ_XPUB: u32 = 9;
pub const ZMQ_XSUB: u32 = 10;
pub const ZMQ_STREAM: u32 = 11;
// Draft.
pub const ZMQ_SERVER: u32 = 12;
pub const ZMQ_CLIENT: u32 = 13;
pub const ZMQ_RADIO: u32 = 14;
pub const ZMQ_DISH: u32 = 15;
pub const ZMQ_GATHER: u32 = 16;
pub const ZMQ_SCATTER: u32 = 17;
pub const ZMQ_DGRAM: u32 = 18;
pub const ZMQ_PEER: u32 = 19;
pub const ZMQ_CHANNEL: u32 = 20;

// Properties of a message, for `zmq_msg_get`.
pub const ZMQ_MORE: u32 = 1;
pub const ZMQ_SHARED: u32 = 3;

// Properties of a message, for `zmq_msg_gets`. Draft.
pub const ZMQ_MSG_PROPERTY_ROUTING_ID: &str = "Routing-Id";
pub const ZMQ_MSG_PROPERTY_SOCKET_TYPE: &str = "Socket-Type";
pub const ZMQ_MSG_PROPERTY_USER_ID: &str = "User-Id";
pub const ZMQ_MSG_PROPERTY_PEER_ADDRESS: &str = "Peer-Address";

// Flags of sending and receiving.
pub const ZMQ_DONTWAIT: u32 = 1;
pub const ZMQ_SNDMORE: u32 = 2;

// Readiness.
pub const ZMQ_POLLIN: u32 = 1;
pub const ZMQ_POLLOUT: u32 = 2;
pub const ZMQ_POLLERR: u32 = 4;
pub const ZMQ_POLLPRI: u32 = 8;
pub const ZMQ_POLLITEMS_DFLT: u32 = 16;

// Values of ZMQ_MECHANISM.
pub const ZMQ_NULL: u32 = 0;
pub const ZMQ_PLAIN: u32 = 1;
pub const ZMQ_CURVE: u32 = 2;
pub const ZMQ_GSSAPI: u32 = 3;

// Values of ZMQ_GSSAPI_…_NAMETYPE.
pub const ZMQ_GSSAPI_NT_HOSTBASED: u32 = 0;
pub const ZMQ_GSSAPI_NT_USER_NAME: u32 = 1;
pub const ZMQ_GSSAPI_NT_KRB5_PRINCIPAL: u32 = 2;

// Flags of ZMQ_RECONNECT_STOP. Draft.
pub const ZMQ_RECONNECT_STOP_CONN_REFUSED: u32 = 0x1;
pub const ZMQ_RECONNECT_STOP_HANDSHAKE_FAILED: u32 = 0x2;
pub const ZMQ_RECONNECT_STOP_AFTER_DISCONNECT: u32 = 0x4;

// Flags of ZMQ_ROUTER_NOTIFY. Draft.
pub const ZMQ_NOTIFY_CONNECT: u32 = 1;
pub const ZMQ_NOTIFY_DISCONNECT: u32 = 2;

// Values of ZMQ_NORM_MODE. Draft.
pub const ZMQ_NORM_FIXED: u32 = 0;
pub const ZMQ_NORM_CC: u32 = 1;
pub const ZMQ_NORM_CCL: u32 = 2;
pub const ZMQ_NORM_CCE: u32 = 3;
pub const ZMQ_NORM_CCE_ECNONLY: u32 = 4;

// RADIO and DISH.
pub const ZMQ_GROUP_MAX_LENGTH: u32 = 255;

//! Why a handshake failed, in plain words.
//!
//! Owns what is said of each error of libzmq, by the mechanism at this end. Never decides anything.

use super::raw::Errno;
use crate::topology::Mechanism;

/// What libzmq tells without a detail, by its errno.
pub(super) fn no_detail(errno: i32, mechanism: Mechanism) -> String {
    match errno {
        0 | libc::EPIPE | libc::ECONNRESET => {
            format!("the peer ended the handshake; perhaps {}", unsaid(mechanism))
        }
        libc::EFAULT => {
            "there is no ZAP handler to be asked about the peer, so it was not let in".to_owned()
        }
        libc::ENOTCONN => {
            "the ZAP handler went before it answered, so the peer was not let in".to_owned()
        }
        libc::EPROTO => "the peer does not speak ZMTP".to_owned(),
        libc::ETIMEDOUT => "the peer did not finish the handshake in time".to_owned(),
        other => Errno(other).to_string(),
    }
}

/// Why a peer may have ended a handshake without saying so.
pub(super) fn unsaid(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::Null => "its socket type does not fit this one, or it does not speak ZMTP",
        Mechanism::CurveClient => {
            "its public key is not this socket's `curve_serverkey`, `curve_publickey` does not \
             belong to `curve_secretkey`, its ZAP handler was not there, or its socket type does \
             not fit this one"
        }
        Mechanism::CurveServer => {
            "it is no CURVE client of this socket's public key, or its socket type does not fit \
             this one"
        }
        Mechanism::PlainClient => {
            "it is no PLAIN server, has no ZAP handler, or its socket type does not fit this one"
        }
        Mechanism::PlainServer => "it is no PLAIN client, or its socket type does not fit this one",
    }
}

/// A handler of ours tells the peer, that of a peer tells us.
pub(super) fn not_authenticated(status: u64, mechanism: Mechanism) -> String {
    match (status, mechanism) {
        (300, _) => "the ZAP handler put it off (status 300)".to_owned(),
        (500, _) => "the ZAP handler failed (status 500)".to_owned(),
        (_, Mechanism::CurveClient) => {
            format!(
                "the peer's ZAP handler refused this socket's `curve_publickey` (status {status})"
            )
        }
        (_, Mechanism::PlainClient) => {
            format!("the peer's ZAP handler refused the name and password (status {status})")
        }
        // Whose handler it was, nobody says.
        (_, Mechanism::Null) => {
            format!("a ZAP handler refused the connection (status {status})")
        }
        (_, Mechanism::CurveServer | Mechanism::PlainServer) => {
            format!("the ZAP handler refused the peer (status {status})")
        }
    }
}

pub(super) fn protocol_error(code: u32, mechanism: Mechanism) -> String {
    match code {
        zmq_sys::ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA => {
            "the peer's socket type does not fit this one, or its greeting is malformed".to_owned()
        }
        zmq_sys::ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH => {
            "the peer wants another security mechanism".to_owned()
        }
        zmq_sys::ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC => {
            let keys = match mechanism {
                Mechanism::CurveServer => {
                    "its `curve_serverkey` is not this socket's public key, or its \
                     `curve_publickey` does not belong to its `curve_secretkey`"
                }
                Mechanism::Null
                | Mechanism::CurveClient
                | Mechanism::PlainServer
                | Mechanism::PlainClient => "it has another key than `curve_serverkey` says",
            };
            format!("the peer's CURVE keys do not match: {keys}")
        }
        zmq_sys::ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND => {
            "the peer sent a command that does not belong there".to_owned()
        }
        other => protocol_words(other),
    }
}

/// What a peer or an authenticator did, by the number that libzmq gives it.
fn protocol_words(code: u32) -> String {
    let what = match code {
        zmq_sys::ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED => "the peer broke ZMTP",
        zmq_sys::ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE => "the peer repeated a CURVE nonce",
        zmq_sys::ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE => "the exchange of CURVE keys failed",
        0x1000_0011..=0x1000_0017 => "the peer sent a malformed command",
        zmq_sys::ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED => {
            "the peer does not speak ZeroMQ over WebSocket (ZWS 2.0): it sent no such HTTP request or \
             answer, or wants none of the sub-protocols of this one"
        }
        0x2000_0000..=0x2000_0006 => {
            "whoever authenticates (ZAP) gave an answer that is none: see `zrig explain zap`"
        }
        other => return format!("the peer broke the protocol (error 0x{other:08x} of libzmq)"),
    };
    what.to_owned()
}

//! Why a socket could not be set up or changed.
//!
//! Owns the words. Never touches a socket.

use thiserror::Error;

use crate::node::raw::Errno;

/// Why a socket could not be set up or changed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum SocketError {
    /// libzmq made no socket.
    #[error("socket {socket}: libzmq could not make it: {errno}")]
    Open {
        /// The socket.
        socket: String,
        /// Why.
        errno: Errno,
    },
    /// libzmq refused an option.
    #[error("socket {socket}: libzmq refused the option {option}: {errno}")]
    Option {
        /// The socket.
        socket: String,
        /// The option's name.
        option: String,
        /// Why.
        errno: Errno,
    },
    /// An endpoint could not be bound.
    #[error("socket {socket}: cannot bind {endpoint}: {why}")]
    Bind {
        /// The socket.
        socket: String,
        /// The endpoint.
        endpoint: String,
        /// Why.
        why: String,
        /// Whether another socket or program has it.
        is_taken: bool,
    },
    /// An endpoint could not be connected.
    #[error("socket {socket}: cannot connect to {endpoint}: {errno}")]
    Connect {
        /// The socket.
        socket: String,
        /// The endpoint.
        endpoint: String,
        /// Why.
        errno: Errno,
    },
    /// Nobody's certificate is known there.
    #[error(
        "socket {socket}: cannot connect to {endpoint}: its server's public key is not known; \
             `curve: {{server: FILE}}` says whom this socket meets outside the file"
    )]
    UnknownServer {
        /// The socket.
        socket: String,
        /// The endpoint.
        endpoint: String,
    },
    /// Its node's secret key is at another place.
    #[error("socket {socket}: it cannot speak at {endpoint} without the secret key of its node")]
    NoSecret {
        /// The socket.
        socket: String,
        /// The endpoint.
        endpoint: String,
    },
    /// There is nothing to take away.
    #[error(
        "socket {socket}: it is not bound to {endpoint}{}",
        if has.is_empty() { ", nor to anything else".to_owned() } else { format!("; it is bound to {has}") }
    )]
    NotBound {
        /// The socket.
        socket: String,
        /// The endpoint.
        endpoint: String,
        /// What it is bound to.
        has: String,
    },
    /// An endpoint could not be taken away.
    #[error("socket {socket}: cannot let go of {endpoint}: {errno}")]
    Detach {
        /// The socket.
        socket: String,
        /// The endpoint.
        endpoint: String,
        /// Why.
        errno: Errno,
    },
}

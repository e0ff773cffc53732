//! Owns the few places where libzmq is built otherwise than it was released. Never compiles them:
//! `compiler` does.

mod authentication;
mod calls;
mod memory;
mod watching;

/// A text in a source file, and what it becomes.
pub(crate) type Edit = (&'static str, &'static str);

/// Headers that are edited. Their include guards keep the ones in the folder out.
pub(crate) const HEADERS: &[(&str, &[&[Edit]])] = &[
    ("config.hpp", &[memory::CONFIG]),
    ("ctx.hpp", &[authentication::CONTEXT_HEADER]),
    ("decoder_allocators.hpp", &[memory::ALLOCATOR_HEADER]),
    ("epoll.hpp", &[calls::POLLER_HEADER]),
    ("i_encoder.hpp", &[memory::ENCODER_INTERFACE]),
    ("encoder.hpp", &[memory::ENCODER_HEADER]),
    ("mechanism.hpp", &[memory::MECHANISM_HEADER]),
    ("null_mechanism.hpp", &[authentication::NULL_MECHANISM_HEADER]),
    ("session_base.hpp", &[memory::SESSION_HEADER, authentication::SESSION_HEADER]),
    ("stream_engine_base.hpp", &[memory::ENGINE_HEADER]),
];
/// Source files that are edited.
pub(crate) const EDITED: &[(&str, &[&[Edit]])] = &[
    ("ctx.cpp", &[authentication::CONTEXT]),
    ("curve_server.cpp", &[authentication::CURVE_SERVER]),
    ("decoder_allocators.cpp", &[memory::ALLOCATOR]),
    ("epoll.cpp", &[calls::POLLER]),
    ("ip_resolver.cpp", &[calls::RESOLVER]),
    ("mailbox.cpp", &[calls::MAILBOX]),
    ("null_mechanism.cpp", &[authentication::NULL_MECHANISM]),
    ("pipe.cpp", &[watching::PIPE]),
    ("plain_server.cpp", &[authentication::PLAIN_SERVER]),
    ("session_base.cpp", &[authentication::SESSION]),
    ("socket_base.cpp", &[watching::SOCKET]),
    ("router.cpp", &[watching::ROUTER]),
    ("stream_connecter_base.cpp", &[memory::CONNECTER, watching::CONNECTER]),
    ("stream_engine_base.cpp", &[memory::ENGINE, calls::ENGINE, authentication::ENGINE]),
    ("tcp_connecter.cpp", &[watching::CONNECT_TIMEOUT]),
    ("ws_connecter.cpp", &[memory::WS_CONNECTER, watching::CONNECT_TIMEOUT]),
    ("ws_engine.cpp", &[authentication::WS_ENGINE]),
    ("zap_client.cpp", &[authentication::CLIENT]),
    ("zmtp_engine.cpp", &[calls::GREETING]),
];

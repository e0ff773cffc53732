//! Owns the few places where libzmq is built otherwise than it was released. Never compiles them:
//! `compiler` does.

mod authentication;
mod calls;
mod memory;
mod safety;
mod watching;

/// A text in a source file, and what it becomes.
pub(crate) type Edit = (&'static str, &'static str);

/// Headers that are edited. Their include guards keep the ones in the folder out, so one that is
/// included by another comes before it.
pub(crate) const HEADERS: &[(&str, &[&[Edit]])] = &[
    ("config.hpp", &[memory::CONFIG]),
    ("ctx.hpp", &[authentication::CONTEXT_HEADER]),
    ("decoder_allocators.hpp", &[memory::ALLOCATOR_HEADER]),
    ("decoder.hpp", &[safety::DECODER_HEADER]),
    ("epoll.hpp", &[calls::POLLER_HEADER]),
    ("i_encoder.hpp", &[memory::ENCODER_INTERFACE]),
    ("encoder.hpp", &[memory::ENCODER_HEADER]),
    ("mechanism.hpp", &[memory::MECHANISM_HEADER]),
    ("null_mechanism.hpp", &[authentication::NULL_MECHANISM_HEADER]),
    ("session_base.hpp", &[memory::SESSION_HEADER, authentication::SESSION_HEADER]),
    ("stream_engine_base.hpp", &[memory::ENGINE_HEADER, safety::ENGINE_HEADER]),
    ("curve_client_tools.hpp", &[safety::CURVE_TOOLS]),
    ("trie.hpp", &[safety::TRIE_HEADER]),
];
/// Source files that are edited.
pub(crate) const EDITED: &[(&str, &[&[Edit]])] = &[
    ("ctx.cpp", &[authentication::CONTEXT]),
    ("curve_client.cpp", &[safety::CURVE_CLIENT]),
    ("curve_server.cpp", &[authentication::CURVE_SERVER]),
    ("decoder_allocators.cpp", &[memory::ALLOCATOR, safety::ALLOCATOR]),
    ("epoll.cpp", &[calls::POLLER]),
    ("ip.cpp", &[safety::IP]),
    ("ip_resolver.cpp", &[calls::RESOLVER]),
    ("ipc_connecter.cpp", &[safety::IPC_CONNECTER]),
    ("ipc_listener.cpp", &[safety::IPC_LISTENER]),
    ("mailbox.cpp", &[calls::MAILBOX]),
    ("null_mechanism.cpp", &[authentication::NULL_MECHANISM]),
    ("pipe.cpp", &[watching::PIPE, safety::PIPE]),
    ("plain_server.cpp", &[authentication::PLAIN_SERVER]),
    ("router.cpp", &[watching::ROUTER, safety::ROUTER]),
    ("session_base.cpp", &[authentication::SESSION, safety::SESSION]),
    ("socket_base.cpp", &[watching::SOCKET, safety::SOCKET]),
    ("socks_connecter.cpp", &[safety::SOCKS_CONNECTER]),
    ("stream.cpp", &[safety::STREAM]),
    ("stream_connecter_base.cpp", &[memory::CONNECTER, watching::CONNECTER]),
    (
        "stream_engine_base.cpp",
        &[memory::ENGINE, calls::ENGINE, authentication::ENGINE, safety::ENGINE],
    ),
    ("tcp.cpp", &[safety::TCP]),
    ("tcp_connecter.cpp", &[watching::CONNECT_TIMEOUT, safety::TCP_CONNECTER]),
    ("tcp_listener.cpp", &[safety::TCP_LISTENER]),
    ("trie.cpp", &[safety::TRIE]),
    ("v2_decoder.cpp", &[safety::V2_DECODER]),
    ("v2_encoder.cpp", &[safety::V2_ENCODER]),
    ("ws_connecter.cpp", &[memory::WS_CONNECTER, watching::CONNECT_TIMEOUT, safety::WS_CONNECTER]),
    ("ws_decoder.cpp", &[safety::WS_DECODER]),
    ("ws_encoder.cpp", &[safety::WS_ENCODER]),
    ("ws_engine.cpp", &[authentication::WS_ENGINE, safety::WS_ENGINE]),
    ("ws_listener.cpp", &[safety::WS_LISTENER]),
    ("xpub.cpp", &[safety::XPUB]),
    ("zap_client.cpp", &[authentication::CLIENT]),
    ("zmtp_engine.cpp", &[calls::GREETING, safety::ZMTP_ENGINE]),
];

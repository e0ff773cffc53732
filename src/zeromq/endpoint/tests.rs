use super::*;

#[test]
fn endpoints_that_libzmq_takes_are_taken() {
    for (text, side) in [
        ("tcp://127.0.0.1:5556", Side::Bind),
        ("tcp://*:5556", Side::Bind),
        ("tcp://*:*", Side::Bind),
        ("tcp://lo:*", Side::Bind),
        ("tcp://[::1]:5556", Side::Bind),
        ("tcp://[fe80::1%lo]:5556", Side::Connect),
        ("tcp://[::1]:0;[::1]:5556", Side::Connect),
        ("tcp://example.org:5556", Side::Connect),
        ("tcp://localhost:65535", Side::Connect),
        ("tcp://127.0.0.1:0;127.0.0.1:5556", Side::Connect),
        ("ipc:///tmp/a", Side::Bind),
        ("ipc://@abstract", Side::Connect),
        ("ipc://*", Side::Bind),
        ("inproc://a b".trim_end_matches(" b"), Side::Connect),
        ("ws://127.0.0.1:80/path", Side::Bind),
    ] {
        assert!(Endpoint::parse(text, side).is_ok(), "{text}");
    }
}

#[test]
fn endpoints_that_libzmq_misreads_are_refused_with_the_reason() {
    let long = format!("ipc:///{}", "x".repeat(120));
    let long_path = format!("ws://127.0.0.1:5/{}", "a".repeat(9000));
    let long_host = format!("tcp://{}:5", "a".repeat(254));
    for (text, side, want) in [
        ("5556", Side::Bind, EndpointError::NoTransport),
        ("udp://1.2.3.4:5", Side::Bind, EndpointError::UnknownTransport("udp".into())),
        ("tcp://127.0.0.1", Side::Bind, EndpointError::NoPort("tcp")),
        ("tcp://127.0.0.1:70000", Side::Bind, EndpointError::Port("70000".into())),
        ("tcp://127.0.0.1:0", Side::Connect, EndpointError::Port("0".into())),
        ("tcp://127.0.0.1:5/a", Side::Connect, EndpointError::BehindPort("/a".into())),
        ("tcp://:5", Side::Bind, EndpointError::NoHost),
        ("tcp://localhost:5", Side::Bind, EndpointError::HostName("localhost".into())),
        ("tcp://a.example:5", Side::Bind, EndpointError::HostName("a.example".into())),
        ("tcp://::1:5", Side::Bind, EndpointError::Brackets("::1".into())),
        ("tcp://::1:*", Side::Bind, EndpointError::Brackets("::1".into())),
        ("tcp://::1:5", Side::Connect, EndpointError::Brackets("::1".into())),
        ("ws://[127.0.0.1]:5", Side::Bind, EndpointError::Brackets("[127.0.0.1]".into())),
        ("tcp://::1:0;[::1]:5", Side::Connect, EndpointError::Brackets("::1".into())),
        ("tcp://*:5", Side::Connect, EndpointError::Wildcard),
        ("tcp://127.0.0.1:*", Side::Connect, EndpointError::Wildcard),
        ("ipc://", Side::Bind, EndpointError::Empty("ipc")),
        ("ipc://*", Side::Connect, EndpointError::Wildcard),
        (long.as_str(), Side::Bind, EndpointError::TooLong("ipc", 121, 107)),
        (long_path.as_str(), Side::Connect, EndpointError::TooLong("ws", 9012, 1024)),
        (long_host.as_str(), Side::Connect, EndpointError::TooLong("tcp", 254, 253)),
        ("inproc://a\0b", Side::Bind, EndpointError::Character('\0')),
        ("inproc://a b", Side::Bind, EndpointError::Character(' ')),
    ] {
        assert_eq!(Endpoint::parse(text, side), Err(want), "{text}");
    }
}

#[test]
fn a_wildcard_address_is_reached_over_loopback() {
    let bound = Endpoint::parse("tcp://*:5556", Side::Bind).unwrap();
    assert!(bound.is_reached_by(&Endpoint::local(5556)));
    assert!(!bound.is_reached_by(&Endpoint::local(5557)));
    assert_eq!(bound.as_seen_by_peer(), Endpoint::local(5556));
    let bound = Endpoint::parse("ws://*:5556/a:b", Side::Bind).unwrap();
    assert_eq!((bound.host(), bound.has_any_host()), ("*", true));
    assert_eq!(bound.as_seen_by_peer().as_str(), "ws://127.0.0.1:5556/a:b");
}

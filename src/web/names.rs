//! By which names a server is asked, and for which pages: what a browser is made to ask is refused.
//!
//! Owns the rules for the headers `Host`, `Origin` and `Sec-Fetch-Site`. Never answers.

use std::net::IpAddr;

use axum::http::header::{HOST, HeaderMap, ORIGIN};
use axum::http::{HeaderName, Request};

/// What a browser says of who had a request made.
const FETCHED_BY: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a request names an address, this machine as such, or the name that it was given. One of
/// HTTP/1.0 names nobody, and no browser sends one.
pub(super) fn is_asked_by_name<B>(request: &Request<B>, name: &str) -> bool {
    let given = request.headers().get(HOST).map(|host| host.to_str().unwrap_or_default());
    [given, request.uri().authority().map(|authority| authority.as_str())]
        .into_iter()
        .flatten()
        .all(|asked| is_name_of(host_of(asked), name))
}

/// Whether a page of another site had a request made. Who is no browser says nothing of it, and
/// could say whatever it liked.
pub(super) fn is_of_another_site(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text(&HOST).unwrap_or_default();
    let is_foreign = |origin: &str| origin.strip_prefix("http://") != Some(host);
    text(&ORIGIN).is_some_and(is_foreign)
        || text(&FETCHED_BY).is_some_and(|by| !matches!(by, "same-origin" | "none"))
}

fn is_name_of(host: &str, name: &str) -> bool {
    let bare = |host: &str| host.trim_matches(['[', ']']).trim_end_matches('.').to_lowercase();
    let host = bare(host);
    host == "localhost" || host == bare(name) || host.parse::<IpAddr>().is_ok()
}

/// What stands before a port.
pub(super) fn host_of(asked: &str) -> &str {
    match asked.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => asked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_this_machine_or_is_refused() {
        for (host, is_ours) in [
            (None, true),
            (Some("127.0.0.1:9464"), true),
            (Some("10.1.0.7"), true),
            (Some("[::1]:9464"), true),
            (Some("[::1]"), true),
            (Some("localhost"), true),
            (Some("LOCALHOST.:9464"), true),
            (Some("hall.example:9464"), true),
            (Some("Hall.example"), true),
            (Some("evil.example:9464"), false),
            (Some("localhost.evil.example"), false),
            (Some("127.0.0.1.evil.example"), false),
            (Some("127.0.0.1@evil.example"), false),
            (Some("evil.example:127.0.0.1"), false),
            (Some(""), false),
        ] {
            let request = Request::builder().uri("/metrics");
            let request =
                host.into_iter().fold(request, |request, host| request.header(HOST, host));
            let request = request.body(()).unwrap();
            assert_eq!(is_asked_by_name(&request, "hall.example"), is_ours, "{host:?}");
        }
        let request = Request::builder().uri("http://evil.example/").header(HOST, "localhost");
        assert!(!is_asked_by_name(&request.body(()).unwrap(), "localhost"));
    }

    #[test]
    fn a_page_of_another_site_is_known_by_what_its_browser_says() {
        for (origin, by, is_foreign) in [
            (None, None, false),
            (Some("http://localhost:80"), None, false),
            (Some("http://localhost:80"), Some("same-origin"), false),
            (None, Some("none"), false),
            (Some("http://localhost:81"), None, true),
            (Some("https://localhost:80"), None, true),
            (Some("http://evil.example"), None, true),
            (Some("null"), None, true),
            (Some(""), None, true),
            (None, Some("cross-site"), true),
            (None, Some("same-site"), true),
            (Some("http://localhost:80"), Some("cross-site"), true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, "localhost:80".parse().unwrap());
            origin.map(|origin| headers.insert(ORIGIN, origin.parse().unwrap()));
            by.map(|by| headers.insert(FETCHED_BY, by.parse().unwrap()));
            assert_eq!(is_of_another_site(&headers), is_foreign, "{origin:?} {by:?}");
        }
    }
}
